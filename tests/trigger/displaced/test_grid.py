"""Bend and impact against the circle they stand for."""

import numpy as np
import pytest

from trigger.displaced.grid import SeedGrid, crossing_sine, inverse_stretch


def test_bend_and_impact_of_a_circle():
    """Points and tangents of circles drawn from their centre, in all four quadrants."""
    rng = np.random.default_rng(1)
    kappa, d = rng.uniform(0.002, 0.018, 500) * rng.choice([-1, 1], 500), rng.uniform(-30, 30, 500)
    phi0, turn = rng.uniform(-np.pi, np.pi, 500), rng.uniform(0.1, 60, 500)
    centre = (d + 1 / kappa) * np.array([-np.sin(phi0), np.cos(phi0)])
    direction = phi0 + kappa * turn
    x, y = centre + np.array([np.sin(direction), -np.cos(direction)]) / kappa
    radius, phi = np.hypot(x, y), np.arctan2(y, x)
    bend, impact = kappa / (1 + kappa * d), d * (1 + kappa * d / 2) / (1 + kappa * d)
    assert np.abs(np.sin(phi - phi0) - crossing_sine(bend, impact, radius)).max() < 1e-10
    assert np.abs(inverse_stretch(bend, impact) - 1 / (1 + kappa * d)).max() < 1e-10
    slant = crossing_sine(bend, -impact, radius) * (1 + kappa * d)
    assert np.abs(np.sin(direction - phi) - slant).max() < 1e-10


def test_centres_of_the_cells():
    grid = SeedGrid(n_bend=4, n_impact=8, bend_max_per_cm=0.016, impact_max_cm=20.0)
    assert grid.bend_per_cm[::8].tolist() == pytest.approx([-0.012, -0.004, 0.004, 0.012])
    assert grid.impact_cm.tolist() == [-17.5, -12.5, -7.5, -2.5, 2.5, 7.5, 12.5, 17.5] * 4
    assert grid.n_rows == 32
    assert grid.patches == (1, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bend_max_per_cm": 0.04}, "bend_max_per_cm must be above 0 and below"),
        ({"impact_max_cm": 0.0}, "impact_max_cm must be above 0"),
        ({"n_bend": 0}, "n_bend must be a multiple of 4, not 0"),
        ({"n_impact": 12}, "n_impact must be a multiple of 8, not 12"),
        ({"n_phi": 160}, "n_phi must be 128, not 160"),
        ({"min_superlayers": 3}, "min_superlayers must be 4 or 5, not 3"),
    ],
)
def test_bad_grids_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SeedGrid(**change)
