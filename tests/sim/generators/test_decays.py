"""Decays: two-body kinematics, volume and shape of phase space, flight paths, and daughters inside events."""

import math

import numpy as np
import pytest

from sim.generators.beams import NOMINAL, lab_to_generator
from sim.generators.dark_photon import DarkPhoton
from sim.generators.decays import (
    breakup_momentum,
    decay_particles,
    flat_phase_space,
    flight,
    isotropic,
    two_body,
    weighted_phase_space,
)
from sim.generators.particles import INVISIBLE_DARK_PHOTON
from trigger.errors import InputError

PION, MUON = 0.13957039, 0.1056583755


def masses_of(momenta):
    return np.sqrt(np.maximum(momenta[0] ** 2 - np.square(momenta[1:]).sum(axis=0), 0.0))


def test_breakup_momentum():
    """K_S -> pi+ pi-: 206 MeV; tau -> mu + massless: (m^2 - mu^2) / 2m; phi -> K+ K-: 127 MeV (Review of Particle Physics)."""
    assert breakup_momentum(0.497611, PION, PION) == pytest.approx(0.2060, abs=5e-5)
    assert breakup_momentum(1.77693, MUON, 0.0) == pytest.approx((1.77693**2 - MUON**2) / (2 * 1.77693), rel=1e-12)
    assert breakup_momentum(1.019461, 0.493677, 0.493677) == pytest.approx(0.127, abs=5e-4)
    assert breakup_momentum(2 * PION, PION, PION) == 0.0


def test_two_body_has_the_direction_and_the_masses_asked_for():
    cos, phi = np.array([-1.0, 0.3, 1.0]), np.array([0.0, 2.0, 5.0])
    pair = two_body(3.0, (0.5, 1.0), cos, phi)
    np.testing.assert_allclose(pair.sum(axis=1), np.array([[3.0], [0.0], [0.0], [0.0]]) * np.ones(3), atol=1e-14)
    np.testing.assert_allclose(masses_of(pair), [[0.5] * 3, [1.0] * 3], atol=1e-12)
    np.testing.assert_allclose(pair[3, 0], breakup_momentum(3.0, 0.5, 1.0) * cos)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda rng: two_body(1.0, (0.5, 0.5), np.zeros(1), np.zeros(1)),
        lambda rng: isotropic(np.array([2.0, 0.2]), (PION, PION), rng),
        lambda rng: flat_phase_space(np.array([0.4]), (PION, PION, PION), rng),
        lambda rng: flat_phase_space(np.array([np.nan]), (PION, PION, PION), rng),
    ],
)
def test_thresholds_are_refused(attempt, rng):
    with pytest.raises(InputError, match="must be above that of its daughters"):
        attempt(rng)


@pytest.mark.parametrize("k", [2, 3, 4, 6])
def test_volume_of_massless_phase_space(k, rng):
    """(pi/2)^(k-1) M^(2k-4) / ((k-1)! (k-2)!) (2 pi)^(4-3k)."""
    _, weight = weighted_phase_space(np.full(100_000, 5.0), (0.0,) * k, rng)
    volume = (math.pi / 2) ** (k - 1) * 5.0 ** (2 * k - 4) / (math.factorial(k - 1) * math.factorial(k - 2))
    volume *= (2 * math.pi) ** (4 - 3 * k)
    assert abs(weight.mean() - volume) <= 5 * weight.std() / math.sqrt(len(weight)) + 1e-12 * volume


@pytest.mark.parametrize("masses", [(MUON, PION), (0.13, 0.0, 0.5), (MUON,) * 4, (PION,) * 6])
def test_flat_phase_space_conserves_and_keeps_masses(masses, rng):
    n = 2000 if len(masses) < 6 else 100
    mass = rng.uniform(1.2, 9.0, n)
    momenta = flat_phase_space(mass, masses, rng)
    total = momenta.sum(axis=1)
    np.testing.assert_allclose(total[0], mass, rtol=1e-12)
    np.testing.assert_allclose(total[1:], 0.0, atol=1e-11)
    np.testing.assert_allclose(masses_of(momenta), np.array(masses)[:, None] * np.ones(n), atol=2e-6)


def test_three_bodies_fill_the_dalitz_plot_evenly(rng):
    """Flat in both squared pair masses: the density of m12^2 is the width of the plot there."""
    momenta = flat_phase_space(np.full(100_000, 1.0), (0.0, 0.0, 0.0), rng)
    # Massless: m12^2 and m23^2 fill a triangle, so that each one falls linearly to its end.
    for first, second in ((0, 1), (1, 2), (0, 2)):
        m2 = masses_of(momenta[:, first] + momenta[:, second]) ** 2
        counts = np.histogram(m2, np.linspace(0, 1, 11))[0]
        expected = 100_000 * np.diff(1 - (1 - np.linspace(0, 1, 11)) ** 2)
        assert ((counts - expected) ** 2 / expected).sum() < 9 + 5 * math.sqrt(18)


