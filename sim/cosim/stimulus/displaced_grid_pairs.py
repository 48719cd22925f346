"""Windows for the displaced-vertex trigger from pairs of tracks all over the seed grid, and windows that just fill a superlayer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.cosim.displaced_fits import BEATS
from sim.cosim.stimulus.displaced_fit_tracks import segments_of
from sim.cosim.stimulus.displaced_fit_windows import Columns, Integers
from trigger.cdc.neuro.inputs import SIDE
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import FIRST_PRIORITY, N_SUPERLAYERS, superlayers

Floats = tuple[NDArray[np.float64], ...]
PAIRS, MAX_SINGLES = (1, 1, 2), 1
"""Pairs of a window, and at most so many tracks beside them (our choice)."""
RADIUS_CM, DEPTH_CM = (1.0, 50.0), (-30.0, 60.0)
"""Where pairs begin."""
STEEPEST = 0.95
"""Largest sine of the angle between a track and the radius at its vertex (our choice)."""
TRIED = 6
"""Tracks from a vertex of which the first inside the grid is taken (our choice)."""
ABOVE = 4
"""Segments beyond the room of a superlayer, at most (our choice)."""


def pair_segments(rng: np.random.Generator, n: int, grid: SeedGrid, pairs: tuple[int, ...] = PAIRS) -> Columns:
    """Segments of n windows with pairs of tracks, their bend and direction anywhere in the grid; columns with `window`."""
    count = rng.choice(pairs, n)
    window = np.repeat(np.arange(n), count)
    single = np.repeat(np.arange(n), rng.integers(0, MAX_SINGLES + 1, n))
    of_pairs, of_singles = (_vertices(rng, len(each)) for each in (window, single))
    begun = ((window, of_pairs), (window, of_pairs), (single, of_singles))
    parts = [(each, *_from(rng, vertices, grid)) for each, vertices in begun]
    of, *tracks = (np.concatenate(column) for column in zip(*parts, strict=True))
    own = segments_of(rng, *tracks)
    return _shuffled(rng, {"window": of[own.pop("track")], **own})


def full_segments(rng: np.random.Generator, n: int, grid: SeedGrid) -> Columns:
    """The same, with random segments in one superlayer until it has about as many as there is room for."""
    own = pair_segments(rng, n, grid, (0, 1))
    superlayer = rng.integers(0, N_SUPERLAYERS, n)
    there = np.bincount(own["window"][own["superlayer"] == superlayer[own["window"]]], minlength=n)
    more = np.maximum(BEATS + rng.integers(-1, ABOVE + 1, n) - there, 0)
    window = np.repeat(np.arange(n), more)
    m, size = len(window), superlayers().n_segments[superlayer[window]]
    added = {
        "window": window,
        "superlayer": superlayer[window],
        "number": (rng.random(m) * size).astype(np.int64),
        "priority": rng.integers(1, FIRST_PRIORITY + 1, m),
        "lr": rng.integers(0, len(SIDE), m),
        "time": rng.integers(-60, 300, m),
    }
    return _shuffled(rng, {name: np.concatenate([own[name], added[name]]) for name in added})


def _vertices(rng: np.random.Generator, n: int) -> Floats:
    """Radius, azimuth and z."""
    return rng.uniform(*RADIUS_CM, n), rng.uniform(0, 2 * np.pi, n), rng.uniform(*DEPTH_CM, n)


def _from(rng: np.random.Generator, vertices: Floats, grid: SeedGrid) -> Floats:
    """Bend, impact, phi0, z at path 0 and slope of a track from each vertex, by r sin(phi - phi0) = F r^2 / 2 + E."""
    radius, phi, z = vertices
    shape = (TRIED, len(radius))
    bend, sine = rng.uniform(-1, 1, shape) * grid.bend_max_per_cm, rng.uniform(-1, 1, shape) * STEEPEST
    impact = radius * (sine - bend * radius / 2)
    first = np.argmax(np.abs(impact) < grid.impact_max_cm, axis=0), np.arange(len(radius))
    slope = rng.uniform(-0.8, 1.6, len(radius))
    along = radius * np.sqrt(1 - sine[first] ** 2)
    return bend[first], impact[first], phi - np.arcsin(sine[first]), z - slope * along, slope


def _shuffled(rng: np.random.Generator, columns: Columns) -> Columns:
    order: Integers = np.lexsort((rng.random(len(columns["window"])), columns["window"]))
    return {name: column[order] for name, column in columns.items()}
