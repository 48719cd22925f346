"""Muons and hadrons through the crystals."""

from collections.abc import Callable

import numpy as np
import pytest

from sim.detector.ecl.deposits import Deposits
from sim.detector.ecl.energy_loss import mean_loss_gev_per_cm
from sim.detector.ecl.flight import flight_of
from sim.detector.ecl.geometry import EclGaps, crystal_map
from sim.detector.ecl.species import Kind, kinds, track_kind
from sim.detector.ecl.tracks import deposit
from sim.generators.particles import Particles

Gun = Callable[..., Particles]
MUON_GEV = 0.10565838
N = 10_000


def deposits_of(particles: Particles, rng: np.random.Generator) -> Deposits:
    kind = Kind(kinds(particles.pdg[:1], particles.offsets)[0])
    rows = np.arange(particles.pdg.size)
    return deposit(rng, crystal_map(EclGaps(centre_cm=0.0)), flight_of(particles, rows), track_kind(kind))


def energies(particles: Particles, rng: np.random.Generator) -> np.ndarray:
    found = deposits_of(particles, rng)
    return np.bincount(found.row, found.energy_gev, minlength=particles.pdg.size)


def crystal_path(rng: np.random.Generator, gun: Gun, n: int) -> float:
    """Mean path of straight lines from the origin, by their mean loss at the minimum of ionisation."""
    fast = gun(-13, n, momentum_gev=7.0, theta_deg=(60.0, 110.0))
    return energies(fast, rng).mean() / mean_loss_gev_per_cm(7.0 / MUON_GEV, MUON_GEV)


def test_muons_cross_30_cm(gun: Gun, rng: np.random.Generator) -> None:
    assert crystal_path(rng, gun, N) == pytest.approx(30.0, abs=0.5)


def test_most_probable_deposit_of_a_2_gev_muon(gun: Gun, rng: np.random.Generator) -> None:
    energy = energies(gun(13, 40_000, momentum_gev=2.0, theta_deg=(70.0, 100.0)), rng)
    counts, edges = np.histogram(energy, bins=np.arange(0.1, 0.3, 0.004))
    mode = edges[np.convolve(counts, np.ones(3), "same").argmax()] + 0.002
    assert 1000 * mode == pytest.approx(182, abs=6)
    assert 1000 * energy.mean() == pytest.approx(202, abs=5)


def test_tail_above_300_mev_of_4_7_gev_muons(gun: Gun, rng: np.random.Generator) -> None:
    energy = energies(gun(13, 40_000, momentum_gev=4.7, theta_deg=(60.0, 110.0)), rng)
    assert (energy > 0.3).mean() == pytest.approx(0.069, abs=0.004)


@pytest.mark.parametrize(("momentum_gev", "stops"), [(0.15, True), (0.22, True), (0.27, True), (0.36, False)])
def test_muons_range_out(gun: Gun, rng: np.random.Generator, momentum_gev: float, stops: bool) -> None:
    at_the_face = {"theta_deg": (85.0, 95.0), "phi_deg": (-5.0, 5.0), "vertex_cm": (124.0, 0.0, 0.0)}
    energy = energies(gun(13, 2_000, momentum_gev=momentum_gev, **at_the_face), rng)
    kinetic = np.hypot(momentum_gev, MUON_GEV) - MUON_GEV
    assert energy.max() <= kinetic * (1 + 1e-9)
    whole = (energy > 0.99 * kinetic).mean()
    assert whole > 0.9 if stops else whole < 0.1


def test_path_is_shared_where_it_crosses_a_border(gun: Gun, rng: np.random.Generator) -> None:
    bent = deposits_of(gun(13, N, momentum_gev=0.6, theta_deg=(80.0, 100.0)), rng)
    per_track = np.bincount(bent.row, minlength=N)
    assert 0.2 < (per_track == 2).mean() < 0.7
    assert (per_track > 3).mean() < 0.02


@pytest.mark.parametrize(("pdg", "interacting"), [(211, 0.49), (2212, 0.55), (130, 0.55), (2112, 0.55)])
def test_fraction_of_hadrons_that_interact(gun: Gun, rng: np.random.Generator, pdg: int, interacting: float) -> None:
    # Without ionisation only interactions leave energy.
    particles = gun(pdg, N, momentum_gev=4.0, theta_deg=(60.0, 110.0))
    kind = track_kind(Kind(kinds(particles.pdg[:1], particles.offsets)[0]))._replace(ionises=False)
    found = deposit(rng, crystal_map(EclGaps(centre_cm=0.0)), flight_of(particles, np.arange(N)), kind)
    assert np.unique(found.row).size / N == pytest.approx(interacting, abs=0.02)


def test_antiprotons_annihilate(gun: Gun, rng: np.random.Generator) -> None:
    proton, antiproton = (energies(gun(pdg, N, momentum_gev=0.5, theta_deg=(60.0, 110.0)), rng) for pdg in (2212, -2212))
    # A 0.5 GeV proton stops: all antiprotons annihilate, half of 2 m_p is seen, some of it beside the crystals.
    assert 0.6 < antiproton.mean() - proton.mean() < 0.94


def test_hadrons_never_exceed_their_energy(gun: Gun, rng: np.random.Generator) -> None:
    for pdg, mass in ((211, 0.13957), (321, 0.49368), (2212, 0.93827), (130, 0.49761)):
        energy = energies(gun(pdg, 3_000, momentum_gev=1.0), rng)
        assert energy.max() <= np.hypot(1.0, mass) - mass + 1e-9


def test_no_particles_no_deposits(gun: Gun, rng: np.random.Generator) -> None:
    nobody = gun(13, 4, momentum_gev=1.0).select(np.zeros(4, bool))
    rows = np.arange(0)
    found = deposit(rng, crystal_map(EclGaps()), flight_of(nobody, rows), track_kind(Kind.MUON))
    assert found.row.size == 0
