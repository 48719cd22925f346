"""Windows in which the fit of the displaced-vertex trigger has to choose: dense tracks, twins, neighbours, edges of roads.

Each window has many tracks, and most of its seeds find one of them. Segments are there twice and more often, equal or almost equal;
seeds lie so that a wire is just inside or just outside the road; event times are all over their range. Which segments the stereo
superlayers have is asked of the model's fit of the axial ones (`displaced_fit_points`).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.cosim.displaced_fits import SEED_BEATS, Windows, axial_fits
from sim.cosim.stimulus.displaced_fit_points import point_segments
from sim.cosim.stimulus.displaced_fit_windows import drift_time, packed, windows_of
from trigger.cdc.neuro.inputs import SIDE
from trigger.displaced import DisplacedParameters, DisplacedTrigger
from trigger.displaced.fit import HALF_TURN, N_AXIAL
from trigger.displaced.fit_rows import rows_around
from trigger.displaced.fit_tables import fit_tables, seed_tables
from trigger.displaced.formats import COARSE, COARSE_SHIFT
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import FIRST_PRIORITY, superlayers

Integers = NDArray[np.int64]
Columns = dict[str, Integers]
TRACKS = 14
"""Tracks of a window: with their twins they fill the superlayers."""
LOST, UNKNOWN, SECOND, WRONG = 0.06, 0.5, 0.3, 0.05
"""Part of the segments of a track that are lost; whose side is not known; that have a second-priority wire; a wrong side."""
NOISE = (0.0, 5.0, 30.0)
"""Errors of drift times, time units: one of these for each track (our choice)."""
ALONE, MAX_TWINS = 0.45, 4
"""Part of the segments that have no twin; how many others have at most."""
EARLIEST, LATEST = -(1 << 15), (1 << 15) - 1
"""Of priority times."""
NEAR = 12
"""Cells beside a track out of which its seeds are taken (our choice)."""
_LEFT, _RIGHT, _NONE = SIDE.index(-1), SIDE.index(1), SIDE.index(0)
_UNKNOWN = len(SIDE) - 1


class Twin(IntEnum):
    """What a segment beside another one is."""

    EQUAL = 0
    TIME = 1
    SIDE = 2
    NEIGHBOUR = 3


_TWINS = (0.35, 0.2, 0.1, 0.35)
"""Shares of each (our choice)."""


def choice_windows(rng: np.random.Generator, n: int, grid: SeedGrid, n_lanes: int) -> Windows:
    """n windows with SEED_BEATS x n_lanes seeds each; some places are empty."""
    tracks = _tracks(rng, n, grid)
    own = _axial(rng, *tracks)
    seeds, of_track = _seeds(rng, n, grid, n_lanes, tracks, own)
    columns = packed(*_with_twins(rng, own))
    trigger = DisplacedTrigger(DisplacedParameters(grid=grid))
    fits = axial_fits(trigger, windows_of(n, columns, seeds))
    at = _first_of(of_track, fits["found"] == 1, n * TRACKS)
    row, phi, t0 = (fits[name].reshape(-1)[at] for name in ("row", "phi", "t0"))
    cells = seeds.reshape(-1, 2)[at]
    of_seed = cells[:, 0], (2 * cells[:, 1] + 1) * (HALF_TURN // grid.n_phi)
    points, key = point_segments(rng, seed_tables(grid), of_seed, (row, phi, t0), fits["shift"].reshape(len(of_track), -1)[at])
    points["window"] = (at // (SEED_BEATS * n_lanes))[points.pop("track")]
    points["time"] = np.clip(points["time"], EARLIEST, LATEST)
    stereo = packed(points, key)
    return windows_of(n, {name: np.concatenate([columns[name], stereo[name]]) for name in columns}, seeds)


def _tracks(rng: np.random.Generator, n: int, grid: SeedGrid) -> tuple[NDArray[np.float64], ...]:
    """Bend, impact, phi of n x TRACKS tracks; in half of the windows they begin inside the innermost superlayer."""
    m = n * TRACKS
    bend, impact = (rng.uniform(-1.02, 1.02, m) * size for size in (grid.bend_max_per_cm, grid.impact_max_cm))
    inner = np.repeat(rng.choice([0.4, 1.0], n), TRACKS)
    return bend, impact * inner, rng.uniform(0, 2 * np.pi, m)


def _axial(rng: np.random.Generator, bend: NDArray, impact: NDArray, phi: NDArray) -> Columns:
    """Segments of the tracks, columns track, superlayer, number, priority, lr, time."""
    lines, rows, n, parts = superlayers(), rows_around(bend, impact), len(bend), []
    begins = np.where(rng.random(n) < 0.6, rng.integers(-200, 200, n), rng.integers(EARLIEST, LATEST - 300, n))
    begins = np.where(rng.random(n) < 0.04, EARLIEST, begins)
    noise = rng.choice(NOISE, n)
    for k in range(N_AXIAL):
        cell = 2 * np.pi / lines.n_segments[2 * k]
        second = rng.random(n) < SECOND
        shift = np.where(second, rng.choice([-0.5, 0.5], n), 0.0)
        azimuth = phi + rows.azimuth[np.arange(n), k, second.astype(np.int64)]
        # Now and then the next wire: the longest drift times.
        number = np.floor(azimuth / cell - shift + rng.uniform(-0.2, 1.2, n))
        off = azimuth - (number + shift) * cell
        distance = np.minimum(np.abs(off) * rows.along[:, k] / np.maximum(rows.stretch, 0.3), 1.4)
        time = drift_time(distance) + noise * rng.normal(size=n)
        side = np.where(rng.random(n) < WRONG, -np.sign(off), np.sign(off))
        known = np.where(side > 0, _RIGHT, _LEFT)
        chosen = np.flatnonzero(rows.reached[:, k] & (rng.random(n) > LOST))
        columns = {
            "superlayer": np.full(n, 2 * k),
            "number": number.astype(np.int64) % int(lines.n_segments[2 * k]),
            "priority": np.where(second, np.where(shift < 0, 1, 2), FIRST_PRIORITY),
            "lr": np.where(rng.random(n) < UNKNOWN, rng.choice([_NONE, _UNKNOWN], n), known),
            "time": np.clip(np.rint(time).astype(np.int64) + begins, EARLIEST, LATEST),
        }
        parts.append({"track": chosen} | {name: column[chosen] for name, column in columns.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _with_twins(rng: np.random.Generator, own: Columns) -> tuple[Columns, NDArray[np.float64]]:
    """The segments of tracks with twins, `track` made a window, and a key of their order: half of the twins come right behind."""
    m = len(own["track"])
    count = np.where(rng.random(m) < ALONE, 1, rng.integers(2, MAX_TWINS + 2, m))
    of = np.repeat(np.arange(m), count)
    is_twin = np.ones(len(of), bool)
    is_twin[np.cumsum(count) - count] = False
    kind = np.where(is_twin, rng.choice(len(Twin), m, p=_TWINS)[of], Twin.EQUAL)
    made = {name: column[of] for name, column in own.items()}
    size = superlayers().n_segments[made["superlayer"]].astype(np.int64)
    next_one = kind == Twin.NEIGHBOUR
    made["number"] = np.where(next_one, made["number"] + rng.integers(-2, 3, len(of)), made["number"]) % size
    made["priority"] = np.where(next_one, rng.integers(1, FIRST_PRIORITY + 1, len(of)), made["priority"])
    made["lr"] = np.where((kind == Twin.SIDE) | next_one, rng.integers(0, len(SIDE), len(of)), made["lr"])
    later = np.where(kind == Twin.TIME, rng.integers(-4, 5, len(of)), np.where(next_one, rng.integers(0, 200, len(of)), 0))
    made["time"] = np.clip(made["time"] + later, EARLIEST, LATEST)
    apart = is_twin & (rng.random(len(of)) < 0.5)
    return {"window": made.pop("track") // TRACKS, **made}, np.where(apart, rng.random(len(of)), rng.random(m)[of])


def _seeds(
    rng: np.random.Generator, n: int, grid: SeedGrid, n_lanes: int, tracks: tuple[NDArray[np.float64], ...], own: Columns
) -> tuple[Integers, Integers]:
    """Rows and cells (n, SEED_BEATS, n_lanes, 2), -1 for none, and whose they are, (n x SEED_BEATS x n_lanes,).

    Of some cells beside a track one where as many wires as possible are in the road; for half of the seeds a wire at its edge.
    """
    shape = (n, SEED_BEATS * n_lanes)
    of_track = rng.permuted(np.tile(np.arange(shape[1]) % TRACKS, (n, 1)), axis=1) + TRACKS * np.arange(n)[:, None]
    of_track = of_track.ravel()
    near = (len(of_track), NEAR)
    places = []
    for value, size, count in zip(tracks, (grid.bend_max_per_cm, grid.impact_max_cm), (grid.n_bend, grid.n_impact), strict=False):
        place = np.floor((value[of_track] / size + 1) / 2 * count).astype(np.int64)[:, None] + rng.integers(-1, 2, near)
        places.append(np.clip(place, 0, count - 1))
    row = places[0] * grid.n_impact + places[1]
    cell = np.floor(tracks[2][of_track] / (2 * np.pi) * grid.n_phi).astype(np.int64)[:, None] + rng.integers(-1, 2, near)
    cell %= grid.n_phi
    table, axial = seed_tables(grid), np.zeros((len(tracks[0]), N_AXIAL), np.int64)
    axial[own["track"], own["superlayer"] // 2] = 1 + np.arange(len(own["track"]))
    angles = fit_tables().angle[superlayers().offset[own["superlayer"]] + own["number"], own["priority"] - 1]
    phi = (2 * cell + 1) * (HALF_TURN // grid.n_phi)
    inside, at_edge = np.zeros(near, np.int64), np.zeros(near, bool)
    half = 1 << (COARSE.width - 1)
    for k in range(N_AXIAL):
        segment = (axial[of_track, k] - 1)[:, None]
        angle, kind = angles[segment], (own["priority"][segment] != FIRST_PRIORITY).astype(np.int64)
        predicted = (phi + table.azimuth[row, k, kind]) % (2 * HALF_TURN)
        size = np.abs(((angle >> COARSE_SHIFT) - (predicted >> COARSE_SHIFT) + half) % (2 * half) - half) - table.road[row, k]
        inside += (segment >= 0) & (size <= 0)
        at_edge |= (segment >= 0) & ((size == 0) | (size == 1))
    wanted = np.minimum(inside, N_AXIAL - 1) + 0.5 * (at_edge & (rng.random((len(of_track), 1)) < 0.5)) + 0.1 * rng.random(near)
    best = np.argmax(wanted, axis=1)
    chosen = np.stack([column[np.arange(len(best)), best] for column in (row, cell)], axis=-1)
    there = rng.random(len(best)) < 0.97
    seeds = np.where(there[:, None], chosen, -1).reshape(n, SEED_BEATS, n_lanes, 2)
    return seeds, np.where(there, of_track, -1)


def _first_of(of_track: Integers, found: NDArray[np.bool_], n_tracks: int) -> Integers:
    """Place of the first seed of each track that finds something, ascending."""
    at = np.flatnonzero(found.reshape(-1) & (of_track >= 0))
    first = np.full(n_tracks, len(of_track))
    np.minimum.at(first, of_track[at], at)
    return np.sort(first[first < len(of_track)])
