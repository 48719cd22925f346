# amaranth: UnusedElaboratable=no
"""RTL of the neuro trigger's input stage: published inputs, every kind of event, the protocol, faults that are caught."""

from dataclasses import replace

import numpy as np
import pytest

from hdl.cdc.neuro.inputs import NeuroInputs as Rtl
from sim.cosim import exchange, neuro_inputs, runner, stream, verify_neuro
from sim.cosim.compare import compare
from sim.cosim.stimulus.tracks import TrackEvents, track_events
from sim.cosim.wrapper import Header
from trigger.cdc import HoughPlane, InputWindows, NeuroInputs
from trigger.cdc.hough import HoughTracks
from trigger.cdc.neuro import inputs as model_inputs
from trigger.geometry.cdc import N_SEGMENTS, superlayers

PLANE, WINDOWS = HoughPlane(), InputWindows()
BUDGET_CYCLES = 38
"""300 ns at 127.216 MHz. Source: DESIGN of this project, section 5."""
NETWORK_CYCLES = 27
"""Latency of the classic network with one multiplier for four inputs."""
KNOWN = np.array([False, True, True, False])


@pytest.fixture(scope="module")
def stage():
    """(RTL, Verilator model) of the default plane and windows."""
    rtl, _ = verify_neuro.inputs_rtl(PLANE, WINDOWS)
    return rtl, runner.build(rtl.design)


@pytest.fixture(scope="module")
def events():
    return track_events(np.random.default_rng(8), 1500, PLANE, WINDOWS)


@pytest.fixture(scope="module")
def answers(stage, events):
    plan = neuro_inputs.schedule(np.random.default_rng(9), events.tracks.track_offsets, idle_share=0.5)
    return neuro_inputs.simulate(stage[1], events, plan, stage[0].latency)


def outcome_of(answers, vectors):
    return compare(neuro_inputs.expected(vectors), answers, neuro_inputs.fields())


def single_tracks(offsets, columns, phi_raw, omega_raw, own):
    """Events of one track each; own: its axial segments as index in the event, (n, 9), -1 = none."""
    tracks = HoughTracks(
        plane=PLANE,
        track_offsets=np.arange(len(offsets)),
        track_phi_raw=np.asarray(phi_raw, np.int16),
        track_omega_raw=np.asarray(omega_raw, np.int8),
        track_ts=np.full(own.shape, -1, np.int16),
        track_hit=own.astype(np.int32),
        track_clock=np.zeros(len(own), np.uint8),
    )
    return TrackEvents(offsets=np.asarray(offsets), tracks=tracks, **columns)


def published_selection(reference, event):
    """(segments of an event in order, indices of the track's own ones, published inputs), as this hardware can be asked.

    Of a segment that comes twice the chosen entry stays, and of those with the same side and time as the chosen one none with
    a higher number: what the order in the list decides is left out. None if no chosen axial segment gave the event time.
    """
    rows = np.arange(reference["prep_offsets"][event], reference["prep_offsets"][event + 1])
    ts_id, lr, time = (reference[f"prep_{name}"][rows].astype(int) for name in ("ts_id", "lr", "time"))
    chosen, t0 = reference["prep_ts_index"][event], int(reference["prep_t0"][event])
    superlayer, drift = superlayers().of_segment[ts_id], np.clip(time - t0, 0, 256)
    axial = chosen[::2][chosen[::2] >= 0]
    if len(axial) == 0 or time[axial].min() != t0:
        return None
    kept = np.ones(len(rows), bool)
    for best in chosen[chosen >= 0]:
        same = (superlayer == superlayer[best]) & (KNOWN[lr] == KNOWN[lr[best]]) & (drift == drift[best])
        kept &= ~((ts_id == ts_id[best]) | (same & (ts_id > ts_id[best])))
        kept[best] = True
    _, first = np.unique(np.where(kept, ts_id, N_SEGMENTS + np.arange(len(rows))), return_index=True)
    order = first[kept[first]]
    own = np.full(9, -1)
    own[superlayer[axial]] = np.searchsorted(ts_id[order], ts_id[axial])
    return rows[order], own, reference["prep_x_int"][event]


