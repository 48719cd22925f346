"""Small kinematics: four-momenta from angles, the boost out of a rest frame, three massless particles."""

from __future__ import annotations

import numpy as np


def along(energy: np.ndarray, momentum: np.ndarray, cos: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Four-momentum (4, n) of given energy and momentum in the direction (cos(theta), phi)."""
    transverse = momentum * np.sqrt(np.maximum(1.0 - cos * cos, 0.0))
    return np.stack([energy, transverse * np.cos(phi), transverse * np.sin(phi), momentum * cos])


def boost_from_rest(momenta: np.ndarray, system: np.ndarray) -> np.ndarray:
    """Four-momenta (4, ..., n), given in the rest frame of `system` (4, n), in the frame where `system` is given."""
    energy, vector = system[0], system[1:]
    mass = np.sqrt(energy**2 - np.square(vector).sum(axis=0))
    ux, uy, uz = vector / mass
    e, px, py, pz = momenta
    dot = ux * px + uy * py + uz * pz
    factor = dot / (energy / mass + 1.0) + e
    return np.stack([energy / mass * e + dot, px + factor * ux, py + factor * uy, pz + factor * uz])


def turned(vector: np.ndarray, cos: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Four-momenta (4, n) given about z, turned so that z points to the polar angle of cos and the azimuth phi."""
    energy, x, y, z = vector
    sin = np.sqrt(np.maximum(1.0 - cos * cos, 0.0))
    across, cos_phi, sin_phi = cos * x + sin * z, np.cos(phi), np.sin(phi)
    return np.stack([energy, cos_phi * across - sin_phi * y, sin_phi * across + cos_phi * y, cos * z - sin * x])


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar product of four-momenta (4, n)."""
    return a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3]


def light(energy: np.ndarray, cos: np.ndarray, turn: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Massless four-momentum (4, n); turn = 1 - |cos(theta)|, given apart because it may be tiny."""
    transverse = energy * np.sqrt(np.maximum(turn * (2.0 - turn), 0.0))
    return np.stack([energy, transverse * np.cos(phi), transverse * np.sin(phi), energy * cos])


def light_partner(mass2: np.ndarray, rest: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Massless particle along `direction` whose recoil against `rest` (4, n; squared mass mass2) is massless, too.

    direction: four-momentum of energy 1.
    """
    return direction * (mass2 / (2.0 * product(rest, direction)))


def partner_volume(rest: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Phase space d3q / (2 E) of a massless particle, with its recoil massless, per unit of solid angle."""
    return partner[0] ** 2 / (4.0 * product(rest, partner))
