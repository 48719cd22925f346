"""e+e- -> e mu Z': the annihilation part against the closed formula, current conservation, the cut, both charges."""

import math

import numpy as np
import pytest

from sim.generators import qed
from sim.generators import z_prime_e_mu as module
from sim.generators.beams import NOMINAL, lab_to_generator
from sim.generators.muon_mediator import Mediator, points, squared_amplitude
from sim.generators.z_prime_e_mu import ZPrimeEMu, ZPrimeEMuVisible, amplitudes


def test_annihilation_is_that_of_two_muons_where_masses_do_not_matter(rng):
    momenta, _ = points(3.0, NOMINAL.sqrt_s_gev, 500, rng, muon_gev=qed.ELECTRON_MASS_GEV)
    annihilation, scattering = amplitudes(momenta, 3.0, muon_gev=qed.ELECTRON_MASS_GEV)
    squared = 0.25 * np.square(np.abs(annihilation)).sum(axis=(0, 1, 2, 3, 4))
    np.testing.assert_allclose(squared, squared_amplitude(Mediator.VECTOR, momenta, 3.0, muon_gev=qed.ELECTRON_MASS_GEV), rtol=1e-8)
    assert np.abs(scattering).max() > np.abs(annihilation).max()


@pytest.mark.parametrize("part", [0, 1])
def test_photon_couples_to_a_conserved_current(part, rng, monkeypatch):
    """With the photon's momentum in place of the current that it comes from, both orders of photon and Z' cancel."""
    momenta, _ = points(3.0, NOMINAL.sqrt_s_gev, 50, rng)
    momenta[0, 0] = np.sqrt(np.square(momenta[1:, 0]).sum(axis=0) + qed.ELECTRON_MASS_GEV**2)
    whole = [np.abs(a).max() for a in amplitudes(momenta, 3.0)]
    total = momenta.sum(axis=1)
    half = 0.5 * total[0]
    transfer = np.stack([half, 0 * half, 0 * half, half]) - momenta[:, 0]
    replaced = iter([total, transfer])

    def by_momentum(row, column):
        return next(replaced).reshape(4, 1, 1, 1, 1, 1, -1)

    monkeypatch.setattr(module, "current", by_momentum)
    assert np.abs(amplitudes(momenta, 3.0)[part]).max() < 2e-3 * whole[part]


def test_cut_charges_and_forward_electrons():
    process = ZPrimeEMu(mass_gev=4.0)
    particles = process.generate(4000, np.random.default_rng(2))
    codes = particles.pdg.reshape(-1, 3)
    assert {tuple(row) for row in codes.tolist()} == {(11, -13, 32), (-11, 13, 32)}
    assert (codes[:, 0] == 11).mean() == pytest.approx(0.5, abs=0.04)
    lab = np.stack([particles.energy, particles.px, particles.py, particles.pz])
    electron = lab_to_generator(lab)[:, 0::3]
    cos = electron[3] / np.linalg.norm(electron[1:], axis=0)
    assert np.abs(cos).max() < math.cos(math.radians(9.95))
    # Electrons follow their own beam, positrons theirs: the scattered beam lepton is forward.
    along = cos * np.where(codes[:, 0] == 11, 1, -1)
    assert np.median(along) > 0.5


def test_cross_section_scales_and_grows_towards_the_beams():
    half, base, central = (
        ZPrimeEMu(mass_gev=2.0, **options).draw(10_000, np.random.default_rng(1))[1].mean()
        for options in ({"coupling": 0.5}, {}, {"theta_min_deg": 30.0})
    )
    assert half == pytest.approx(0.25 * base, rel=1e-9)
    assert central < 0.7 * base


def test_a_collinear_light_vector_leaves_bhabha_scattering():
    """Radiated along the muon it factorises, and interference of annihilation and scattering is that of the Born formula."""
    cos = np.linspace(-0.9, 0.9, 13)
    n, half, z, kick, light = len(cos), 0.5 * NOMINAL.sqrt_s_gev, 0.4, 0.02, qed.ELECTRON_MASS_GEV
    sin = np.sqrt(1 - cos**2)
    direction, across = np.stack([sin, 0 * cos, cos]), np.stack([0 * cos, np.ones(n), 0 * cos])
    vectors = [half * direction, -(1 - z) * half * direction + kick * across, -z * half * direction - kick * across]
    momenta = np.stack([np.concatenate([np.sqrt(np.square(v).sum(axis=0) + 1e-6)[None], v]) for v in vectors], axis=1)
    annihilation, scattering = amplitudes(momenta, 1e-3, muon_gev=light)
    whole, one, two = (
        np.square(np.abs(a)).sum(axis=(0, 1, 2, 3, 4)) for a in (annihilation + scattering, annihilation, scattering)
    )
    s = 4 * half**2
    t, u = -s * (1 - cos) / 2, -s * (1 + cos) / 2
    a_s, a_t = qed.alpha_s(s), qed.alpha_t(t)
    alone = a_s**2 * (t**2 + u**2) / s**2 + a_t**2 * (s**2 + u**2) / t**2
    interference = 2 * a_s * a_t * u**2 / (s * t)
    np.testing.assert_allclose((whole - one - two) / (one + two), interference / alone, atol=2e-3)
    assert np.abs(interference / alone).max() > 0.1


def test_half_of_the_visible_decays_give_two_electrons_of_one_sign():
    """The pair of the Z' has its mass; charges balance; the cross-section is that of the invisible Z'."""
    made = ZPrimeEMuVisible(mass_gev=4.0).generate(2000, np.random.default_rng(3))
    codes = made.pdg.reshape(-1, 4)
    assert {tuple(row) for row in codes.tolist()} == {(e, -13 * e // 11, o, -13 * o // 11) for e in (11, -11) for o in (11, -11)}
    assert (codes[:, 0] == codes[:, 2]).mean() == pytest.approx(0.5, abs=0.06)
    lab = np.stack([made.energy, made.px, made.py, made.pz]).reshape(4, -1, 4)
    pair = lab[:, :, 2] + lab[:, :, 3]
    np.testing.assert_allclose(np.sqrt(pair[0] ** 2 - np.square(pair[1:]).sum(axis=0)), 4.0, rtol=1e-3)
    assert ZPrimeEMuVisible(mass_gev=4.0).cross_section() == ZPrimeEMu(mass_gev=4.0).cross_section()


def test_a_visible_z_prime_below_its_daughters_is_refused():
    with pytest.raises(ValueError, match="mass_gev must be above"):
        ZPrimeEMuVisible(mass_gev=0.106)
