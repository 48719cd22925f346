"""Drift time of a distance: fast near the wire, slower toward the corners of the cell."""

import numpy as np
from numpy.typing import NDArray

DRIFT_CM_PER_NS, DRIFT_NS_PER_CM3 = 4.40e-3, 403.0
"""Velocity at the wire, and how the time bends upward. Source: fitted by us to the x-t functions of basf2 cdc/data/xt_v2.dat (read
in public source) [SIM]: one layer of each superlayer, polar angle 90 degrees, incidence 0 and +-30 degrees, both sides; spread of
these functions about the fit 22 ns. A 1.8 cm cell ends at about 400 ns, its corners beyond what is read out."""


def drift_time_ns(distance_cm: NDArray[np.float64], *, cm_per_ns: float, ns_per_cm3: float) -> NDArray[np.float64]:
    """Drift times of distances (n,) from the wire: distance / cm_per_ns + ns_per_cm3 * distance^3.

    The functions of the layers differ little up to where their cells end, so that one serves all; side and incidence, whose
    effect in the field of 1.5 T is the spread given above, are left out.
    """
    return distance_cm / cm_per_ns + ns_per_cm3 * distance_cm**3
