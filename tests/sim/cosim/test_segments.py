"""`verify tracks.segments`: it passes and says what was done; its events reach every rule; frames are made as declared."""

import json
from functools import partial

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import segments, stream, verify_tracks
from sim.cosim.stimulus.wires import wire_events
from trigger.cdc.segments import SegmentFinder
from trigger.cdc.segments.link import link_load, link_segments
from trigger.cdc.segments.shapes import segment_wires, shape_of
from trigger.geometry.cdc import N_SECTORS, N_SEGMENTS, N_SUPERLAYERS, N_WIRES, superlayers

CHOSEN = (0, 1, 8)


@pytest.fixture(scope="module")
def events():
    return wire_events(np.random.default_rng(1), 500)


@pytest.fixture(scope="module")
def found(events):
    return SegmentFinder().run(events.offsets, events.wire_id, events.time)


def test_the_verb_passes_and_its_record_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(verify_tracks, "verify_segments", partial(verify_tracks.verify_segments, chosen=CHOSEN))
    monkeypatch.setattr(verify_tracks, "FRAMES_PER_RUN", 400)
    arguments = ["verify", "tracks.segments", "--events", "600", "--out", str(tmp_path / "r.json")]
    shown = CliRunner().invoke(sim.cli.build_app(), arguments)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("passed: 600 events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["block"] == "tracks.segments"
    assert record["superlayers"] == [0, 1, 8]
    assert record["superlayer_frames"] == 1800
    assert record["mismatch_rate_upper_limit_95"] == 3 / 600
    assert record["latency_measured"] == {str(record["latency_declared"]): 600 * N_SECTORS}


def test_times_lie_in_their_frames_and_reach_both_ends(events):
    event = np.repeat(np.arange(events.n_events), np.diff(events.offsets))
    tick = events.time - 16 * events.clock[event]
    assert (tick.min(), tick.max()) == (0, 255)
    assert events.clock.min() < 8
    assert events.clock.max() > 503
    assert (events.time % 512 < 16 * events.clock[event] % 512).any(), "the 9-bit time wraps around"


def test_events_reach_every_rule(events, found):
    counts, n_found = np.diff(events.offsets), np.diff(found.cdc_offsets)
    assert counts.min() == 0
    assert counts.max() > 0.9 * N_WIRES
    assert n_found.min() == 0
    assert n_found.max() > 0.9 * N_SEGMENTS
    event = np.repeat(np.arange(events.n_events), counts)
    assert len(np.unique(event * N_WIRES + events.wire_id)) < len(event), "a wire can come twice"
    load = link_load(found.cdc_offsets, found.cdc_ts_id)
    takes = link_segments()[:, None]
    for superlayer in range(N_SUPERLAYERS):
        mine = superlayers().of_segment[found.cdc_ts_id] == superlayer
        pairs = set(zip(found.cdc_priority[mine].tolist(), found.cdc_lr[mine].tolist(), strict=True))
        assert len(pairs) == 9, "every priority position with every side"
        number = found.cdc_ts_id[mine] - superlayers().offset[superlayer]
        assert len(np.unique(number)) == superlayers().n_segments[superlayer]
    assert (load < takes).any(axis=(0, 2)).all()
    assert (load > takes).any(axis=(0, 2)).all()


def test_second_wires_tie_in_every_superlayer(events, found):
    """Both second-priority wires hit at the same time, without the first."""
    superlayer = superlayers().of_segment[found.cdc_ts_id].astype(int)
    first = np.array([shape_of(s).first for s in range(N_SUPERLAYERS)])[superlayer]
    pattern = found.pattern.astype(int)
    both = ((pattern >> first) & 7 == 6) & (found.cdc_priority == 1)
    event = np.repeat(np.arange(events.n_events), np.diff(found.cdc_offsets))
    earliest = np.full(events.n_events * N_WIRES, np.iinfo(np.int64).max)
    np.minimum.at(earliest, np.repeat(np.arange(events.n_events), np.diff(events.offsets)) * N_WIRES + events.wire_id, events.time)
    left = segment_wires()[found.cdc_ts_id[both], first[both] + 2].astype(int)
    tie = earliest[event[both] * N_WIRES + left] == found.cdc_time[both]
    assert np.unique(superlayer[both][tie]).tolist() == list(range(N_SUPERLAYERS))


def test_a_wire_counts_once_with_its_earliest_hit():
    """Wire 12800, centre of segment 0 of superlayer 8: three hits in one frame, of which the one at 7 is sent."""
    events = segments.Wires(
        offsets=np.array([0, 3]), wire_id=np.array([12800] * 3), time=np.array([41, 39, 40]), clock=np.array([2])
    )
    declared = segments.ports((8,))
    records = segments.records(declared, events, np.zeros(N_SECTORS, int), (8,))
    beat = records[:, ::-1]
    low = declared.input_low("in_wires") + 9 * (2 * 12)
    assert stream.get_bits(beat, low, 9, False).tolist() == [1 | 7 << 1] + [0] * 31
    assert stream.get_bits(beat, declared.input_low("in_clock"), 9, False)[0] == 2
    assert int(np.unpackbits(records[:, 4:]).sum()) == 1 + 1 + 4


def test_unused_wires_are_not_sent():
    """Layers 0 to 2 of superlayer 0 and the outermost of the others belong to no segment."""
    _, bit = segments.wire_places(segments.ALL)
    assert set(np.flatnonzero(bit < 0)) == set(range(N_WIRES)) - set(np.unique(segment_wires()).tolist()) - {-1}
    assert len(np.unique(bit[bit >= 0])) == 73 * 5
