"""The tree amplitude of e+e- -> mu mu X against closed formulas and against an amplitude written by traces."""

import math

import numpy as np
import pytest

from sim.generators import qed
from sim.generators.beams import NOMINAL
from sim.generators.decays import isotropic
from sim.generators.folded_pairs import massless_mediator_nb
from sim.generators.frames import boost_from_rest
from sim.generators.muon_mediator import Mediator, points, squared_amplitude
from sim.generators.radiative_muons import MuonMass, Radiator, momenta_of
from sim.generators.radiative_muons import squared_amplitude as by_traces
from sim.generators.spinors import (
    bar,
    contract,
    current,
    joined,
    polarisations,
    propagated,
    row_propagated,
    row_slash,
    slash,
    spinor_u,
    spinor_v,
)
from sim.generators.z_prime_visible import ZPrimeMuMu

S = NOMINAL.s_gev2
LIGHT = 1e-4


def vectors(rng, mass, n=50):
    momentum = rng.normal(size=(3, n))
    return np.concatenate([np.sqrt(np.square(momentum).sum(axis=0) + mass**2)[None], momentum])


def test_spinors_obey_dirac_and_their_norms(rng):
    p = vectors(rng, 0.7)
    u, v = spinor_u(p, 0.7), spinor_v(p, 0.7)
    np.testing.assert_allclose(slash(p[:, None], u), 0.7 * u, atol=1e-13)
    np.testing.assert_allclose(slash(p[:, None], v), -0.7 * v, atol=1e-13)
    np.testing.assert_allclose(joined(bar(u), u), 1.4, atol=1e-13)
    np.testing.assert_allclose(joined(bar(v), v), -1.4, atol=1e-13)
    # Completeness: sum of u ubar on any column is (pslash + m).
    column = rng.normal(size=(4, 1, 50)) + 1j * rng.normal(size=(4, 1, 50))
    summed = (u * joined(bar(u), column)).sum(axis=1)
    np.testing.assert_allclose(summed, slash(p, column[:, 0]) + 0.7 * column[:, 0], atol=1e-12)


def test_rows_columns_and_currents_agree(rng):
    p, q, k = vectors(rng, 0.7), vectors(rng, 0.3), vectors(rng, 0.0)[:, None]
    row, column = bar(spinor_u(p, 0.7)), spinor_v(q, 0.3)
    np.testing.assert_allclose(joined(row_slash(row, k), column), joined(row, slash(k, column)), atol=1e-12)
    np.testing.assert_allclose(contract(current(row, column), k), joined(row, slash(k, column)), atol=1e-12)
    left, right = row_propagated(row, 3 * k, 0.5), propagated(3 * k, 0.5, column)
    np.testing.assert_allclose(joined(left, column), joined(row, right), atol=1e-12)
    # The inverse of a propagator: (qslash - m)(qslash + m) / (q^2 - m^2) = 1.
    np.testing.assert_allclose(slash(3 * k, right) - 0.5 * right, column, atol=1e-12)
    waves = polarisations(p, 0.7)
    metric = np.diag([1.0, -1.0, -1.0, -1.0])[:, :, None]
    expected = np.einsum("an,bn->abn", p, p) / 0.49 - metric
    np.testing.assert_allclose(np.einsum("asn,bsn->abn", waves, waves), expected, atol=1e-12)


@pytest.mark.parametrize("mediator", Mediator)
@pytest.mark.parametrize("mass", [1.0, 8.0])
def test_massless_muons_follow_the_closed_formulas(mediator, mass, rng):
    momenta, volume = points(mass, NOMINAL.sqrt_s_gev, 40_000, rng, muon_gev=LIGHT)
    weight = squared_amplitude(mediator, momenta, mass, muon_gev=LIGHT) * volume / (2 * S) * qed.GEV2_NB
    error = weight.std() / math.sqrt(len(weight))
    assert error < 0.012 * weight.mean()
    assert weight.mean() == pytest.approx(massless_mediator_nb(mediator, mass), abs=4 * error)


def test_a_light_vector_is_the_photon_of_final_state_radiation(rng):
    """Point by point against the CALKUL form, of which the exchange of both muons leaves out the interference."""
    n, mass = 200, 1e-3
    point = np.stack(
        [
            np.full(n, S),
            np.full(n, 60.0),
            rng.uniform(-1.5, 1.5, n),
            rng.uniform(0, 6, n),
            rng.uniform(-2, 2, n),
            rng.uniform(0, 6, n),
        ]
    )
    exchanged = point * np.array([1, 1, 1, 1, -1, 1])[:, None] + np.array([0, 0, 0, 0, 0, np.pi])[:, None]
    ours, final = np.zeros(n), np.zeros(n)
    for each in (point, exchanged):
        momenta = momenta_of(each)
        momenta[0, 2] = np.hypot(momenta[0, 2], mass)
        ours += 4 * np.pi * qed.ALPHA_0 * squared_amplitude(Mediator.VECTOR, momenta, mass)
        final += by_traces(each, Radiator.FULL, MuonMass.LIGHT) - by_traces(each, Radiator.INITIAL, MuonMass.LIGHT)
    # The published form neglects the muon mass, a per mille here.
    np.testing.assert_allclose(ours, final, rtol=4e-3)


@pytest.mark.parametrize("mass", [0.4, 6.0])
def test_daughters_average_to_the_polarisation_sum(mass, rng):
    n, muon = 20_000, qed.MUON_MASS_GEV
    momenta, _ = points(mass, NOMINAL.sqrt_s_gev, 1, rng)
    momenta = np.repeat(momenta, n, axis=2)
    daughters = boost_from_rest(isotropic(np.full(n, mass), (muon, muon), rng), momenta[:, 2])
    with_them = squared_amplitude(Mediator.VECTOR, momenta, mass, daughters=daughters, daughter_gev=muon)
    alone = squared_amplitude(Mediator.VECTOR, momenta[..., :1], mass)[0]
    assert with_them.mean() == pytest.approx(alone, abs=4 * with_them.std() / math.sqrt(n))
    assert with_them.std() > 0.01 * alone


def test_the_muon_mass_and_the_parity_matter_near_the_ends():
    """A scalar and a pseudoscalar differ by the muon mass; at low mass the scalar is made more often."""
    scalar, pseudo = (
        ZPrimeMuMu(mass_gev=0.25, mediator=mediator).draw(10_000, np.random.default_rng(1))[1].mean()
        for mediator in (Mediator.SCALAR, Mediator.PSEUDOSCALAR)
    )
    assert 1.05 < scalar / pseudo < 1.4
    weak, unit = (ZPrimeMuMu(coupling=g).draw(100, np.random.default_rng(1))[1] for g in (0.1, 1.0))
    np.testing.assert_allclose(weak, 0.01 * unit)
