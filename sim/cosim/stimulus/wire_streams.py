"""Wire hits without end for the verification of the clocked segment finder, and links that lose beats or slip.

Segments stand anywhere in time, many across the edge of two frames or at the edge of the window; they come late, again and again,
on background; times jitter; a link loses single beats, or all of them for a while; resets come in the middle of a data clock.
"""

from __future__ import annotations

import numpy as np

from sim.cosim.segment_stream import Octants, WireStreams, layout, segments_of
from trigger.cdc.segments.shapes import segment_wires, shape_of
from trigger.cdc.segments.stream_kernels import WINDOW_CLOCKS
from trigger.cdc.segments.word import CLOCK_BITS, TICK_BITS
from trigger.geometry.cdc import superlayers

FRAME_CLOCKS = 16
"""Data clocks that count as one event (our choice: those of a frame of the finder without clocks)."""
FRAMES_PER_RUN = 8
SEEDS_PER_FRAME = 6
HIT_PROBABILITIES = (0.6, 0.85, 1.0)
FIRST_PROBABILITY = 0.5
"""Part of the seeds whose first-priority wire may be hit (our choice): the others are decided between the second ones."""
SPREADS = (1, 4, 40, 300)
"""Times of a seed are that close together, in ticks (our choice: in a data clock, or longer than the window)."""
PERIODS = (0, 1, 2, WINDOW_CLOCKS, WINDOW_CLOCKS + 1, WINDOW_CLOCKS + 2)
"""Data clocks after which a seed comes again, 0 = not (our choice)."""
MAX_BACKGROUND = 0.02
"""Hits per wire and data clock (our choice: twice over in every window)."""
JITTER_TICKS = 8
MAX_CUT = 50
"""Cycles by which a reset can come before the end of the last frame (our choice: every sector, and some answers of the frame)."""
MAX_STRAY = 9
LOSSES = (0.0, 0.0, 0.02, 0.3)
MAX_GAP, GAP_PROBABILITY, SLIP_PROBABILITY = 120, 0.005, 0.005


