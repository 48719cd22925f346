"""Fixed-point formats of the neuro trigger.

Ref: basf2 trg/cdc NeuroTrigger.cc (updateTrackFix), CDCTriggerMLP.cc (runMLPFix), neurotrigger_default.conf precision
[12, 8, 8, 12, 10, 10] (read in public source) [SIM]. Fractions and rounding are theirs; widths hold the largest value that
can occur [DERIVED]. C's round() is RND_INF, an integer division or cast is TRN_ZERO.
"""

from trigger.fixed import Fixed, Overflow, Rounding


def _signed(width: int, fraction: int, rounding: Rounding) -> Fixed:
    return Fixed(width=width, fraction=fraction, signed=True, rounding=rounding, overflow=Overflow.SAT)


AZIMUTH = _signed(15, 12, Rounding.RND_INF)
"""phi0, rad, -pi..pi."""
CROSSING_ANGLE = _signed(14, 12, Rounding.RND_INF)
"""Angle between track and radius at a superlayer, rad, -pi/2..pi/2."""
WIRES_PER_RADIAN = Fixed(width=14, fraction=8, signed=False, rounding=Rounding.RND_INF, overflow=Overflow.SAT)
"""Segments of a superlayer per radian of azimuth."""
REFERENCE_ID = _signed(18, 8, Rounding.TRN_ZERO)
"""Where the 2D track crosses a superlayer, in segments; not wrapped."""
RELATIVE_ID = _signed(17, 8, Rounding.TRN_ZERO)
"""Segment id minus reference id, wrapped to half a turn both ways."""
NODE = _signed(14, 12, Rounding.TRN_ZERO)
"""Inputs, hidden values, outputs: -1..1, both ends included, so 13 bits do not hold them."""
WEIGHT = _signed(17, 10, Rounding.RND_INF)
"""Weights and biases: training keeps them within +-63."""
ACCUMULATOR = _signed(36, WEIGHT.fraction + NODE.fraction, Rounding.TRN)
"""Weighted sums, exact."""
TABLE_FRACTION = 10
"""Fraction bits of the magnitude that addresses the activation table."""

NODE_ONE = 1 << NODE.fraction
"""Raw value of 1: largest input, and the input that the bias is multiplied with."""
