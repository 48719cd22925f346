"""Where a 2D track crosses the superlayers: crossing angle and reference id, in fixed point.

Ref: basf2 trg/cdc NeuroTrigger.cc updateTrackFix (read in public source) [SIM]. On the half-cell grid of the 2D finder the
crossing angles are a table of the curvature alone.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.neuro.formats import AZIMUTH, CROSSING_ANGLE, REFERENCE_ID, WIRES_PER_RADIAN
from trigger.fixed import Fixed, Overflow, Rounding
from trigger.geometry.cdc import superlayers

_PRODUCT = Fixed(
    width=AZIMUTH.width + 1 + WIRES_PER_RADIAN.width,
    fraction=AZIMUTH.fraction + WIRES_PER_RADIAN.fraction,
    signed=True,
    rounding=Rounding.TRN,
    overflow=Overflow.SAT,
)


def crossing_angles(omega_per_cm: ArrayLike) -> NDArray[np.int64]:
    """Return raw crossing angles (m, 9 superlayers, first- or second-priority radius) of curvatures (m,) in 1/cm.

    asin(r omega / 2), positive for positive omega; a track that turns back before the superlayer gives +pi/2 for either sign.
    """
    sine = np.asarray(omega_per_cm, dtype=np.float64)[:, None, None] * superlayers().radius_cm / 2
    return CROSSING_ANGLE.quantise(np.where(np.abs(sine) < 1, np.arcsin(np.clip(sine, -1, 1)), np.pi / 2))


@cache
def crossing_table(plane: HoughPlane) -> NDArray[np.int64]:
    """Return the raw crossing angles (2 n_omega - 1, 9, 2) of the curvature grid, at index omega_raw + n_omega - 1."""
    grid = np.arange(1 - plane.n_omega, plane.n_omega)
    table = crossing_angles(plane.omega_per_cm(grid))
    table.setflags(write=False)
    return table


def wires_per_radian() -> NDArray[np.int64]:
    """Return the raw number of segments per radian (9,)."""
    return WIRES_PER_RADIAN.quantise(superlayers().n_segments / (2 * np.pi))


def reference_ids(phi0_raw: ArrayLike, angles_raw: ArrayLike) -> NDArray[np.int64]:
    """Return raw reference ids (m, 9, 2), not wrapped: (phi0 - crossing angle) in segments, cut toward zero.

    phi0_raw: (m,) in AZIMUTH; angles_raw: (m, 9, 2) in CROSSING_ANGLE. ValueError outside these formats.
    """
    difference = AZIMUTH.check(phi0_raw)[:, None, None] - CROSSING_ANGLE.check(angles_raw)
    return REFERENCE_ID.requantise(difference * wires_per_radian()[:, None], _PRODUCT)
