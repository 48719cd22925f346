"""The neuro trigger: five expert networks on the inputs of the 2D tracks, z and theta out.

Ref: basf2 trg/cdc CDCTriggerNeuroModule.cc (read in public source) [SIM].
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.hough.finder import HoughTracks
from trigger.cdc.neuro.inputs import EXPERT_MISSING, NeuroInputs, NeuroVectors
from trigger.cdc.neuro.mlp import ClassicMlp
from trigger.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuroTracks:
    """Answers of the networks for m tracks.

    Attributes:
        vectors: what the networks saw.
        track_z_raw, track_theta_raw: int16 (m,), 12 fraction bits, -4096..4096; 0 for a track without an expert.
    """

    vectors: NeuroVectors
    track_z_raw: NDArray[np.int16]
    track_theta_raw: NDArray[np.int16]

    @property
    def track_expert(self) -> NDArray[np.int8]:
        """Network of each track (m,), -1 = none: the track has no z."""
        return self.vectors.track_expert


@dataclass(frozen=True, eq=False)
class NeuroTrigger:
    """Input stage and one network per expert. InputError if there are not five networks."""

    experts: Sequence[ClassicMlp]
    inputs: NeuroInputs = field(default_factory=NeuroInputs)

    def __post_init__(self) -> None:
        if len(self.experts) != len(EXPERT_MISSING):
            msg = f"experts must be {len(EXPERT_MISSING)} networks, not {len(self.experts)}"
            raise InputError(msg)

    def run(
        self,
        tracks: HoughTracks,
        offsets: ArrayLike,
        ts_id: ArrayLike,
        priority: ArrayLike,
        lr: ArrayLike,
        time: ArrayLike,
        given_time: ArrayLike | None = None,
    ) -> NeuroTracks:
        """Return z and theta of 2D tracks; arguments and errors as for NeuroInputs.run."""
        vectors = self.inputs.run(tracks, offsets, ts_id, priority, lr, time, given_time)
        outputs = np.zeros((len(vectors.x_raw), 2), np.int16)
        for expert, network in enumerate(self.experts):
            chosen = vectors.track_expert == expert
            outputs[chosen] = network.run(vectors.x_raw[chosen])
        return NeuroTracks(vectors=vectors, track_z_raw=outputs[:, 0].copy(), track_theta_raw=outputs[:, 1].copy())
