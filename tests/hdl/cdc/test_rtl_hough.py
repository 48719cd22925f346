# amaranth: UnusedElaboratable=no
"""RTL of the 2D finder: published tracks, every kind of event, the protocol, limits that are reported, latency and interval."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hdl.cdc.hough.finder import HoughFinder as Rtl
from sim.cosim import exchange, hough, runner, stream, verify_tracks
from sim.cosim.compare import compare
from sim.cosim.rtl import rtl_of
from sim.cosim.stimulus.segments import segment_events
from sim.cosim.wrapper import Header
from trigger.cdc.hough import HoughFinder, HoughPlane, HoughTracks
from trigger.geometry.cdc import N_SECTORS, superlayers

PLANE = HoughPlane()
SMALL = HoughPlane(n_omega=6, min_superlayers=3, tracks_per_clock=1)
"""A plane of few cells, with one track per quadrant and data clock, so that 16 fill the links."""


@pytest.fixture(scope="module")
def finder():
    """(RTL, Verilator model) of the experiment's plane."""
    rtl = verify_tracks.hough_rtl(PLANE)
    return rtl, runner.build(rtl.design)


@pytest.fixture(scope="module")
def published_events(bench):
    data = bench.published("hough_tracks")
    return tuple(data[f"cdc_{name}"] for name in ("offsets", "ts_id", "priority"))