def test_flight_is_exponential_and_straight(rng):
    momenta = np.array([[5.0], [0.0], [3.0], [0.0]]) * np.ones(200_000)
    path = flight(momenta, 4.0, 2.0, rng)
    assert not path[[1, 3]].any()
    # p / m c tau = 1.5 cm; flying at 3/5 of the velocity of light.
    length = path[2]
    assert length.mean() == pytest.approx(1.5, rel=0.012)
    assert (length > 1.5 * math.log(2)).mean() == pytest.approx(0.5, abs=0.006)
    np.testing.assert_allclose(length / path[0], 0.6 * 29.9792458)


@pytest.mark.parametrize(("mass", "ctau"), [(0.0, 1.0), (1.0, -1.0), (1.0, math.inf), (math.nan, 1.0)])
def test_impossible_flights_are_refused(mass, ctau, rng):
    with pytest.raises(InputError, match="a decay in flight needs"):
        flight(np.ones((4, 3)), mass, ctau, rng)


def test_daughters_take_the_place_of_their_mothers(rng):
    n, mass = 5000, 2.0
    before = DarkPhoton(mass_gev=mass).generate(n, rng)
    rows = np.flatnonzero(before.pdg == INVISIBLE_DARK_PHOTON)[1:]
    rest = isotropic(np.full(n - 1, mass), (MUON, MUON), rng)
    after = decay_particles(before, rows, (13, -13), rest, mass_gev=mass, ctau_cm=10.0, rng=rng)
    assert np.diff(after.offsets).tolist() == [2] + [3] * (n - 1)
    assert after.pdg[:5].tolist() == [22, INVISIBLE_DARK_PHOTON, 22, 13, -13]
    lab_before, lab_after = (np.stack([p.energy, p.px, p.py, p.pz]) for p in (before, after))
    for one, two in zip(lab_before, lab_after, strict=True):
        np.testing.assert_allclose(np.add.reduceat(two, after.offsets[:-1]), np.add.reduceat(one, before.offsets[:-1]), atol=1e-9)
    muons = lab_after[:, np.abs(after.pdg) == 13]
    np.testing.assert_allclose(masses_of(muons), MUON, atol=1e-7)
    pair = muons[:, 0::2] + muons[:, 1::2]
    np.testing.assert_allclose(masses_of(pair), mass, atol=1e-10)
    # The vertex lies on the flight line of the pair, from where the photon starts, at its velocity.
    photon, first = after.offsets[1:-1], after.offsets[1:-1] + 1
    step = np.stack([after.vx[first] - after.vx[photon], after.vy[first] - after.vy[photon], after.vz[first] - after.vz[photon]])
    length = np.linalg.norm(step, axis=0)
    momentum = np.linalg.norm(pair[1:], axis=0)
    np.testing.assert_allclose((step * pair[1:]).sum(axis=0), length * momentum, rtol=1e-9)
    np.testing.assert_allclose(length / after.t[first], momentum / pair[0] * 29.9792458, rtol=1e-9)
    assert (length / momentum * mass).mean() == pytest.approx(10.0, rel=0.06)
    # The axes of the rest frame are those of the generator frame: a pure boost keeps transverse to it.
    mother = lab_to_generator(lab_before[:, rows], NOMINAL)
    muon = lab_to_generator(muons[:, 0::2], NOMINAL)
    normal = np.cross(mother[1:], rest[1:, 0], axis=0)
    normal /= np.linalg.norm(normal, axis=0)
    np.testing.assert_allclose((normal * muon[1:]).sum(axis=0), 0.0, atol=1e-9)


def test_prompt_decays_draw_no_random_number(rng):
    before = DarkPhoton(mass_gev=2.0).generate(10, rng)
    rows = np.flatnonzero(before.pdg == INVISIBLE_DARK_PHOTON)
    rest = isotropic(np.full(10, 2.0), (MUON, MUON), rng)
    codes = np.array([[13] * 10, [-13] * 10])
    state = rng.bit_generator.state
    after = decay_particles(before, rows, codes, rest, mass_gev=2.0, rng=rng)
    assert str(rng.bit_generator.state) == str(state)
    assert not after.t.any()
    np.testing.assert_array_equal(after.vz, np.repeat(before.vz[::2], 3))
