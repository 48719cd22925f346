"""Stereo segments for the fit of the displaced-vertex trigger: points of wanted z on and beside lines, by the tables of the fit.

Points of a superlayer lie a few DEPTH steps apart, so that every choice among them is a near tie; lines end at the ends of the
wires, or have a slope or a start at its limit; one superlayer or all of them miss the line by about what is allowed, or one has
no point.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.inputs import SIDE
from trigger.displaced.fit import HALF_TURN, N_STEREO
from trigger.displaced.fit_rows import fit_centres, rows_around
from trigger.displaced.fit_tables import DEPTH_FRACTION, FACTOR_FRACTION, N_TIMES, SeedTables, fit_tables
from trigger.displaced.formats import AZIMUTH, COARSE_SHIFT, DEPTH, SLOPE
from trigger.displaced.stereo import DEPTH_MAX, SLACK, SLOPE_HIGH, SLOPE_LOW
from trigger.geometry.cdc import FIRST_PRIORITY, superlayers

Integers = NDArray[np.int64]
MAX_SEGMENTS = 5
"""Segments of a track in a stereo superlayer: with both sides they are more points than are looked at."""
SPREAD = (1, 3, 12, 60, 400)
"""How far the points of a track may be from where they belong, DEPTH steps: one of these for each track (our choice)."""
MISSES = 80
"""How far superlayers are moved away from a line, DEPTH steps: somewhat more than what is allowed (our choice)."""
TRIED, AT_ENDS = 8, 0.2
"""Lines of which the best one is taken, by the superlayers in which it is on the wires; part of them through ends of wires."""
AT_EDGE = 0.25
"""Part of the superlayers of a track with a segment at an end of the seed's window (our choice)."""
UNKNOWN = 0.3
"""Part of the segments whose side is not known."""
_LEFT, _RIGHT, _NONE = SIDE.index(-1), SIDE.index(1), SIDE.index(0)


class Line(IntEnum):
    """How a line is chosen."""

    TWO_POINTS = 0
    SLOPE = 1
    START = 2


class Bent(IntEnum):
    """Which superlayers are not on the line."""

    NONE = 0
    ONE = 1
    ALL = 2
    EMPTY = 3


_LINES, _BENT = (0.64, 0.18, 0.18), (0.3, 0.2, 0.2, 0.3)
"""Shares of each (our choice)."""


def point_segments(
    rng: np.random.Generator, table: SeedTables, seed: tuple[Integers, Integers], fit: tuple[Integers, ...], shift: Integers
) -> tuple[dict[str, Integers], NDArray[np.float64]]:
    """Segments for tracks: columns track, superlayer, number, priority, lr, time (any size), and a key of their order.

    seed: (row, AZIMUTH) of each track's seed; fit: (row of the fit, AZIMUTH, event time), int64 (n,) all; shift: (n, 4), AZIMUTH.
    """
    row, phi, t0 = fit
    z, is_empty = _depths(rng, row)
    parts, keys = [], []
    spread = rng.choice(SPREAD, len(row))
    for s in range(N_STEREO):
        count = np.where(is_empty[:, s], 0, rng.integers(1, MAX_SEGMENTS + 1, len(row)))
        own = np.repeat(np.arange(len(row)), count)
        first = np.arange(len(own)) == (np.cumsum(count) - count)[own]
        moved = np.where(first & (rng.random(len(own)) < 0.5), 0, rng.integers(-spread[own], spread[own] + 1))
        made = _at(rng, s, row[own], phi[own], shift[own, s], z[own, s] + moved)
        parts.append(made | {"time": made["time"] + t0[own], "track": own})
        at_edge = np.flatnonzero(rng.random(len(row)) < AT_EDGE)
        made = _edges(rng, s, table, seed[0][at_edge], seed[1][at_edge])
        parts.append(made | {"time": made["time"] + t0[at_edge], "track": at_edge})
        # Of half of the tracks the segments come one behind the other, the one at the edge of the window first.
        base, together = rng.random(len(row)), rng.random(len(row)) < 0.5
        keys += [np.where(together, base, 0)[own] + np.where(together, 1e-9, 1)[own] * rng.random(len(own)), base[at_edge]]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, np.concatenate(keys)


