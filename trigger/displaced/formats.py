"""Fixed-point formats of the displaced-vertex trigger.

All widths are our choice: the resolution is below that of the drift chamber, the range that of the chamber. Tests measure what they
cost against floats. Products are rounded to the nearest LSB, ties upward.
"""

import numpy as np

from trigger.fixed import Fixed, Overflow, Rounding


def _format(width: int, fraction: int, *, signed: bool = True, overflow: Overflow = Overflow.SAT) -> Fixed:
    return Fixed(width=width, fraction=fraction, signed=signed, rounding=Rounding.RND, overflow=overflow)


TURN = _format(14, 14, signed=False, overflow=Overflow.WRAP)
"""Azimuth in turns, 0..1: one LSB is 0.4 mm at the outermost superlayer."""
SINE = _format(16, 14)
"""Sine of an azimuth, from a table with one entry per LSB of TURN."""
LENGTH = _format(15, 7)
"""Transverse lengths, cm."""
BEND = _format(14, 18)
"""Bend of a track, 1/cm: +-0.031."""
IMPACT = _format(14, 7)
"""Impact of a track, cm: +-64."""
SQUARE = _format(13, 10, signed=False)
"""r^2 / 2 in the unit that turns BEND into LENGTH."""
MANTISSA = _format(11, 0)
"""Constants of the linear fits: an integer, and one power of two per row of the matrix."""
DRIFT = _format(8, 7, signed=False)
"""Drift distance, cm: below 2 cm."""
FACTOR = _format(9, 7, signed=False)
"""Factor on drift distances, 0..4."""
CROSSING = _format(13, 12)
"""Sine of the azimuth of a track from its direction at the perigee; raw +-4096 means that the track does not get there."""
DEPTH = _format(12, 3)
"""z and path length, cm."""
SLOPE = _format(9, 6)
"""dz per transverse path length."""
CHI2_SHIFT = 6
CHI2 = _format(20, 2 * LENGTH.fraction - CHI2_SHIFT, signed=False)
"""Sum of squares of fit residuals, cm^2: the sum of squares of LENGTH, CHI2_SHIFT bits shorter."""

TURN_RAW = 1 << TURN.width
"""Raw value of a full turn."""
RAD_PER_TURN = 2 * np.pi
