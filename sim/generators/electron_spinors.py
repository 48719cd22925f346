"""e+e- -> e+e- gamma from its eight diagrams, spin by spin: an independent witness of the squared amplitude in closed form."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sim.generators import spinors as sp
from sim.generators.frames import product, turned

_AXES = 4


def squared_amplitude(beams: np.ndarray, leptons: np.ndarray, photon: np.ndarray, mass_gev: float) -> np.ndarray:
    """Spin-averaged squared matrix element over e^6, GeV^-2, mass kept everywhere.

    beams, leptons: electron and positron, (4, 2, n), on shell with this mass; photon: (4, n).
    """
    return sp.by_slices(partial(_squared, mass_gev), beams, leptons, photon)


def flat_points(sqrt_s: float, n: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """n configurations (4, 3, n) of three massless particles, flat in phase space, and its volume, GeV^2.

    The volume has the factors (2 pi)^(4 - 9) in it: s / (256 pi^3).
    """
    x = rng.random((2, n))
    x = np.where(x.sum(axis=0) < 1.0, 1.0 - x, x)
    first, second = 0.5 * sqrt_s * x
    third = sqrt_s - first - second
    cos = 1.0 - sqrt_s * (first + second - 0.5 * sqrt_s) / (first * second)
    zero, angle, (u_cos, phi) = np.zeros(n), 2.0 * np.pi * rng.random(n), rng.random((2, n))
    sin = np.sqrt(np.maximum(1.0 - cos * cos, 0.0))
    one = np.stack([first, zero, zero, first])
    two = np.stack([second, second * sin * np.cos(angle), second * sin * np.sin(angle), second * cos])
    three = np.concatenate([third[None], -(one + two)[1:]])
    cos_axis, phi_axis = 2.0 * u_cos - 1.0, 2.0 * np.pi * phi
    made = np.stack([turned(vector, cos_axis, phi_axis) for vector in (one, two, three)], axis=1)
    return made, sqrt_s**2 / (256.0 * np.pi**3)


def _squared(mass: float, beams: np.ndarray, leptons: np.ndarray, photon: np.ndarray) -> np.ndarray:
    (p, p_plus), (q, q_plus) = beams.transpose(1, 0, 2), leptons.transpose(1, 0, 2)
    u, v_in = sp.on_axis(sp.spinor_u(p, mass), 0, _AXES), sp.on_axis(sp.bar(sp.spinor_v(p_plus, mass)), 1, _AXES)
    u_out, v = sp.on_axis(sp.bar(sp.spinor_u(q, mass)), 2, _AXES), sp.on_axis(sp.spinor_v(q_plus, mass), 3, _AXES)
    t, t_plus = product(p - q, p - q), product(p_plus - q_plus, p_plus - q_plus)
    s, s_left = product(p + p_plus, p + p_plus), product(q + q_plus, q + q_plus)
    total = np.zeros(photon.shape[1])
    for polarisation in _polarisations(photon):
        line = _radiating(polarisation, photon, mass)
        # Exchange between the lines, and annihilation, which Fermi's statistics gives the other sign.
        amplitude = sp.contract(line(u_out, q, u, p), sp.current(v_in, v)) / t_plus
        amplitude = amplitude + sp.contract(sp.current(u_out, u), line(v_in, -p_plus, v, -q_plus)) / t
        amplitude = amplitude - sp.contract(line(v_in, -p_plus, u, p), sp.current(u_out, v)) / s_left
        amplitude = amplitude - sp.contract(sp.current(v_in, u), line(u_out, q, v, -q_plus)) / s
        total += np.square(np.abs(amplitude)).sum(axis=tuple(range(_AXES)))
    return total / 4.0


def _radiating(polarisation: np.ndarray, photon: np.ndarray, mass: float) -> Callable[..., np.ndarray]:
    """Current of a line that emits the photon after or before its vertex; momenta along the arrow of the line."""

    def line(row: np.ndarray, out: np.ndarray, column: np.ndarray, into: np.ndarray) -> np.ndarray:
        after = sp.row_propagated(sp.row_slash(row, polarisation), out + photon, mass)
        before = sp.propagated(into - photon, mass, sp.slash(polarisation, column))
        return sp.current(after, column) + sp.current(row, before)

    return line


def _polarisations(photon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two transverse, real polarisation vectors (4, n)."""
    n = photon.shape[1]
    cos, phi = photon[3] / photon[0], np.arctan2(photon[2], photon[1])
    zero, one = np.zeros(n), np.ones(n)
    across = turned(np.stack([zero, one, zero, zero]), cos, phi), turned(np.stack([zero, zero, one, zero]), cos, phi)
    return across