def _depths(rng: np.random.Generator, row: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """z of each superlayer's points from the backward end, DEPTH raw, and which superlayers have none; (n, 4) both."""
    n = len(row)
    kind = rng.choice(len(Line), n, p=_LINES)
    z, score = (np.stack(made) for made in zip(*(_line(rng, row, kind) for _ in range(TRIED)), strict=True))
    z = z[np.argmax(score, axis=0), np.arange(n)]
    bent = rng.choice(len(Bent), n, p=_BENT)[:, None]
    chosen = np.arange(N_STEREO) == rng.integers(0, N_STEREO, (n, 1))
    away = rng.integers(-MISSES, MISSES + 1, (n, N_STEREO))
    return z + np.where(((bent == Bent.ONE) & chosen) | (bent == Bent.ALL), away, 0), (bent == Bent.EMPTY) & chosen


def _line(rng: np.random.Generator, row: Integers, kind: Integers) -> tuple[Integers, Integers]:
    """z of a line at each superlayer from the backward end, (n, 4), and how good it is: superlayers in which it is on the wires."""
    table, n = fit_tables(), len(row)
    path = rows_around(*fit_centres()).path[row] / DEPTH.resolution
    low, high = table.start - SLACK, table.start + table.range + SLACK
    ends = np.where(rng.random((n, N_STEREO)) < 0.5, low - rng.integers(0, 2, (n, 1)), high + rng.integers(0, 2, (n, 1)))
    at = np.where(rng.random((n, 1)) < AT_ENDS, ends, np.floor(rng.uniform(low, high + 1, (n, N_STEREO))))
    one, other = rng.permuted(np.tile(np.arange(N_STEREO), (n, 1)), axis=1)[:, :2].T
    rows = np.arange(n)
    apart = path[rows, other] - path[rows, one]
    between = (at[rows, other] - at[rows, one]) / np.where(np.abs(apart) < 1, 1, apart)
    begins = rng.choice([-DEPTH_MAX, DEPTH_MAX], n) + rng.integers(-1, 2, n)
    limit = (rng.choice([SLOPE_LOW, SLOPE_HIGH], n) + rng.uniform(-1, 1, n)) * SLOPE.resolution
    slope = np.choose(kind, [between, limit, (at[rows, one] - begins) / np.maximum(path[rows, one], 1)])
    start = np.where(kind == Line.START, begins, at[rows, one] - slope * path[rows, one])
    z = np.rint(start[:, None] + slope[:, None] * path).astype(np.int64)
    steepness = slope / SLOPE.resolution
    allowed = (steepness > SLOPE_LOW - 2) & (steepness < SLOPE_HIGH + 2) & (np.abs(start) < DEPTH_MAX + 2)
    return z - table.start, ((z >= low - 1) & (z <= high + 1)).sum(axis=1) * allowed


def _at(rng: np.random.Generator, s: int, row: Integers, phi: Integers, shift: Integers, z: Integers) -> dict[str, Integers]:
    """A segment for each z: a wire near the track at any drift time, then the time that brings the point closest to z."""
    table, lines, superlayer = fit_tables(), superlayers(), 2 * s + 1
    half_cells = 2 * int(lines.n_segments[superlayer])
    # Where the wire would be if the track passed it at no distance; wires on either side of that, as far as drift times reach.
    at_wire = phi + table.stereo_azimuth[row, s] + shift - np.rint(z * 2.0**DEPTH_FRACTION / table.depth[s]).astype(np.int64)
    factor = table.stereo_per_drift[row, s]
    reach = table.drift[rng.integers(0, N_TIMES, len(z))] * factor >> FACTOR_FRACTION
    place = np.rint((at_wire + rng.choice([-1, 1], len(z)) * reach) * half_cells / (1 << AZIMUTH.width)).astype(np.int64)
    number, priority = _wire(rng, superlayer, place)
    angle = table.angle[lines.offset[superlayer] + number, priority - 1]
    distance = (at_wire - angle + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN
    time = np.searchsorted(table.drift, np.abs(distance) * (1 << FACTOR_FRACTION) / np.maximum(factor, 1))
    side = np.where(distance < 0, _LEFT, _RIGHT)
    return {
        "superlayer": np.full(len(z), superlayer),
        "number": number,
        "priority": priority,
        "lr": np.where(rng.random(len(z)) < UNKNOWN, rng.choice([_NONE, len(SIDE) - 1], len(z)), side),
        "time": np.minimum(time, N_TIMES).astype(np.int64),
    }


def _edges(rng: np.random.Generator, s: int, table: SeedTables, row: Integers, phi: Integers) -> dict[str, Integers]:
    """A segment at one end of the window of each seed, just inside or just outside."""
    lines, superlayer, n = superlayers(), 2 * s + 1, len(row)
    end = phi + table.start[row, s] + np.where(rng.random(n) < 0.5, 0, table.width[row, s] << COARSE_SHIFT)
    half_cells = 2 * int(lines.n_segments[superlayer])
    number, priority = _wire(rng, superlayer, np.rint(end * half_cells / (1 << AZIMUTH.width)).astype(np.int64))
    return {
        "superlayer": np.full(n, superlayer),
        "number": number,
        "priority": priority,
        "lr": rng.integers(0, len(SIDE), n),
        "time": rng.integers(0, N_TIMES, n),
    }


def _wire(rng: np.random.Generator, superlayer: int, place: Integers) -> tuple[Integers, Integers]:
    """(number, priority) of the wires at half cells; a second-priority one belongs to one of two segments."""
    is_second, to_left = place % 2 == 1, rng.random(len(place)) < 0.5
    number = np.where(is_second & to_left, place + 1, place) // 2 % int(superlayers().n_segments[superlayer])
    return number, np.where(is_second, np.where(to_left, 1, 2), FIRST_PRIORITY)
