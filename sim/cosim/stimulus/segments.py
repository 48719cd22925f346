"""Track segments for the verification of the 2D finder: tracks, bundles of tracks, every filling of the plane, extremes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trigger.cdc.hough import HoughPlane
from trigger.geometry.cdc import FIRST_PRIORITY, N_SEGMENTS, PRIORITY_SHIFT_HALF_CELLS, superlayers

MAX_TRACKS = 6
HIT_PROBABILITY = 0.93
FIRST_PROBABILITY = 0.6
"""Part of the segments with a hit on the first-priority wire (our choice)."""
NEIGHBOUR_PROBABILITY = 0.15
MAX_BACKGROUND = 80
MAX_FILLING = 0.3
"""Part of all segments with a hit: random hits make most tracks there (our choice to go to the worst case)."""
BUNDLE_HALF_CELLS = 8


@dataclass(frozen=True, kw_only=True)
class SegmentEvents:
    """Track segments of events as the 2D finder takes them: CSR offsets, ids, priorities."""

    offsets: np.ndarray
    ts_id: np.ndarray
    priority: np.ndarray


def segment_events(rng: np.random.Generator, n_events: int, plane: HoughPlane) -> SegmentEvents:
    """Events of all kinds, shuffled: half with tracks on background, a quarter bundles, a sixth filled, the rest extremes."""
    kind = rng.integers(0, 12, n_events)
    parts = [
        _tracks(rng, np.flatnonzero(kind < 6), plane, bundled=False),
        _tracks(rng, np.flatnonzero((kind >= 6) & (kind < 9)), plane, bundled=True),
        _background(rng, np.flatnonzero(kind < 9)),
        _filled(rng, np.flatnonzero((kind >= 9) & (kind < 11))),
        _extremes(rng, np.flatnonzero(kind == 11)),
    ]
    event, ts_id, priority = (np.concatenate([part[k] for part in parts]) for k in range(3))
    order = np.lexsort((rng.random(len(event)), event))
    offsets = np.searchsorted(event[order], np.arange(n_events + 1))
    return SegmentEvents(offsets=offsets, ts_id=ts_id[order].astype(np.int16), priority=priority[order].astype(np.int8))


Hits = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Event, segment id and priority of each hit."""


def _priority(rng: np.random.Generator, n_hits: int) -> np.ndarray:
    return np.where(rng.random(n_hits) < FIRST_PROBABILITY, FIRST_PRIORITY, rng.integers(1, FIRST_PRIORITY, n_hits))


def _tracks(rng: np.random.Generator, events: np.ndarray, plane: HoughPlane, *, bundled: bool) -> Hits:
    """Axial segments of circles, a third of them exactly on the half-cell grid; bundled: all of an event close together."""
    n_tracks = rng.integers(0, MAX_TRACKS + 1, len(events))
    event = np.repeat(events, n_tracks)
    phi, omega = rng.uniform(0, 2 * plane.n_phi, len(event)), rng.uniform(-plane.n_omega, plane.n_omega, len(event))
    if bundled:
        first = np.repeat(np.cumsum(n_tracks) - n_tracks, n_tracks)
        phi, omega = (a[first] + rng.uniform(-1, 1, len(event)) * BUNDLE_HALF_CELLS for a in (phi, omega))
    on_grid = rng.random(len(event)) < 1 / 3
    phi, omega = (np.where(on_grid, np.rint(a), a) for a in (phi, omega))
    lines = superlayers()
    axial = np.flatnonzero(lines.axial)
    priority = _priority(rng, len(event) * len(axial)).reshape(len(event), len(axial))
    radius = lines.radius_cm[axial, (priority != FIRST_PRIORITY).astype(int)]
    sine = np.clip(radius * (plane.omega_per_cm(omega) / 2)[:, None], -1, 1)
    azimuth = plane.phi0_rad(phi)[:, None] - np.arcsin(sine)
    count = lines.n_segments[axial]
    shift = np.array(PRIORITY_SHIFT_HALF_CELLS)[priority] / 2
    inside = np.rint(azimuth * count / (2 * np.pi) - shift).astype(np.int64) % count
    kept = rng.random(inside.shape) < HIT_PROBABILITY
    hits = (np.repeat(event[:, None], len(axial), axis=1)[kept], (inside + lines.offset[axial])[kept], priority[kept])
    return _with_neighbours(rng, hits)


def _with_neighbours(rng: np.random.Generator, hits: Hits) -> Hits:
    """The hits, for some of them the segment beside, for some the same segment again with another priority."""
    event, ts_id, _ = hits
    chosen = rng.random(len(event)) < NEIGHBOUR_PROBABILITY
    beside = np.clip(ts_id[chosen] + rng.integers(-1, 2, np.count_nonzero(chosen)), 0, N_SEGMENTS - 1)
    more = (event[chosen], beside, _priority(rng, len(beside)))
    event, ts_id, priority = (np.concatenate(pair) for pair in zip(hits, more, strict=True))
    return event, ts_id, priority


def _background(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """Segments anywhere, stereo ones too."""
    event = np.repeat(events, rng.integers(0, MAX_BACKGROUND + 1, len(events)))
    return event, rng.integers(0, N_SEGMENTS, len(event)), _priority(rng, len(event))


def _filled(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """Every segment with the same probability, from none to MAX_FILLING."""
    place, ts_id = np.nonzero(rng.random((len(events), N_SEGMENTS)) < rng.uniform(0, MAX_FILLING, (len(events), 1)))
    return events[place], ts_id, _priority(rng, len(ts_id))


def _extremes(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """Each superlayer empty, complete, or complete from one segment to another."""
    lines = superlayers()
    first, last = np.sort(rng.integers(0, lines.n_segments + 1, (2, len(events), len(lines.n_segments))), axis=0)
    kind = rng.integers(0, 3, first.shape)
    first = np.where(kind == 2, first, 0)
    last = np.where(kind == 0, 0, np.where(kind == 1, lines.n_segments, last))
    inside = np.arange(N_SEGMENTS) - lines.offset[lines.of_segment]
    hit = (inside >= first[:, lines.of_segment]) & (inside < last[:, lines.of_segment])
    place, ts_id = np.nonzero(hit)
    return events[place], ts_id, _priority(rng, len(ts_id))
