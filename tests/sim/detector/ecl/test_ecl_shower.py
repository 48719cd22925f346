"""Shower profile, sharing and containment against the published table and against direct integration."""

from collections.abc import Callable

import numba
import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.special import gammainc

from sim.detector.ecl import EclGaps, EclResponse, respond
from sim.detector.ecl.deposits import Deposits
from sim.detector.ecl.flight import flight_of
from sim.detector.ecl.geometry import crystal_map
from sim.detector.ecl.shower import (
    _closed_form,
    _spots,
    deposit,
    longitudinal,
    quadrant,
    shower_tables,
    two_component,
)
from sim.detector.ecl.tables import read_table
from sim.generators.particles import Particles

Gun = Callable[..., Particles]
CRYSTAL_CM = 5.9
# Fractions of a central hit in 1, 3x3, 5x5 crystals and in 4x4 crystals hit at their centre. Source: DERIVED, numerical
# integration of the depth-dependent profile; the depth-averaged fit is good to 2-3 %.
FRACTIONS = {
    0.2: (0.735, 0.932, 0.972, 0.958),
    0.5: (0.803, 0.959, 0.984, 0.975),
    1.0: (0.829, 0.966, 0.987, 0.980),
    2.0: (0.846, 0.971, 0.989, 0.983),
    5.0: (0.860, 0.974, 0.990, 0.985),
}


def deposits_of(particles: Particles, rng: np.random.Generator, gaps: EclGaps | None = None) -> Deposits:
    rows = np.arange(particles.pdg.size)
    return deposit(rng, crystal_map(EclGaps() if gaps is None else gaps), flight_of(particles, rows))


def sum_per_particle(deposits: Deposits, n: int) -> np.ndarray:
    return np.bincount(deposits.row, deposits.energy_gev, minlength=n)


def largest_per_particle(deposits: Deposits, n: int) -> np.ndarray:
    largest = np.zeros(n)
    np.maximum.at(largest, deposits.row, deposits.energy_gev)
    return largest


@pytest.mark.parametrize("energy_gev", FRACTIONS)
def test_crystal_fractions_of_a_central_hit(energy_gev: float) -> None:
    profile = read_table("shower_profile")
    at = int(np.flatnonzero(profile["energy_gev"] == energy_gev)[0])
    shape = profile["core_fraction"][at], profile["core_cm"][at], profile["tail_cm"][at]
    found = [4 * two_component(half, half, *shape) for half in np.array([0.5, 1.5, 2.5, 2.0]) * CRYSTAL_CM]
    np.testing.assert_allclose(found, FRACTIONS[energy_gev], atol=0.025)


@pytest.mark.parametrize(("x", "y", "radius"), [(1.0, 2.0, 0.5), (0.3, 0.2, 3.3), (-1.0, 4.0, 2.0), (11.0, 11.0, 3.3)])
def test_quadrant_is_the_integral(x: float, y: float, radius: float) -> None:
    direct, _ = dblquad(lambda b, a: radius**2 / np.pi / (a * a + b * b + radius**2) ** 2, 0, x, 0, y)
    assert quadrant(x, y, radius) == pytest.approx(direct, abs=1e-8)


def test_quadrant_adds_up_to_one() -> None:
    assert 4 * quadrant(1e6, 1e6, 3.3) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("energy_gev", "leak"), [(0.5, 0.013), (1.0, 0.016), (2.0, 0.022), (5.0, 0.033)])
def test_leakage_behind_the_crystals(energy_gev: float, leak: float) -> None:
    alpha, beta = longitudinal(np.array(energy_gev))
    assert 1 - gammainc(alpha, beta * 16.1) == pytest.approx(leak, abs=0.0008)


@pytest.mark.parametrize(("energy_gev", "cm"), [(0.5, 5.5), (1.0, 6.8), (2.0, 8.1), (5.0, 9.8)])
def test_depth_of_shower_maximum(energy_gev: float, cm: float) -> None:
    alpha, beta = longitudinal(np.array(energy_gev))
    assert (alpha - 1) / beta * 1.86 == pytest.approx(cm, abs=0.06)


def test_depth_quantiles_follow_the_gamma_law() -> None:
    tables = shower_tables()
    energy = np.exp(tables.log_energy0 + 20 * tables.log_energy_step)
    alpha, beta = longitudinal(energy)
    np.testing.assert_allclose(gammainc(alpha, beta * tables.depth_cm[20, ::51] / 1.86), np.linspace(0, 1, 6), atol=2e-4)


@pytest.mark.parametrize(
    ("theta_deg", "containment", "tolerance"),
    [
        ((20.0, 28.0), 0.98, 0.005),
        ((40.0, 120.0), 0.98, 0.005),
        ((140.0, 150.0), 0.98, 0.010),
        ((31.0, 31.6), 0.85, 0.05),
        ((31.6, 32.2), 0.28, 0.05),
        ((129.0, 130.0), 0.15, 0.04),
        ((130.0, 131.5), 0.74, 0.05),
    ],
)
def test_mean_containment(
    gun: Gun, rng: np.random.Generator, theta_deg: tuple[float, float], containment: float, tolerance: float
) -> None:
    n = 10_000
    deposits = deposits_of(gun(22, n, momentum_gev=1.0, theta_deg=theta_deg), rng, EclGaps(centre_cm=0.0))
    assert deposits.energy_gev.sum() / n == pytest.approx(containment, abs=tolerance)


