"""Small kinematics: a four-momentum from angles, and the boost out of a rest frame."""

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
