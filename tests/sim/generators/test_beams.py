"""Beams and frames against the published beam parameters."""

import numpy as np
import pytest

from sim.generators import beams as b
from sim.generators.beams import NOMINAL, Beams
from trigger.geometry import beams as geometry


def test_published_numbers():
    """SIM section 0: sum of four-momenta, boost, its direction, sqrt(s), direction of the electron in the CM frame."""
    assert NOMINAL.total == pytest.approx((11.006, 0.4566, 0.0, 2.9994), abs=5e-5)
    energy, px, _, pz = NOMINAL.total
    assert (px / energy, pz / energy) == pytest.approx((0.04149, 0.27253), abs=5e-6)
    assert np.hypot(px, pz) / NOMINAL.sqrt_s_gev == pytest.approx(0.2868, abs=5e-5)
    assert np.arctan2(px, pz) == pytest.approx(0.151, abs=5e-4)
    assert pytest.approx(10.579, abs=1e-3) == NOMINAL.sqrt_s_gev
    assert np.degrees(NOMINAL.axis_angle_rad) == pytest.approx(0.33, abs=5e-3)


def test_beams_are_back_to_back_along_z_in_the_generator_frame():
    half = NOMINAL.sqrt_s_gev / 2
    angle = NOMINAL.half_crossing_rad
    lab = np.array([[e, e * np.sin(angle), 0.0, sign * e * np.cos(angle)] for e, sign in ((7.004, 1), (4.002, -1))]).T
    expected = np.array([[half, half], [0, 0], [0, 0], [half, -half]])
    np.testing.assert_allclose(b.lab_to_generator(lab), expected, atol=1e-12)
    np.testing.assert_allclose(b.generator_to_lab(expected, np.array(NOMINAL.total)), lab, atol=1e-12)


def test_boosts_invert_each_other_and_keep_masses(rng):
    vectors = rng.standard_normal((3, 1000))
    momenta = np.stack([np.sqrt(1.3**2 + np.square(vectors).sum(axis=0)), *vectors])
    there = b.generator_to_lab(momenta, np.array(NOMINAL.total))
    np.testing.assert_allclose(b.lab_to_generator(there), momenta, atol=1e-12)
    np.testing.assert_allclose(b.mass_of(there), 1.3, rtol=1e-12)
    np.testing.assert_allclose(b.energy_in_cm(NOMINAL, *there), momenta[0], rtol=1e-13)


def test_the_trigger_tables_use_the_same_frame(rng):
    """The boost behind the trigger's look-up table was written separately."""
    vectors = rng.standard_normal((100, 3))
    energy = np.linalg.norm(vectors, axis=1)
    cm_energy, cm = geometry.boost_to_cm(energy, vectors, geometry.Y4S_BEAMS)
    np.testing.assert_allclose(b.lab_to_generator(np.stack([energy, *vectors.T])), np.stack([cm_energy, *cm.T]), atol=1e-12)
    assert NOMINAL.total == geometry.total_momentum(geometry.Y4S_BEAMS)


def test_energy_spread(rng):
    """SIM section 0: sigma(sqrt(s)) = 5.0 MeV."""
    mass = b.mass_of(b.sample_total(NOMINAL, 200_000, rng))
    assert mass.mean() == pytest.approx(NOMINAL.sqrt_s_gev, abs=5e-5)
    assert mass.std() == pytest.approx(5.0e-3, abs=0.05e-3)


def test_interaction_point_is_the_overlap_of_the_bunches(rng):
    """Across the beams the bunches add like resistors; along z the crossing angle cuts the overlap short."""
    vertices = b.sample_vertices(NOMINAL, 200_000, rng)
    h, low = NOMINAL.electron_size_cm, NOMINAL.positron_size_cm
    sigma_y = 1 / np.sqrt(1 / h[1] ** 2 + 1 / low[1] ** 2)
    sin, cos = np.sin(NOMINAL.half_crossing_rad), np.cos(NOMINAL.half_crossing_rad)
    along_z = [sin**2 / s[0] ** 2 + cos**2 / s[2] ** 2 for s in (h, low)]
    mixed = [sin * cos * (1 / s[2] ** 2 - 1 / s[0] ** 2) for s in (h, low)]
    across = [cos**2 / s[0] ** 2 + sin**2 / s[2] ** 2 for s in (h, low)]
    inverse = np.array([[sum(across), mixed[0] - mixed[1]], [mixed[0] - mixed[1], sum(along_z)]])
    expected = np.sqrt(np.diag(np.linalg.inv(inverse)))
    assert vertices.std(axis=1) == pytest.approx([expected[0], sigma_y, expected[1]], rel=0.01)
    assert np.abs(vertices.mean(axis=1)) == pytest.approx(0, abs=1e-4)


def test_no_spread_gives_the_nominal_collision(rng):
    beams = Beams(electron_spread_gev=0.0, positron_spread_gev=0.0)
    np.testing.assert_allclose(b.sample_total(beams, 3, rng).T, [beams.total] * 3)


@pytest.mark.parametrize("change", [{"electron_energy_gev": 0.0}, {"positron_energy_gev": -1.0}, {"positron_spread_gev": -1e-3}])
def test_impossible_beams_are_refused(change):
    with pytest.raises(ValueError, match="must"):
        Beams(**change)
