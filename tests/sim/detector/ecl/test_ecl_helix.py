"""Paths in the field against circles drawn by hand."""

import numpy as np
import pytest

from sim.detector.ecl.geometry import EclGaps, crystal_map
from sim.detector.ecl.helix import advance, path_to_front, path_to_radius, turn_per_cm

TURN_1_GEV = float(turn_per_cm(np.array(1.0), np.array(1.0)))


def front(x: float, y: float, z: float, nx: float, ny: float, nz: float, turn: float) -> tuple[float, bool]:
    crystals = crystal_map(EclGaps())
    return path_to_front(crystals.front_r, crystals.planes_z, x, y, z, nx, ny, nz, turn)


def test_radius_of_a_1_gev_track_is_222_cm() -> None:
    assert 1 / abs(TURN_1_GEV) == pytest.approx(222.376, abs=0.01)


def test_positive_charge_turns_clockwise() -> None:
    assert TURN_1_GEV < 0
    _, y, _, _, ny, _ = advance(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, TURN_1_GEV, 50.0)
    assert y < 0
    assert ny < 0


def test_quarter_turn() -> None:
    x, y, z, nx, ny, nz = advance(1.0, 2.0, 3.0, 0.6, 0.0, 0.8, 0.01, np.pi / 2 / 0.01)
    np.testing.assert_allclose([x, y, z], [1.0 + 60.0, 2.0 + 60.0, 3.0 + 0.8 * np.pi / 2 / 0.01])
    np.testing.assert_allclose([nx, ny, nz], [0.0, 0.6, 0.8], atol=1e-12)


@pytest.mark.parametrize("turn", [0.0, TURN_1_GEV / 1000, TURN_1_GEV, -TURN_1_GEV, 1 / 100.0])
@pytest.mark.parametrize("start", [(0.0, 0.0), (3.0, -4.0), (-60.0, 20.0)])
def test_path_ends_on_the_cylinder(turn: float, start: tuple[float, float]) -> None:
    path = path_to_radius(*start, 0.6, 0.48, turn, 125.0)
    assert path > 0
    x, y, *_ = advance(*start, 0.0, 0.6, 0.48, 0.64, turn, path)
    assert np.hypot(x, y) == pytest.approx(125.0, abs=1e-6)
    # No earlier crossing.
    for part in np.linspace(0.01, 0.99, 50):
        x, y, *_ = advance(*start, 0.0, 0.6, 0.48, 0.64, turn, part * path)
        assert np.hypot(x, y) < 125.0


def test_0_282_gev_is_the_least_transverse_momentum_for_the_barrel() -> None:
    just_short, just_enough = (path_to_radius(0.0, 0.0, 1.0, 0.0, TURN_1_GEV / p, 125.6) for p in (0.281, 0.284))
    assert just_short == np.inf
    assert just_enough < 200


def test_straight_lines_reach_barrel_and_endcaps() -> None:
    path, barrel = front(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    assert barrel
    assert path == pytest.approx(125.6, abs=0.1)
    path, barrel = front(0.0, 0.0, 0.0, np.sin(0.35), 0.0, np.cos(0.35), 0.0)
    assert not barrel
    assert path * np.cos(0.35) == pytest.approx(197.2, abs=0.1)
    path, barrel = front(0.0, 0.0, 0.0, np.sin(2.5), 0.0, np.cos(2.5), 0.0)
    assert not barrel
    assert path * np.cos(2.5) == pytest.approx(-103.9, abs=0.1)


def test_a_curler_goes_to_the_endcap_or_is_given_up() -> None:
    slow = TURN_1_GEV / 0.2
    path, barrel = front(0.0, 0.0, 0.0, 0.3, 0.0, np.sqrt(1 - 0.09), slow)
    assert path > 0
    assert not barrel
    assert front(0.0, 0.0, 0.0, 0.999, 0.0, 0.0447, slow)[0] == -1.0  # many turns before the plane
    assert front(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, slow)[0] == -1.0


def test_a_vertex_behind_the_face_starts_there() -> None:
    assert front(130.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0) == (0.0, True)
    assert front(60.0, 0.0, 205.0, 0.0, 0.0, 1.0, 0.0) == (0.0, False)
