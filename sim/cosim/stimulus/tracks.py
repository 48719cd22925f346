"""2D tracks with segments around them for the verification of the neuro trigger's input stage.

Physics from the drift chamber, tracks anywhere on the half-cell grid with segments on both sides of every window's edges, and
superlayers filled to the last segment; drift times at both ends of their range and beyond, and ties with any drift time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.generators.guns import ParticleGun
from trigger.cdc import HoughFinder, HoughPlane, InputWindows, SegmentFinder
from trigger.cdc.hough import HoughTracks
from trigger.cdc.neuro.inputs import SIDE, TIME_MAX_LOG2
from trigger.cdc.neuro.kernels import NO_TIME
from trigger.geometry.cdc import FIRST_PRIORITY, N_SEGMENTS, N_SUPERLAYERS, superlayers

PHYSICS, AROUND, FILLED = range(3)
KIND_SHARES = (1 / 16, 14 / 16, 1 / 16)
TRACKS_PER_GUN_EVENT = 2
BACKGROUND = WireBackground(preset=WirePreset.NOMINAL)
MAX_TRACKS = 4
OWN_PROBABILITY = 0.85
EMPTY_PROBABILITY = 0.15
"""Part of the stereo superlayers without a segment around the track: experts do without one, or have none at all."""
MAX_AROUND = 6
DENSE, DENSE_PROBABILITY = 30, 0.2
"""Segments drawn around some of the tracks in each stereo superlayer: nearly all that the windows hold (our choice)."""
MARGIN_CELLS = 2
"""Segments are drawn so far beyond the windows."""
LATE_PROBABILITY = 0.05
TIED_PROBABILITY = 0.3
"""Part of the events whose segments are all equal in what decides, or nearly so: of equal ones the order decides (our choice)."""
TIED_TIMES = 2
"""Drift times of the segments of a superlayer in such an event, at most."""
START_PROBABILITY, KNOWN_PROBABILITY = 7 / 8, 3 / 4
"""Of the tied ones: axial segments at the start of their event, and superlayers whose segments all have a side (our choice)."""
SPREAD = 300
"""Times after the event's own, in time units: longer than the range of drift times."""
EDGES = (-1, 0, 1, (1 << TIME_MAX_LOG2) - 1, 1 << TIME_MAX_LOG2, (1 << TIME_MAX_LOG2) + 1)
EXTREMES = (np.iinfo(np.int16).min, np.iinfo(np.int16).max, NO_TIME - 1, NO_TIME, NO_TIME + 1)


@dataclass(frozen=True, kw_only=True)
class TrackEvents:
    """Events of ascending segments, each at most once, with their 2D tracks."""

    offsets: np.ndarray
    ts_id: np.ndarray
    priority: np.ndarray
    lr: np.ndarray
    time: np.ndarray
    tracks: HoughTracks

    @property
    def segments(self) -> tuple[np.ndarray, ...]:
        """Arguments of the model."""
        return self.offsets, self.ts_id, self.priority, self.lr, self.time


@dataclass(frozen=True, kw_only=True)
class _Tracks:
    """Tracks before their segments have places: event, grid values, segment ids (n, 9)."""

    event: np.ndarray
    phi_raw: np.ndarray
    omega_raw: np.ndarray
    ts: np.ndarray


