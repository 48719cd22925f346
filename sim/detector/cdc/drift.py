"""Drift time of a distance: linear near the wire, slower toward the corners of the cell."""

import numpy as np
from numpy.typing import NDArray

from sim.detector.cdc.geometry import wires


def half_width_cm() -> NDArray[np.float64]:
    """Half the azimuthal width of the cells, float64 (56,) by layer."""
    lines = wires(False)
    return lines.cell * lines.radius_cm / 2


def drift_time_ns(
    distance_cm: NDArray[np.float64],
    half_cm: NDArray[np.float64],
    *,
    velocity_cm_per_ns: float,
    linear_fraction: float,
    tail: float,
) -> NDArray[np.float64]:
    """Drift times of distances (n,) in cells of half width half_cm (n,).

    Up to x1 = linear_fraction * half width the time is distance over velocity; beyond, the distance counts as
    x + tail (x - x1)^2 / half width: continuous, as is its slope.
    """
    beyond = np.maximum(distance_cm - linear_fraction * half_cm, 0.0)
    return (distance_cm + tail * beyond * beyond / half_cm) / velocity_cm_per_ns