def wire_streams(rng: np.random.Generator, n_frames: int, octants: Octants) -> WireStreams:
    """Runs of up to eight frames, as many as it takes; hits are in no order."""
    n_runs = -(-n_frames // FRAMES_PER_RUN)
    frames = np.full(n_runs, FRAMES_PER_RUN)
    frames[-1] -= n_runs * FRAMES_PER_RUN - n_frames
    parts = [_seeds(rng, frames, octants), _background(rng, frames, octants)]
    run, wire, time = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    jitters = (rng.random(n_runs) < 1 / 3)[run]
    time = time + np.where(jitters, rng.integers(-JITTER_TICKS, JITTER_TICKS + 1, len(time)), 0)
    n_sectors = layout().SECTORS_PER_OCTANT
    n_cycles = n_sectors * FRAME_CLOCKS * frames - np.where(rng.random(n_runs) < 1 / 2, rng.integers(0, MAX_CUT, n_runs), 0)
    kept = (time >= 0) & (time >> TICK_BITS < n_cycles[run] // n_sectors)
    order = np.lexsort((rng.random(np.count_nonzero(kept)), run[kept]))
    run, wire, time = (column[kept][order] for column in (run, wire, time))
    arrives, first, clock = _link(rng, n_runs, n_sectors * FRAME_CLOCKS * FRAMES_PER_RUN)
    return WireStreams(
        offsets=np.searchsorted(run, np.arange(n_runs + 1)),
        wire_id=wire.astype(np.int16),
        time=time,
        n_cycles=n_cycles,
        n_stray=rng.integers(0, MAX_STRAY + 1, n_runs),
        arrives=arrives,
        first=first,
        clock=clock,
    )


Hits = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Run, wire and time of each hit."""


def _seeds(rng: np.random.Generator, frames: np.ndarray, octants: Octants) -> Hits:
    """Wires of segments in and beside the octants; a third of them begin within some ticks of a frame's edge."""
    run = np.repeat(np.arange(len(frames)), rng.integers(0, SEEDS_PER_FRAME + 1, len(frames)) * frames)
    rings = superlayers()
    seed = rng.choice(segments_of(octants), len(run))
    superlayer = rings.of_segment[seed].astype(np.int64)
    beside = (seed - rings.offset[superlayer] + rng.integers(-1, 2, len(run))) % rings.n_segments[superlayer]
    wires = segment_wires()[rings.offset[superlayer] + beside].astype(np.int64)
    hit = (wires >= 0) & (rng.random(wires.shape) < rng.choice(HIT_PROBABILITIES, len(run))[:, None])
    bits = np.array([shape_of(s).first for s in range(len(rings.n_segments))])[superlayer]
    hit &= (np.arange(wires.shape[1]) != bits[:, None]) | (rng.random(len(run)) < FIRST_PROBABILITY)[:, None]

    frame_ticks = FRAME_CLOCKS << TICK_BITS
    spread = rng.choice(SPREADS, len(run))
    at_edge = rng.integers(1, FRAMES_PER_RUN + 1, len(run)) * frame_ticks - rng.integers(0, spread + 1)
    base = np.where(rng.random(len(run)) < 1 / 3, at_edge, rng.integers(0, frames[run] * frame_ticks))
    time = base[:, None] + rng.integers(0, spread[:, None] + 1, wires.shape)
    leaves = rng.random(wires.shape) < 1 / 8
    edge = (base >> TICK_BITS)[:, None] + WINDOW_CLOCKS + rng.integers(0, 2, wires.shape)
    time = np.where(leaves, (edge << TICK_BITS) + rng.choice([0, (1 << TICK_BITS) - 1], wires.shape), time)
    period = rng.choice(PERIODS, len(run))
    again = np.where(period[:, None, None] > 0, np.arange(4), 0) * (period[:, None, None] << TICK_BITS)
    is_new = (np.arange(4) == 0) | (again > 0)
    shape = (*wires.shape, 4)
    chosen = np.broadcast_to(hit[:, :, None] & is_new, shape)
    columns = (run[:, None, None], wires[:, :, None], time[:, :, None] + again)
    run, wire, time = (np.broadcast_to(column, shape)[chosen] for column in columns)
    return run, wire, time


def _background(rng: np.random.Generator, frames: np.ndarray, octants: Octants) -> Hits:
    """Any wire of the octants at any time, in some runs none, in some crowded."""
    near = segment_wires()[segments_of(octants)]
    near = np.unique(near[near >= 0]).astype(np.int64)
    rate = MAX_BACKGROUND * rng.random(len(frames)) ** 3
    run = np.repeat(np.arange(len(frames)), rng.poisson(rate * len(near) * FRAME_CLOCKS * frames))
    return run, rng.choice(near, len(run)), rng.integers(0, (frames[run] * FRAME_CLOCKS) << TICK_BITS)


def _link(rng: np.random.Generator, n_runs: int, n_cycles: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(arrives, first, clock) of every beat; the first beat of a run is always there and right."""
    n_sectors, shape = layout().SECTORS_PER_OCTANT, (n_runs, n_cycles)
    arrives = rng.random(shape) >= rng.choice(LOSSES, n_runs)[:, None]
    has_gaps = (rng.random(n_runs) < 1 / 3)[:, None]
    begins = np.where(has_gaps & (rng.random(shape) < GAP_PROBABILITY), rng.integers(1, MAX_GAP + 1, shape), 0)
    arrives &= np.maximum.accumulate(begins + np.arange(n_cycles), axis=1) <= np.arange(n_cycles)
    first = np.broadcast_to(np.arange(n_cycles) % n_sectors == 0, shape)
    slips = (rng.random(n_runs) < 1 / 4)[:, None] & (rng.random(shape) < SLIP_PROBABILITY)
    clock = rng.integers(0, 1 << CLOCK_BITS, n_runs)[:, None] + np.arange(n_cycles) // n_sectors
    other = (rng.random(n_runs) < 1 / 4)[:, None] & (rng.random(shape) < SLIP_PROBABILITY)
    slips[:, 0] = other[:, 0] = False
    arrives[:, 0] = True
    return arrives, first ^ slips, (clock + np.where(other, rng.integers(1, 1 << CLOCK_BITS, shape), 0)) % (1 << CLOCK_BITS)
