"""Closed formulas of two virtual photons and of radiated bosons, by quadrature: independent witnesses of the tree amplitudes."""

from __future__ import annotations

import math

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL
from sim.generators.decays import breakup_momentum
from sim.generators.muon_mediator import Mediator, massless_density

_STEPS, _ANGLES, _MASSES = 800, 200, 120


def massless_mediator_nb(mediator: Mediator, mass_gev: float) -> float:
    """Cross-section of mu mu X at unit coupling in nb for massless muons: `massless_density` integrated."""
    share = mass_gev**2 / NOMINAL.s_gev2
    log_a = np.linspace(math.log(share), 0.0, _STEPS + 1)
    a = np.exp(0.5 * (log_a[1:] + log_a[:-1]))[:, None]
    low, high = share / a, np.minimum(1.0 + share - a, 1.0)
    b = low * (high / low) ** ((np.arange(_STEPS) + 0.5) / _STEPS)
    area = np.diff(log_a)[:, None] * a * np.log(high / low) / _STEPS * b
    born = float(qed.pair_cross_section(np.asarray(NOMINAL.s_gev2), qed.ELECTRON_MASS_GEV))
    return float((massless_density(mediator, share, 1.0 - b, 1.0 - a) * area).sum()) * born


def two_photons_nb(first_gev: float, second_gev: float) -> float:
    """Cross-section in nb of two unlike lepton pairs through two virtual photons alone, by folding both spectra."""
    sqrt_s = NOMINAL.sqrt_s_gev
    log_a = np.linspace(2.0 * math.log(2.0 * first_gev), 2.0 * math.log(sqrt_s - 2.0 * second_gev), _MASSES + 1)
    total = 0.0
    for mass2, width in zip(np.exp(0.5 * (log_a[1:] + log_a[:-1])), np.diff(log_a), strict=True):
        log_b = np.linspace(2.0 * math.log(2.0 * second_gev), 2.0 * math.log(sqrt_s - math.sqrt(mass2)), _MASSES + 1)
        b = np.exp(0.5 * (log_b[1:] + log_b[:-1]))
        inner = _lepton_spectrum(second_gev, b) * _two_vectors(mass2, b) * np.diff(log_b)
        total += width * float(_lepton_spectrum(first_gev, mass2) * inner.sum())
    return float(total) * qed.GEV2_NB


def _lepton_spectrum(lepton_gev: float, mass2: np.ndarray) -> np.ndarray:
    """Pairs per ln(mass^2) of a virtual photon, its coupling included: alpha^2 / 3 pi (1 + 2 m_l^2 / m^2) beta."""
    ratio = lepton_gev**2 / mass2
    return qed.alpha_s(mass2) ** 2 / (3.0 * math.pi) * (1.0 + 2.0 * ratio) * np.sqrt(np.maximum(1.0 - 4.0 * ratio, 0.0))


def _two_vectors(first2: float, second2: np.ndarray) -> np.ndarray:
    """Cross-section over alpha^2, GeV^-2, of e+e- to two unlike vectors of these squared masses.

    d sigma / dt = 2 pi / s^2 [t/u + u/t + 2 s (a + b) / (t u) - a b (1/t^2 + 1/u^2)], the form known from pairs of Z bosons.
    """
    s, sqrt_s = NOMINAL.s_gev2, NOMINAL.sqrt_s_gev
    middle = 0.5 * (s - first2 - second2)
    y_max = np.arctanh(sqrt_s * breakup_momentum(sqrt_s, math.sqrt(first2), np.sqrt(second2)) / middle)
    y = y_max * ((np.arange(_ANGLES) + 0.5) / (0.5 * _ANGLES) - 1.0)[:, None]
    t, u = -middle * (1.0 - np.tanh(y)), -middle * (1.0 + np.tanh(y))
    density = t / u + u / t + 2.0 * s * (first2 + second2) / (t * u) - first2 * second2 * (1.0 / t**2 + 1.0 / u**2)
    return 2.0 * math.pi / s**2 * (density * middle / np.cosh(y) ** 2).mean(axis=0) * 2.0 * y_max
