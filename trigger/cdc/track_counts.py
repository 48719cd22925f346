"""Fields of the track trigger that count tracks for the menu, with the count of the 3D fitter, which is not modelled by itself.

Ref: basf2 trg/grl TRGGRLProjectsModule.cc (read in public source) [SIM]: the 3D fitter counts its tracks with |z0| below a limit.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.formats import NODE_ONE
from trigger.cdc.single_track import N_COUNTS, one_hot
from trigger.ecl.layout import DecisionField


def _count(name: str, length: int, meaning: str) -> DecisionField:
    return DecisionField(name=f"grl_{name}", length=length, width=1, signed=False, meaning=meaning)


COUNT_FIELDS = (
    _count("t2", N_COUNTS, "1, 2, 3, or more 2D tracks"),
    _count("ty", N_COUNTS, "1, 2, 3, or more y tracks"),
    _count("typ", 1, "at least one single track"),
    _count("t3", N_COUNTS, "1, 2, 3, or more tracks that stand for those of the 3D fitter"),
)
"""What the menu reads of the tracks, field by field."""


@dataclass(frozen=True, kw_only=True)
class FitterCuts:
    """A neuro track with |z| below `z_cm` stands for a track of the 3D fitter.

    The limit is the fitter's [SIM]; that the networks answer in its place is inferred. z_range_cm: what outputs -1..1 of the
    networks stand for. ValueError unless both are positive.
    """

    z_cm: Fraction = Fraction(35)
    z_range_cm: Fraction = Fraction(100)

    def __post_init__(self) -> None:
        for name in ("z_cm", "z_range_cm"):
            if getattr(self, name) <= 0:
                msg = f"{name} must be positive, not {getattr(self, name)}"
                raise ValueError(msg)

    @property
    def z_raw(self) -> int:
        """Largest |z_raw| strictly below the limit."""
        raw = self.z_cm / self.z_range_cm * NODE_ONE
        return -(-raw.numerator // raw.denominator) - 1


def count_fitter_tracks(
    offsets: NDArray[np.int64], expert: NDArray[np.int8], z_raw: NDArray[np.int16], cuts: FitterCuts
) -> NDArray[np.uint8]:
    """Return uint8 (n, 4), one-hot: 1, 2, 3, or more tracks inside the cuts.

    offsets (n + 1,), expert and z_raw (m,): tracks, CSR; those without a network answer (expert -1) do not count.
    """
    counted = (expert >= 0) & (np.abs(z_raw.astype(np.int64)) <= cuts.z_raw)
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(counted)])
    return one_hot(total[offsets[1:]] - total[offsets[:-1]])
