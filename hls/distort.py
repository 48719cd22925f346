"""What real inputs suffer and simulation does not give enough of: lost superlayers, foreign segments, unknown sides, late times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.formats import NODE_ONE, RELATIVE_ID
from trigger.cdc.neuro.windows import InputWindows

_N_SUPERLAYERS = 9
_STEREO = np.array([1, 3, 5, 7])


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """Probabilities per superlayer, unless said otherwise. Our choice: compared with the training part of the real tracks.

    no_side: the drift time is 0. late: the drift time is +-1, either sign. foreign: segment id and time are those of another track
    of the same set. no_axial: an axial superlayer is missing. no_stereo: per track with all stereo superlayers, one is missing.
    shift_wires: width of a Gaussian shift of the segment.
    """

    no_side: float = 0.1
    late: float = 0.08
    foreign: float = 0.06
    no_axial: float = 0.15
    no_stereo: float = 0.2
    shift_wires: float = 0.2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                msg = f"Distortion.{name} must be 0..1, not {value}"
                raise ValueError(msg)
        if self.no_side + self.late > 1:
            msg = f"no_side and late must not exceed 1 together, not {self.no_side + self.late}"
            raise ValueError(msg)

    def apply(self, x_raw: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.float32]:
        """Distorted inputs of tracks, float32 (n, 27), -1..1; a superlayer that is missing stays so."""
        x = x_raw.reshape(-1, _N_SUPERLAYERS, 3).astype(np.float32) / NODE_ONE
        n = len(x)
        present = (x_raw.reshape(x.shape) != 0).any(axis=2)
        kind = rng.random((n, _N_SUPERLAYERS), np.float32)
        side = np.where(rng.random((n, _N_SUPERLAYERS), np.float32) < 0.5, np.float32(-1), np.float32(1))
        x[..., 1] = np.where(kind < self.no_side, 0, np.where(kind < self.no_side + self.late, side, x[..., 1]))
        other = rng.permutation(n)
        foreign = (rng.random((n, _N_SUPERLAYERS), np.float32) < self.foreign) & present & present[other]
        x[..., :2] = np.where(foreign[..., None], x[other, :, :2], x[..., :2])
        scale = 2.0 ** (InputWindows().shift + RELATIVE_ID.fraction) / NODE_ONE
        x[..., 0] += (self.shift_wires * scale).astype(np.float32) * rng.standard_normal((n, _N_SUPERLAYERS), np.float32)
        lost = np.zeros((n, _N_SUPERLAYERS), np.bool_)
        lost[:, ::2] = rng.random((n, 5), np.float32) < self.no_axial
        full = np.flatnonzero(present[:, _STEREO].all(axis=1) & (rng.random(n) < self.no_stereo))
        lost[full, rng.choice(_STEREO, len(full))] = True
        x[lost | ~present] = 0
        return np.clip(x, -1, 1).reshape(n, -1).astype(np.float32)
