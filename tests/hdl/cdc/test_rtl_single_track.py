# amaranth: UnusedElaboratable=no
"""RTL of the single-track trigger: published limits, every step and cut, counts, the protocol, faults that are caught."""

from fractions import Fraction

import numpy as np
import pytest

from hdl.cdc.single_track import SingleTrackTrigger as Rtl
from sim.cosim import exchange, runner, single_track, stream, verify_neuro
from sim.cosim.compare import compare
from sim.cosim.stimulus.neuro_tracks import NeuroTrackEvents, neuro_track_events, theta_edges, z_edges
from sim.cosim.wrapper import Header
from trigger.cdc import SingleTrackCuts, SingleTrackTrigger
from trigger.cdc.neuro.formats import NODE_ONE

TRIGGER = SingleTrackTrigger()
PUBLISHED_LIMITS = ((25, 33), (35, 23), (45, 18), (60, 15), (75, 13), (90, 12), (105, 13), (120, 15), (140, 20))
"""Polar angle in degrees and largest curvature of a single track, half cells. Source: the integer steps of basf2 trg/grl
TRGGRLProjectsModule.cc, worked out for the half-cell grid [DERIVED]."""


@pytest.fixture(scope="module")
def decision():
    """(RTL, Verilator model) of the default cuts."""
    rtl, _ = verify_neuro.stt_rtl(TRIGGER)
    return rtl, runner.build(rtl.design)


@pytest.fixture(scope="module")
def events():
    return neuro_track_events(np.random.default_rng(3), 4000, TRIGGER)


@pytest.fixture(scope="module")
def places(events):
    return single_track.beats(np.random.default_rng(4), events.offsets, idle_share=0.5)


@pytest.fixture(scope="module")
def answers(decision, events, places):
    return single_track.simulate(decision[1], TRIGGER, events, places, decision[0].latency)


def outcome_of(answers, events, places, trigger=TRIGGER):
    return compare(single_track.expected(trigger.run(*events.arguments), places, trigger), answers, single_track.fields(trigger))


def tracks(omega, z, theta, expert=None):
    """One event of answered tracks."""
    omega, z, theta = np.broadcast_arrays(omega, z, theta)
    return NeuroTrackEvents(
        offsets=np.array([0, omega.size]),
        omega_raw=omega.ravel(),
        expert=np.zeros(omega.size, np.int8) if expert is None else expert,
        z_raw=z.ravel(),
        theta_raw=theta.ravel(),
    )


def decided(decision, events):
    """(momentum, single-track, y decision) of every track by the RTL, and whether it agrees with the model."""
    places = single_track.beats(np.random.default_rng(5), events.offsets, idle_share=0)
    answers = single_track.simulate(decision[1], TRIGGER, events, places, decision[0].latency)
    outcome = outcome_of(answers, events, places)
    assert outcome.differences == ()
    assert outcome.is_equal(decision[0].latency)
    return [answers.arrays[name][places.beat, places.lane] for name in ("p", "stt", "y")]


def test_published_limits_of_curvature(decision):
    theta_deg, limit = np.array(PUBLISHED_LIMITS).T
    theta = np.rint((theta_deg - 90) / 80 * NODE_ONE).astype(int)
    omega = np.arange(1, 34)
    _, stt, _ = decided(decision, tracks(omega[None, :], 0, theta[:, None]))
    largest = np.where(stt.reshape(len(theta), -1), omega, 0).max(axis=1)
    assert largest.tolist() == limit.tolist()


def test_momentum_by_hand(decision):
    """12 and 13 half cells of 0.0441 per m at 90 degrees: 12 steps of 0.044 per m, pT 0.8522 GeV, and 13, 0.7867 GeV."""
    momentum, stt, _ = decided(decision, tracks([12, -12, 13, -13], 0, 0))
    assert momentum.tolist() == [8, 8, 7, 7]
    assert stt.tolist() == [1, 1, 0, 0]


def test_every_curvature_at_every_edge_of_angle(decision):
    omega = np.arange(-33, 34)
    momentum, stt, _ = decided(decision, tracks(omega[:, None], 0, theta_edges(TRIGGER)[None, :]))
    assert momentum.max() == TRIGGER.momentum_table.max()
    assert len(np.unique(momentum)) > 90
    assert 0.2 < stt.mean() < 0.8


def test_every_z_and_every_angle(decision):
    """Below 15 cm of 100 cm: |z| up to 614 of 4096; below 20 cm: up to 819."""
    z = np.arange(-NODE_ONE, NODE_ONE + 1)
    _, *flags = decided(decision, tracks(-9, np.concatenate([z, 0 * z]), np.concatenate([0 * z, z])))
    stt, is_y = (flag[: len(z)] for flag in flags)
    assert np.flatnonzero(stt)[[0, -1]].tolist() == [NODE_ONE - 614, NODE_ONE + 614]
    assert np.flatnonzero(is_y)[[0, -1]].tolist() == [NODE_ONE - 819, NODE_ONE + 819]


