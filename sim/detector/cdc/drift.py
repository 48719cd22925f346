"""Drift time of a distance: linear near the wire, slower toward the corners of the cell."""

import numpy as np
from numpy.typing import NDArray

from sim.detector.cdc.geometry import wires


def cell_size_cm() -> NDArray[np.float64]:
    """Half size of the cells, float64 (56,) by layer: the geometric mean of half width and half height."""
    lines = wires(False)
    return np.sqrt(lines.cell * lines.radius_cm / 2 * lines.half_height_cm)


def drift_time_ns(
    distance_cm: NDArray[np.float64],
    size_cm: NDArray[np.float64],
    *,
    velocity_cm_per_ns: float,
    linear_fraction: float,
    tail: float,
) -> NDArray[np.float64]:
    """Drift times of distances (n,) in cells of half size size_cm (n,).

    Up to x1 = linear_fraction * half size the time is distance over velocity; beyond, the distance counts as
    x + tail (x - x1)^2 / half size: continuous, as is its slope.
    """
    beyond = np.maximum(distance_cm - linear_fraction * size_cm, 0.0)
    return (distance_cm + tail * beyond * beyond / size_cm) / velocity_cm_per_ns
