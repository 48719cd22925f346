"""`verify tracks.inputs` and `verify tracks.stt`: they pass, say what was done, and fail on another RTL."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import neuro_inputs, single_track, verify_neuro
from sim.cosim.campaign import Job
from sim.cosim.stimulus.neuro_tracks import neuro_track_events, theta_edges, z_edges
from sim.cosim.stimulus.tracks import track_events
from trigger.cdc import HoughPlane, InputWindows, NeuroInputs, SingleTrackTrigger
from trigger.cdc.neuro.inputs import SIDE
from trigger.geometry.cdc import N_SEGMENTS, superlayers

PLANE, WINDOWS = HoughPlane(), InputWindows()


@pytest.mark.parametrize(("block", "latency"), [("tracks.inputs", 8), ("tracks.stt", 2)])
def test_it_passes_and_its_record_says_so(tmp_path, block, latency):
    out = tmp_path / "r.json"
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", block, "--events", "300", "--out", str(out)])
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith("passed: 300 events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads(out.read_text())
    assert record["block"] == block
    assert record["n_events"] == 300
    assert record["initiation_interval"] == 1
    assert record["latency_declared"] == latency
    assert list(record["latency_measured"]) == [str(latency)]
    assert record["latency_measured"][str(latency)] >= 300


def test_another_latency_fails(tmp_path):
    rtl, _ = verify_neuro.stt_rtl(SingleTrackTrigger())
    record = verify_neuro.verify_stt(Job(n_events=100, out=tmp_path / "r.json"), rtl=replace(rtl, latency=3))
    assert not record["passed"]
    assert record["late_events"] >= 100
    assert record["mismatched_events"] == 0


def test_track_events_hold_every_kind():
    events = track_events(np.random.default_rng(1), 2000, PLANE, WINDOWS)
    vectors = NeuroInputs().run(events.tracks, *events.segments)
    event = np.repeat(np.arange(2000), np.diff(events.offsets))
    lines = superlayers()
    assert (np.diff(event * N_SEGMENTS + events.ts_id) > 0).all(), "ascending, each segment once"
    assert np.unique(events.priority).tolist() == [1, 2, 3]
    assert np.unique(events.lr).tolist() == [0, 1, 2, 3]
    assert set(vectors.track_expert.tolist()) == {-1, 0, 1, 2, 3, 4}
    assert len(np.unique(vectors.track_pattern)) == 16, "stereo superlayers are missing in every combination"
    assert events.time.min() == -32768
    assert events.time.max() == 32767
    filling = np.zeros((2000, 9), int)
    np.add.at(filling, (event, lines.of_segment[events.ts_id]), 1)
    assert filling.max(axis=0).tolist() == lines.n_segments.tolist(), "complete superlayers"
    assert np.diff(events.tracks.track_offsets).max() >= 4
    drift = vectors.x_raw[:, 1::3]
    for units in (0, 1, 255, 256):
        assert (np.abs(drift) == 16 * units).any(axis=0).all()


def test_chosen_segments_tie_with_others_at_any_drift_time():
    """In every stereo superlayer: each bit of a tied drift time is set and not, longer ones tie, and either side with the other."""
    events = track_events(np.random.default_rng(1), 500, PLANE, WINDOWS)
    vectors = NeuroInputs().run(events.tracks, *events.segments)
    event = np.repeat(np.arange(500), np.diff(events.tracks.track_offsets))
    superlayer, sides = superlayers().of_segment[events.ts_id], np.array(SIDE)[events.lr]
    tied = []
    for track, s in np.argwhere(vectors.track_has_t0[:, None] & (vectors.track_hit >= 0) & ~superlayers().axial):
        first = events.offsets[event[track]]
        chosen = first + vectors.track_hit[track, s]
        # Of equal ones the later segment is chosen; some before it are in the window as well.
        others = np.arange(max(first, chosen - 4), chosen)
        same = (superlayer[others] == s) & (events.time[others] == events.time[chosen])
        same &= (events.ts_id[chosen] - events.ts_id[others] <= 4) & ((sides[others] != 0) == (sides[chosen] != 0))
        drift = int(events.time[chosen]) - int(vectors.track_t0[track])
        tied += [(s, drift, sides[chosen], side) for side in sides[others[same]]]
    s, drift, side, other = np.array(tied).T
    for one in (1, 3, 5, 7):
        of = s == one
        assert all((of & (drift >> bit & 1 == value)).sum() > 5 for bit in range(8) for value in (0, 1))
        assert (of & (drift >= 256)).sum() > 2
        assert all((of & (side == value) & (other == -value)).sum() > 5 for value in (1, -1))


def test_tracks_come_one_to_three_frames_later_in_any_place():
    offsets = np.cumsum(np.concatenate([[0], np.random.default_rng(1).integers(0, 30, 800)]))
    plan = neuro_inputs.schedule(np.random.default_rng(2), offsets, idle_share=0.5)
    event = np.repeat(np.arange(800), np.diff(offsets))
    group = np.searchsorted(plan.starts, plan.beat, side="right") - 1
    assert np.unique(group - event).tolist() == [1, 2, 3]
    assert len(np.unique(plan.beat)) == len(plan.beat)
    assert (np.diff(plan.beat[plan.order]) > 0).all()
    assert (plan.starts[group + 1] - plan.beat).min() == neuro_inputs.QUIET_BEATS + 1
    assert np.diff(plan.starts).min() == neuro_inputs.segments().N_ROWS
    assert plan.idle.max() == neuro_inputs.MAX_IDLE
    assert (plan.idle == 0).mean() > 0.9


def test_neuro_track_events_reach_every_cut():
    trigger = SingleTrackTrigger()
    events = neuro_track_events(np.random.default_rng(1), 20000, trigger)
    assert np.unique(events.omega_raw).tolist() == list(range(-33, 34))
    assert set(z_edges(trigger).tolist()) <= set(events.z_raw.tolist())
    assert {-820, -819, -818, -615, -614, -613, 0, 613, 614, 615, 818, 819, 820} <= set(z_edges(trigger).tolist())
    pairs = set(zip(np.abs(events.omega_raw).tolist(), trigger.theta_steps[events.theta_raw + 4096].tolist(), strict=True))
    assert len(pairs) == 34 * 16, "every curvature with every step of the angle"
    assert set(theta_edges(trigger).tolist()) <= set(events.theta_raw.tolist())
    counts = np.diff(events.offsets)
    assert set(range(6)) <= set(counts.tolist())
    assert counts.max() > 30


def test_every_step_of_the_angle_is_met_by_tracks_whose_momentum_changes_there():
    """In 3000 events, often enough for each of the four quadrants; the last step, at 90 degrees, changes no momentum."""
    trigger = SingleTrackTrigger()
    events = neuro_track_events(np.random.default_rng(1), 3000, trigger)
    steps, k = trigger.theta_steps, np.abs(events.omega_raw.astype(int))
    at = events.theta_raw.astype(int) + 4096
    for edge in np.flatnonzero(np.diff(steps)):
        changes = trigger.momentum_table[k, steps[edge]] != trigger.momentum_table[k, steps[edge + 1]]
        for place in (edge, edge + 1):
            met = np.count_nonzero(changes & (at == place))
            assert met > 20 if {steps[edge], steps[edge + 1]} != {15, 16} else met == 0, (place, met)


def test_tracks_keep_their_order_in_beats():
    offsets = np.array([0, 0, 5, 5, 6])
    places = single_track.beats(np.random.default_rng(3), offsets, idle_share=0)
    assert len(places.starts) == 5
    assert (np.diff(places.starts) >= 1).all()
    order = 4 * places.beat + places.lane
    assert (np.diff(order) > 0).all()
    assert places.event[places.beat].tolist() == [1, 1, 1, 1, 1, 3]
