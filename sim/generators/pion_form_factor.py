"""Electromagnetic form factor of the charged pion in the region of the rho.

Ref: J.H. Kuehn, A. Santamaria, Z. Phys. C 48 (1990) 445: rho and rho(1450) with widths that grow as the momentum cubed.
"""

from __future__ import annotations

import numpy as np

from sim.generators.vector_decays import CHARGED_PION_MASS_GEV

# Mass and width in GeV of both resonances, and the share of the second one.
_RHO, _RHO_PRIME, _SHARE = (0.773, 0.145), (1.370, 0.510), -0.145


def pion_form_factor(mass2_gev2: np.ndarray) -> np.ndarray:
    """F(s), complex, one at s = 0; mixing with the omega is left out."""
    return (_resonance(mass2_gev2, *_RHO) + _SHARE * _resonance(mass2_gev2, *_RHO_PRIME)) / (1.0 + _SHARE)


def _resonance(s: np.ndarray, mass: float, width: float) -> np.ndarray:
    threshold = 4.0 * CHARGED_PION_MASS_GEV**2
    growth = (np.maximum(s - threshold, 0.0) / (mass**2 - threshold)) ** 1.5
    # sqrt(s) Gamma(s) with Gamma(s) = width m^2 / s (p / p_m)^3.
    running = np.sqrt(np.maximum(s, 1e-300)) * width * mass**2 / np.maximum(s, 1e-300) * growth
    return mass**2 / (mass**2 - s - 1j * running)
