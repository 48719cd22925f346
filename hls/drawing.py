"""What a training sees in each epoch: simulated and real tracks, distorted anew and shuffled, from random streams of their own."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hls.distort import Distortion
from hls.sets import TrainingSet
from trigger.cdc.neuro.formats import NODE_ONE

_SHUFFLE, _VALIDATION = 0, 1


class Drawing(Protocol):
    """Settings that say how sets are drawn from; those of every training give them.

    validation_share of the simulated tracks are only looked at. An epoch sees the other ones once, the real ones real_repeats
    times, each with its distortion.
    """

    @property
    def seed(self) -> int: ...
    @property
    def validation_share(self) -> float: ...
    @property
    def real_repeats(self) -> int: ...
    @property
    def distortion(self) -> Distortion: ...
    @property
    def real_distortion(self) -> Distortion: ...


@dataclass(frozen=True, eq=False)
class EpochSets:
    """The data of every epoch, and the tracks that are only looked at."""

    drawing: Drawing
    simulated: TrainingSet
    real: TrainingSet
    kept: TrainingSet

    @classmethod
    def of(cls, drawing: Drawing, simulated: TrainingSet, real: TrainingSet) -> "EpochSets":
        """Split the simulated tracks."""
        order = np.random.default_rng([drawing.seed, _VALIDATION]).permutation(len(simulated))
        n = int(drawing.validation_share * len(simulated))
        return cls(drawing, simulated.select(order[n:]), real, simulated.select(order[:n]))

    def draw(self, epoch: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs and targets of an epoch, shuffled; the same at every call."""
        rng = np.random.default_rng([self.drawing.seed, _SHUFFLE, epoch])
        parts = [(self.simulated, self.drawing.distortion)]
        parts += [(self.real, self.drawing.real_distortion)] * (self.drawing.real_repeats if len(self.real) else 0)
        x = np.concatenate([distortion.apply(part.x_raw, rng) for part, distortion in parts])
        order = rng.permutation(len(x))
        return x[order], np.concatenate([part.targets() for part, _ in parts])[order]

    def watched(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs, undistorted, and targets of the tracks that are only looked at."""
        return (self.kept.x_raw / NODE_ONE).astype(np.float32), self.kept.targets()
