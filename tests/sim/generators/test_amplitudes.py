"""Squared amplitudes against exact arithmetic, soft limits and flat phase space."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from sim.generators import ThreePhotons, qed
from sim.generators.beams import NOMINAL
from sim.generators.bhabha import couplings_density_nb
from sim.generators.electron_amplitude import _exchange, turn_from
from sim.generators.electron_amplitude import squared_amplitude as e_e_gamma_squared
from sim.generators.three_photons import squared_amplitude as three_photons_squared


@pytest.mark.parametrize(("share", "turn"), [(0.1, 0.0), (0.5, 1e-12), (0.9, 1e-9), (0.01, 1e-5)])
def test_exchange_keeps_the_electron_mass(share, turn):
    """t = 2 m^2 - 2 (E E' - p p' cos), in fifty digits; its pole is lowered as in the equivalent-photon spectrum."""
    with localcontext() as digits:
        digits.prec = 50
        beam, energy = Decimal("5.29"), Decimal("5.29") * (1 - Decimal(str(share)))
        mass2 = Decimal(str(qed.ELECTRON_MASS_GEV)) ** 2
        momenta = (beam**2 - mass2).sqrt() * (energy**2 - mass2).sqrt()
        exact = 2 * mass2 - 2 * (beam * energy - momenta * (1 - Decimal(str(turn))))
        spectrum = 1 - 2 * mass2 * Decimal(str(share)) ** 2 / ((1 + (1 - Decimal(str(share))) ** 2) * -exact)
    t, factor = _exchange(np.array([5.29 * (1 - share)]), np.array([turn]), 5.29)
    assert t[0] == pytest.approx(float(exact), rel=1e-6)
    assert factor[0] == pytest.approx(float(spectrum), rel=1e-5)


@pytest.mark.parametrize("angle_deg", [30.0, 90.0, 140.0])
def test_soft_photon_limit_of_e_e_gamma_is_bhabha(angle_deg):
    """|M|^2 -> e^2 [-(sum of currents)^2] |M_Born|^2 for a soft photon, for any direction of it."""
    s, beam, soft = NOMINAL.s_gev2, NOMINAL.sqrt_s_gev / 2, 1e-6
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    lepton = np.array([beam, beam * sin, 0.0, beam * cos])[:, None] * np.ones(3)
    other = np.concatenate([lepton[:1], -lepton[1:]])
    where = np.radians([[50.0, 20.0], [110.0, 200.0], [80.0, 300.0]]).T
    photon = soft * np.stack(
        [np.ones(3), np.sin(where[0]) * np.cos(where[1]), np.sin(where[0]) * np.sin(where[1]), np.cos(where[0])]
    )
    beams = [np.array([beam, 0.0, 0.0, sign * beam])[:, None] * np.ones(3) for sign in (1, -1)]
    metric = np.array([1, -1, -1, -1])[:, None]
    charges = ((beams[0], 1), (beams[1], -1), (lepton, -1), (other, 1))
    current = sum(charge * p / (p * photon * metric).sum(axis=0) for p, charge in charges)
    eikonal = -4 * math.pi * qed.ALPHA_0 * (current**2 * metric).sum(axis=0)
    turn = np.full(3, 1 - cos)
    apart = (turn_from(lepton, photon), turn_from(other, photon))
    exact = e_e_gamma_squared(lepton, other, photon, (turn, turn), apart, s)
    v = 1 / (1 - cos)
    alpha = float(qed.alpha_t(np.array(-s / (2 * v))))
    d_sigma_d_omega = couplings_density_nb(np.array([v]), s, alpha, alpha) * v**2 / (2 * math.pi) / qed.GEV2_NB
    np.testing.assert_allclose(exact, eikonal * 64 * math.pi**2 * s * d_sigma_d_omega, rtol=1e-5)


def test_three_photon_tree_against_flat_phase_space(rng):
    """The same matrix element over flat three-body phase space, s / (128 pi^3) dx1 dx2, gives the same cross-section."""
    s, beam, n = NOMINAL.s_gev2, NOMINAL.sqrt_s_gev / 2, 1_000_000
    x1, x2, beam_cos, beam_phi = rng.random((4, n))
    x1, x2 = np.where(x1 + x2 < 1, 1 - x1, x1), np.where(x1 + x2 < 1, 1 - x2, x2)
    energies = np.stack([x1, x2, 2 - x1 - x2]) * beam
    between = np.clip(1 - 2 * (x1 + x2 - 1) / (x1 * x2), -1, 1)
    one = np.stack([0 * x1, energies[0]])
    two = np.stack([np.sqrt(1 - between**2), between]) * energies[1]
    beam_cos = 2 * beam_cos - 1
    axis = np.stack([np.sqrt(1 - beam_cos**2) * np.cos(2 * np.pi * beam_phi), beam_cos])
    along = [(vector * axis).sum(axis=0) for vector in (one, two, -one - two)]
    photons = tuple(np.stack([e, np.sqrt(np.maximum(e * e - z * z, 0)), 0 * e, z]) for e, z in zip(energies, along, strict=True))
    inside = np.all([(k[0] > 1.0) & (np.abs(k[3]) < math.cos(math.radians(10)) * k[0]) for k in photons], axis=0)
    weight = np.where(inside, three_photons_squared(photons, s), 0.0) * s / (128 * math.pi**3) / 2 / 6 / (2 * s) * qed.GEV2_NB
    section = ThreePhotons(e_star_min_gev=1.0).cross_section()
    error = math.hypot(weight.std() / math.sqrt(n), section.error_nb)
    assert weight.mean() == pytest.approx(section.nb, abs=4 * error)
    assert error < 0.01 * section.nb