@pytest.fixture(scope="module")
def published_tracks(bench, published_events) -> HoughTracks:
    """The published tracks. The data clock, which the simulation does not have, follows from their order."""
    data = bench.published("hough_tracks")
    ts = np.full((len(data["track_ts_id"]), 9), -1, np.int16)
    ts[:, ::2] = data["track_ts_id"]
    phi_raw = data["track_cell_x2"] % (2 * PLANE.n_phi)
    clock, last = np.zeros(len(phi_raw), np.uint8), data["track_offsets"]
    for first, end in pairwise(last):
        quadrant = PLANE.quadrant(phi_raw[first:end])
        clock[first:end] = [np.count_nonzero(quadrant[:k] == quadrant[k]) // 6 for k in range(end - first)]
    return HoughTracks(
        plane=PLANE,
        track_offsets=data["track_offsets"],
        track_phi_raw=phi_raw,
        track_omega_raw=data["track_omega_raw"],
        track_ts=ts,
        track_hit=np.full(ts.shape, -1, np.int32),
        track_clock=clock,
    )


def answered(rtl, model, plane, events, wanted, idle=None):
    """Comparison of data clocks, and the answers; wanted: tracks."""
    words, event = hough.expected(wanted)
    frames = hough.frames(plane, *events)
    idle = hough.full_rate(frames.n_events) if idle is None else idle
    answers = hough.simulate(model, plane, frames, event, rtl.latency, idle)
    return compare(words, answers, hough.fields(plane)), answers


def test_published_tracks(finder, published_events, published_tracks):
    outcome, answers = answered(*finder, PLANE, published_events, published_tracks)
    assert outcome.differences == ()
    assert outcome.is_equal(finder[0].latency)
    assert int(answers.arrays["counts"].sum()) == 2597
    assert int(answers.arrays["clock"].max()) == 2


def test_every_kind_of_event_at_full_rate_and_with_gaps(finder):
    rng = np.random.default_rng(21)
    events = segment_events(rng, 1500, PLANE)
    arrays = (events.offsets, events.ts_id, events.priority)
    wanted = HoughFinder().run(*arrays)
    assert np.diff(wanted.track_offsets).max() > 80, "busy events are among them"
    for idle in (hough.full_rate(1500), hough.random_idle(rng, 1500)):
        outcome, _ = answered(*finder, PLANE, arrays, wanted, idle)
        assert outcome.differences == ()
        assert outcome.is_equal(finder[0].latency)


def test_a_turn_by_a_sector_turns_the_tracks(finder):
    """Segments of an event 32 times, each turned by one more sector: the tracks turn with them, in phi and number."""
    events = segment_events(np.random.default_rng(3), 40, PLANE)
    n_tracks = np.diff(HoughFinder().run(events.offsets, events.ts_id, events.priority).track_offsets)
    place = int(np.argmax((n_tracks >= 2) & (n_tracks <= 6)))
    hits = slice(events.offsets[place], events.offsets[place + 1])
    ts_id, priority, lines = events.ts_id[hits].astype(int), events.priority[hits], superlayers()
    superlayer = lines.of_segment[ts_id]
    count, first = lines.n_segments[superlayer], lines.offset[superlayer]
    turned = [(ts_id - first + turn * count // N_SECTORS) % count + first for turn in range(N_SECTORS)]
    arrays = (np.arange(N_SECTORS + 1) * len(ts_id), np.concatenate(turned).astype(np.int16), np.tile(priority, N_SECTORS))
    outcome, answers = answered(*finder, PLANE, arrays, HoughFinder().run(*arrays))
    assert outcome.is_equal(finder[0].latency)
    counts = answers.arrays["counts"].sum(axis=1)
    assert counts.tolist() == [n_tracks[place]] * N_SECTORS


def test_latency_and_interval(finder):
    """0.75 us after the last segments; a change does not go unnoticed."""
    component = Rtl(PLANE)
    assert component.LATENCY == finder[0].latency == 95
    assert component.INITIATION_INTERVAL == 64


@pytest.mark.parametrize("name", ["phi", "omega", "number", "found", "counts"])
def test_one_edited_value_is_caught(finder, published_events, published_tracks, name):
    words, event = hough.expected(published_tracks)
    frames = hough.frames(PLANE, *published_events)
    answers = hough.simulate(finder[1], PLANE, frames, event, finder[0].latency, hough.full_rate(frames.n_events))
    words[name][700, 0] ^= 1
    outcome = compare(words, answers, hough.fields(PLANE))
    assert outcome.mismatched == (700,)
    assert hough.of_events(outcome, event, frames.n_events).mismatched == (event[700],)
    assert not outcome.is_equal(finder[0].latency)


def test_a_dropped_frame_is_caught(finder, published_events, published_tracks, monkeypatch):
    make = hough.records

    def without_first_flag(declared, events, idle):
        records = make(declared, events, idle)
        records[100 * N_SECTORS, -1] &= 0xFE
        return records

    monkeypatch.setattr(hough, "records", without_first_flag)
    outcome, _ = answered(*finder, PLANE, published_events, published_tracks)
    assert outcome.missing
    assert not outcome.is_equal(finder[0].latency)
    _, event = hough.expected(published_tracks)
    assert {int(event[word]) for word in outcome.missing} == {100}


def test_protocol(finder):
    """Unfinished frames are dropped, beats outside a frame ignored, and a reset forgets everything."""
    events = segment_events(np.random.default_rng(9), 400, PLANE)
    wanted = HoughFinder().run(events.offsets, events.ts_id, events.priority)
    n_tracks = np.diff(wanted.track_offsets)
    chosen = np.flatnonzero((n_tracks >= 2) & (n_tracks <= 6))[:4]
    declared = hough.ports(PLANE)
    frames = hough.frames(PLANE, events.offsets, events.ts_id, events.priority)
    beats = [hough.records(declared, frames.slice(k, k + 1), np.ones(N_SECTORS, int)) for k in chosen]
    unmarked = stream.flag(Header.VALID) | 1

    def stray(records: np.ndarray, n_beats: int, *, first: bool) -> np.ndarray:
        part = records[:n_beats].copy()
        stream.put_header(part, flags=np.full(n_beats, unmarked), idle=np.full(n_beats, 3))
        part[0, -1] = part[0, -1] & 0xFE | first
        return part

    reset = stream.empty_records(declared, 1)
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([3]))
    stimulus = [
        stray(beats[3], N_SECTORS, first=False),
        beats[0],
        stray(beats[3], 20, first=True),
        beats[1],
        stray(beats[3], 31, first=True),
        reset,
        stray(beats[3], N_SECTORS, first=False),
        beats[2],
    ]
    response = exchange.exchange(finder[1], stimulus, 3)
    arrays = exchange.decode_fields(declared, hough.fields(PLANE), response.results)
    assert np.count_nonzero(arrays["clock"] == 0) == 3
    assert (response.cycles[arrays["clock"] == 0] - response.marks == finder[0].latency).all()
    assert arrays["counts"].sum(axis=1).tolist() == n_tracks[chosen[:3]].tolist()


@pytest.fixture(scope="module")
def small():
    """(RTL, Verilator model) of a small plane with one track per cycle and no time after the sweep."""
    component = Rtl(SMALL, n_lanes=1, drain_cycles=0)
    rtl = rtl_of(component, component.LATENCY, hough.ports(SMALL), (SMALL, 1, 0))
    return rtl, runner.build(rtl.design)


def test_another_plane_and_too_many_tracks_are_reported(small):
    """Frames without the overflow flag are complete; frames with it lack tracks, those of a quadrant's 17th data clock for sure."""
    rng = np.random.default_rng(4)
    events = segment_events(rng, 1200, SMALL)
    arrays = (events.offsets, events.ts_id, events.priority)
    wanted = HoughFinder(plane=SMALL).run(*arrays)
    n_clocks = np.ones(1200, int)
    np.maximum.at(n_clocks, np.repeat(np.arange(1200), np.diff(wanted.track_offsets)), wanted.track_clock + 1)
    last = replace(wanted, track_clock=np.minimum(wanted.track_clock, 15))
    words, event = hough.expected(last)
    frames = hough.frames(SMALL, *arrays)
    answers = hough.simulate(small[1], SMALL, frames, event, small[0].latency, hough.full_rate(1200))
    outcome = compare(words, answers, hough.fields(SMALL))
    assert outcome.n_late(small[0].latency) == outcome.n_extra == 0
    known = answers.event >= 0
    flagged = np.unique(event[answers.event[known & (answers.arrays["overflow"] == 1)]])
    complete = np.setdiff1d(np.arange(1200), flagged)
    assert len(flagged) > 20
    assert len(complete) > 800
    assert np.diff(wanted.track_offsets)[complete].sum() > 500
    assert np.setdiff1d(np.flatnonzero(n_clocks > 16), flagged).tolist() == []
    wrong = {int(event[word]) for word in (*outcome.mismatched, *outcome.missing)}
    assert wrong == set(flagged.tolist())


def test_bad_arguments():
    with pytest.raises(ValueError, match="n_phi must be at least 64, not 32"):
        Rtl(HoughPlane(n_phi=32))
    with pytest.raises(ValueError, match="drain_cycles must be 0..25, so that a frame ends before the next one, not 26"):
        Rtl(PLANE, drain_cycles=26)
    with pytest.raises(ValueError, match="n_lanes must be 1 to the 6 tracks per data clock, not 7"):
        Rtl(PLANE, n_lanes=7)
