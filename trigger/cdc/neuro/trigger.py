"""The neuro trigger: networks on the inputs of the 2D tracks, z and theta out.

Ref: basf2 trg/cdc CDCTriggerNeuroModule.cc (read in public source) [SIM].
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.hough.finder import HoughTracks
from trigger.cdc.neuro.inputs import NeuroInputs, NeuroVectors
from trigger.cdc.neuro.mlp import N_OUTPUTS


class NeuroNetwork(Protocol):
    """What the neuro trigger asks of a network: ClassicExperts and CodesignNetwork give it."""

    def answer(self, x_raw: ArrayLike, expert: ArrayLike) -> NDArray[np.int16]:
        """z, theta and, from some networks, a class of origin: int16 (n, 2) or (n, 3), 12 fraction bits; 0 for expert -1.

        x_raw: input vectors (n, 27), NODE format. expert: (n,), 0..4, -1 = none.
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuroTracks:
    """Answers of the network for m tracks.

    Attributes:
        vectors: what the network saw.
        track_z_raw, track_theta_raw: int16 (m,), 12 fraction bits, -4096..4096; 0 for a track without an expert.
        track_class_raw: the same for the class of origin; None from a network that has none.
    """

    vectors: NeuroVectors
    track_z_raw: NDArray[np.int16]
    track_theta_raw: NDArray[np.int16]
    track_class_raw: NDArray[np.int16] | None

    @property
    def track_expert(self) -> NDArray[np.int8]:
        """Expert of each track (m,), -1 = none: the track has no z."""
        return self.vectors.track_expert


@dataclass(frozen=True, eq=False)
class NeuroTrigger:
    """Input stage and network. clocks: data clocks of a frame whose tracks are answered, from the first; None: all.

    The hardware answers one track per quadrant and data clock, hence those of the first data clock [DERIVED]; a track of a later
    one has no expert. ValueError unless clocks is positive.
    """

    network: NeuroNetwork
    inputs: NeuroInputs = field(default_factory=NeuroInputs)
    clocks: int | None = None

    def __post_init__(self) -> None:
        if self.clocks is not None and self.clocks < 1:
            msg = f"clocks must be at least 1, not {self.clocks}"
            raise ValueError(msg)

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
        if self.clocks is not None:
            vectors = vectors.only(tracks.track_clock < self.clocks)
        answers = self.network.answer(vectors.x_raw, vectors.track_expert)
        return NeuroTracks(
            vectors=vectors,
            track_z_raw=answers[:, 0].copy(),
            track_theta_raw=answers[:, 1].copy(),
            track_class_raw=answers[:, N_OUTPUTS].copy() if answers.shape[1] > N_OUTPUTS else None,
        )
