"""`verify tracks` without its RTL, which the chain's test builds: what is expected, how results find their places, the events."""

import numpy as np
import pytest

from sim.cosim import stream, track_trigger
from sim.cosim.compare import compare
from sim.cosim.stimulus.codesign_networks import random_codesign
from sim.cosim.stimulus.track_segments import TrackSegments, track_segments
from sim.cosim.stream import Response
from trigger.cdc import HoughPlane, InputWindows, TrackTrigger
from trigger.cdc.track_counts import FitterCuts, count_fitter_tracks
from trigger.geometry.cdc import N_SECTORS, N_SEGMENTS

PLANE, N_EVENTS, LATENCY = HoughPlane(), 200, 100
FIELDS = track_trigger.fields(PLANE)


@pytest.fixture(scope="module")
def events() -> TrackSegments:
    return track_segments(np.random.default_rng(1), N_EVENTS, PLANE, InputWindows())


@pytest.fixture(scope="module")
def decision(events):
    network = random_codesign(np.random.default_rng(4), (8,))
    return TrackTrigger(network=network, neuro_clocks=track_trigger.NEURO_CLOCKS).run(*events.columns)


@pytest.fixture(scope="module")
def wanted(decision):
    neuro = decision.neuro
    fitter = count_fitter_tracks(decision.tracks.track_offsets, neuro.track_expert, neuro.track_z_raw, FitterCuts())
    return track_trigger.expected(decision, fitter)


def test_events_hold_both_kinds(events, decision):
    event = np.repeat(np.arange(N_EVENTS), np.diff(events.offsets))
    assert (np.diff(event * N_SEGMENTS + events.ts_id) > 0).all(), "ascending, each segment once"
    assert np.unique(events.lr).tolist() == [0, 1, 2, 3]
    assert set(decision.neuro.track_expert.tolist()) == {-1, 0, 1, 2, 3, 4}
    counts = np.diff(decision.tracks.track_offsets)
    assert counts.min() == 0
    assert decision.tracks.track_clock.max() > 0
    assert (np.diff(events.take(np.array([5, 2])).offsets) == np.diff(events.offsets)[[5, 2]]).all()


def test_places_go_track_by_track_and_quadrant_by_quadrant(decision, wanted):
    out, event = wanted
    tracks = decision.tracks
    served = tracks.track_clock == 0
    of_track = np.repeat(np.arange(N_EVENTS), np.diff(tracks.track_offsets))
    there = out["has_track"] == 1
    assert (np.diff(24 * event + out["place"]) > 0).all()
    assert (out["place"][there] % 4 == PLANE.quadrant(out["phi"][there])).all()
    assert np.bincount(event[there], minlength=N_EVENTS).tolist() == np.bincount(of_track[served], minlength=N_EVENTS).tolist()
    assert event[out["last"] == 1].tolist() == list(range(N_EVENTS))
    assert (out["place"][out["last"] == 1] == 23).all()
    assert (there | (out["last"] == 1)).all()
    assert set(event[out["overflow"] == 1].tolist()) == set(of_track[~served].tolist())
    first = np.flatnonzero(there & (event == event[there][0]))
    mine = np.flatnonzero(of_track == event[there][0])
    assert sorted(out["z"][first].tolist()) == sorted(decision.neuro.track_z_raw[mine].tolist())


def test_beats_hold_each_segment_at_its_place():
    """Segment 0 of superlayer 0, and segment 383 of superlayer 8, the last one of its sector, with the latest time."""
    declared = track_trigger.ports(PLANE)
    columns = {"priority": [3, 1], "lr": [2, 1], "time": [-1, 32767]}
    events = TrackSegments(
        offsets=np.array([0, 2]), ts_id=np.array([0, 2335]), **{name: np.array(values) for name, values in columns.items()}
    )
    records = track_trigger.records(declared, events, np.zeros(N_SECTORS, int))
    beat = records[:, ::-1]
    assert int(np.unpackbits(records[:, 4:]).sum()) == 1 + (2 + 1 + 16) + (1 + 1 + 15)
    assert stream.get_bits(beat, declared.input_low("in_first"), 1, False).tolist() == [1] + [0] * 31
    low = declared.input_low("in_segments")
    assert stream.get_bits(beat, low, 20, False).tolist() == [3 | 2 << 2 | 0xFFFF << 4] + [0] * 31
    assert stream.get_bits(beat, low + 20 * 72, 20, False).tolist() == [0] * 31 + [1 | 1 << 2 | 0x7FFF << 4]


def answered(monkeypatch, wanted, events, kept=slice(None), late=0):
    """What `simulate` makes of the expected results, those of `kept`, `late` cycles behind their time."""
    out, event = wanted
    marks = 64 * np.arange(N_EVENTS)
    rows = np.arange(len(event))[kept]
    cycles = marks[event[rows]] + LATENCY + late + out["place"][rows]
    response = Response(marks=marks, cycles=cycles, results=np.zeros((len(rows), 1), np.uint8))
    monkeypatch.setattr(track_trigger, "exchange", lambda *_, **__: response)
    monkeypatch.setattr(track_trigger, "decode_fields", lambda *_: {name: values[rows] for name, values in out.items()})
    model = type("Model", (), {"ports": track_trigger.ports(PLANE)})()
    idle = np.zeros(N_EVENTS * N_SECTORS, int)
    answers = track_trigger.simulate(model, PLANE, events, event, out["place"], LATENCY, idle)
    return compare(out, answers, FIELDS)


def test_results_find_their_places(monkeypatch, wanted, events):
    n_results = len(wanted[1])
    outcome = answered(monkeypatch, wanted, events)
    assert outcome.is_equal(LATENCY)
    assert outcome.latencies == {LATENCY: n_results}
    assert answered(monkeypatch, wanted, events, late=1).n_late(LATENCY) == n_results


@pytest.mark.parametrize("kind", ["has_track", "last"])
def test_a_missing_and_a_repeated_result_are_caught(monkeypatch, wanted, events, kind):
    """A track in the middle; the end of an event, without which events cannot be counted."""
    chosen = int(np.flatnonzero(wanted[0][kind])[50])
    rows = np.arange(len(wanted[1]))
    without = answered(monkeypatch, wanted, events, np.delete(rows, chosen))
    assert without.missing == (chosen,)
    assert without.n_extra == 0
    twice = answered(monkeypatch, wanted, events, np.insert(rows, chosen, chosen))
    assert twice.n_extra == 1
    assert not twice.missing
