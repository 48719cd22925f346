"""Compton scattering of quasi-real photons: an independent witness of e+e- gamma with a positron that hardly turns."""

from __future__ import annotations

import math

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams

_X_STEPS, _ANGLE_STEPS = 2000, 2000


def photon_spectrum(x: np.ndarray, turn_max: float, beam_gev: float) -> np.ndarray:
    """Equivalent photons per unit of energy fraction x, for leptons with 1 - cos(theta) below turn_max.

    Source: SOURCES 1.4, with limits of the momentum transfer from the angle.
    """
    lowest = qed.ELECTRON_MASS_GEV**2 * x**2 / (1.0 - x)
    ratio = 1.0 + 2.0 * beam_gev**2 * (1.0 - x) * turn_max / lowest
    return qed.ALPHA_0 / (math.pi * x) * ((1.0 - x + x**2 / 2.0) * np.log(ratio) - (1.0 - x) * (1.0 - 1.0 / ratio))


def compton_nb(
    e_star_min_gev: float,
    theta_min_deg: float,
    electron_deg: tuple[float, float],
    turn_max: float,
    beams: Beams = NOMINAL,
) -> float:
    """Cross-section in nb for positrons with 1 - cos(theta) below turn_max, electrons in a range of polar angle.

    The photon has E* above e_star_min_gev and lies more than theta_min_deg from the beams; all angles in the CM frame. Good to
    the ratio of the positron's and the photon's transverse momenta, squared.
    """
    beam = 0.5 * beams.sqrt_s_gev
    log_x = np.linspace(math.log(1e-3), math.log(1.0 - 1e-6), _X_STEPS + 1)
    x = np.exp(0.5 * (log_x[1:] + log_x[:-1]))[:, None]
    angle = (np.arange(_ANGLE_STEPS) + 0.5) * math.pi / _ANGLE_STEPS
    cos = np.cos(angle)
    # Rest frame of electron and quasi-real photon: mass 2 sqrt(x) beam, boosted along the electron.
    gamma, gamma_beta = (1.0 + x) / (2.0 * np.sqrt(x)), (1.0 - x) / (2.0 * np.sqrt(x))
    half = np.sqrt(x) * beam
    photon, electron = half * (gamma + gamma_beta * cos), half * (gamma - gamma_beta * cos)
    photon_z, electron_z = half * (gamma * cos + gamma_beta), half * (gamma_beta - gamma * cos)
    low, high = (math.cos(math.radians(angle)) for angle in reversed(electron_deg))
    inside = (
        (photon > e_star_min_gev)
        & (np.abs(photon_z) < photon * math.cos(math.radians(theta_min_deg)))
        & (electron_z > electron * low)
        & (electron_z < electron * high)
    )
    density = math.pi * qed.ALPHA_0**2 / (4.0 * half**2) * ((1.0 - cos) / 2.0 + 2.0 / (1.0 - cos)) * np.sin(angle)
    per_x = (density * inside).sum(axis=1) * (math.pi / _ANGLE_STEPS)
    flux = photon_spectrum(x[:, 0], turn_max, beam) * x[:, 0] * np.diff(log_x)
    return float((flux * per_x).sum()) * qed.GEV2_NB