def test_published_inputs(bench, stage):
    """Tracks of the published selections that lie on the half-cell grid."""
    reference = bench.published("neuro_fixed")
    omega = reference["prep_omega"] / PLANE.omega_step_per_cm
    phi = reference["prep_phi0"] * PLANE.n_phi / np.pi + PLANE.n_phi - 1
    on_grid = (np.abs(omega - np.rint(omega)) < 1e-6) & (np.abs(phi - np.rint(phi)) < 1e-6)
    usable = np.flatnonzero(on_grid & (reference["prep_t0_option"] == 0) & (reference["prep_expert"] >= 0))
    selections = {event: found for event in usable if (found := published_selection(reference, event)) is not None}
    rows = np.concatenate([rows for rows, _, _ in selections.values()])
    offsets = np.cumsum([0, *(len(rows) for rows, _, _ in selections.values())])
    columns = {name: reference[f"prep_{name}"][rows] for name in ("ts_id", "priority", "lr", "time")}
    chosen = np.array(list(selections))
    own = np.array([own for _, own, _ in selections.values()])
    asked = single_tracks(offsets, columns, np.rint(phi[chosen]), np.rint(omega[chosen]), own)
    plan = neuro_inputs.schedule(np.random.default_rng(1), asked.tracks.track_offsets, idle_share=0)
    answers = neuro_inputs.simulate(stage[1], asked, plan, stage[0].latency)
    order = np.argsort(answers.event)
    assert len(chosen) > 70
    assert (answers.arrays["x"][order] == reference["prep_x_int"][chosen]).all()
    assert (answers.arrays["expert"][order] == reference["prep_expert"][chosen]).all()
    assert (answers.arrays["pattern"][order] == reference["prep_pattern"][chosen]).all()
    assert (answers.arrays["t0"][order] == reference["prep_t0"][chosen]).all()


def test_every_kind_of_event_at_full_rate_and_with_gaps(stage, events, answers):
    vectors = NeuroInputs().run(events.tracks, *events.segments)
    assert set(vectors.track_expert.tolist()) == {-1, 0, 1, 2, 3, 4}
    assert (~vectors.track_has_t0).sum() > 100
    assert (vectors.x_raw[:, 1::3] == 4096).any(axis=0).all(), "the longest drift time in every superlayer"
    outcome = outcome_of(answers, vectors)
    assert outcome.differences == ()
    assert outcome.is_equal(stage[0].latency)
    assert outcome.n_events > 2500


def test_latency_and_interval(stage):
    """With the network it leaves three cycles of the budget; a track can come every cycle."""
    component = Rtl()
    assert component.LATENCY == stage[0].latency == 8
    assert component.LATENCY + NETWORK_CYCLES <= BUDGET_CYCLES - 3
    assert component.INITIATION_INTERVAL == 1


def edges(superlayer):
    """Windows of which one is half a cell wider on both sides: the same centre."""
    bounds = list(WINDOWS.bounds)
    bounds[superlayer] = (bounds[superlayer][0] - 0.5, bounds[superlayer][1] + 0.5)
    return InputWindows(bounds=tuple(bounds))


@pytest.mark.parametrize("superlayer", range(9))
def test_a_wider_window_is_caught(stage, events, answers, superlayer):
    outcome = outcome_of(answers, NeuroInputs(windows=edges(superlayer)).run(events.tracks, *events.segments))
    assert len(outcome.mismatched) > 5
    assert not outcome.is_equal(stage[0].latency)


@pytest.mark.parametrize(("name", "value"), [("SIDE", (0, -1, 1, 1)), ("EXPERT_MISSING", (None, 7, 5, 1, 3)), ("TIME_MAX_LOG2", 9)])
def test_another_declaration_is_caught(events, answers, monkeypatch, name, value):
    monkeypatch.setattr(model_inputs, name, value)
    assert len(outcome_of(answers, NeuroInputs().run(events.tracks, *events.segments)).mismatched) > 100


def test_the_other_rule_for_ties_is_caught(events, answers):
    """The list of every event turned round: of equally good segments the lowest number wins."""
    counts = np.diff(events.offsets)
    event = np.repeat(np.arange(len(counts)), counts)
    turned = events.offsets[event] + events.offsets[event + 1] - 1 - np.arange(len(event))
    tracks = events.tracks
    n_hits = np.repeat(counts, np.diff(tracks.track_offsets))[:, None]
    hit = np.where(tracks.track_hit < 0, -1, n_hits - 1 - tracks.track_hit).astype(np.int32)
    columns = (column[turned] for column in events.segments[1:])
    assert len(outcome_of(answers, NeuroInputs().run(replace(tracks, track_hit=hit), events.offsets, *columns)).mismatched) > 100


