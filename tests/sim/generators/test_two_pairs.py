"""e+e- to two pairs: both kinds of diagrams against folded closed formulas, conserved currents, parity, exchange, form factor."""

import math

import numpy as np
import pytest

from sim.generators import qed
from sim.generators.beams import NOMINAL
from sim.generators.decays import isotropic, two_body, weighted_phase_space
from sim.generators.folded_pairs import two_photons_nb
from sim.generators.frames import boost_from_rest
from sim.generators.muon_mediator import Mediator, points
from sim.generators.muon_mediator import squared_amplitude as radiated_vector
from sim.generators.pion_form_factor import pion_form_factor
from sim.generators.radiative_muons import momenta_of
from sim.generators.radiative_muons import squared_amplitude as by_traces
from sim.generators.two_pair_channels import draw_four
from sim.generators.two_pair_processes import FourMuons, MuMuPiPi, MuMuTauTau, channels
from sim.generators.two_pairs import PairKind, amplitudes, squared_amplitude
from sim.generators.vector_decays import CHARGED_PION_MASS_GEV as PION

S, ROOT = NOMINAL.s_gev2, NOMINAL.sqrt_s_gev
MUON, TAU = qed.MUON_MASS_GEV, qed.TAU_MASS_GEV
MIXED = PairKind(first_gev=MUON, second_gev=TAU)


@pytest.fixture(scope="module")
def sample():
    momenta, volume = draw_four(channels(MIXED, ROOT), 30_000, np.random.default_rng(5))
    parts = [amplitudes(MIXED, momenta[..., start : start + 2000]) for start in range(0, 30_000, 2000)]
    squares = [np.concatenate([0.5 * np.square(np.abs(part[i])).sum(axis=(0, 1, 2, 3)) for part in parts]) for i in range(2)]
    return [square * volume / (2 * S) for square in squares]


def test_two_virtual_photons_are_the_folded_closed_formula(sample):
    ours, expected = sample[0] * qed.GEV2_NB, two_photons_nb(MUON, TAU)
    assert ours.mean() == pytest.approx(expected, abs=4 * ours.std() / math.sqrt(len(ours)) + 0.003 * expected)
    assert ours.std() / math.sqrt(len(ours)) < 0.02 * expected


def test_radiated_pions_are_the_folded_massive_vector(rng):
    """Against the amplitude of mu mu X, folded with the spectrum of X -> pi pi: alpha / 12 pi beta^3 |F|^2."""
    kind, n = MuMuPiPi.kind, 30_000
    momenta, volume = draw_four(channels(kind, ROOT), n, rng)
    radiated = np.concatenate(
        [0.5 * np.square(np.abs(amplitudes(kind, momenta[..., i : i + 2000])[1])).sum(axis=(0, 1, 2, 3)) for i in range(0, n, 2000)]
    )
    ours = radiated * volume / (2 * S)
    log_m2 = np.linspace(2 * math.log(2 * PION), 2 * math.log(ROOT - 2.1 * MUON), 4001)
    m2 = np.exp(0.5 * (log_m2[1:] + log_m2[:-1]))
    beta = np.sqrt(1 - 4 * PION**2 / m2)
    density = qed.alpha_s(m2) / (12 * math.pi) * beta**3 * np.abs(pion_form_factor(m2)) ** 2 * np.diff(log_m2)
    quantiles = (np.arange(20) + 0.5) / 20
    unit = []
    for mass2 in np.interp(quantiles, np.cumsum(density) / density.sum(), m2):
        three, weight = points(math.sqrt(mass2), ROOT, 2000, rng)
        squared = radiated_vector(Mediator.VECTOR, three, math.sqrt(mass2)) * 4 * math.pi * float(qed.alpha_s(mass2))
        unit.append((squared * weight).mean() / (2 * S))
    folded = float(density.sum()) * float(np.mean(unit))
    assert ours.mean() == pytest.approx(folded, abs=4 * ours.std() / math.sqrt(n) + 0.03 * folded)
    assert ours.std() / math.sqrt(n) < 0.04 * folded


def test_parity_makes_both_chiralities_equal(rng, monkeypatch):
    from sim.generators import two_pairs as module

    momenta, _ = draw_four(channels(MIXED, ROOT), 50, rng)
    one = squared_amplitude(MIXED, momenta)
    spinors = module.beam_spinors
    monkeypatch.setattr(module, "beam_spinors", lambda *options: tuple(spinor[:, ::-1] for spinor in spinors(*options)))
    np.testing.assert_allclose(squared_amplitude(MIXED, momenta), one, rtol=1e-9)


