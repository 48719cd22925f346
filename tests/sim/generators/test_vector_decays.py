"""Angles of the daughters of a vector made with a photon, against the tree amplitude."""

import math

import numpy as np
import pytest

from sim.generators import qed
from sim.generators.beams import NOMINAL, lab_to_generator
from sim.generators.dark_photon_visible import DarkPhotonVisible
from sim.generators.frames import boost_from_rest
from sim.generators.radiative_muons import Radiator, momenta_of, squared_amplitude
from sim.generators.vector_decays import LightPair, annihilation_cos, beam_axes, pair_of_vector


@pytest.mark.parametrize("mass", [0.25, 1.0, 7.0])
def test_two_axes_are_the_tree_amplitude(mass, rng):
    """At fixed photon the squared amplitude of mu mu gamma (initial state) is the sum over both axes, point by point."""
    n, s = 300, NOMINAL.s_gev2
    y, z, phi, psi = 0.7, rng.uniform(-3, 3, n), 1.1, rng.uniform(0, 6, n)
    z = np.clip(z, -np.arctanh(0.999 * math.sqrt(1 - 4 * qed.MUON_MASS_GEV**2 / mass**2)), -0.01)
    point = np.stack([np.full(n, s), np.full(n, mass**2), np.full(n, y), np.full(n, phi), z, psi])
    momenta = momenta_of(point)
    vector = momenta[:, 0] + momenta[:, 1]
    rest = boost_from_rest(momenta[:, :1], np.concatenate([vector[:1], -vector[1:]]))[:, 0]
    axes, share = beam_axes(vector)
    cos = (axes[1:] * rest[1:, None]).sum(axis=0) / np.linalg.norm(axes[1:], axis=0) / np.linalg.norm(rest[1:], axis=0)
    beta2 = 1 - 4 * qed.MUON_MASS_GEV**2 / mass**2
    ours = (share * (1 + cos**2 + (1 - beta2) * (1 - cos**2))).sum(axis=0)
    ratio = squared_amplitude(point, Radiator.INITIAL) / ours
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    assert ours.max() / ours.min() > 1.2 or mass < 0.3


@pytest.mark.parametrize("decay", LightPair)
def test_drawn_angles_have_their_moments(decay):
    """<c^2> of 1 + c^2 + (1 - b^2)(1 - c^2) is ((2 - b^2) / 3 + b^2 / 5) / (2 - 2 b^2 / 3); of 1 - c^2 it is 1/5."""
    uniform = (np.arange(100_000) + 0.5) / 100_000
    mass = 0.35
    cos = annihilation_cos(decay.pair, mass, uniform)
    beta2 = 1 - 4 * decay.pair.mass_gev**2 / mass**2
    expected = 0.2 if decay is LightPair.PIONS else ((2 - beta2) / 3 + beta2 / 5) / (2 - 2 * beta2 / 3)
    assert np.mean(cos**2) == pytest.approx(expected, abs=1e-5)
    assert np.mean(cos) == pytest.approx(0, abs=1e-6)
    assert (np.diff(cos) > 0).all()


def test_events_have_the_drawn_angles():
    """About the nearer axis and the farther one, in the events: <sum of shares times c^2> of pions."""
    process = DarkPhotonVisible(mass_gev=2.0, decay=LightPair.PIONS)
    particles = process.generate(40_000, np.random.default_rng(3))
    lab = np.stack([particles.energy, particles.px, particles.py, particles.pz])
    photon, pion, other = (lab_to_generator(lab[:, k::3]) for k in range(3))
    vector = pion + other
    rest = boost_from_rest(pion[:, None], np.concatenate([vector[:1], -vector[1:]]))[:, 0]
    axes, share = beam_axes(vector)
    cos = (axes[1:] * rest[1:, None]).sum(axis=0) / np.linalg.norm(axes[1:], axis=0) / np.linalg.norm(rest[1:], axis=0)
    # Second moment about an axis at an angle to the one about which 1 - c^2 was drawn: 1/5 along it, 2/5 across it.).
    between = (axes[1:, 0] * axes[1:, 1]).sum(axis=0) / np.linalg.norm(axes[1:, 0], axis=0) / np.linalg.norm(axes[1:, 1], axis=0)
    across = 0.2 * between**2 + 0.4 * (1 - between**2)
    expected = share[0] * 0.2 + share[1] * across
    assert np.mean(cos[0] ** 2 - expected) == pytest.approx(0, abs=5 * 0.3 / math.sqrt(40_000))
    assert np.mean(cos[0] ** 2 - 1 / 3) < -0.02
    assert np.abs(photon[0]).min() > 5


def test_rest_frame_daughters_are_back_to_back(rng):
    vector = np.array([[5.0], [1.0], [2.0], [np.sqrt(25 - 5 - 4)]]) * np.ones(10)
    rest = pair_of_vector(LightPair.MUONS.pair, vector, 2.0, rng)
    np.testing.assert_allclose(rest.sum(axis=1)[1:], 0, atol=1e-14)
    np.testing.assert_allclose(rest.sum(axis=1)[0], 2.0, rtol=1e-14)