@pytest.mark.parametrize("name", ["x", "expert", "pattern", "t0", "found", "number"])
def test_one_edited_value_is_caught(stage, events, answers, name):
    wanted = neuro_inputs.expected(NeuroInputs().run(events.tracks, *events.segments))
    wanted[name] = wanted[name].copy()
    wanted[name].reshape(len(wanted[name]), -1)[1234, 0] ^= 1
    outcome = compare(wanted, answers, neuro_inputs.fields())
    assert outcome.mismatched == (1234,)
    assert not outcome.is_equal(stage[0].latency)


def test_a_row_that_does_not_come_is_caught(stage, events, monkeypatch):
    """The frame then has a row of four frames before."""
    make = neuro_inputs.records

    def without_a_row(declared, asked, plan):
        for k, records in enumerate(make(declared, asked, plan)):
            if k == 0:
                at = plan.starts[100:140][:, None] + np.arange(4, 8)
                records[at.ravel(), -1 - declared.input_low("in_has_row") // 8] &= 0xFE
            yield records

    monkeypatch.setattr(neuro_inputs, "records", without_a_row)
    plan = neuro_inputs.schedule(np.random.default_rng(9), events.tracks.track_offsets, idle_share=0)
    answers = neuro_inputs.simulate(stage[1], events, plan, stage[0].latency)
    outcome = outcome_of(answers, NeuroInputs().run(events.tracks, *events.segments))
    event = np.repeat(np.arange(len(events.offsets) - 1), np.diff(events.tracks.track_offsets))
    assert outcome.mismatched
    assert set(event[list(outcome.mismatched)].tolist()) <= set(range(100, 140))


def test_reset_drops_tracks_in_flight_and_keeps_frames(stage, events):
    """A track, a reset four cycles later, and the same track again: one answer, the right one."""
    first = int(np.flatnonzero(np.diff(events.tracks.track_offsets))[0])
    chosen = slice(events.offsets[first], events.offsets[first + 1])
    track = slice(events.tracks.track_offsets[first], events.tracks.track_offsets[first] + 1)
    few = single_tracks(
        [0, chosen.stop - chosen.start],
        {name: getattr(events, name)[chosen] for name in ("ts_id", "priority", "lr", "time")},
        events.tracks.track_phi_raw[track],
        events.tracks.track_omega_raw[track],
        events.tracks.track_hit[track],
    )
    declared = neuro_inputs.ports(PLANE)
    plan = neuro_inputs.schedule(np.random.default_rng(1), few.tracks.track_offsets, idle_share=0)
    records = np.concatenate(list(neuro_inputs.records(declared, few, plan)))
    reset, dropped = stream.empty_records(declared, 1), records[plan.beat].copy()
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([3]))
    stream.put_header(dropped, flags=np.array([stream.flag(Header.VALID)]), idle=np.array([3]))
    stimulus = [records[: neuro_inputs.segments().N_ROWS], dropped, reset, records[plan.beat]]
    response = exchange.exchange(stage[1], stimulus, 1)
    arrays = exchange.decode_fields(declared, neuro_inputs.fields(), response.results)
    wanted = neuro_inputs.expected(NeuroInputs().run(few.tracks, *few.segments))
    assert (response.cycles - response.marks).tolist() == [stage[0].latency]
    assert all((arrays[field.name] == wanted[field.name]).all() for field in neuro_inputs.fields())


def test_windows_beyond_what_is_read_at_once_are_refused():
    wide = list(WINDOWS.bounds)
    wide[5] = (-14.5, 0.5)
    with pytest.raises(ValueError, match="relevant segments of superlayer 5 must be at most 16 neighbours within a quarter turn"):
        Rtl(windows=InputWindows(bounds=tuple(wide)))
    wide = list(WINDOWS.bounds)
    wide[1] = (38.0, 44.0)
    with pytest.raises(ValueError, match="within a quarter turn"):
        Rtl(windows=InputWindows(bounds=tuple(wide)))
    wide = list(WINDOWS.bounds)
    wide[0] = (40.0, 42.0)
    with pytest.raises(ValueError, match="bounds of superlayer 0 must be within a quarter turn"):
        Rtl(windows=InputWindows(bounds=tuple(wide)))


def test_tracks_that_turn_back_before_a_superlayer_are_refused():
    """Crossing angles of a quarter turn leave no window of 16 segments; the experiment's plane does not reach them."""
    with pytest.raises(ValueError, match="superlayer 7 must be at most 16 neighbours"):
        Rtl(HoughPlane(pt_min_gev=0.2))
