"""QED inputs of the generators: constants, running coupling and the initial-state radiator."""

from __future__ import annotations

import math

import numpy as np

ALPHA_0 = 1.0 / 137.036
"""Fine-structure constant at zero momentum transfer (SOURCES 1.3)."""
GEV2_NB = 0.38938e6
"""1 / GeV^2 in nb (SOURCES 1.3)."""
ELECTRON_MASS_GEV = 0.51099895e-3
MUON_MASS_GEV = 0.1056583755
TAU_MASS_GEV = 1.77693
"""Lepton masses: Particle Data Group, Review of Particle Physics 2024."""
HADRONIC_SHIFT_S = 0.0161
"""Hadronic part of the running at s = 111.9 GeV^2, time-like (SOURCES 1.3)."""
_S_REFERENCE_GEV2 = 111.9

# Hadronic part at space-like q^2: A + B ln(1 + C |q^2|) below each |q| in GeV.
# Source: Burkhardt and Pietrzyk, Phys. Lett. B 513 (2001) 46, table 3.
_HADRONIC_FIT = (
    (0.7, 0.0, 0.0023092, 3.9925370),
    (2.0, 0.0, 0.0022333, 4.2191779),
    (4.0, 0.0, 0.0024402, 3.2496684),
    (10.0, 0.0, 0.0027340, 2.0995092),
    (91.1876, 0.0010485, 0.0029431, 1.0),
)


def leptonic_shift(q2_gev2: np.ndarray) -> np.ndarray:
    """Leptonic part of the running of alpha at one loop (real part), for any q^2 but 0.

    Source: textbook vacuum polarisation; 0.02127 at q^2 = 111.9 GeV^2 (SOURCES 1.3).
    """
    q2 = np.asarray(q2_gev2, float)
    shift = np.zeros_like(q2)
    for mass in (ELECTRON_MASS_GEV, MUON_MASS_GEV, TAU_MASS_GEV):
        ratio = 4.0 * mass**2 / q2
        root = np.sqrt(np.abs(1.0 - ratio))
        # Between 0 and the threshold the logarithm turns into an arcus tangent; at threshold both vanish.
        bound = ratio > 1.0
        safe = np.where(root == 0.0, 1.0, root)
        log = np.log(np.abs((1.0 + safe) / np.where(safe == 1.0, 1.0, 1.0 - safe)))
        turn = np.where(bound, 2.0 * root * np.arctan(1.0 / safe), np.where(root == 0.0, 0.0, root * log))
        shift += ALPHA_0 / (3.0 * math.pi) * ((1.0 + ratio / 2.0) * turn - 5.0 / 3.0 - ratio)
    return shift


def hadronic_shift(q2_gev2: np.ndarray) -> np.ndarray:
    """Hadronic part of the running of alpha at space-like q^2, |q| below the Z mass."""
    q2 = np.abs(np.asarray(q2_gev2, float))
    limits = np.array([row[0] for row in _HADRONIC_FIT])
    a, b, c = np.array([row[1:] for row in _HADRONIC_FIT]).T
    row = np.minimum(np.searchsorted(limits, np.sqrt(q2)), len(limits) - 1)
    return a[row] + b[row] * np.log1p(c[row] * q2)


def alpha_t(t_gev2: np.ndarray) -> np.ndarray:
    """Running coupling at space-like momentum transfer t < 0."""
    return ALPHA_0 / (1.0 - leptonic_shift(t_gev2) - hadronic_shift(t_gev2))


def alpha_s(s_gev2: np.ndarray | float) -> np.ndarray:
    """Running coupling at time-like s > 0, resonances smoothed over; 1/131.9 at 111.9 GeV^2.

    The hadronic part is the space-like fit, scaled to the time-like value at the Y(4S) (our choice: the resonances
    themselves matter to no trigger quantity).
    """
    s = np.asarray(s_gev2, float)
    scale = HADRONIC_SHIFT_S / hadronic_shift(np.asarray(_S_REFERENCE_GEV2))
    return ALPHA_0 / (1.0 - leptonic_shift(s) - scale * hadronic_shift(s))


def radiator_power(s_gev2: float) -> float:
    """Exponent b of the initial-state radiator, (2 alpha / pi)(ln(s / m_e^2) - 1)."""
    return 2.0 * ALPHA_0 / math.pi * (math.log(s_gev2 / ELECTRON_MASS_GEV**2) - 1.0)


def radiator(x: np.ndarray, s_gev2: float) -> np.ndarray:
    """H(x) / (b x^(b-1)): density, in y = x^b, of the energy fraction x lost to initial-state radiation.

    x: 0 <= x < 1; the squared energy left is s (1 - x). Soft photons are exponentiated, hard ones to second order.
    Source: Kuraev and Fadin, Sov. J. Nucl. Phys. 41 (1985) 466 (SOURCES 1.3 item 3).
    """
    b = radiator_power(s_gev2)
    log = math.log(s_gev2 / ELECTRON_MASS_GEV**2)
    a = ALPHA_0 / math.pi
    soft = 1.0 + a * (1.5 * log + math.pi**2 / 3.0 - 2.0) + a**2 * (9.0 / 8.0 - 2.0 * math.pi**2 / 6.0) * log**2
    x = np.maximum(np.asarray(x, float), 1e-290)
    hard = -b * (1.0 - x / 2.0) + b**2 / 8.0 * (
        -4.0 * (2.0 - x) * np.log(x) - (1.0 + 3.0 * (1.0 - x) ** 2) / x * np.log1p(-x) - 6.0 + x
    )
    return soft + hard * x ** (1.0 - b) / b


def pair_cross_section(s_gev2: np.ndarray, mass_gev: float) -> np.ndarray:
    """Born cross-section of e+e- -> lepton pair through one photon, running coupling, nb; 0 below threshold."""
    s = np.asarray(s_gev2, float)
    beta = np.sqrt(np.maximum(1.0 - 4.0 * mass_gev**2 / s, 0.0))
    return 4.0 * math.pi * alpha_s(s) ** 2 / (3.0 * s) * beta * (3.0 - beta**2) / 2.0 * GEV2_NB
