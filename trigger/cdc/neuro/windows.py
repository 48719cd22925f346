"""Which segments are relevant to a track, and how their relative ids become network inputs.

Ref: basf2 trg/cdc/data/neurotrigger_default.conf, NeuroTrigger.cc getInputVector (read in public source) [SIM].
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.formats import NODE, RELATIVE_ID
from trigger.geometry.cdc import N_SUPERLAYERS

DEFAULT_BOUNDS = (
    (-1.5, 1.5),
    (-7.5, -0.5),
    (-1.5, 1.5),
    (0.5, 7.5),
    (-1.5, 1.5),
    (-8.5, 0.5),
    (-2.5, 1.5),
    (-0.5, 10.5),
    (-3.5, 2.5),
)
"""Relative ids of relevant segments per superlayer, inclusive. Source: neurotrigger_default.conf [SIM]; agrees with all nine
scales, and with the offsets modulo one segment, of real inputs [DATA]."""


@dataclass(frozen=True, kw_only=True)
class InputWindows:
    """Bounds of the relative id, in segments, of each superlayer; both ends are inside.

    The input is scale * (relative id - centre), with the largest power of two as scale that keeps it within -1..1. Bounds are
    multiples of 1/4, so that the centre is exact; a window is at least 1 and at most 32 segments wide, so that the input is exact.
    """

    bounds: tuple[tuple[float, float], ...] = DEFAULT_BOUNDS

    def __post_init__(self) -> None:
        if len(self.bounds) != N_SUPERLAYERS:
            msg = f"bounds must have {N_SUPERLAYERS} superlayers, not {len(self.bounds)}"
            raise ValueError(msg)
        for superlayer, (low, high) in enumerate(self.bounds):
            if not 1 <= high - low <= 32 or abs(low) > 64 or any(Fraction(x) * 4 % 1 for x in (low, high)):
                msg = f"bounds of superlayer {superlayer} must be multiples of 1/4, 1 to 32 apart, near 0, not {low}, {high}"
                raise ValueError(msg)

    @property
    def low_raw(self) -> NDArray[np.int64]:
        """Lower bounds (9,) in RELATIVE_ID."""
        return RELATIVE_ID.quantise([low for low, _ in self.bounds])

    @property
    def high_raw(self) -> NDArray[np.int64]:
        """Upper bounds (9,) in RELATIVE_ID."""
        return RELATIVE_ID.quantise([high for _, high in self.bounds])

    @property
    def centre_raw(self) -> NDArray[np.int64]:
        """Centres (9,) in RELATIVE_ID."""
        return RELATIVE_ID.quantise([(low + high) / 2 for low, high in self.bounds])

    @property
    def shift(self) -> NDArray[np.int64]:
        """Left shift (9,) that turns a raw relative id from the centre into a raw NODE value; at least 0."""
        scale_exponent = [floor(log2(2 / (high - low))) for low, high in self.bounds]
        return np.array(scale_exponent) + (NODE.fraction - RELATIVE_ID.fraction)
