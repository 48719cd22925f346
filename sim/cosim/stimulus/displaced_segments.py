"""Windows of track segments for the displaced-vertex trigger: pairs, background at two levels, crowds, random segments, nothing;
pairs all over the seed grid."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.displaced_fit_windows import Columns
from sim.cosim.stimulus.displaced_grid_pairs import full_segments, pair_segments
from sim.detector.cdc.response import simulate
from sim.detector.whole import Detector
from sim.generators.background_tracks import BackgroundTracks, with_background
from sim.generators.long_lived import LongLivedGun
from sim.generators.muon_pair import MuonPair
from sim.generators.particles import Particles
from trigger.cdc import SegmentFinder
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import FIRST_PRIORITY, N_SEGMENTS, superlayers

BEAM_EVENTS = 1.5
"""Mean number of beam-background events with tracks in a window at the nominal level. Guess (unverified)."""
_FLAT_CM = (0.0, 50.0)
_NAMES = ("cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")


class Kind(IntEnum):
    """What a window is made of."""

    SIGNAL = 0
    PROMPT = 1
    BEAM = 2
    BEAM_X3 = 3
    CROWD = 4
    TRACKS = 5
    RANDOM = 6
    EMPTY = 7
    GRID = 8
    FULL = 9


SHARES = (0.15, 0.05, 0.1, 0.1, 0.05, 0.05, 0.05, 0.02, 0.35, 0.08)
"""Part of the windows of each kind. Our choice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentWindows:
    """Track segments of n windows, CSR, in the order in which those of a superlayer come; columns ts_id, priority, lr, time."""

    offsets: NDArray[np.int64]
    columns: tuple[NDArray[np.int64], ...]

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return len(self.offsets) - 1


def segment_windows(rng: np.random.Generator, n_windows: int) -> SegmentWindows:
    """Windows of every kind in random order."""
    sizes = np.diff(np.round(np.cumsum([0.0, *SHARES]) * n_windows)).astype(np.int64)
    parts = [_made(kind, int(n), rng) for kind, n in zip(Kind, sizes, strict=True)]
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    order = rng.permutation(n_windows)
    offsets = np.concatenate([[0], np.cumsum(counts[order])])
    rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts[order]) + np.repeat(starts[order], counts[order])
    columns = [np.concatenate([part.columns[k] for part in parts]) for k in range(len(_NAMES))]
    return SegmentWindows(offsets=offsets, columns=tuple(column[rows] for column in columns))


def _made(kind: Kind, n: int, rng: np.random.Generator) -> SegmentWindows:
    match kind:
        case Kind.SIGNAL:
            return _detected(LongLivedGun(flat_radius_cm=_FLAT_CM).generate(n, rng), 1.0, rng)
        case Kind.PROMPT:
            return _detected(MuonPair().generate(n, rng), 1.0, rng)
        case Kind.BEAM:
            return _detected(_beam(n, 1.0, rng), 1.0, rng)
        case Kind.BEAM_X3:
            return _detected(_beam(n, 3.0, rng), 3.0, rng)
        case Kind.TRACKS:
            return _detected(_beam(n, 10.0, rng), 0.0, rng)
        case Kind.CROWD:
            return _random(rng.integers(200, 500, n), rng)
        case Kind.RANDOM:
            return _random(rng.integers(1, 60, n), rng)
        case Kind.GRID:
            return _of_columns(pair_segments(rng, n, SeedGrid()), n)
        case Kind.FULL:
            return _of_columns(full_segments(rng, n, SeedGrid()), n)
    return _random(np.zeros(n, np.int64), rng)


def _beam(n: int, scale: float, rng: np.random.Generator) -> Particles:
    """Windows with beam-background events alone."""
    none = MuonPair().generate(0, rng)
    columns = {**vars(none), "offsets": np.zeros(n + 1, np.int64), "weight": np.ones(n)}
    return with_background(type(none)(**columns), BackgroundTracks(), BEAM_EVENTS * scale, rng)


def _detected(particles: Particles, scale: float, rng: np.random.Generator) -> SegmentWindows:
    """Particles through the drift chamber, wires with background hits at a multiple of the nominal level."""
    detector = Detector.at("NOMINAL", scale) if scale else Detector()
    hits = simulate(particles, rng, detector.cdc)
    found = SegmentFinder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays()
    return SegmentWindows(offsets=found["cdc_offsets"], columns=tuple(found[name].astype(np.int64) for name in _NAMES))


def _of_columns(made: Columns, n: int) -> SegmentWindows:
    ids = superlayers().offset[made["superlayer"]].astype(np.int64) + made["number"]
    return SegmentWindows(
        offsets=np.searchsorted(made["window"], np.arange(n + 1)), columns=(ids, made["priority"], made["lr"], made["time"])
    )


def _random(counts: NDArray[np.int64], rng: np.random.Generator) -> SegmentWindows:
    """Any segments with any numbers; the inner superlayers are as full as the others."""
    total, lines = int(counts.sum()), superlayers()
    superlayer = rng.integers(0, len(lines.n_segments), total)
    ids = lines.offset[superlayer].astype(np.int64) + (rng.random(total) * lines.n_segments[superlayer]).astype(np.int64)
    assert total == 0 or ids.max() < N_SEGMENTS
    columns = (ids, rng.integers(1, FIRST_PRIORITY + 1, total), rng.integers(0, 4, total), rng.integers(-100, 400, total))
    return SegmentWindows(offsets=np.concatenate([[0], np.cumsum(counts)]), columns=columns)
