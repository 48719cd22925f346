"""Hits of the sense wires from particles: the door of the drift-chamber model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.detector.cdc.cells import Hits, first_of, room_for
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.drift import drift_time_ns
from sim.detector.cdc.geometry import WINDOW_NS, wires
from sim.detector.cdc.overlay import WireHits
from sim.detector.cdc.tracks import MAX_LEGS, trace
from sim.detector.ecl.flight import Flight, flight_of
from sim.detector.ecl.species import charges, kinds
from sim.generators.particles import Particles
from trigger.errors import InputError
from trigger.geometry.cdc import N_WIRES, TICKS_PER_CLOCK, TIME_NS

UNKNOWN, RIGHT, LEFT = 0, 1, 2
"""Truth of a hit: background; a track at smaller, at larger azimuth than the wire."""
_CHUNK = 4096
"""Particles that are traced together. Our choice: their hits stay in a few MB; part of what a seed means."""
_CHUNK_EVENTS = 4096
"""Events whose hits are sorted together. Our choice: at the highest background they take 0.2 GB; part of what a seed means."""
_NUMBERS = ("px", "py", "pz", "vx", "vy", "vz", "t")
_TIME_BITS, _SIDE_BITS = 16, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class TrueWireHits:
    """Hits of n events, by event, wire and time.

    Attributes:
        offsets: int64 (n + 1,).
        wire_id: int16, layer by layer. time_raw: int16, units of 1.965 ns from the nominal event time, cut to the unit below.
        side: int8, UNKNOWN, RIGHT or LEFT.
    """

    offsets: np.ndarray
    wire_id: np.ndarray
    time_raw: np.ndarray
    side: np.ndarray


def respond_cdc(
    particles: Particles, rng: np.random.Generator, config: CdcResponse, background_hits: WireHits | None = None
) -> dict[str, np.ndarray]:
    """Event-file fields of the drift chamber: `wire_offsets`, `wire_id`, `wire_time`.

    Hits are ordered by wire and time. background_hits: a user's own hits, one random event of them over every event, on top of
    `config.background`. Tracks and both backgrounds have streams of their own, spawned from `rng`: the same tracks come with any
    background. InputError for non-finite numbers and for particles that the generator must decay. No events: empty arrays.
    """
    hits = simulate(particles, rng, config, background_hits)
    return {"wire_offsets": hits.offsets, "wire_id": hits.wire_id, "wire_time": hits.time_raw}


def simulate(
    particles: Particles, rng: np.random.Generator, config: CdcResponse, background_hits: WireHits | None = None
) -> TrueWireHits:
    """The hits with their truth; arguments and errors as for `respond_cdc`."""
    _check(particles)
    streams = rng.spawn(3)
    parts = [
        _simulate(particles.select(events), streams, config, background_hits)
        for events in np.split(np.arange(particles.n_events), range(_CHUNK_EVENTS, particles.n_events, _CHUNK_EVENTS))
    ]
    starts = np.cumsum([0, *(part.offsets[-1] for part in parts)])
    shifted = (part.offsets[1:] + start for part, start in zip(parts, starts, strict=False))
    return TrueWireHits(
        offsets=np.concatenate([np.zeros(1, np.int64), *shifted]),
        wire_id=np.concatenate([part.wire_id for part in parts]),
        time_raw=np.concatenate([part.time_raw for part in parts]),
        side=np.concatenate([part.side for part in parts]),
    )


def _simulate(
    particles: Particles, streams: list[np.random.Generator], config: CdcResponse, background_hits: WireHits | None
) -> TrueWireHits:
    track_rng, background_rng, overlay_rng = streams
    n_events = particles.n_events
    event, wire, time_ns = config.background.draw(n_events, background_rng)
    keys = [*_signal_keys(particles, track_rng, config), _keys(event, wire, _raw(time_ns), UNKNOWN)]
    if background_hits is not None:
        event, wire, time_raw = background_hits.draw(n_events, overlay_rng)
        keys.append(_keys(event, wire, time_raw, UNKNOWN))
    return _collect(np.concatenate(keys), n_events, config)


def _check(particles: Particles) -> None:
    for name in _NUMBERS:
        values = getattr(particles, name)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(bad.argmax())
            event = int(np.searchsorted(particles.offsets, row, side="right")) - 1
            raise InputError(f"particles: field {name}, event {event}: must be finite, not {values[row]}")
    kinds(particles.pdg, particles.offsets)


def _signal_keys(particles: Particles, rng: np.random.Generator, config: CdcResponse) -> list[np.ndarray]:
    """Keys of the hits of charged particles, chunk by chunk."""
    charged = np.flatnonzero(charges(particles.pdg))
    event = particles.event_index()
    shift_ns = config.event_time_sigma_ns * rng.standard_normal(particles.n_events)
    room = room_for(min(_CHUNK, charged.size))
    keys = []
    for first in range(0, charged.size, _CHUNK):
        rows = charged[first : first + _CHUNK]
        hits = _crossed(flight_of(particles, rows), rng, config, room)
        of_event = event[rows[hits.row]]
        time_ns = hits.time_ns + shift_ns[of_event] + _drift_ns(hits, rng, config)
        low, high = WINDOW_NS[hits.layer].T
        seen = rng.random(hits.row.size) < 1 - (1 - config.efficiency) ** hits.path
        seen &= (time_ns >= low) & (time_ns < high)
        keys.append(_keys(of_event[seen], hits.wire[seen], _raw(time_ns[seen]), np.where(hits.left[seen], LEFT, RIGHT)))
    return keys


def _crossed(flight: Flight, rng: np.random.Generator, config: CdcResponse, room: Hits) -> Hits:
    normals = rng.standard_normal((flight.row.size, MAX_LEGS, 2))
    count = trace(
        wires(config.shorten_wires), flight.start, flight.direction, flight.turn, flight.kinetic_gev, flight.mass_gev,
        flight.time_ns, normals, config.material_x0, config.energy_loss_gev, config.propagation_cm_per_ns, room,
    )  # fmt: skip
    return first_of(room, count)


def _drift_ns(hits: Hits, rng: np.random.Generator, config: CdcResponse) -> np.ndarray:
    measured_cm = np.abs(hits.distance_cm + config.resolution_cm * rng.standard_normal(hits.row.size))
    return drift_time_ns(measured_cm, cm_per_ns=config.drift_cm_per_ns, ns_per_cm3=config.drift_ns_per_cm3)


def _raw(time_ns: np.ndarray) -> np.ndarray:
    return np.floor(time_ns / TIME_NS).astype(np.int64)


def _keys(event: np.ndarray, wire: np.ndarray, time_raw: np.ndarray, side: np.ndarray | int) -> np.ndarray:
    """One sortable integer per hit: event, wire, time, side."""
    place = event.astype(np.int64) * N_WIRES + wire
    return (((place << _TIME_BITS) + time_raw + (1 << (_TIME_BITS - 1))) << _SIDE_BITS) | side


def _collect(keys: np.ndarray, n_events: int, config: CdcResponse) -> TrueWireHits:
    """Hits in order, without those of dead wires and later ones of a data clock."""
    keys = np.sort(keys)
    clock = keys >> (_SIDE_BITS + int(TICKS_PER_CLOCK).bit_length() - 1)
    keys = keys[np.diff(clock, prepend=-1) != 0]
    place = keys >> (_SIDE_BITS + _TIME_BITS)
    event, wire = np.divmod(place, N_WIRES)
    if config.mask.dead_wires.any():
        alive = ~config.mask.dead_wires[wire]
        keys, event, wire = keys[alive], event[alive], wire[alive]
    time_raw = ((keys >> _SIDE_BITS) & ((1 << _TIME_BITS) - 1)) - (1 << (_TIME_BITS - 1))
    return TrueWireHits(
        offsets=np.searchsorted(event, np.arange(n_events + 1)).astype(np.int64),
        wire_id=wire.astype(np.int16),
        time_raw=time_raw.astype(np.int16),
        side=(keys & ((1 << _SIDE_BITS) - 1)).astype(np.int8),
    )