def test_exchange_of_identical_muons(rng):
    """Symmetric under the exchange of either sign, and not twice the unlike one."""
    kind = FourMuons.kind
    momenta, _ = draw_four(channels(kind, ROOT), 50, rng)
    one = squared_amplitude(kind, momenta)
    np.testing.assert_allclose(squared_amplitude(kind, momenta[:, [2, 1, 0, 3]]), one, rtol=1e-9)
    np.testing.assert_allclose(squared_amplitude(kind, momenta[:, [0, 3, 2, 1]]), one, rtol=1e-9)
    unlike = PairKind(first_gev=MUON, second_gev=MUON)
    separate = 0.25 * (squared_amplitude(unlike, momenta) + squared_amplitude(unlike, momenta[:, [0, 3, 2, 1]]))
    assert np.abs(one / separate - 1).max() > 0.05


@pytest.mark.parametrize("process", [FourMuons, MuMuTauTau, MuMuPiPi])
def test_channels_fill_phase_space(process, rng):
    momenta, weight = draw_four(channels(process.kind, ROOT), 40_000, rng)
    masses = np.repeat([process.kind.first_gev, process.kind.second_gev], 2)
    flat, volume = weighted_phase_space(np.full(40_000, ROOT), masses.tolist(), rng)
    for quantity in (lambda p: np.ones(40_000), lambda p: p[0, 2], lambda p: p[3, 0] * p[3, 1], lambda p: p[1, 3] ** 2):
        ours, theirs = weight * quantity(momenta), volume * quantity(flat)
        assert abs(ours.mean() - theirs.mean()) < 4.5 * math.hypot(ours.std(), theirs.std()) / math.sqrt(40_000)


def test_form_factor():
    """One without momentum; sigma(e+e- -> pi pi) peaks near 1.3 microbarn, at the rho."""
    assert pion_form_factor(np.array([0.0]))[0] == pytest.approx(1.0)
    s = np.linspace(0.3, 1.2, 181)
    beta = np.sqrt(1 - 4 * PION**2 / s)
    sigma = math.pi * qed.ALPHA_0**2 * beta**3 / (3 * s) * np.abs(pion_form_factor(s)) ** 2 * qed.GEV2_NB
    assert 1150 < sigma.max() < 1400
    assert s[sigma.argmax()] == pytest.approx(0.77**2, abs=0.03)


def test_pauli(rng):
    """Two identical muons of one momentum never have one spin."""
    pair = two_body(ROOT, (2 * MUON * (1 + 1e-12), 3.0), np.linspace(-0.9, 0.9, 5), np.zeros(5))
    muon = 0.5 * pair[:, 0]
    others = boost_from_rest(isotropic(np.full(5, 3.0), (MUON, MUON), rng), pair[:, 1])
    momenta = np.stack([muon, others[:, 0], muon, others[:, 1]], axis=1)
    for part in amplitudes(FourMuons.kind, momenta):
        unlike = np.abs(part[0, :, 1]).max()
        assert np.abs(part[0, :, 0]).max() < 1e-6 * unlike
        assert np.abs(part[1, :, 1]).max() < 1e-6 * unlike
        np.testing.assert_allclose(part[0, :, 1], -part[1, :, 0], atol=1e-6 * unlike)


def test_interference_of_both_kinds_is_that_of_a_radiated_photon(rng):
    """A very light second pair is a photon: initial and final radiation interfere as in mu mu gamma, by traces."""
    n, light, mass = 2000, 1e-3, 4e-3
    for y, z in ((0.8, 0.9), (-0.5, 1.2)):
        point = np.array([S, 60.0, y, 0.3, z, 0.5])[:, None]
        momenta = momenta_of(np.repeat(point, n, axis=1))
        momenta[0, 2] = np.hypot(momenta[0, 2], mass)
        pair = boost_from_rest(isotropic(np.full(n, mass), (light, light), rng), momenta[:, 2])
        four = np.concatenate([momenta[:, :2], pair], axis=1)
        both = amplitudes(PairKind(first_gev=MUON, second_gev=light), four)
        even = sum(np.square(np.abs(part)).sum() for part in both)
        odd = np.square(np.abs(both[0] + both[1])).sum() - even
        exchanged = point * np.array([1, 1, 1, 1, -1, 1])[:, None] + np.array([0, 0, 0, 0, 0, np.pi])[:, None]
        one, other = by_traces(point)[0], by_traces(exchanged)[0]
        assert odd / even == pytest.approx((one - other) / (one + other), abs=0.02)
        assert abs(odd / even) > 0.1
