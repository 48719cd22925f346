"""Ionisation of heavy charged particles in CsI: mean loss, and Vavilov's distribution with its full tail of hard collisions.

Ref: Particle Data Group, "Passage of particles through matter"; Vavilov, Sov. Phys. JETP 5 (1957) 749.

Loss = mean + soft part + hard part. Collisions above a cut are drawn one by one from the knock-on spectrum (spin-1/2 term
included); the collisions below it follow the Vavilov distribution with that cut as largest transfer, tabulated by Fourier
inversion. Bethe's mean has no spin term, so that of the hard collisions raises it by up to 0.2 % below 10 GeV, as it should.
Radiative losses are left out: below 10 GeV they add about 2 % to a muon's mean and 0.1 % to the rate above 300 MeV.
"""

from functools import lru_cache

import numpy as np
from scipy.special import ndtr, sici

from trigger.compiled import kernel

ELECTRON_MASS_GEV = 0.51099895e-3
BETHE_GEV_CM2 = 0.307075e-3  # 4 pi N r_e^2 m_e c^2 per mol
# CsI: density, Z/A, mean excitation energy, Sternheimer density-effect parameters. Source: Particle Data Group.
DENSITY_G_CM3 = 4.51
Z_OVER_A = 0.41569
EXCITATION_GEV = 553.1e-9
STERNHEIMER_A, STERNHEIMER_K = 0.25381, 2.6657
STERNHEIMER_X0, STERNHEIMER_X1, STERNHEIMER_C = 0.0395, 3.3353, 6.2807
XI_GEV_PER_CM = BETHE_GEV_CM2 / 2 * Z_OVER_A * DENSITY_G_CM3  # at beta = 1

MIN_KAPPA, MAX_KAPPA = 0.05, 10.0  # below: split into soft and hard; above: normal distribution
_N_KAPPA, _N_BETA2, _N_SCORES, _MAX_SCORE = 24, 5, 201, 5.0
_LOG_KAPPA0 = np.log(MIN_KAPPA)
_LOG_KAPPA_STEP = np.log(MAX_KAPPA / MIN_KAPPA) / (_N_KAPPA - 1)
_SCORE_STEP = 2 * _MAX_SCORE / (_N_SCORES - 1)


@kernel
def largest_transfer_gev(beta_gamma, mass_gev):
    """Largest energy given to one electron."""
    ratio = ELECTRON_MASS_GEV / mass_gev
    gamma = np.sqrt(1.0 + beta_gamma * beta_gamma)
    return 2 * ELECTRON_MASS_GEV * beta_gamma * beta_gamma / (1.0 + 2.0 * gamma * ratio + ratio * ratio)


@kernel
def density_effect(beta_gamma):
    """Sternheimer's delta."""
    x = np.log10(beta_gamma)
    if x < STERNHEIMER_X0:
        return 0.0
    delta = 2 * np.log(10.0) * x - STERNHEIMER_C
    if x < STERNHEIMER_X1:
        delta += STERNHEIMER_A * (STERNHEIMER_X1 - x) ** STERNHEIMER_K
    return delta


@kernel
def mean_loss_gev_per_cm(beta_gamma, mass_gev):
    """Mean ionisation loss (Bethe) in CsI."""
    beta2 = beta_gamma * beta_gamma / (1.0 + beta_gamma * beta_gamma)
    largest = largest_transfer_gev(beta_gamma, mass_gev)
    logarithm = np.log(2 * ELECTRON_MASS_GEV * beta_gamma * beta_gamma * largest / EXCITATION_GEV**2)
    bracket = 0.5 * logarithm - beta2 - density_effect(beta_gamma) / 2
    return 2 * XI_GEV_PER_CM / beta2 * max(bracket, 0.1)


def landau_most_probable_gev(beta_gamma: float, path_cm: float) -> float:
    """Most probable loss in the Landau limit (formula of the Particle Data Group)."""
    beta2 = beta_gamma**2 / (1 + beta_gamma**2)
    xi = XI_GEV_PER_CM * path_cm / beta2
    first = np.log(2 * ELECTRON_MASS_GEV * beta_gamma**2 / EXCITATION_GEV)
    return float(xi * (first + np.log(xi / EXCITATION_GEV) + 0.2 - beta2 - density_effect(beta_gamma)))


def characteristic(t: np.ndarray, kappa: float, beta2: float) -> np.ndarray:
    """Characteristic function of Vavilov's (loss - mean) / xi; kappa = xi / largest transfer."""
    a = t / kappa
    si, ci = sici(np.where(a == 0, 1.0, a))
    first = np.where(a == 0, 0.0, ci - np.euler_gamma - np.log(np.where(a == 0, 1.0, a)) + 1j * si)
    square = -(np.exp(1j * a) - 1 - 1j * a) + 1j * a * first
    return np.exp(kappa * (square - beta2 * (first - 1j * a)))


