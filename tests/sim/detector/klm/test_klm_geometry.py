"""Planes of the KLM: lines worked out by hand, mirror symmetry, acceptance, iron in the right order."""

import numpy as np
import pytest

from sim.detector.klm.geometry import (
    BARREL_FIRST_CM,
    CENTRE_Z_CM,
    ENDCAP_FIRST_CM,
    IRON_CM,
    N_ENDCAP,
    PITCH_CM,
    Crossings,
    crossings,
)

ORIGIN = (0.0, 0.0, 0.0)


def shoot(direction: tuple[float, float, float], start: tuple[float, float, float] = ORIGIN) -> Crossings:
    unit = np.array(direction) / np.linalg.norm(direction)
    return crossings(np.array([start]), unit[None, :])


def toward(theta_deg: float, phi_deg: float) -> tuple[float, float, float]:
    theta, phi = np.radians((theta_deg, phi_deg))
    return (np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta))


def test_line_along_x_crosses_all_layers_of_one_octant() -> None:
    found = shoot((1, 0, 0), start=(0, 0, CENTRE_Z_CM + 100))
    assert found.layer.tolist() == list(range(15))
    assert set(found.section) == {1}
    assert set(found.sector) == {0}
    np.testing.assert_allclose(found.path_cm, BARREL_FIRST_CM + PITCH_CM * np.arange(15))
    np.testing.assert_allclose(found.iron_before_cm(), IRON_CM * np.arange(15))
    assert not found.inward.any()


@pytest.mark.parametrize("octant", range(8))
@pytest.mark.parametrize(("z", "section"), [(-60.0, 0), (60.0, 1)])
def test_octants_are_numbered_by_azimuth(octant: int, z: float, section: int) -> None:
    found = shoot(toward(90, 45 * octant + 10), start=(0, 0, CENTRE_Z_CM + z))
    assert set(found.sector) == {octant}
    assert set(found.section) == {section}
    np.testing.assert_allclose(found.iron_before_cm(), IRON_CM * np.arange(15) / np.cos(np.radians(10)))


@pytest.mark.parametrize(("phi_deg", "backward", "forward"), [(45, 0, 1), (135, 1, 0), (225, 2, 3), (315, 3, 2)])
def test_quadrants_of_the_forward_endcap_are_mirrored(phi_deg: float, backward: int, forward: int) -> None:
    for theta_deg, section, sector, n_layers in ((32.0, 3, forward, 14), (137.0, 2, backward, 12)):
        found = shoot(toward(theta_deg, phi_deg))
        assert set(found.section) == {section}
        assert set(found.sector) == {sector}
        assert found.layer.tolist() == list(range(n_layers))
        iron = IRON_CM / abs(np.cos(np.radians(theta_deg)))
        np.testing.assert_allclose(found.iron_before_cm(), iron * np.arange(1, n_layers + 1))


def test_first_planes_of_the_endcaps() -> None:
    forward, backward = shoot((0.0, 0.0, 1.0), start=(150, 150, 100)), shoot((0.0, 0.0, -1.0), start=(150, 150, -100))
    assert (len(forward.layer), len(backward.layer)) == N_ENDCAP[::-1]
    assert forward.path_cm[0] == pytest.approx(CENTRE_Z_CM + ENDCAP_FIRST_CM - 100) == pytest.approx(164.85)
    assert backward.path_cm[0] == pytest.approx(ENDCAP_FIRST_CM - CENTRE_Z_CM - 100) == pytest.approx(70.85)


def test_line_from_outside_crosses_inward_then_outward() -> None:
    found = shoot((0, -1, 0), start=(0, 350, CENTRE_Z_CM + 50))
    assert found.layer.tolist() == [*range(14, -1, -1), *range(15)]
    assert found.sector.tolist() == 15 * [2] + 15 * [6]
    assert found.inward.tolist() == 15 * [True] + 15 * [False]
    np.testing.assert_allclose(found.iron_before_cm(), IRON_CM * np.array([*range(15), *range(14, 29)]))


def test_short_sector_below_the_chimney() -> None:
    start = (0, 0, CENTRE_Z_CM - 180)
    assert len(shoot(toward(90, 90), start=start).layer) == 0
    assert len(shoot(toward(90, 45), start=start).layer) == 15
    assert len(shoot(toward(90, 90), start=(0, 0, CENTRE_Z_CM + 180)).layer) == 15


def test_acceptance_is_the_published_one() -> None:
    """25 to 145 degrees (public talks): there at least five layers everywhere but in the cracks, nothing close to the beams."""
    phi = np.arange(0.5, 360, 1.0)

    def n_layers(theta_deg: float) -> np.ndarray:
        direction = np.array([toward(theta_deg, value) for value in phi])
        return np.bincount(crossings(np.zeros_like(direction), direction).row, minlength=phi.size)

    for theta_deg in (26, 40, 60, 90, 115, 143):
        assert np.mean(n_layers(theta_deg) >= 5) > 0.85, theta_deg
    for theta_deg in (15, 17, 158, 165):
        assert not n_layers(theta_deg).any(), theta_deg


def test_lines_do_not_mix() -> None:
    rng = np.random.default_rng(4)
    start, direction = rng.uniform(-50, 50, (40, 3)), rng.normal(size=(40, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    together = crossings(start, direction)
    for row in range(40):
        alone, part = crossings(start[row : row + 1], direction[row : row + 1]), together.row == row
        np.testing.assert_array_equal(together.layer[part], alone.layer)
        np.testing.assert_allclose(together.iron_before_cm()[part], alone.iron_before_cm())
        assert (np.diff(alone.path_cm) >= 0).all()
