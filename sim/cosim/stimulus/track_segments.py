"""Track segments for the verification of the whole track trigger: those of the 2D finder and those of the input stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.cosim.stimulus.segments import segment_events
from sim.cosim.stimulus.tracks import SPREAD, track_events
from trigger.cdc import HoughPlane, InputWindows
from trigger.cdc.neuro.inputs import SIDE
from trigger.geometry.cdc import N_SEGMENTS

TIES = 4
"""Part of the segments, one in so many, with the earliest time of the event."""


@dataclass(frozen=True, kw_only=True)
class TrackSegments:
    """Ascending segments of events, each at most once: CSR offsets (n + 1,), ids, priorities, left/right, times."""

    offsets: np.ndarray
    ts_id: np.ndarray
    priority: np.ndarray
    lr: np.ndarray
    time: np.ndarray

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.offsets) - 1

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        """Arguments of the model."""
        return self.offsets, self.ts_id, self.priority, self.lr, self.time

    def slice(self, first: int, last: int) -> TrackSegments:
        """The events first .. last - 1."""
        return self.take(np.arange(first, last))

    def take(self, events: np.ndarray) -> TrackSegments:
        """These events, in this order."""
        counts = np.diff(self.offsets)[events]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[events] - offsets[:-1], counts)
        return TrackSegments(offsets=offsets, **{name: getattr(self, name)[rows] for name in ("ts_id", "priority", "lr", "time")})


def track_segments(rng: np.random.Generator, n_events: int, plane: HoughPlane, windows: InputWindows) -> TrackSegments:
    """Events of all kinds, shuffled: half those of the input stage, half those of the 2D finder."""
    n_inputs = n_events // 2
    around = track_events(rng, n_inputs, plane, windows)
    found = _of_finder(rng, n_events - n_inputs, plane)
    columns = {name: np.concatenate([getattr(around, name), getattr(found, name)]) for name in ("ts_id", "priority", "lr", "time")}
    offsets = np.concatenate([around.offsets, around.offsets[-1] + found.offsets[1:]])
    return TrackSegments(offsets=offsets, **columns).take(rng.permutation(n_events))


def _of_finder(rng: np.random.Generator, n_events: int, plane: HoughPlane) -> TrackSegments:
    """The 2D finder's segments with sides and times; of several hits of a segment the first one stays."""
    events = segment_events(rng, n_events, plane)
    event = np.repeat(np.arange(n_events), np.diff(events.offsets))
    keys, place = np.unique(event * N_SEGMENTS + events.ts_id, return_index=True)
    later = rng.integers(0, SPREAD, len(keys)) * (rng.integers(0, TIES, len(keys)) > 0)
    return TrackSegments(
        offsets=np.searchsorted(keys, np.arange(n_events + 1) * N_SEGMENTS),
        ts_id=(keys % N_SEGMENTS).astype(np.int16),
        priority=events.priority[place],
        lr=rng.integers(0, len(SIDE), len(keys)).astype(np.int8),
        time=(rng.integers(-SPREAD, SPREAD, n_events)[event[place]] + later).astype(np.int16),
    )