def test_a_track_without_an_answer_counts_as_2d_track_alone(decision):
    events = tracks([9, 9, 9], 0, 0, np.array([-1, 2, -1]))
    places = single_track.beats(np.random.default_rng(1), events.offsets, idle_share=0)
    arrays = single_track.simulate(decision[1], TRIGGER, events, places, decision[0].latency).arrays
    assert arrays["stt"].sum() == arrays["y"].sum() == 1
    assert arrays["t2"][-1].tolist() == [0, 0, 1, 0]
    assert arrays["ty"][-1].tolist() == [1, 0, 0, 0]
    assert arrays["typ"][-1] == 1


def test_counts_are_one_hot(decision):
    count = np.array([1, 0, 2, 3, 4, 1, 5, 0, 9, 40, 1])
    events = NeuroTrackEvents(
        offsets=np.concatenate([[0], np.cumsum(count)]),
        **{name: np.zeros(count.sum(), int) for name in ("omega_raw", "expert", "z_raw", "theta_raw")},
    )
    places = single_track.beats(np.random.default_rng(2), events.offsets, idle_share=0)
    arrays = single_track.simulate(decision[1], TRIGGER, events, places, decision[0].latency).arrays
    wanted = [[int(n == 1), int(n == 2), int(n == 3), int(n > 3)] for n in count]
    for name in ("t2", "ty"):
        assert arrays[name][places.starts[1:] - 1].tolist() == wanted
    assert not arrays["typ"].any(), "a straight track has no momentum"


def test_random_events(decision, events, places, answers):
    outcome = outcome_of(answers, events, places)
    assert outcome.differences == ()
    assert outcome.is_equal(decision[0].latency)
    assert {-1} | set(range(5)) == set(events.expert.tolist())
    assert set(z_edges(TRIGGER).tolist()) <= set(events.z_raw.tolist())


def test_latency_and_interval(decision):
    component = Rtl()
    assert component.LATENCY == decision[0].latency == 2
    assert component.INITIATION_INTERVAL == 1


LSB_CM = Fraction(100, NODE_ONE)


@pytest.mark.parametrize(
    "change",
    [
        {"z_stt_cm": 15 + LSB_CM},
        {"z_stt_cm": 15 - LSB_CM},
        {"z_y_cm": 20 + LSB_CM},
        {"z_y_cm": 20 - LSB_CM},
        {"p_above_raw": 6},
        {"p_above_raw": 8},
        {"omega_step_per_m": Fraction("0.0441")},
        {"theta_step_rad": Fraction("0.0982")},
    ],
    ids=lambda change: ",".join(f"{name}={float(value):.4f}" for name, value in change.items()),
)
def test_another_cut_is_caught(decision, events, places, answers, change):
    outcome = outcome_of(answers, events, places, SingleTrackTrigger(cuts=SingleTrackCuts(**change)))
    assert len(outcome.mismatched) > 5
    assert not outcome.is_equal(decision[0].latency)


@pytest.mark.parametrize("name", ["p", "stt", "y", "last", "t2", "ty", "typ"])
def test_one_edited_value_is_caught(decision, events, places, answers, name):
    wanted = single_track.expected(TRIGGER.run(*events.arguments), places, TRIGGER)
    wanted[name].reshape(len(wanted[name]), -1)[77, 0] ^= 1
    outcome = compare(wanted, answers, single_track.fields(TRIGGER))
    assert outcome.mismatched == (77,)
    assert not outcome.is_equal(decision[0].latency)


def test_reset_forgets_the_event(decision):
    """Two tracks, a reset, then the last beat of an event without a track."""
    declared = single_track.ports(TRIGGER)
    two, none = (
        single_track.records(
            declared,
            one,
            single_track.beats(np.random.default_rng(1), one.offsets, idle_share=0),
            TRIGGER,
            (0, 1),
        )
        for one in (tracks([9, 9], 0, 0), tracks(np.zeros(0, int), 0, 0))
    )
    two = two[:1]
    stream.put_header(two, flags=np.array([stream.flag(Header.VALID)]), idle=np.array([0]))
    two[0, -1] &= 0xFE
    reset = stream.empty_records(declared, 1)
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([0]))
    response = exchange.exchange(decision[1], [two, reset, none], 1)
    arrays = exchange.decode_fields(declared, single_track.fields(TRIGGER), response.results)
    assert (response.cycles - response.marks).tolist() == [decision[0].latency]
    assert not arrays["t2"].any()
    assert not arrays["ty"].any()
    assert not arrays["typ"].any()
