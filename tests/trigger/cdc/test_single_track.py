"""The single-track trigger: published passing curvatures, a plain second calculation, edges, counts."""

from decimal import Decimal, getcontext
from fractions import Fraction
from math import atan, pi, sin, tan

import numpy as np
import pytest

from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.single_track import SingleTrackCuts, SingleTrackTrigger, one_hot
from trigger.errors import InputError

TRIGGER = SingleTrackTrigger()
ALL_THETA = np.arange(-4096, 4097)


def run(tracks, offsets=None):
    """Decisions on tracks (omega, expert, z, theta), all of one event unless told otherwise."""
    columns = np.array(tracks, dtype=np.int64).reshape(-1, 4).T
    return TRIGGER.run([0, len(tracks)] if offsets is None else offsets, *columns)


def theta_raw(degrees):
    return round(((degrees - 10) / 80 - 1) * 4096)


@pytest.mark.parametrize(
    ("degrees", "largest"),
    [(25, 33), (35, 23), (45, 18), (60, 15), (75, 13), (90, 12), (105, 13), (120, 15), (140, 20)],
)
def test_published_largest_passing_curvature(degrees, largest):
    """Source: published passing |k| against theta, computed from the firmware's formula."""
    omega = [k for k in range(-33, 34) if run([(k, 0, 0, theta_raw(degrees))]).track_stt[0]]
    assert omega == [*range(-largest, 0), *range(1, largest + 1)]


def test_momentum_of_hand_worked_tracks():
    # 90 degrees: 16 steps of 0.098125 rad. |k| = 12: 4.5 / (0.528 sin 1.57) = 8.52, |k| = 13: 4.5 / (0.572 sin 1.57) = 7.87.
    found = run([(12, 0, 0, 0), (-12, 0, 0, 0), (13, 0, 0, 0)])
    assert found.track_p_raw.tolist() == [8, 8, 7]
    assert found.track_stt.tolist() == [1, 1, 0]
    # 10 degrees: one step. 4.5 / (0.044 sin 0.098125) = 1043.96.
    assert run([(1, 0, 0, -4096)]).track_p_raw.tolist() == [1043]


def test_every_momentum_by_the_formula():
    """The firmware's formula in floats, as far from every step as the tables must be for floats to decide."""
    getcontext().prec = 40
    for raw in ALL_THETA[::7]:
        theta = (raw / 4096 + 1) * 80 / 180 * pi + 10 / 180 * pi
        steps = int(atan(tan(theta)) / 0.098125) if raw else 16
        assert TRIGGER.theta_steps[raw + 4096] == abs(steps)
    step_per_cm = HoughPlane().omega_step_per_cm
    for k in range(1, 34):
        curvature = int(100 * step_per_cm * k / 0.044) * 0.044
        for angle in range(1, 17):
            momentum = 10 * 0.3 * 1.5 / curvature / sin(angle * 0.098125)
            assert abs(momentum - round(momentum)) > 1e-6
            assert TRIGGER.momentum_table[k, angle] == int(momentum)


def test_momentum_in_another_field():
    """In 1 T; in the experiment's 1.5 T a sum in the formula gives what its product gives."""
    trigger = SingleTrackTrigger(cuts=SingleTrackCuts(field_t=Fraction(1)))
    step_per_cm = HoughPlane().omega_step_per_cm / 1.5
    for k in range(2, 34):
        curvature = int(100 * step_per_cm * k / 0.044) * 0.044
        momentum = 10 * 0.3 / curvature / sin(16 * 0.098125)
        assert trigger.momentum_table[k, 16] == int(momentum)


def test_tables_cannot_be_changed():
    for table in (TRIGGER.momentum_table, TRIGGER.theta_steps, TRIGGER.omega_steps):
        with pytest.raises(ValueError, match="read-only"):
            table[...] = 0


def test_angle_steps_are_not_on_an_edge():
    """No output of the network is within 1e-12 of a step, so the digits of pi do not matter."""
    exact = [(80 * Fraction(int(raw) + 4096, 4096) + 10) for raw in ALL_THETA]
    scaled = [min(angle, 180 - angle) * Fraction(Decimal(str(pi))) / 180 / Fraction("0.098125") for angle in exact]
    assert min(abs(value - round(value)) for value in scaled) > 1e-12


