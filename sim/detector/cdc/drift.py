"""Drift time of a distance: fast near the wire, slower toward the corners of the cell."""

import numpy as np
from numpy.typing import NDArray


def drift_time_ns(distance_cm: NDArray[np.float64], *, cm_per_ns: float, ns_per_cm3: float) -> NDArray[np.float64]:
    """Drift times of distances (n,) from the wire: distance / cm_per_ns + ns_per_cm3 * distance^3.

    The functions of the layers differ little up to where their cells end, so that one serves all; side and incidence, whose
    effect in the field of 1.5 T is the spread given in `trigger.geometry.cdc`, are left out.
    """
    return distance_cm / cm_per_ns + ns_per_cm3 * distance_cm**3
