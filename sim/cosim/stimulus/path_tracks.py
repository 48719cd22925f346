"""Frames for the path behind the 2D finder: those of its input stage, and such in which one track at a cut decides a count."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from sim.cosim.stimulus.tracks import TrackEvents, track_events
from trigger.cdc import HoughPlane, NeuroTrigger
from trigger.cdc.hough import HoughTracks
from trigger.cdc.single_track import N_COUNTS
from trigger.cdc.track_counts import FitterCuts

POOL_EVENTS = 8192
"""Frames among which those are looked for: some eighty of them have a track near the cut (our choice)."""
CHOSEN_PROBABILITY = 1 / 6
"""Part of the frames with such a track, and as many with more tracks inside the cut than are told apart."""
MAX_TRACKS = 7
NEAR_RAW = 4
"""So far from the last z that counts a track is near it: a unit more, or one wrong bit of the cut's lowest two, shows there."""
_CSR = ("offsets", "ts_id", "priority", "lr", "time")


def path_events(rng: np.random.Generator, n_events: int, plane: HoughPlane, model: NeuroTrigger, cuts: FitterCuts) -> TrackEvents:
    """Frames of all kinds; a third of them are chosen by the answers of the model, of input stage and network, in turn."""
    windows = model.inputs.windows
    events = track_events(rng, n_events, plane, windows)
    pool = track_events(rng, POOL_EVENTS, plane, windows, max_tracks=MAX_TRACKS)
    neuro = model.run(pool.tracks, *pool.segments)
    event = np.repeat(np.arange(POOL_EVENTS), np.diff(pool.tracks.track_offsets))
    answered, beyond = neuro.track_expert >= 0, np.abs(neuro.track_z_raw.astype(np.int64)) - cuts.z_raw
    n_inside = np.bincount(event[answered & (beyond <= 0)], minlength=POOL_EVENTS)
    n_near = np.bincount(event[answered & (np.abs(beyond) <= NEAR_RAW)], minlength=POOL_EVENTS)
    index, kind = np.arange(n_events), rng.random(n_events)
    for k, chosen in enumerate(((n_near == 1) & (n_inside < N_COUNTS), n_inside > N_COUNTS)):
        places = np.flatnonzero((kind >= k * CHOSEN_PROBABILITY) & (kind < (k + 1) * CHOSEN_PROBABILITY))
        if chosen.any():
            index[places] = n_events + np.resize(rng.permutation(np.flatnonzero(chosen)), len(places))
    return _taken(_joined(events, pool), index)


def _joined(one: TrackEvents, other: TrackEvents) -> TrackEvents:
    """The events of both."""

    def both(first: object, second: object, name: str) -> np.ndarray:
        before, after = getattr(first, name), getattr(second, name)
        return np.concatenate([before, before[-1] + after[1:]] if name.endswith("offsets") else [before, after])

    columns = {name: both(one.tracks, other.tracks, name) for name in _of_tracks()}
    return TrackEvents(**{name: both(one, other, name) for name in _CSR}, tracks=HoughTracks(plane=one.tracks.plane, **columns))


def _taken(events: TrackEvents, index: np.ndarray) -> TrackEvents:
    """These events, in this order."""
    offsets, rows = _rows(events.offsets, index)
    track_offsets, tracks = _rows(events.tracks.track_offsets, index)
    columns = {name: getattr(events.tracks, name)[tracks] for name in _of_tracks()[1:]}
    return TrackEvents(
        offsets=offsets,
        **{name: getattr(events, name)[rows] for name in _CSR[1:]},
        tracks=HoughTracks(plane=events.tracks.plane, track_offsets=track_offsets, **columns),
    )


def _rows(offsets: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(offsets of these events, their rows)."""
    counts = np.diff(offsets)[index]
    ends = np.concatenate([[0], np.cumsum(counts)])
    return ends, np.arange(ends[-1]) + np.repeat(offsets[index] - ends[:-1], counts)


def _of_tracks() -> list[str]:
    """Columns of the tracks, their offsets first."""
    return [field.name for field in fields(HoughTracks) if field.name != "plane"]
