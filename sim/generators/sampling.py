"""Tabulated one-dimensional densities: their integral, and samples by inversion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Three-point Gauss-Legendre rule on 0..1.
_POINTS = 0.5 + 0.5 * np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)])
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0


@dataclass(frozen=True, eq=False)
class Table:
    """A density on nodes: `cumulative` (0..1) at each node, and the integral over all of them."""

    nodes: np.ndarray
    cumulative: np.ndarray
    integral: float

    @staticmethod
    def of(density: Callable[[np.ndarray], np.ndarray], nodes: np.ndarray) -> Table:
        """Table of a non-negative density, integrated between the ascending nodes by three-point Gauss quadrature."""
        width = np.diff(nodes)
        points = nodes[:-1, None] + width[:, None] * _POINTS
        cells = (density(points.ravel()).reshape(points.shape) @ _WEIGHTS) * width
        if np.any(cells < 0.0) or not np.isfinite(cells).all():
            msg = "density must be finite and non-negative everywhere"
            raise ValueError(msg)
        edges = np.concatenate([[0.0], np.cumsum(cells)])
        return Table(nodes, edges / edges[-1], float(edges[-1]))

    def sample(self, uniform: np.ndarray) -> np.ndarray:
        """Values distributed as the density, one per uniform number in 0..1; flat inside a cell."""
        return np.interp(uniform, self.cumulative, self.nodes)


def log_flat(u: np.ndarray, scale: np.ndarray | float, reach: float) -> np.ndarray:
    """Numbers from 0 to `reach`, flat in ln(scale + x), of numbers u in [0, 1)."""
    return scale * np.expm1(np.log1p(reach / scale) * u)


def log_density(x: np.ndarray, scale: np.ndarray | float, reach: float) -> np.ndarray:
    """Density of `log_flat` at x."""
    return 1.0 / ((scale + x) * np.log1p(reach / scale))