def test_straight_track_has_no_momentum():
    found = run([(0, 0, 0, 0), (1, 0, 0, 0)])
    assert found.track_p_raw.tolist() == [0, 102]
    assert found.track_stt.tolist() == [0, 1]
    assert found.track_y.tolist() == [1, 1]


def test_angle_below_the_first_step_has_no_momentum():
    cuts = SingleTrackCuts(theta_range_deg=(Fraction(0), Fraction(180)))
    trigger = SingleTrackTrigger(cuts=cuts)
    found = trigger.run([0, 2], [5, 5], [0, 0], [0, 0], [-4096, 4096])
    assert found.track_p_raw.tolist() == [0, 0]
    assert found.track_stt.tolist() == [0, 0]


def test_z_at_the_edges():
    # 15 cm is 614.4 LSB, 20 cm is 819.2 LSB.
    z = [614, 615, -614, -615, 819, 820, -819, -820]
    found = run([(5, 0, value, 0) for value in z])
    assert found.track_stt.tolist() == [1, 0, 1, 0, 0, 0, 0, 0]
    assert found.track_y.tolist() == [1, 1, 1, 1, 1, 0, 1, 0]


def test_limit_on_the_grid_is_outside():
    """|z| must be below the limit: 25 cm is exactly 1024 LSB."""
    trigger = SingleTrackTrigger(cuts=SingleTrackCuts(z_stt_cm=Fraction(25)))
    assert trigger.z_stt_raw == 1023
    assert trigger.run([0, 2], [5, 5], [0, 0], [1023, 1024], [0, 0]).track_stt.tolist() == [1, 0]


def test_track_without_network_answer_counts_for_nothing_but_t2():
    found = run([(5, -1, 0, 0)])
    assert (found.track_stt[0], found.track_y[0], found.grl_typ[0]) == (0, 0, 0)
    assert found.grl_t2.tolist() == [[1, 0, 0, 0]]
    assert found.grl_ty.tolist() == [[0, 0, 0, 0]]


def test_counts():
    good, far, slow = (5, 0, 0, 0), (5, 0, 4000, 0), (33, 0, 700, 0)
    events = [[], [good], [good, far], [slow] * 3, [good] * 4, [slow] * 9]
    found = run([t for e in events for t in e], np.cumsum([0, *map(len, events)]))
    assert found.grl_t2.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert found.grl_ty.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert found.grl_typ.tolist() == [0, 1, 1, 0, 1, 0]
    assert one_hot(np.array([255])).tolist() == [[0, 0, 0, 1]]


def test_no_tracks():
    found = TRIGGER.run([0, 0], [], [], [], [])
    assert len(found.track_stt) == 0
    assert found.grl_t2.tolist() == [[0, 0, 0, 0]]
    assert TRIGGER.run([0], [], [], [], []).grl_typ.shape == (0,)


@pytest.mark.parametrize(
    ("track", "message"),
    [
        ((34, 0, 0, 0), "track_omega_raw, event 0: must be -33..33, not 34"),
        ((0, 5, 0, 0), "track_expert, event 0: must be -1..4, not 5"),
        ((0, 0, 4097, 0), "track_z_raw, event 0: must be -4096..4096, not 4097"),
        ((0, 0, 0, -4097), "track_theta_raw, event 0: must be -4096..4096, not -4097"),
    ],
)
def test_bad_tracks_are_refused(track, message):
    with pytest.raises(InputError, match=message):
        run([track])


def test_broken_numbers_are_refused():
    with pytest.raises(InputError, match="track_omega_raw"):
        TRIGGER.run([0, 1], [5.5], [0], [0], [0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"z_stt_cm": Fraction(0)}, "z_stt_cm must be positive"),
        ({"p_above_raw": -1}, "p_above_raw must be at least 0"),
        ({"z_range_cm": (Fraction(-50), Fraction(100))}, "symmetric"),
        ({"theta_range_deg": (Fraction(90), Fraction(10))}, "ascending"),
    ],
)
def test_impossible_cuts_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SingleTrackCuts(**change)
