# amaranth: UnusedElaboratable=no
"""What feeds the neuro trigger in the whole track trigger: rows of stereo segments, segments by number; its declared numbers."""

import numpy as np
import pytest

from hdl.cdc.neuro.rows import StereoRows
from hdl.cdc.neuro.segments import AXIAL, SEGMENTS_PER_ROW, STEREO, OwnSegment, Segment
from hdl.cdc.own_segments import OwnSegments
from hdl.cdc.sector import FIRST, PER_SECTOR, Sector
from trigger.geometry.cdc import N_SECTORS, superlayers

BITS = Segment.size


def segments_of(rng: np.random.Generator, superlayer: int) -> list[int]:
    """Random segments of a frame, as numbers."""
    return [int(value) for value in rng.integers(0, 1 << BITS, superlayers().n_segments[superlayer])]


@pytest.mark.parametrize("superlayer", STEREO)
def test_rows_hold_the_segments_in_order(bench, superlayer):
    """A frame that breaks off after 20 sectors, then a whole one with idle cycles: every row of it comes once."""
    rng, n = np.random.default_rng(superlayer), PER_SECTOR[superlayer]
    stimulus = []
    for count in (20, N_SECTORS):
        frame = segments_of(rng, superlayer)
        for sector in range(count):
            beat = bench.packed(frame[n * sector : n * (sector + 1)], BITS)
            stimulus.append({"taken": 1, "sector": sector, "segments": beat})
            if rng.random() < 0.3:
                stimulus.append({"taken": 0, "sector": int(rng.integers(N_SECTORS)), "segments": ~beat & ((1 << n * BITS) - 1)})
    start = next(k for k, inputs in enumerate(stimulus) if k > 20 and inputs["sector"] == 0 and inputs["taken"])
    seen = bench.trace(StereoRows(n), [*stimulus, {"taken": 0}], ("has_row", "number", "row"))
    rows = [one for one in seen[start + StereoRows.LATENCY :] if one["has_row"]]
    assert [one["number"] for one in rows] == list(range(len(frame) // SEGMENTS_PER_ROW))
    wanted = [frame[k : k + SEGMENTS_PER_ROW] for k in range(0, len(frame), SEGMENTS_PER_ROW)]
    assert [one["row"] for one in rows] == [bench.packed(row, BITS) for row in wanted]


def test_a_row_is_longer_than_a_sector():
    with pytest.raises(ValueError, match="n_segments must be 1..15, not 16"):
        StereoRows(SEGMENTS_PER_ROW)


@pytest.mark.parametrize("superlayer", AXIAL)
def test_every_number_gives_its_segment(bench, superlayer):
    rng, n = np.random.default_rng(superlayer), PER_SECTOR[superlayer]
    frames = {bank: segments_of(rng, superlayer) for bank in (1, 3)}
    stimulus = [
        {"taken": 1, "address": sector | bank << 5, "segments": bench.packed(frame[n * sector : n * (sector + 1)], BITS)}
        for bank, frame in frames.items()
        for sector in range(N_SECTORS)
    ]
    asked = [(bank, number, found) for bank in frames for number in range(n * N_SECTORS) for found in (0, 1)]
    stimulus += [{"taken": 0, "frame": bank, "number": number, "found": found} for bank, number, found in asked]
    stimulus += [{"found": 0}] * OwnSegments.LATENCY
    seen = bench.trace(OwnSegments(superlayer), stimulus, ("own",))[-len(asked) :]
    segment_at, number_at = (OwnSegment[name].offset for name in ("segment", "number"))
    for (bank, number, found), one in zip(asked, seen, strict=True):
        assert (one["own"] >> segment_at) & ((1 << BITS) - 1) == found * frames[bank][number]
        assert one["own"] >> number_at == number


def test_a_beat_has_every_segment_once():
    assert Sector.length == 73
    assert [superlayers().n_segments[k] // N_SECTORS for k in range(9)] == list(PER_SECTOR)
    assert FIRST == (0, 5, 10, 16, 23, 31, 40, 50, 61)