# The closed form does not take displaced photons; 20 cm along z changes the sharing little.
@pytest.mark.parametrize(("vertex_z_cm", "mean", "median"), [(0.0, 0.90, 0.936), (20.0, 0.88, 0.922)])
def test_leading_cell_of_a_barrel_photon(
    gun: Gun, rng: np.random.Generator, vertex_z_cm: float, mean: float, median: float
) -> None:
    n = 20_000
    largest = largest_per_particle(deposits_of(gun(22, n, momentum_gev=1.0, vertex_cm=(0.0, 0.0, vertex_z_cm)), rng), n)
    assert largest.mean() == pytest.approx(mean, abs=0.02)
    assert np.median(largest) == pytest.approx(median, abs=0.02)
    assert (largest < 0.6).mean() == pytest.approx(0.03, abs=0.015)


@numba.njit
def both_methods(rng, crystals, depth_cm, shape, points, directions):
    """Mean energy fraction per cell by the closed form (lateral alone) and by spots."""
    sums = np.zeros((2, 577))
    cells, parts = np.zeros(24, np.int64), np.zeros(24)
    for i in range(points.shape[0]):
        x, y, z = points[i]
        nx, ny, nz = directions[i]
        found = _closed_form(crystals.row_edges_z, crystals.gap_z, shape[0], shape[1], shape[2], x, y, z, nx, ny, nz, cells, parts)
        for k in range(found):
            sums[0, cells[k]] += parts[k]
        found = _spots(
            rng, crystals.edges, crystals.rings, crystals.cells, depth_cm, shape[0], shape[1], shape[2],
            x, y, z, nx, ny, nz, cells, parts,
        )  # fmt: skip
        for k in range(found):
            sums[1, cells[k]] += parts[k]
    return sums / points.shape[0]


@pytest.mark.parametrize("theta_deg", [59.5, 90.0, 116.0])
def test_closed_form_and_spots_agree_cell_by_cell(rng: np.random.Generator, theta_deg: float) -> None:
    n = 20_000
    theta = np.deg2rad(theta_deg + rng.uniform(-2, 2, n))
    phi = np.deg2rad(2.5 + rng.uniform(-2, 2, n))  # about the border of two columns
    directions = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    tables = shower_tables()
    node = 18  # near 1 GeV
    shape = np.array([tables.core_fraction[node], tables.core_cm[node], tables.tail_cm[node]])
    points = directions * (126.5 / np.sin(theta))[:, None]
    closed, spots = both_methods(rng, crystal_map(EclGaps()), tables.depth_cm[node], shape, points, directions)
    assert np.count_nonzero(closed > 0.1) >= 2
    np.testing.assert_allclose(spots, closed * tables.containment[node], atol=0.015)


def test_energy_is_never_created(gun: Gun, rng: np.random.Generator) -> None:
    n = 20_000
    energy = rng.uniform(0.05, 5.0, n)
    deposits = deposits_of(gun(22, n, momentum_gev=energy, theta_deg=(10.0, 157.0)), rng)
    assert (deposits.energy_gev > 0).all()
    seen = sum_per_particle(deposits, n) / energy
    assert seen.max() < 1 + 6 * 0.04  # resolution alone exceeds 1
    assert np.average(seen, weights=energy) < 0.99


@pytest.mark.parametrize(("energy_gev", "sigma"), [(0.1, 0.0209), (1.0, 0.0157), (5.0, 0.0146)])
def test_resolution_of_contained_showers(gun: Gun, rng: np.random.Generator, energy_gev: float, sigma: float) -> None:
    n = 20_000
    narrow = {"theta_deg": (76.5, 76.52), "phi_deg": (6.9, 6.92)}  # one place in one cell: no spread of the sharing
    seen = sum_per_particle(deposits_of(gun(22, n, momentum_gev=energy_gev, **narrow), rng), n)
    assert seen.std() / seen.mean() == pytest.approx(sigma, rel=0.04)


def test_centre_gap_takes_energy_at_90_degrees_alone(gun: Gun, rng: np.random.Generator) -> None:
    n = 5_000
    seen = {}
    for width in (0.0, 0.17):
        for name, theta_deg in (("gap", (89.95, 90.08)), ("away", (86.0, 86.2))):
            particles = gun(22, n, momentum_gev=1.0, theta_deg=theta_deg)
            seen[name, width] = deposits_of(particles, rng, EclGaps(centre_cm=width)).energy_gev.sum() / n
    assert seen["away", 0.17] == pytest.approx(seen["away", 0.0], abs=0.002)
    assert 0.08 < seen["gap", 0.0] - seen["gap", 0.17] < 0.16


def test_electrons_bend_to_their_cells(gun: Gun, rng: np.random.Generator) -> None:
    n = 2_000
    narrow = {"momentum_gev": 1.0, "theta_deg": (89.0, 91.0), "phi_deg": (0.0, 0.1)}
    phi = {}
    for pdg in (11, -11, 22):
        deposits = deposits_of(gun(pdg, n, **narrow), rng)
        column = (deposits.cell - 81) // 12
        angle = np.deg2rad(7.5 + 10 * column)
        weight = deposits.energy_gev
        phi[pdg] = np.rad2deg(np.angle((weight * np.exp(1j * angle)).sum()))
    bend = np.rad2deg(np.arcsin(134.0 / (2 * 1.0 / (0.0029979 * 1.5))))
    assert phi[11] - phi[22] == pytest.approx(bend, abs=2.5)  # negative charge turns towards larger phi
    assert phi[-11] - phi[22] == pytest.approx(-bend, abs=2.5)


def test_cells_above_threshold_hold_93_percent_at_1_gev(gun: Gun, rng: np.random.Generator) -> None:
    result = respond(gun(22, 20_000, momentum_gev=1.0), rng, EclResponse())
    total = np.bincount(np.repeat(np.arange(20_000), np.diff(result["ecl_offsets"])), result["ecl_adc"] * 0.00525)
    assert total.mean() == pytest.approx(1 / 1.075, abs=0.004)
