"""Wire hits for the verification of the segment finders: tracks, segments with ties, any filling of the chamber, extremes.

Times are drawn within a frame that begins at any data clock; one hit in eight comes twice or more.
"""

from __future__ import annotations

import numpy as np

from sim.cosim.segments import Wires, layout
from sim.detector.cdc import CdcResponse, WireBackground, WirePreset, respond_cdc
from sim.generators.guns import ParticleGun
from trigger.cdc.segments.shapes import MAX_BITS, segment_wires, shape_of
from trigger.cdc.segments.word import CLOCK_BITS, TICK_BITS
from trigger.geometry.cdc import N_LAYERS, N_SECTORS, N_SEGMENTS, N_SUPERLAYERS, N_WIRES, layers, superlayers

KINDS = {"tracks": 2, "segments": 5, "filled": 4, "extremes": 1}
"""Events of each kind in twelve (our choice)."""
EARLY_TICKS = 48
"""Wire times of physics events begin this much before the event time (our choice: within the chamber's window)."""
PRESETS = (WirePreset.NONE, WirePreset.NOMINAL, WirePreset.HIGH)
MAX_SEEDS = 80
HIT_PROBABILITIES = (0.6, 0.85, 1.0)
FIRST_PROBABILITY = 0.5
"""Part of the seeds whose first-priority wire may be hit (our choice): the others are decided between the second ones."""
EDGE_PROBABILITY = 0.3
"""Part of the seeds at the beginning or end of a sector, a quarter of them at that of the ring (our choice)."""
SPREAD_TICKS = 3
"""Times of a seed are this close together, so that many are equal (our choice)."""
REPEAT_PROBABILITY = 1 / 8

Hits = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Event, wire and time in the frame of each hit."""


def wire_events(rng: np.random.Generator, n_events: int) -> Wires:
    """Events of all kinds, shuffled. A frame has every time from its first tick to its last."""
    bounds = np.cumsum(list(KINDS.values()))
    kind = np.searchsorted(bounds, rng.integers(0, bounds[-1], n_events), side="right")
    makers = (_tracks, _segments, _filled, _extremes)
    parts = [make(rng, np.flatnonzero(kind == k)) for k, make in enumerate(makers)]
    hits = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    again = np.flatnonzero(rng.random(len(hits[0])) < REPEAT_PROBABILITY)
    repeated = (hits[0][again], hits[1][again], rng.integers(0, _last_tick() + 1, len(again)))
    event, wire, tick = (np.concatenate(columns) for columns in zip(hits, repeated, strict=True))
    order = np.argsort(event, kind="stable")
    event = event[order]
    clock = rng.integers(0, 1 << CLOCK_BITS, n_events)
    return Wires(
        offsets=np.searchsorted(event, np.arange(n_events + 1)),
        wire_id=wire[order].astype(np.int16),
        time=((clock[event] << TICK_BITS) + tick[order]).astype(np.int16),
        clock=clock,
    )


def _last_tick() -> int:
    return (1 << layout().FRAME_TIME_BITS) - 1


def _tracks(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """A muon on background of a guessed level, as the chamber responds; hits outside the frame are left out."""
    parts = []
    for preset, chosen in zip(PRESETS, np.array_split(rng.permutation(events), len(PRESETS)), strict=True):
        particles = ParticleGun(z_cm=(-50.0, 50.0)).generate(len(chosen), rng)
        arrays = respond_cdc(particles, rng, CdcResponse(background=WireBackground(preset=preset)))
        tick = arrays["wire_time"].astype(np.int64) + EARLY_TICKS
        event = chosen[np.repeat(np.arange(len(chosen)), np.diff(arrays["wire_offsets"]))]
        inside = (tick >= 0) & (tick <= _last_tick())
        parts.append((event[inside], arrays["wire_id"][inside].astype(np.int64), tick[inside]))
    event, wire, tick = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return event, wire, tick


def _segments(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """Wires of chosen segments at nearly equal times, many at the edges of sectors, ring and frame."""
    event = np.repeat(events, rng.integers(0, MAX_SEEDS + 1, len(events)))
    seed, rings = rng.integers(0, N_SEGMENTS, len(event)), superlayers()
    superlayer = rings.of_segment[seed].astype(np.int64)
    count = rings.n_segments[superlayer] // N_SECTORS
    sector = np.where(rng.random(len(event)) < 1 / 4, 0, rng.integers(0, N_SECTORS, len(event)))
    at_edge = rings.offset[superlayer] + (sector * count + rng.integers(-2, 2, len(event))) % rings.n_segments[superlayer]
    seed = np.where(rng.random(len(event)) < EDGE_PROBABILITY, at_edge, seed)
    wires = segment_wires()[seed].astype(np.int64)
    hit = (wires >= 0) & (rng.random(wires.shape) < rng.choice(HIT_PROBABILITIES, len(event))[:, None])
    first = np.array([shape_of(s).first for s in range(N_SUPERLAYERS)])[superlayer]
    hit &= (np.arange(MAX_BITS) != first[:, None]) | (rng.random(len(event)) < FIRST_PROBABILITY)[:, None]
    base = np.clip(rng.integers(-SPREAD_TICKS, _last_tick() + SPREAD_TICKS, len(event)), 0, _last_tick() - SPREAD_TICKS)
    tick = base[:, None] + rng.integers(0, SPREAD_TICKS + 1, wires.shape)
    return np.broadcast_to(event[:, None], hit.shape)[hit], wires[hit], tick[hit]


def _filled(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """Every wire with the same probability, from none to all; times anywhere, or of two values, or at both ends of the frame."""
    place, wire = np.nonzero(rng.random((len(events), N_WIRES), dtype=np.float32) < rng.random((len(events), 1)) ** 3)
    anywhere = rng.integers(0, _last_tick() + 1, len(wire))
    base, kind = rng.integers(0, _last_tick(), len(events))[place], rng.integers(0, 3, len(events))[place]
    tick = np.select([kind == 0, kind == 1], [anywhere, base + (anywhere & 1)], np.where(anywhere & 1, _last_tick(), 0))
    return events[place], wire, tick


def _extremes(rng: np.random.Generator, events: np.ndarray) -> Hits:
    """Each superlayer empty, complete, complete without some layers, or complete from one wire to another; equal times."""
    lines = layers()
    shape = (len(events), N_SUPERLAYERS)
    kind = rng.integers(0, 4, shape)[:, lines.superlayer]
    low, high = np.sort(rng.random((2, *shape)), axis=0)[:, :, lines.superlayer]
    is_out = (kind == 0) | ((kind == 2) & (rng.random((len(events), N_LAYERS)) < 1 / 4))
    low, high = np.where(kind == 3, low, 0), np.where(is_out, -1, np.where(kind == 3, high, 1))
    layer = np.repeat(np.arange(N_LAYERS), lines.n_wires)
    share = (np.arange(N_WIRES) - lines.first_wire[layer]) / lines.n_wires[layer]
    place, wire = np.nonzero((share >= low[:, layer]) & (share < high[:, layer]))
    tick = rng.choice([0, 1, _last_tick() - 1, _last_tick()], shape)[place, lines.superlayer[layer[wire]]]
    return events[place], wire, tick