Hits = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Event, segment id, priority, left/right and time of each hit."""


def track_events(
    rng: np.random.Generator, n_events: int, plane: HoughPlane, windows: InputWindows, *, max_tracks: int = MAX_TRACKS
) -> TrackEvents:
    """Events of all kinds, shuffled; of several hits of a segment the first one stays. max_tracks: on the grid, per event."""
    kind = rng.choice(len(KIND_SHARES), n_events, p=KIND_SHARES)
    own, physics = _physics(rng, np.flatnonzero(kind == PHYSICS), plane)
    tracks, around = _around(rng, np.flatnonzero(kind != PHYSICS), plane, windows, max_tracks)
    filled = _filled(rng, np.flatnonzero(kind == FILLED))
    event, ts_id, *rest = (np.concatenate(columns) for columns in zip(physics, around, filled, strict=True))
    keys, place = np.unique(event * N_SEGMENTS + ts_id, return_index=True)
    offsets = np.searchsorted(keys, np.arange(n_events + 1) * N_SEGMENTS)
    priority, lr, time = (column[place] for column in rest)
    merged = _Tracks(**{name: np.concatenate([getattr(one, name) for one in (own, tracks)]) for name in vars(own)})
    return TrackEvents(
        offsets=offsets,
        ts_id=(keys % N_SEGMENTS).astype(np.int16),
        priority=priority.astype(np.int8),
        lr=lr.astype(np.int8),
        time=np.clip(time, EXTREMES[0], EXTREMES[1]).astype(np.int16),
        tracks=_found(merged, plane, keys, offsets),
    )


def _found(tracks: _Tracks, plane: HoughPlane, keys: np.ndarray, offsets: np.ndarray) -> HoughTracks:
    """The tracks as the finder would give them; keys: event and id of every segment, in order."""
    order = np.argsort(tracks.event, kind="stable")
    event, ts = tracks.event[order], tracks.ts[order]
    place = np.searchsorted(keys, event[:, None] * N_SEGMENTS + ts) - offsets[event][:, None]
    return HoughTracks(
        plane=plane,
        track_offsets=np.searchsorted(event, np.arange(len(offsets))),
        track_phi_raw=tracks.phi_raw[order].astype(np.int16),
        track_omega_raw=tracks.omega_raw[order].astype(np.int8),
        track_ts=ts.astype(np.int16),
        track_hit=np.where(ts < 0, -1, place).astype(np.int32),
        track_clock=np.zeros(len(event), np.uint8),
    )


def _physics(rng: np.random.Generator, events: np.ndarray, plane: HoughPlane) -> tuple[_Tracks, Hits]:
    """What segment finder and 2D finder make of muons along the beam line, with background hits."""
    gun = ParticleGun(z_cm=(-100.0, 100.0))
    single = gun.generate(TRACKS_PER_GUN_EVENT * len(events), rng)
    offsets = TRACKS_PER_GUN_EVENT * np.arange(len(events) + 1)
    wires = simulate(replace(single, offsets=offsets, weight=np.ones(len(events))), rng, CdcResponse(background=BACKGROUND))
    segments = SegmentFinder().run(wires.offsets, wires.wire_id, wires.time_raw)
    found = HoughFinder(plane=plane).run(segments.cdc_offsets, segments.cdc_ts_id, segments.cdc_priority)
    tracks = _Tracks(
        event=np.repeat(events, np.diff(found.track_offsets)),
        phi_raw=found.track_phi_raw.astype(np.int64),
        omega_raw=found.track_omega_raw.astype(np.int64),
        ts=found.track_ts.astype(np.int64),
    )
    event = np.repeat(events, np.diff(segments.cdc_offsets))
    priority, lr, time = (column.astype(np.int64) for column in (segments.cdc_priority, segments.cdc_lr, segments.cdc_time))
    return tracks, (event, segments.cdc_ts_id.astype(np.int64), priority, lr, time)


def _around(
    rng: np.random.Generator, events: np.ndarray, plane: HoughPlane, windows: InputWindows, max_tracks: int
) -> tuple[_Tracks, Hits]:
    """Tracks on the grid with segments inside and just outside their windows."""
    event = np.repeat(events, rng.integers(0, max_tracks + 1, len(events)))
    phi, omega = rng.integers(0, 2 * plane.n_phi, len(event)), rng.integers(1 - plane.n_omega, plane.n_omega, len(event))
    lines = superlayers()
    sine = np.clip(lines.radius_cm[:, 0] * (plane.omega_per_cm(omega) / 2)[:, None], -1, 1)
    reference = (plane.phi0_rad(phi)[:, None] - np.arcsin(sine)) * lines.n_segments / (2 * np.pi)
    low, high = (np.array(bound) for bound in zip(*windows.bounds, strict=True))
    low, high = np.floor(low).astype(int) - MARGIN_CELLS, np.ceil(high).astype(int) + MARGIN_CELLS
    count = np.where(
        lines.axial,
        rng.random(reference.shape) < OWN_PROBABILITY,
        np.where(rng.random((len(event), 1)) < DENSE_PROBABILITY, DENSE, rng.integers(1, MAX_AROUND + 1, reference.shape))
        * (rng.random(reference.shape) >= EMPTY_PROBABILITY),
    )
    track, superlayer = (np.repeat(index.ravel(), count.ravel()) for index in np.indices(reference.shape))
    cells = np.floor(reference[track, superlayer]).astype(int) + rng.integers(low[superlayer], high[superlayer] + 1)
    ts_id = cells % lines.n_segments[superlayer] + lines.offset[superlayer]
    own = np.full(reference.shape, -1)
    is_own = lines.axial[superlayer]
    own[track[is_own], superlayer[is_own]] = ts_id[is_own]
    hits = _decorated(rng, event[track], ts_id, events)
    return _Tracks(event=event, phi_raw=phi, omega_raw=omega, ts=own), hits


def _filled(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """Every segment of each superlayer with the same probability, up to all of them."""
    share = rng.uniform(0, 1, (len(events), N_SUPERLAYERS)) ** 2
    share[rng.random(share.shape) < 1 / N_SUPERLAYERS] = 1
    place, ts_id = np.nonzero(rng.random((len(events), N_SEGMENTS)) < share[:, superlayers().of_segment])
    return _decorated(rng, events[place], ts_id, events)


def _decorated(rng: np.random.Generator, event: np.ndarray, ts_id: np.ndarray, events: np.ndarray) -> Hits:
    """Hits with priorities, sides and times that make ties and reach the ends of every range."""
    n_hits = len(event)
    start = rng.integers(-SPREAD, SPREAD, int(events.max(initial=0)) + 1)
    late = rng.random(len(start)) < LATE_PROBABILITY
    start[late] = NO_TIME - rng.integers(-2, SPREAD, np.count_nonzero(late))
    few = rng.integers(0, 2, n_hits)
    time = np.choose(
        rng.integers(0, 4, n_hits),
        [rng.integers(0, SPREAD, n_hits), rng.choice(EDGES, n_hits), few, few],
    ) + start[event]  # fmt: skip
    time = np.where(rng.random(n_hits) < 1 / 64, rng.choice(EXTREMES, n_hits), time)
    lr = rng.integers(0, len(SIDE), n_hits)
    is_tied = (rng.random(len(start)) < TIED_PROBABILITY)[event]
    superlayer = superlayers().of_segment[ts_id]
    tied_time, tied_lr = _tied(rng, event, superlayer, len(start))
    time, lr = np.where(is_tied, start[event] + tied_time, time), np.where(is_tied, tied_lr, lr)
    return event, ts_id, rng.integers(1, FIRST_PRIORITY + 1, n_hits), lr, time


def _tied(rng: np.random.Generator, event: np.ndarray, superlayer: np.ndarray, n_events: int) -> tuple[np.ndarray, np.ndarray]:
    """Drift times and sides of segments that tie: one or two times per superlayer, and all sides known, or none.

    Axial segments set the event time: most come with its start, so that the others keep their drift times.
    """
    times = rng.integers(0, (1 << TIME_MAX_LOG2) + 2, (n_events, N_SUPERLAYERS, TIED_TIMES))
    at_edge = rng.random(times.shape) < 1 / 4
    times[at_edge] = rng.choice(EDGES, np.count_nonzero(at_edge))
    time = times[event, superlayer, rng.integers(0, rng.integers(1, TIED_TIMES + 1, n_events)[event])]
    starts = superlayers().axial[superlayer] & (rng.random(len(event)) < START_PROBABILITY)
    known, unknown = (np.flatnonzero((np.array(SIDE) != 0) == is_known) for is_known in (True, False))
    is_known = (rng.random((n_events, N_SUPERLAYERS)) < KNOWN_PROBABILITY)[event, superlayer]
    return np.where(starts, 0, time), np.where(is_known, rng.choice(known, len(event)), rng.choice(unknown, len(event)))
