"""Crystals, cells and gaps against published positions."""

from pathlib import Path

import numba
import numpy as np
import pytest

from sim.detector.ecl.geometry import CRYSTAL_LENGTH_CM, EclGaps, cell_of_crystal, crystal_map, locate
from trigger.geometry.ecl import cells

REFERENCE = Path(__file__).parents[3] / "reference"


@numba.njit
def locate_many(edges, rings, crystals, x, y, z, margin):
    found = np.zeros(x.size, np.int64)
    depth = np.zeros(x.size)
    for i in range(x.size):
        found[i], depth[i] = locate(edges, rings, crystals, x[i], y[i], z[i], margin)
    return found, depth


def cells_at(gaps: EclGaps, x: np.ndarray, y: np.ndarray, z: np.ndarray, margin: float = 4.0) -> np.ndarray:
    crystals = crystal_map(gaps)
    return locate_many(crystals.edges, crystals.rings, crystals.cells, x, y, z, margin)[0]


def ray(theta_deg: np.ndarray, phi_deg: float, distance_cm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    theta, phi = np.deg2rad(theta_deg), np.deg2rad(phi_deg)
    return distance_cm * np.sin(theta) * np.cos(phi), distance_cm * np.sin(theta) * np.sin(phi), distance_cm * np.cos(theta)


def test_crystal_to_cell_map_is_the_published_one() -> None:
    published = np.loadtxt(REFERENCE / "ecl_xtal_to_tc.csv", delimiter=",", skiprows=2, dtype=np.int64)
    np.testing.assert_array_equal(published[:, 0], np.arange(1, 8737))
    np.testing.assert_array_equal(cell_of_crystal(), published[:, 1])


def test_published_cell_centres_lie_in_their_cells() -> None:
    at = cells()
    stretch = 1 + 6.0 / np.sqrt(at.x_cm**2 + at.y_cm**2 + at.z_cm**2)  # the centres are on the front faces
    found = cells_at(EclGaps(), at.x_cm * stretch, at.y_cm * stretch, at.z_cm * stretch)
    np.testing.assert_array_equal(found, np.arange(1, 577))


def test_polar_edges_at_10_cm_depth() -> None:
    theta = np.arange(11.0, 156.0, 0.01)
    # Distance of 10 cm depth: endcap planes and barrel cylinder plus 10 cm along the ray.
    planes = np.where(theta < 90, 197.2, -103.9) / np.cos(np.deg2rad(theta))
    distance = np.minimum(np.abs(planes), 127.0 / np.sin(np.deg2rad(theta))) + 10.0
    active = cells_at(EclGaps(centre_cm=0.0), *ray(theta, 20.0, distance)) > 0
    edges = theta[1:][np.diff(active.astype(int)) != 0]
    np.testing.assert_allclose(edges, [12.44, 31.57, 32.26, 128.57, 130.30, 154.76], atol=0.12)


def test_published_acceptance_edges_agree_within_0_4_degrees() -> None:
    theta = np.arange(11.0, 156.0, 0.01)
    distance = np.minimum(np.abs(np.where(theta < 90, 197.2, -103.9) / np.cos(np.deg2rad(theta))),
                          127.0 / np.sin(np.deg2rad(theta))) + 10.0  # fmt: skip
    active = cells_at(EclGaps(centre_cm=0.0), *ray(theta, 20.0, distance)) > 0
    edges = theta[1:][np.diff(active.astype(int)) != 0]
    np.testing.assert_allclose(edges, [12.4, 31.4, 32.2, 128.7, 130.7, 155.1], atol=0.42)


def test_depth_counts_from_the_face_along_the_axis() -> None:
    crystals = crystal_map(EclGaps())
    r, z, axis_r, axis_z = crystals.rings[20, :4]
    depth_in = np.array([0.1, 15.0, CRYSTAL_LENGTH_CM - 0.1])
    phi = np.deg2rad(21.25)
    rho = r + depth_in * axis_r
    found, depth = locate_many(
        crystals.edges, crystals.rings, crystals.cells, rho * np.cos(phi), rho * np.sin(phi), z + depth_in * axis_z, 0.0
    )
    np.testing.assert_allclose(depth, depth_in, atol=1e-9)
    assert (found > 0).all()


@pytest.mark.parametrize("outside_cm", [-0.1, CRYSTAL_LENGTH_CM + 0.1])
def test_before_and_behind_a_crystal_is_nothing(outside_cm: float) -> None:
    crystals = crystal_map(EclGaps())
    r, z, axis_r, axis_z = crystals.rings[20, :4]
    point = np.array([r + outside_cm * axis_r]), np.zeros(1), np.array([z + outside_cm * axis_z])
    assert cells_at(EclGaps(), *point, margin=0.0)[0] == 0


def test_centre_gap_opens_and_closes() -> None:
    z = np.linspace(-0.5, 0.4, 901)
    x, y = np.full(z.size, 130.0), np.full(z.size, 30.0)
    closed, opened = (cells_at(EclGaps(centre_cm=width), x, y, z) for width in (0.0, 0.3))
    assert (closed > 0).all()
    assert np.count_nonzero(opened == 0) * 0.001 == pytest.approx(0.3, abs=0.002)
    np.testing.assert_array_equal(opened[opened > 0], closed[opened > 0])


@pytest.mark.parametrize(
    ("gaps", "theta_deg", "moved"),
    [
        (EclGaps(forward_extra_cm=4.0), (31.2, 33.0), "forward"),
        (EclGaps(backward_extra_cm=4.0), (127.5, 131.0), "backward"),
    ],
)
def test_barrel_endcap_gaps_widen(gaps: EclGaps, theta_deg: tuple[float, float], moved: str) -> None:
    theta = np.linspace(*theta_deg, 400)
    distance = np.minimum(np.abs(np.where(theta < 90, 205.0, -112.0) / np.cos(np.deg2rad(theta))),
                          137.0 / np.sin(np.deg2rad(theta)))  # fmt: skip
    before, after = (cells_at(g, *ray(theta, 20.0, distance)) > 0 for g in (EclGaps(), gaps))
    assert np.count_nonzero(after) < np.count_nonzero(before) - 100, moved
    assert not (after & ~before).any()


@pytest.mark.parametrize("bad", [{"centre_cm": -0.1}, {"centre_cm": float("nan")}, {"forward_extra_cm": 30.0}])
def test_impossible_gaps_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        EclGaps(**bad)
