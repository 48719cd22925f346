"""Y(nS) -> pi pi Y(1S): mass of the pion pair by the closed formula, slow pions, angles, and what comes of the Y(1S)."""

import math

import numpy as np
import pytest

from sim.generators.beams import lab_to_generator, mass_of
from sim.generators.upsilon_dipion import UPSILON_1S_MASS_GEV, Upsilon, UpsilonDecay, UpsilonDipion, dipion
from sim.generators.vector_decays import CHARGED_PION_MASS_GEV as PION
from trigger.errors import InputError


def spectrum(upsilon, q):
    """d Gamma / d q of the pair mass q, integrated over its helicity angle; arbitrary norm."""
    m = upsilon.parent.mass_gev
    energy = (m**2 + q**2 - UPSILON_1S_MASS_GEV**2) / (2 * m)
    p2, beta2 = energy**2 - q**2, 1 - 4 * PION**2 / q**2
    cos = (np.arange(200) + 0.5)[:, None] / 200
    product = (energy**2 - beta2 * p2 * cos**2) / 4
    amplitude = q**2 - 2 * PION**2 + upsilon.parent.ratio * product
    return np.sqrt(p2 * beta2) * q * np.square(np.abs(amplitude)).mean(axis=0)


@pytest.mark.parametrize("upsilon", Upsilon)
def test_pair_mass_follows_the_published_amplitude(upsilon, rng):
    momenta, weight = dipion(upsilon, 60_000, rng)
    pair = mass_of(momenta[:, 0] + momenta[:, 1])
    edges = np.linspace(2 * PION, upsilon.parent.mass_gev - UPSILON_1S_MASS_GEV, 13)
    counts = np.histogram(pair, edges, weights=weight)[0]
    error = np.sqrt(np.histogram(pair, edges, weights=weight**2)[0])
    middle = edges[:-1, None] + np.diff(edges)[:, None] * (np.arange(100) + 0.5) / 100
    expected = spectrum(upsilon, middle.ravel()).reshape(middle.shape).mean(axis=1)
    expected *= counts.sum() / expected.sum()
    chi2 = (((counts - expected) / error) ** 2).sum()
    assert chi2 < 11 + 5 * math.sqrt(22)


def test_one_hump_and_two():
    """The Y(3S) has two humps with a valley between them, the Y(2S) only the one at high mass above 0.36 GeV (CLEO 2007)."""
    two, three = (
        spectrum(upsilon, np.linspace(0.36, upsilon.parent.mass_gev - UPSILON_1S_MASS_GEV - 0.005, 100)) for upsilon in Upsilon
    )
    turns = [int((np.diff(np.sign(np.diff(shape))) != 0).sum()) for shape in (two, three)]
    assert turns == [1, 3]
    assert two.argmax() > 60


def test_events():
    process = UpsilonDipion(upsilon=Upsilon.TWO_S, decay=UpsilonDecay.PHOTON_MUONS, mass_gev=3.0)
    particles = process.generate(4000, np.random.default_rng(3))
    assert particles.pdg.reshape(-1, 5).tolist() == [[211, -211, 22, 13, -13]] * 4000
    lab = np.stack([particles.energy, particles.px, particles.py, particles.pz])
    total = lab.reshape(4, -1, 5).sum(axis=2)
    np.testing.assert_allclose(mass_of(total), Upsilon.TWO_S.parent.mass_gev, atol=1e-9)
    np.testing.assert_allclose(mass_of(total - lab[:, 0::5] - lab[:, 1::5]), UPSILON_1S_MASS_GEV, atol=1e-9)
    np.testing.assert_allclose(mass_of(lab[:, 3::5] + lab[:, 4::5]), 3.0, atol=1e-8)
    # Slow: the pions share half a GeV.
    assert np.hypot(particles.px, particles.py)[particles.pdg == 211].max() < 0.55
    photon = lab_to_generator(lab[:, 2::5], process.beams)
    assert np.mean((photon[3] / photon[0]) ** 2) == pytest.approx(0.4, abs=5 * 0.3 / math.sqrt(4000))


@pytest.mark.parametrize(("decay", "codes"), [(UpsilonDecay.INVISIBLE, [12, -12]), (UpsilonDecay.PHOTON, [22, 36])])
def test_invisible_decays(decay, codes):
    particles = UpsilonDipion(decay=decay).generate(50, np.random.default_rng(3))
    assert particles.pdg.reshape(-1, 4).tolist() == [[211, -211, *codes]] * 50


@pytest.mark.parametrize(
    ("decay", "mass"), [(UpsilonDecay.PHOTON, 9.47), (UpsilonDecay.PHOTON_MUONS, 0.2), (UpsilonDecay.PHOTON, 0.0)]
)
def test_impossible_masses_are_refused(decay, mass):
    with pytest.raises(InputError, match="mass_gev must be above"):
        UpsilonDipion(decay=decay, mass_gev=mass)
