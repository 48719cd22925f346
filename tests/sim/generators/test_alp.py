"""ALPs: cross-sections, lifetime and angles against the published formulas; both production modes."""

import math

import numpy as np
import pytest

from sim.generators.alp import AlpFusion, AlpThreeGamma, ctau_cm, width_gev
from sim.generators.beams import NOMINAL, lab_to_generator
from sim.generators.two_photon import equivalent_photons


def photons(process, n=20_000, k=3):
    particles = process.generate(n, np.random.default_rng(4))
    assert set(particles.pdg.tolist()) == {22}
    lab = np.stack([particles.energy, particles.px, particles.py, particles.pz])
    return particles, [lab_to_generator(lab[:, i::k]) for i in range(k)]


@pytest.mark.parametrize(("mass", "femtobarn"), [(0.2, 118.0), (1.0, 115.0), (5.0, 55.0), (9.0, 2.5)])
def test_cross_section_of_the_source(mass, femtobarn):
    """Numbers of SOURCES 1.3 item 8 at g = 1e-3 / GeV, to their last digit."""
    assert AlpThreeGamma(mass_gev=mass).cross_section().nb * 1e6 == pytest.approx(femtobarn, rel=0.01)
    assert AlpThreeGamma(mass_gev=mass, coupling=2e-3).cross_section().nb * 1e6 == pytest.approx(4 * femtobarn, rel=0.01)


def test_lifetime_of_the_source():
    """5.0 micrometres at 0.2 GeV and g = 1e-3 / GeV; as g^-2 and m^-3."""
    assert ctau_cm(0.2, 1e-3) == pytest.approx(5.0e-4, rel=0.01)
    assert ctau_cm(0.4, 1e-3) == pytest.approx(ctau_cm(0.2, 1e-3) / 8)
    assert width_gev(1.0, 2e-3) == pytest.approx(4 * width_gev(1.0, 1e-3))


def test_energies_angles_and_vertices():
    mass, coupling = 0.3, 3e-6
    particles, (first, *pair) = photons(AlpThreeGamma(mass_gev=mass, coupling=coupling))
    assert first[0].mean() == pytest.approx((NOMINAL.s_gev2 - mass**2) / (2 * NOMINAL.sqrt_s_gev), abs=3e-4)
    cos = first[3] / first[0]
    # <c^2> of 1 + c^2 is 2/5.
    assert np.mean(cos**2) == pytest.approx(0.4, abs=5 * 0.3 / math.sqrt(len(cos)))
    alp = pair[0] + pair[1]
    np.testing.assert_allclose(np.sqrt(alp[0] ** 2 - np.square(alp[1:]).sum(axis=0)), mass, atol=1e-9)
    # Mean proper length; the production photon starts at the collision.
    step = np.hypot(np.hypot(*(getattr(particles, v)[1::3] - getattr(particles, v)[0::3] for v in ("vx", "vy"))),
                    particles.vz[1::3] - particles.vz[0::3])  # fmt: skip
    lab = np.linalg.norm([getattr(particles, p)[1::3] + getattr(particles, p)[2::3] for p in ("px", "py", "pz")], axis=0)
    assert (step / lab * mass).mean() == pytest.approx(ctau_cm(mass, coupling), rel=5 / math.sqrt(len(step)))
    assert not particles.t[0::3].any()


def test_a_light_alp_merges_and_a_weak_one_leaves():
    """Opening angle 2 m / E at the least; beyond any detector when the decay length is kilometres."""
    _, (_, one, two) = photons(AlpThreeGamma(mass_gev=0.02), n=2000)
    opening = np.arccos((one[1:] * two[1:]).sum(axis=0) / one[0] / two[0])
    assert opening.min() == pytest.approx(2 * 0.02 / 5.29, rel=0.02)
    far, _ = photons(AlpThreeGamma(mass_gev=0.02, coupling=1e-8), n=2000)
    assert np.median(np.abs(far.vz[1::3])) > 1e4


def test_fusion_acceptance_and_spectrum():
    """Both photons in the calorimeter: 37 % at 0.2 GeV, 74 % at 2 GeV (SOURCES, cautions, item 4); two photons balance."""
    for mass, share in ((0.2, 0.37), (2.0, 0.74)):
        particles, pair = photons(AlpFusion(mass_gev=mass), k=2)
        theta = np.degrees(np.arctan2(np.hypot(particles.px, particles.py), particles.pz)).reshape(-1, 2)
        inside = ((theta > 12.4) & (theta < 155.1)).all(axis=1)
        assert inside.mean() == pytest.approx(share, abs=0.015)
        np.testing.assert_allclose(pair[0][1:3] + pair[1][1:3], 0, atol=1e-9)
        assert abs((pair[0] + pair[1])[3].mean()) < 0.05


def test_fusion_cross_section_is_the_luminosity_times_the_resonance():
    """Direct sum over x1 of n(x1) n(m^2 / (s x1)) / x1, without rapidities."""
    mass, g = 1.0, 1e-3
    tau = mass**2 / NOMINAL.s_gev2
    x = np.geomspace(tau, 1, 200_001)
    middle = np.sqrt(x[1:] * x[:-1])
    scale = np.full(len(middle), mass)
    luminosity = (equivalent_photons(middle, scale) * equivalent_photons(tau / middle, scale) * np.diff(np.log(x))).sum()
    expected = 8 * math.pi**2 * width_gev(mass, g) / mass / NOMINAL.s_gev2 * luminosity * 0.38938e6
    assert AlpFusion(mass_gev=mass, coupling=g).cross_section().nb == pytest.approx(expected, rel=1e-4)
