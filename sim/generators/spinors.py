"""Dirac spinors, currents and propagators of tree amplitudes, many events at once.

Arrays have the component first, then any number of spin axes, then the event. Chiral representation; spins are summed over, so
the basis (along z in the rest frame) does not matter and nothing is singular. Source: Peskin and Schroeder, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_SLICE = 2048
"""Events at a time (our choice: what the amplitudes of all spins need stays in the cache)."""


def spinor_u(momentum: np.ndarray, mass: float) -> np.ndarray:
    """Both spinors of an incoming particle, complex (4, 2, n), of momentum (4, n): ubar u = 2 m."""
    return _boosted(momentum, mass, 1.0)


def spinor_v(momentum: np.ndarray, mass: float) -> np.ndarray:
    """Both spinors of an outgoing antiparticle, complex (4, 2, n), of momentum (4, n): vbar v = -2 m."""
    return _boosted(momentum, mass, -1.0)


def _boosted(momentum: np.ndarray, mass: float, lower: float) -> np.ndarray:
    energy, x, y, z = momentum
    norm = 1.0 / np.sqrt(2.0 * (energy + mass))
    plus, minus, across = (energy + mass + z) * norm, (energy + mass - z) * norm, (x + 1j * y) * norm
    up = np.stack([minus + 0j, -across, lower * plus, lower * across])
    down = np.stack([-across.conj(), plus + 0j, lower * across.conj(), lower * minus])
    return np.stack([up, down], axis=1)


def bar(spinor: np.ndarray) -> np.ndarray:
    """Dirac adjoint, a row."""
    return spinor[[2, 3, 0, 1]].conj()


def on_axis(spinor: np.ndarray, axis: int, axes: int) -> np.ndarray:
    """A spinor (4, 2, n) with its spin at place `axis` of `axes` spin axes."""
    shape = [1] * axes
    shape[axis] = 2
    return spinor.reshape(4, *shape, spinor.shape[-1])


def slash(vector: np.ndarray, column: np.ndarray) -> np.ndarray:
    """gamma.vector times a column."""
    t, x, y, z = vector
    a, b, c, d = column
    low, high = x - 1j * y, x + 1j * y
    return np.stack([(t - z) * c - low * d, (t + z) * d - high * c, (t + z) * a + low * b, (t - z) * b + high * a])


def row_slash(row: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """A row times gamma.vector."""
    t, x, y, z = vector
    a, b, c, d = row
    low, high = x - 1j * y, x + 1j * y
    return np.stack([(t + z) * c + high * d, low * c + (t - z) * d, (t - z) * a - high * b, (t + z) * b - low * a])


def propagated(momentum: np.ndarray, mass: float, column: np.ndarray) -> np.ndarray:
    """(gamma.q + m) / (q^2 - m^2) times a column, q along the arrow of the fermion."""
    return (slash(momentum, column) + mass * column) / _off_shell(momentum, mass)


def row_propagated(row: np.ndarray, momentum: np.ndarray, mass: float) -> np.ndarray:
    """A row times (gamma.q + m) / (q^2 - m^2)."""
    return (row_slash(row, momentum) + mass * row) / _off_shell(momentum, mass)


def _off_shell(momentum: np.ndarray, mass: float) -> np.ndarray:
    energy, x, y, z = momentum
    return energy**2 - x**2 - y**2 - z**2 - mass**2


def current(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """row gamma^mu column, contravariant, complex (4, ...)."""
    e, f, g, h = row
    a, b, c, d = column
    # Upper row against sigma of the lower column, lower row against sigma-bar of the upper one.
    return np.stack(
        [
            e * c + f * d + g * a + h * b,
            e * d + f * c - g * b - h * a,
            1j * (f * c - e * d + g * b - h * a),
            e * c - f * d - g * a + h * b,
        ]
    )


def contract(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Minkowski product of two four-vectors, no complex conjugation."""
    return first[0] * second[0] - first[1] * second[1] - first[2] * second[2] - first[3] * second[3]


def joined(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Row times column."""
    return (row * column).sum(axis=0)


def gamma5(spinor: np.ndarray) -> np.ndarray:
    """gamma5 times a column, or a row times gamma5."""
    return np.concatenate([-spinor[:2], spinor[2:]])


def polarisations(momentum: np.ndarray, mass: float) -> np.ndarray:
    """The three real polarisation vectors (4, 3, n) of a massive vector of momentum (4, n): sum = -g + k k / m^2."""
    energy = momentum[0]
    # Unit vectors of the rest frame, boosted.
    out = np.zeros((4, 3, momentum.shape[1]))
    for axis in range(3):
        out[0, axis] = momentum[axis + 1] / mass
        out[1:, axis] = momentum[1:] * (momentum[axis + 1] / (mass * (energy + mass)))
        out[axis + 1, axis] += 1.0
    return out


def beam_spinors(sqrt_s: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """vbar and u of massless beams along z, (4, 2, n) each: one entry for each of the two chiralities that annihilate."""
    half = 0.5 * sqrt_s
    along, against = (np.array([[half], [0.0], [0.0], [side * half]]) for side in (1.0, -1.0))
    electron, positron = spinor_u(along, 0.0), bar(spinor_v(against, 0.0))
    pairs = [(b, a) for b in range(2) for a in range(2) if np.abs(current(positron[:, b], electron[:, a])).any()]
    row = np.stack([positron[:, b] for b, _ in pairs], axis=1)
    column = np.stack([electron[:, a] for _, a in pairs], axis=1)
    return np.broadcast_to(row, (4, 2, n)), np.broadcast_to(column, (4, 2, n))


def beam_current(sqrt_s: float, n: int) -> np.ndarray:
    """vbar gamma^mu u of massless beams along z, (4, 2, n), for both chiralities that annihilate."""
    return current(*beam_spinors(sqrt_s, n))


def by_slices(function: Callable[..., np.ndarray], *arrays: np.ndarray | None) -> np.ndarray:
    """A function of arrays (..., n) that returns (n,), applied to a few thousand events at a time; None is passed on."""
    n = next(array.shape[-1] for array in arrays if array is not None)
    parts = [
        function(*(None if array is None else array[..., start : start + _SLICE] for array in arrays))
        for start in range(0, n, _SLICE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
