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
MOVE = _format(14, 0)
"""The same where one power of two has to do for all rows."""
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
AZIMUTH = _format(16, 16, signed=False, overflow=Overflow.WRAP)
"""Azimuth of wires and in the fit, turns: one LSB is 0.1 mm at the outermost superlayer."""
COARSE_SHIFT = 4
COARSE = _format(AZIMUTH.width - COARSE_SHIFT, AZIMUTH.fraction - COARSE_SHIFT, signed=False, overflow=Overflow.WRAP)
"""Upper bits of AZIMUTH, in which wires are compared with a seed."""
OFF = _format(13, AZIMUTH.fraction)
"""Azimuth of a segment from a track, turns: +-1/16."""
NEAR = _format(10, COARSE.fraction, signed=False)
"""Size of an azimuth from a seed, up to 1/4 of a turn; and of windows around it."""
RESIDUAL = _format(12, 9, signed=False)
"""Size of what a fit leaves of five or four distances, cm; the largest stands for more."""
MISS = _format(8, DEPTH.fraction, signed=False)
"""Size of what a point in z misses a line by, cm: below 32 cm, the largest stands for more."""
CHI2_SHIFT = 6
CHI2 = _format(2 * RESIDUAL.width - CHI2_SHIFT, 2 * RESIDUAL.fraction - CHI2_SHIFT, signed=False)
"""Square of a fit's residual, cm^2: the square of RESIDUAL, CHI2_SHIFT bits shorter."""

TURN_RAW = 1 << TURN.width
"""Raw value of a full turn."""
RAD_PER_TURN = 2 * np.pi
