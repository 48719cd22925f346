"""e+e- -> P gamma: cross-sections as measured, masses and codes."""

import numpy as np
import pytest

from sim.generators.alp import AlpThreeGamma
from sim.generators.beams import mass_of
from sim.generators.pseudoscalar_photon import Meson, PseudoscalarPhoton, production_nb


@pytest.mark.parametrize(("meson", "femtobarn", "error"), [(Meson.ETA, 4.5, 1.15), (Meson.ETA_PRIME, 5.4, 0.85)])
def test_measured_cross_sections(meson, femtobarn, error):
    """BaBar 2006: 4.5 +1.2 -1.1 +- 0.3 fb and 5.4 +- 0.8 +- 0.3 fb; the form factors are quoted from the same numbers."""
    assert production_nb(meson) * 1e6 == pytest.approx(femtobarn, abs=0.2 * error)


def test_cross_section_joins_that_of_an_alp():
    """At equal width to two photons the two are one process, but for the running of alpha: F = g / (4 pi alpha)."""
    meson = Meson.ETA.properties
    coupling = 4 * np.pi / 137.036 * meson.form_factor_gev / 111.93
    ratio = production_nb(Meson.ETA) / AlpThreeGamma(mass_gev=meson.mass_gev, coupling=coupling).cross_section().nb
    assert ratio == pytest.approx((137.036 / 131.9) ** 2, rel=2e-3)


@pytest.mark.parametrize("meson", Meson)
def test_three_photons_hold_the_meson(meson):
    process = PseudoscalarPhoton(meson=meson)
    particles = process.generate(500, np.random.default_rng(1))
    assert set(particles.pdg.tolist()) == {22}
    lab = np.stack([particles.energy, particles.px, particles.py, particles.pz])
    np.testing.assert_allclose(mass_of(lab[:, 1::3] + lab[:, 2::3]), meson.properties.mass_gev, atol=1e-7)
    assert process.cross_section().nb < production_nb(meson)