@lru_cache(maxsize=1)
def vavilov_deviates() -> np.ndarray:
    """(loss - mean) / xi of Vavilov's distribution, float64 (24, 5, 201).

    Axes: ln kappa from 0.05 to 10, beta^2 from 0 to 1, normal score of the quantile from -5 to 5, all in equal steps.
    """
    kappa = np.exp(_LOG_KAPPA0 + _LOG_KAPPA_STEP * np.arange(_N_KAPPA))
    beta2 = np.linspace(0.0, 1.0, _N_BETA2)
    return np.array([[_deviates(float(k), float(b)) for b in beta2] for k in kappa])


def _deviates(kappa: float, beta2: float) -> np.ndarray:
    """(loss - mean) / xi at the quantiles of the normal scores, by inverse Fourier transform."""
    n, low, high = 8192, -14.0, 50.0
    step = (high - low) / n
    t = 2 * np.pi * np.arange(n // 2 + 1) / (high - low)
    density = np.fft.irfft(np.conj(characteristic(t, kappa, beta2) * np.exp(-1j * t * low)), n) / step
    cumulative = np.cumsum(np.maximum(density, 0.0)) * step
    cumulative /= cumulative[-1]
    x = low + step * (np.arange(n) + 0.5)
    rising = np.concatenate(([True], np.diff(cumulative) > 1e-14))
    scores = np.linspace(-_MAX_SCORE, _MAX_SCORE, _N_SCORES)
    return np.interp(ndtr(scores), cumulative[rising], x[rising])


@kernel
def draw_loss_gev(rng, deviates, mean_gev, xi_gev, beta_gamma, mass_gev):
    """One ionisation loss with this mean; not below zero."""
    if xi_gev <= 0.0:
        return mean_gev
    beta2 = beta_gamma * beta_gamma / (1.0 + beta_gamma * beta_gamma)
    largest = largest_transfer_gev(beta_gamma, mass_gev)
    kappa = xi_gev / largest
    if kappa >= MAX_KAPPA:
        return max(mean_gev + xi_gev * np.sqrt((1 - beta2 / 2) / kappa) * rng.standard_normal(), 0.0)
    if kappa >= MIN_KAPPA:
        return max(mean_gev + xi_gev * _deviate(rng, deviates, kappa, beta2), 0.0)
    cut = xi_gev / MIN_KAPPA
    loss = mean_gev + xi_gev * _deviate(rng, deviates, MIN_KAPPA, beta2 * cut / largest)
    energy2 = (1.0 + beta_gamma * beta_gamma) * mass_gev * mass_gev
    # Number and energy of the hard collisions; the 1/e^2 majorant is thinned to the full spectrum.
    inverse = 1.0 / cut - 1.0 / largest
    loss -= xi_gev * (np.log(largest / cut) - beta2 * (1 - cut / largest))
    top = 1.0 + 0.5 * largest * largest / energy2
    path = -np.log(1.0 - rng.random()) / (xi_gev * inverse * top)
    while path < 1.0:
        energy = 1.0 / (1.0 / cut - rng.random() * inverse)
        weight = 1.0 - beta2 * energy / largest + 0.5 * energy * energy / energy2
        if rng.random() * top < weight:
            loss += energy
        path -= np.log(1.0 - rng.random()) / (xi_gev * inverse * top)
    return max(loss, 0.0)


@kernel
def _deviate(rng, deviates, kappa, beta2):
    """Trilinear interpolation of the deviates at a random normal score."""
    k = min(max((np.log(kappa) - _LOG_KAPPA0) / _LOG_KAPPA_STEP, 0.0), _N_KAPPA - 1.001)
    b = min(max(beta2 * (_N_BETA2 - 1), 0.0), _N_BETA2 - 1.001)
    s = min(max((rng.standard_normal() + _MAX_SCORE) / _SCORE_STEP, 0.0), _N_SCORES - 1.001)
    ik, ib, js = int(k), int(b), int(s)
    fk, fb, fs = k - ik, b - ib, s - js
    value = 0.0
    for dk in range(2):
        for db in range(2):
            low, high = deviates[ik + dk, ib + db, js], deviates[ik + dk, ib + db, js + 1]
            value += (fk if dk else 1 - fk) * (fb if db else 1 - fb) * (low + fs * (high - low))
    return value
