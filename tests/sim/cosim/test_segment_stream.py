"""`verify tracks.stream`: it passes and says what was done; its streams reach every rule; records are made as declared."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import segment_stream, stream
from sim.cosim.stimulus.wire_streams import wire_streams
from sim.cosim.verify_stream import OCTANTS
from sim.cosim.wrapper import Header
from trigger.cdc.segments import SegmentFinder, SegmentStream
from trigger.cdc.segments.shapes import segment_wires
from trigger.cdc.segments.word import unpack

LATENCY = 6


@pytest.fixture(scope="module")
def streams():
    return wire_streams(np.random.default_rng(3), 400, OCTANTS)


@pytest.fixture(scope="module")
def found(streams):
    """(words of the octants' segments, their runs), with all beats there."""
    words = SegmentStream().run(streams.offsets, streams.wire_id, streams.time, -(-streams.n_cycles // 4))
    kept = np.isin(words.ts_id, segment_stream.segments_of(OCTANTS))
    return words, np.repeat(np.arange(streams.n_runs), np.diff(words.offsets)), kept


def test_the_verb_passes_and_its_record_says_so(tmp_path):
    arguments = ["verify", "tracks.stream", "--events", "60", "--workers", "1", "--out", str(tmp_path / "r.json")]
    shown = CliRunner().invoke(sim.cli.build_app(), arguments)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("passed: 60 events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert (record["block"], record["octants"]) == ("tracks.stream", [[0, 0], [1, 7], [8, 3]])
    (cycles,) = record["latency_measured"]
    assert int(cycles) == record["latency_declared"] == LATENCY
    assert 58 * 64 < record["latency_measured"][cycles] <= 60 * 64


def test_many_segments_lie_across_frames(streams, found):
    """Words whose segment the hits of their own frame do not make."""
    words, run, kept = found
    frame = streams.run * 8 + streams.time // 256
    order = np.argsort(frame, kind="stable")
    offsets = np.searchsorted(frame[order], np.arange(8 * streams.n_runs + 1))
    alone = SegmentFinder().run(offsets, streams.wire_id[order], (streams.time % 256)[order])
    own = np.repeat(np.arange(8 * streams.n_runs), np.diff(alone.cdc_offsets)) * 2336 + alone.cdc_ts_id
    across = ~np.isin((run * 8 + words.clock // 16) * 2336 + words.ts_id, own)
    assert np.count_nonzero(across & kept) > 1000


def test_every_reason_for_a_word_and_every_place(streams, found):
    words, run, kept = found
    place = run[kept] * 2336 + words.ts_id[kept]
    order = np.lexsort((words.clock[kept], place))
    place, clock, priority, side = (a[order] for a in (place, words.clock[kept], words.priority[kept], words.lr[kept]))
    same = place[1:] == place[:-1]
    assert np.count_nonzero(same & (priority[1:] == 3) & (priority[:-1] != 3)) > 100, "the first-priority wire is hit now"
    assert np.count_nonzero(same & (side[1:] != 3) & (side[:-1] == 3)) > 100, "the side is known now"
    assert np.count_nonzero(same & (np.diff(clock) > 17)) > 100, "a new segment at an old place"
    assert np.count_nonzero(same & (np.diff(clock) == 1)) > 100, "words in consecutive data clocks"
    assert np.unique(words.ts_id[kept]).tolist() == np.sort(segment_stream.segments_of(OCTANTS)).tolist()
    answered = segment_stream.expected(streams, OCTANTS, LATENCY)["words"]
    fields = unpack(answered[answered != 0].astype(np.int64))
    assert set(fields.position.tolist()) == set(fields.lr.tolist()) == {1, 2, 3}


def test_links_lose_beats_and_slip_and_resets_come_anywhere(streams):
    lost = [~arrives[:n] for arrives, n in zip(streams.arrives, streams.n_cycles, strict=True)]
    part = np.array([np.mean(one) for one in lost])
    assert (part == 0).any()
    assert ((part > 0.2) & (part < 0.5)).any()
    longest = max(np.diff(np.flatnonzero(np.concatenate([[True], ~one, [True]]))).max() - 1 for one in lost)
    assert longest > 4 * 18, "a gap longer than the window"
    assert set((streams.n_cycles % 4).tolist()) == {0, 1, 2, 3}
    assert streams.n_stray.min() == 0
    assert streams.n_stray.max() > 4
    assert (streams.first != (np.arange(streams.first.shape[1]) % 4 == 0)).any()
    assert (streams.clock[:, 0] > 400).any(), "the number wraps around"


def test_a_run_as_records():
    """A stray beat, four beats of which the second is lost, a reset; wire 0 of superlayer 8 stands in the first sector."""
    octants = ((8, 0),)
    wire = int(segment_wires()[1952, 5])
    one = segment_stream.WireStreams(
        offsets=np.array([0, 3]),
        wire_id=np.array([wire] * 3, np.int16),
        time=np.array([9, 7, 16]),
        n_cycles=np.array([4]),
        n_stray=np.array([1]),
        arrives=np.array([[True, False, True, True]]),
        first=np.array([[True, False, False, False]]),
        clock=np.array([[5, 5, 5, 5]]),
    )
    declared = segment_stream.ports(octants)
    records = segment_stream.records(declared, one, octants)
    beats = np.ascontiguousarray(records[:, ::-1])
    header = records[:, :4].copy().view(">u4").ravel().tolist()
    beat, mark, reset = (stream.flag(flag) for flag in (Header.VALID, Header.MARK, Header.RESET))
    assert header == [beat, beat | mark, 0, beat, beat, reset]
    assert stream.get_bits(beats, declared.input_low("in_first"), 1, False).tolist() == [0, 1, 1, 0, 0, 0]
    assert stream.get_bits(beats, declared.input_low("in_clock"), 9, False).tolist() == [511, 5, 511, 5, 5, 0]
    low = declared.input_low("in_wires") + 5 * (2 * 14 + 1)
    cells = stream.get_bits(beats, low, 5, False).tolist()
    assert cells == [31, 1 | 7 << 1, 31, 0, 0, 0], "the earliest hit of the data clock; the one of the next is behind the reset"
