"""The whole track trigger behind the segment finder: track segments in, tracks with z, decisions and counts out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.hough.finder import HoughFinder, HoughTracks
from trigger.cdc.neuro.inputs import NeuroInputs
from trigger.cdc.neuro.trigger import NeuroNetwork, NeuroTracks, NeuroTrigger
from trigger.cdc.single_track import SingleTracks, SingleTrackTrigger
from trigger.geometry.cdc import superlayers

_OF_FINDER = ("track_offsets", "track_phi_raw", "track_omega_raw", "track_clock")
_OF_NETWORK = ("track_expert", "track_z_raw", "track_theta_raw")


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackDecision:
    """Tracks of n events, m in all, as the three stages made them.

    tracks: from the 2D finder. neuro: z and theta, with the inputs. single: momentum, decisions, counts.
    """

    tracks: HoughTracks
    neuro: NeuroTracks
    single: SingleTracks

    @property
    def track_ts(self) -> NDArray[np.int16]:
        """Segments (m, 9), -1 = none: axial ones of the 2D finder, stereo ones that the network saw."""
        return np.where(superlayers().axial, self.tracks.track_ts, self.neuro.vectors.track_ts)

    def arrays(self) -> dict[str, NDArray]:
        """The event-file fields; `track_class_raw` is among them if the network gives a class."""
        found = {name: getattr(self.tracks, name) for name in _OF_FINDER} | {"track_ts": self.track_ts}
        answered = {name: getattr(self.neuro, name) for name in _OF_NETWORK}
        if self.neuro.track_class_raw is not None:
            answered["track_class_raw"] = self.neuro.track_class_raw
        return found | answered | self.single.arrays()


def _default_network() -> NeuroNetwork:
    from trigger.networks import DEFAULT_NETWORK, load_network  # here: files of networks know the blocks that they are for

    return load_network(DEFAULT_NETWORK).network


@dataclass(frozen=True, kw_only=True)
class TrackTrigger:
    """2D finder, neuro trigger and single-track trigger in a row. Defaults: the experiment's settings, the default network.

    neuro_clocks: data clocks of a frame whose tracks the neuro trigger answers, as `NeuroTrigger.clocks`. ValueError if finder and
    single-track trigger count half cells of different planes.
    """

    network: NeuroNetwork = field(default_factory=_default_network)
    inputs: NeuroInputs = field(default_factory=NeuroInputs)
    finder: HoughFinder = field(default_factory=HoughFinder)
    single_track: SingleTrackTrigger = field(default_factory=SingleTrackTrigger)
    neuro_clocks: int | None = None

    def __post_init__(self) -> None:
        if self.finder.plane != self.single_track.plane:
            msg = f"finder and single_track must have one plane, not {self.finder.plane} and {self.single_track.plane}"
            raise ValueError(msg)

    def run(
        self,
        offsets: ArrayLike,
        ts_id: ArrayLike,
        priority: ArrayLike,
        lr: ArrayLike,
        time: ArrayLike,
        given_time: ArrayLike | None = None,
    ) -> TrackDecision:
        """Return tracks, network answers and decisions of each event; arguments and errors as for NeuroInputs.run.

        The y and single-track decisions cut on z, as in the firmware, also with a network that gives a class.
        """
        tracks = self.finder.run(offsets, ts_id, priority)
        neuro = NeuroTrigger(self.network, self.inputs, self.neuro_clocks).run(
            tracks, offsets, ts_id, priority, lr, time, given_time
        )
        single = self.single_track.run(
            tracks.track_offsets, tracks.track_omega_raw, neuro.track_expert, neuro.track_z_raw, neuro.track_theta_raw
        )
        return TrackDecision(tracks=tracks, neuro=neuro, single=single)
