"""The five classic networks as one: each track is answered by the expert for its missing stereo superlayer.

Ref: basf2 trg/cdc CDCTriggerNeuroModule.cc (read in public source) [SIM].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.neuro.inputs import EXPERT_MISSING
from trigger.cdc.neuro.mlp import N_OUTPUTS, ClassicMlp
from trigger.errors import InputError


@dataclass(frozen=True, eq=False)
class ClassicExperts:
    """One classic network per expert, in the order of EXPERT_MISSING. InputError if there are not five networks."""

    experts: Sequence[ClassicMlp]

    def __post_init__(self) -> None:
        if len(self.experts) != len(EXPERT_MISSING):
            msg = f"experts must be {len(EXPERT_MISSING)} networks, not {len(self.experts)}"
            raise InputError(msg)
        object.__setattr__(self, "experts", tuple(self.experts))

    def answer(self, x_raw: ArrayLike, expert: ArrayLike) -> NDArray[np.int16]:
        """Return z and theta, int16 (n, 2) with 12 fraction bits, -4096..4096.

        x_raw: integers (n, 27) in -4096..4096. expert: integers (n,), 0..4, -1 = none: both answers are 0. InputError for others.
        """
        x, chosen = np.asarray(x_raw), checked_experts(expert, len(np.asarray(x_raw)))
        answers = np.zeros((len(x), N_OUTPUTS), np.int16)
        for number, network in enumerate(self.experts):
            rows = chosen == number
            answers[rows] = network.run(x[rows])
        return answers


def checked_experts(expert: ArrayLike, n: int) -> NDArray[np.integer]:
    """The experts of n tracks; InputError names the first that is not -1..4."""
    array = np.asarray(expert)
    array = array.astype(np.int8) if array.size == 0 else array
    if array.shape != (n,) or array.dtype.kind not in "iu":
        msg = f"expert must be {n} integers, one per track, not {array.dtype} of shape {array.shape}"
        raise InputError(msg)
    bad = (array < -1) | (array >= len(EXPERT_MISSING))
    if bad.any():
        msg = f"expert must be -1..{len(EXPERT_MISSING) - 1}, not {array[bad.argmax()]} (track {bad.argmax()})"
        raise InputError(msg)
    return array
