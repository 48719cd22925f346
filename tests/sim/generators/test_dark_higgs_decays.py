"""A' h' with decays: spin correlations against amplitudes by spinors, six particles, thresholds."""

import math

import numpy as np
import pytest

from sim.generators import dark_higgs_decays as module
from sim.generators.beams import NOMINAL
from sim.generators.dark_higgs_decays import DarkHiggsstrahlungDecays, HiggsDecay, about_each_other, about_the_beams
from sim.generators.decays import isotropic
from sim.generators.frames import boost_from_rest
from sim.generators.spinors import bar, beam_current, contract, current, on_axis, spinor_u, spinor_v
from sim.generators.vector_decays import LightPair

MASS = 1.5


def currents(pair, momenta):
    """Current of a pair, (4, spins, n): leptons by spinors, scalars by the difference of momenta."""
    if pair.scalars:
        return (momenta[:, 0] - momenta[:, 1])[:, None].astype(complex)
    row, column = on_axis(bar(spinor_u(momenta[:, 0], pair.mass_gev)), 0, 2), on_axis(spinor_v(momenta[:, 1], pair.mass_gev), 1, 2)
    return current(row, column).reshape(4, 4, -1)


@pytest.fixture
def shares(monkeypatch):
    """What the rejection is given: probabilities of the candidates it draws."""
    seen = []

    def record(n, draw, share, rng):
        candidates = draw(n)
        seen.append((candidates, share(candidates, np.arange(n))))
        return candidates

    monkeypatch.setattr(module, "_by_rejection", record)
    return seen


@pytest.mark.parametrize("decay", [LightPair.MUONS, LightPair.PIONS])
def test_about_the_beams_is_the_tree_amplitude(decay, shares, rng):
    n = 400
    direction = rng.normal(size=(3, n))
    vector = np.concatenate([np.sqrt(np.square(direction).sum(axis=0) + MASS**2)[None], direction])
    about_the_beams(decay.pair, MASS, vector, rng)
    momenta, share = shares[0]
    made = currents(decay.pair, boost_from_rest(momenta, vector))
    beams = beam_current(NOMINAL.sqrt_s_gev, n)
    squared = np.square(np.abs(contract(beams[:, :, None], made[:, None]))).sum(axis=(0, 1))
    across = np.square(vector[1:3]).sum(axis=0)
    ratio = squared / share / (across + (1 if decay is LightPair.PIONS else 2) * MASS**2)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert share.min() > 0
    assert 0.7 < share.max() <= 1


@pytest.mark.parametrize("decay", [LightPair.MUONS, LightPair.PIONS])
def test_about_each_other_is_the_tree_amplitude(decay, shares, rng):
    n = 4000
    vectors = isotropic(np.full(n, 4.0), (MASS, MASS), rng)
    about_each_other(decay.pair, MASS, vectors, rng)
    momenta, share = shares[0]
    one, two = (currents(decay.pair, boost_from_rest(momenta[:, 2 * k : 2 * k + 2], vectors[:, k])) for k in range(2))
    squared = np.square(np.abs(contract(one[:, :, None], two[:, None]))).sum(axis=(0, 1))
    ratio = squared / share
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-8)
    assert 0.5 < share.max() <= 1


def test_six_muons_and_two():
    six = DarkHiggsstrahlungDecays(mass_gev=1.0, higgs_mass_gev=5.0, higgs_decay=HiggsDecay.DARK_PHOTONS)
    particles = six.generate(300, np.random.default_rng(1))
    assert particles.pdg.reshape(-1, 6).tolist() == [[13, -13] * 3] * 300
    momenta = np.stack([particles.energy, particles.px, particles.py, particles.pz]).reshape(4, -1, 3, 2).sum(axis=3)
    masses = np.sqrt(momenta[0] ** 2 - np.square(momenta[1:]).sum(axis=0))
    np.testing.assert_allclose(masses, 1.0, atol=1e-8)
    both = momenta[:, :, 1] + momenta[:, :, 2]
    np.testing.assert_allclose(np.sqrt(both[0] ** 2 - np.square(both[1:]).sum(axis=0)), 5.0, atol=1e-8)
    two = DarkHiggsstrahlungDecays().generate(10, np.random.default_rng(1))
    assert two.pdg.reshape(-1, 3).tolist() == [[13, -13, 54]] * 10


@pytest.mark.parametrize(("masses", "femtobarn"), [((1, 0.5), 29), ((3, 1), 51), ((5, 2), 101), ((8, 1), 401)])
def test_cross_section_of_the_source(masses, femtobarn):
    """SOURCES 1.3 item 10 at epsilon^2 alpha_D = 1e-6."""
    process = DarkHiggsstrahlungDecays(mass_gev=masses[0], higgs_mass_gev=masses[1], epsilon=math.sqrt(1e-5), dark_coupling=0.1)
    assert process.cross_section().nb * 1e6 == pytest.approx(femtobarn, rel=0.02)
