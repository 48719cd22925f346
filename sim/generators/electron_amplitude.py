"""Tree amplitude of e+e- -> e+e- gamma, squared, with the electron mass where a particle hardly turns from another one."""

from __future__ import annotations

import math

import numpy as np

from sim.generators import qed
from sim.generators.frames import product

ME2 = qed.ELECTRON_MASS_GEV**2
_NEVER_COLLINEAR_GEV2 = 1e-2
"""A photon outside the beams lies along no lepton if a momentum transfer is below this; the mass terms of the two exclude each
other."""


def squared_amplitude(
    electron: np.ndarray,
    positron: np.ndarray,
    photon: np.ndarray,
    turns: tuple[np.ndarray, np.ndarray],
    apart: tuple[np.ndarray, np.ndarray],
    s: float,
) -> np.ndarray:
    """Spin-averaged squared matrix element, GeV^-2.

    electron, positron, photon: massless four-momenta (4, n) of the final state, the photon away from the beams. turns, apart:
    1 - cos of the angle of electron and positron to their own beam, and to the photon, given apart because they are lost in the
    momenta. Radiation couples with alpha(0), everything else with alpha at the smaller momentum transfer, whose exchange
    dominates. Source: SOURCES 1.3 item 5 (CALKUL form); collinear mass term: Born amplitude of the other three legs; mass term of
    the exchange: that of the equivalent-photon spectrum (SOURCES 1.4).
    """
    beam = 0.5 * math.sqrt(s)
    pk, pk_plus = beam * (photon[0] - photon[3]), beam * (photon[0] + photon[3])
    qk, qk_plus = (
        photon[0] * (lepton[0] * turn + 0.5 * ME2 / lepton[0]) for lepton, turn in zip((electron, positron), apart, strict=True)
    )
    s_left = 2.0 * product(electron, positron)
    (t, t_mass), (t_swap, t_swap_mass) = (
        _exchange(lepton[0], turn, beam) for lepton, turn in zip((electron, positron), turns, strict=True)
    )
    u = -2.0 * beam * (electron[0] + electron[3])
    u_swap = -2.0 * beam * (positron[0] - positron[3])
    radiated = s / (pk * pk_plus) + s_left / (qk * qk_plus)
    radiated += u / (pk_plus * qk) + u_swap / (pk * qk_plus) - t / (pk * qk) - t_swap / (pk_plus * qk_plus)
    numerator = s * s_left * (s**2 + s_left**2) + t * t_swap * (t**2 + t_swap**2) + u * u_swap * (u**2 + u_swap**2)
    collinear = ME2 * (_born(s, t_swap) / qk**2 + _born(s, t) / qk_plus**2)
    nearest = np.maximum(t, t_swap)
    squared = radiated * numerator / (s * s_left * t * t_swap) * t_mass * t_swap_mass
    return coupling(nearest) * (squared - np.where(nearest < -_NEVER_COLLINEAR_GEV2, collinear, 0.0))


def coupling(t_gev2: np.ndarray) -> np.ndarray:
    """e^6 with the radiation at alpha(0) and the exchange at alpha(t)."""
    # Below 1e-9 GeV^2 nothing runs.
    return (4.0 * np.pi) ** 3 * qed.ALPHA_0 * qed.alpha_t(np.minimum(t_gev2, -1e-9)) ** 2


def turning_scale(energy: np.ndarray, beam: float) -> np.ndarray:
    """1 - cos below which the electron mass ends the pole, for a lepton of this energy along its beam."""
    lost = np.abs(1.0 - energy / beam) + 1e-6
    return ME2 * lost**2 / (2.0 * energy**2) + 1e-30


def turn_from(lepton: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """1 - cos of the angle of a massless four-momentum to another one (4, n), without cancellation."""
    x, y, z = lepton[1:]
    a, b, c = direction[1:]
    across2 = (y * c - z * b) ** 2 + (z * a - x * c) ** 2 + (x * b - y * a) ** 2
    along, size = x * a + y * b + z * c, lepton[0] * direction[0]
    return np.where(along > 0.0, across2 / (size * (size + np.abs(along))), 1.0 - along / size)


def beam_direction(side: np.ndarray | float) -> np.ndarray:
    """Four-momentum of energy 1, (4, n) or (4, 1), along the electron beam for side 1, the positron beam for side -1."""
    zero = np.zeros(np.shape(side) or (1,))
    return np.stack([zero + 1.0, zero, zero, zero + side])


def _born(s: np.ndarray | float, t: np.ndarray) -> np.ndarray:
    """Spin-averaged squared amplitude of Bhabha scattering over e^4, light electrons."""
    return 4.0 * (s / t + t / s + 1.0) ** 2


def _exchange(energy: np.ndarray, turn: np.ndarray, beam: float) -> tuple[np.ndarray, np.ndarray]:
    """Momentum transfer squared of a lepton, mass included, and the factor by which the mass lowers its pole.

    The factor is that of the equivalent-photon spectrum, whose numerator is 1 + (1-x)^2 - 2 m^2 x^2 / |t|.
    """
    x = np.clip(1.0 - energy / beam, 0.0, 1.0 - 1e-9)
    t = -ME2 * x**2 / (1.0 - x) - 2.0 * beam * energy * turn
    return t, 1.0 - 2.0 * ME2 * x**2 / ((1.0 + (1.0 - x) ** 2) * np.maximum(-t, 1e-300))
