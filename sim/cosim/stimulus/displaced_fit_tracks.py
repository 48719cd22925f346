"""Windows and seeds for the fit of the displaced-vertex trigger: tracks, background, crowded superlayers, ties and random seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.cosim.displaced_fits import SEED_BEATS, Windows
from sim.cosim.stimulus.displaced_fit_windows import drift_time, packed, windows_of
from trigger.cdc.neuro.inputs import SIDE
from trigger.displaced.fit_rows import rows_around, stereo_wires
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import FIRST_PRIORITY, N_SUPERLAYERS, superlayers

TRACKS = 3
"""Tracks of a window; some of them have no segments at all."""
LOST, UNKNOWN, WRONG, SECOND = 0.12, 0.3, 0.05, 0.3
"""Part of the segments of a track that are lost; whose side is not known; is wrong; that have a second-priority wire."""
CROWDED = 0.1
"""Part of the windows in which superlayers are full."""
TIED = 0.1
"""Part of the segments that are there twice."""
_LEFT, _RIGHT, _NONE = SIDE.index(-1), SIDE.index(1), SIDE.index(0)


def track_windows(rng: np.random.Generator, n: int, grid: SeedGrid, n_lanes: int) -> Windows:
    """n windows with SEED_BEATS x n_lanes seeds each: cells of the tracks, cells beside them, and any cells."""
    tracks = _tracks(rng, n * TRACKS, grid)
    own = segments_of(rng, *tracks)
    window = own["track"] // TRACKS
    parts = [{name: own[name] for name in ("superlayer", "number", "priority", "lr", "time")} | {"window": window}]
    twice = rng.random(len(window)) < TIED
    parts += [{name: column[twice] for name, column in parts[0].items()}, _background(rng, n)]
    merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return windows_of(n, packed(merged, rng.random(len(merged["window"]))), _seeds(rng, n, grid, n_lanes, tracks))


def _tracks(rng: np.random.Generator, n: int, grid: SeedGrid) -> tuple[NDArray[np.float64], ...]:
    """Bend, impact, phi, z at path 0, slope, all over the grid and beyond its edges."""
    bend = rng.uniform(-1.05, 1.05, n) * grid.bend_max_per_cm * rng.choice([0.3, 1.0], n)
    impact = rng.uniform(-1.05, 1.05, n) * grid.impact_max_cm * rng.choice([0.3, 1.0], n)
    return bend, impact, rng.uniform(0, 2 * np.pi, n), rng.uniform(-40, 40, n), rng.uniform(-0.8, 1.6, n)


def segments_of(
    rng: np.random.Generator, bend: NDArray, impact: NDArray, phi: NDArray, start: NDArray, slope: NDArray
) -> dict[str, NDArray[np.int64]]:
    """Segments of the tracks, whose azimuths are those of the rows around themselves."""
    lines, rows, wires = superlayers(), rows_around(bend, impact), stereo_wires()
    n, parts = len(bend), []
    for superlayer in range(N_SUPERLAYERS):
        k, axial = superlayer // 2, bool(lines.axial[superlayer])
        cell = 2 * np.pi / lines.n_segments[superlayer]
        azimuth = phi + (rows.azimuth[:, k, 0] if axial else rows.stereo_azimuth[:, k])
        there = rng.random(n) > LOST
        if axial:
            there &= rows.reached[:, k]
            along = rows.along[:, k]
        else:
            turn = (start + slope * rows.path[:, k] - wires.z_bwd_cm[k]) / wires.length_cm[k]
            there &= (turn > 0) & (turn < 1)
            azimuth, along = azimuth - turn * wires.twist[k], rows.stereo_along[:, k]
        second = rng.random(n) < SECOND
        shift = np.where(second, rng.choice([-0.5, 0.5], n), 0.0)
        number = np.floor(azimuth / cell - shift + 0.5)
        off = azimuth - (number + shift) * cell
        distance = np.minimum(np.abs(off) * along / np.maximum(rows.stretch, 0.3), 1.2)
        time = drift_time(distance) + rng.normal(0, 6, n)
        side = np.where(rng.random(n) < WRONG, -np.sign(off), np.sign(off))
        lr = np.where(rng.random(n) < UNKNOWN, rng.choice([_NONE, 3], n), np.where(side > 0, _RIGHT, _LEFT))
        chosen = np.flatnonzero(there)
        parts.append(
            {
                "track": chosen,
                "superlayer": np.full(len(chosen), superlayer),
                "number": (number[chosen] % lines.n_segments[superlayer]).astype(np.int64),
                "priority": np.where(second, np.where(shift < 0, 1, 2), FIRST_PRIORITY)[chosen],
                "lr": lr[chosen],
                "time": np.clip(np.rint(time[chosen]), -2000, 2000).astype(np.int64),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]).astype(np.int64) for name in parts[0]}


def _background(rng: np.random.Generator, n: int) -> dict[str, NDArray[np.int64]]:
    """Random segments, few in most windows and more than there is room for in some superlayers of others; any times."""
    mean = np.where(rng.random((n, N_SUPERLAYERS)) < CROWDED, 40.0, rng.choice([0.0, 2.0, 6.0], (n, 1)))
    count = rng.poisson(mean)
    window, superlayer = (np.repeat(axis.ravel(), count.ravel()) for axis in np.indices(count.shape))
    m = len(window)
    time = np.where(rng.random(m) < 0.1, rng.integers(-(1 << 15), 1 << 15, m), rng.integers(-60, 300, m))
    return {
        "window": window,
        "superlayer": superlayer,
        "number": (rng.random(m) * superlayers().n_segments[superlayer]).astype(np.int64),
        "priority": rng.integers(1, FIRST_PRIORITY + 1, m),
        "lr": rng.integers(0, len(SIDE), m),
        "time": time,
    }


def _seeds(
    rng: np.random.Generator, n: int, grid: SeedGrid, n_lanes: int, tracks: tuple[NDArray[np.float64], ...]
) -> NDArray[np.int64]:
    """Rows and cells (n, SEED_BEATS, n_lanes, 2): three in four near a track, the rest anywhere; some places are empty."""
    shape = (n, SEED_BEATS, n_lanes)
    bend, impact, phi = (column.reshape(n, TRACKS) for column in tracks[:3])
    own = rng.integers(0, TRACKS, shape)
    near = [
        np.take_along_axis(column[:, None, :], own.reshape(n, 1, SEED_BEATS * n_lanes), axis=2).reshape(shape)
        for column in (bend, impact, phi)
    ]
    cells = []
    for value, size in zip(near, (grid.bend_max_per_cm, grid.impact_max_cm), strict=False):
        count = grid.n_bend if size == grid.bend_max_per_cm else grid.n_impact
        place = np.floor((value / size + 1) / 2 * count).astype(np.int64) + rng.integers(-1, 2, shape)
        cells.append(np.clip(place, 0, count - 1))
    azimuth = (np.floor(near[2] / (2 * np.pi) * grid.n_phi).astype(np.int64) + rng.integers(-1, 2, shape)) % grid.n_phi
    anywhere = rng.random(shape) < 0.25
    row = np.where(anywhere, rng.integers(0, grid.n_rows, shape), cells[0] * grid.n_impact + cells[1])
    cell = np.where(anywhere, rng.integers(0, grid.n_phi, shape), azimuth)
    return np.where((rng.random(shape) < 0.9)[..., None], np.stack([row, cell], axis=-1), -1)
