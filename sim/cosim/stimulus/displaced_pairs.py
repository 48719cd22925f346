"""Pairs of tracks whose answer hangs on one radius of the scan: on an edge of their distance there, on a cut, on a crossing.

Found by inverse search: what the tracks should do at the radius is solved for, the rest is drawn until the model's answer would be
another one beyond the edge, and shows as a vertex.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.displaced_edges import CLOSE, FOUND, Edge, judge
from trigger.displaced import DisplacedTrigger
from trigger.displaced.constants import CROSSING_FRACTION, RADIUS_STEP_LOG2, constants
from trigger.displaced.event import Cuts
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.fit_rows import BEND_STEP_LOG2, IMPACT_STEP_LOG2, N_BEND, N_IMPACT
from trigger.displaced.formats import BEND, CROSSING, DEPTH, IMPACT, SLOPE, TURN, TURN_RAW

ROUNDS = 40
"""Draws for a pair, at most (our choice)."""
BEND_MAX = int(BEND.quantise(0.012))
DEPTH_MAX, SLOPE_MAX = int(DEPTH.quantise(25.0)), int(SLOPE.quantise(0.8))
"""Ranges of what is drawn freely, but for tracks that turn round at a radius (our choice)."""
SMALL_MAX, LARGE_MAX = int(IMPACT.quantise(1.5)), int(IMPACT.quantise(10.0))
"""Impacts of tracks that get to all radii, and of most others (our choice)."""
STRAIGHT_SHARE = 1 / 16
"""Part of the tracks without any bend (our choice)."""
SHORT, BRIEF = 3, 40
"""By how much a sine at the radius misses 1, CROSSING raw, in turns: less than so, about so, any (our choice)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Wanted:
    """What n pairs should be, int64 (n,): edge, radius (its number); side: of the track in question or of the sign, 0 or 1.

    inner: bool (n, 2), the track has a segment in the first axial superlayer.
    """

    edge: NDArray[np.int64]
    radius: NDArray[np.int64]
    side: NDArray[np.int64]
    inner: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Tracks that pairs have, int64: place (n,), which of the two; values (n, 3), lines (n, 2). The others have impacts between
    the two cuts."""

    place: NDArray[np.int64]
    values: NDArray[np.int64]
    lines: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Tracks of n pairs, int64: values (n, 2, 3) bend, impact, azimuth; lines (n, 2, 2) z, slope; azimuth, grade (n,).

    azimuth: of the first track at the radius. grade: FOUND if the edge decides whether there is a vertex, one less if it decides
    whether there is a crossing, 0 if no such pair was found.
    """

    values: NDArray[np.int64]
    lines: NDArray[np.int64]
    azimuth: NDArray[np.int64]
    grade: NDArray[np.int64]


@cache
def declared_cuts() -> Cuts:
    """The cuts of the trigger by default."""
    return DisplacedTrigger().cuts


def fit_row(bend: NDArray, impact: NDArray) -> NDArray[np.int64]:
    """Row of the fit of tracks."""
    places = [
        np.clip((raw >> step) + n // 2, 0, n - 1)
        for raw, step, n in ((bend, BEND_STEP_LOG2, N_BEND), (impact, IMPACT_STEP_LOG2, N_IMPACT))
    ]
    return places[0] * N_IMPACT + places[1]


def search(rng: np.random.Generator, wanted: Wanted, given: Given | None = None) -> Pairs:
    """The best pairs of `ROUNDS` draws each."""
    n, cuts, table = len(wanted.edge), declared_cuts(), constants()
    best = Pairs(
        values=np.zeros((n, 2, 3), np.int64),
        lines=np.zeros((n, 2, 2), np.int64),
        azimuth=np.zeros(n, np.int64),
        grade=np.full(n, -1),
    )
    chosen = np.where(wanted.inner[:, :, None] | (np.arange(N_AXIAL) > 0), np.arange(2)[:, None], -1)
    left = np.arange(n)
    for _ in range(ROUNDS):
        m, edge, radius, side = len(left), wanted.edge[left], wanted.radius[left], wanted.side[left]
        values = _drawn(rng, edge, radius, side)
        lines = np.stack([rng.integers(-most, most + 1, (m, 2)) for most in (DEPTH_MAX, SLOPE_MAX)], axis=2)
        if given is not None:
            rows, place = np.arange(m), given.place[left]
            values[rows, 1 - place, 1] = signed(rng, cuts.impact_low + 1, cuts.impact_high + 1, m)
            values[rows, place], lines[rows, place] = given.values[left], given.lines[left]
        distance, azimuth, grade = _distances(rng, edge, side), np.zeros(m, np.int64), np.zeros(m, np.int64)
        fit_rows = fit_row(values[:, :, 0], values[:, :, 1])
        judge(values, lines, fit_rows, chosen[left], (edge, radius, distance), cuts, table, (azimuth, grade))
        if given is not None:
            values[:, :, 2] += (given.values[left, 2] - values[rows, place, 2])[:, None]
        better = grade > best.grade[left]
        rows = left[better]
        best.values[rows], best.lines[rows] = values[better], lines[better]
        best.azimuth[rows], best.grade[rows] = azimuth[better], grade[better]
        left = left[best.grade[left] < FOUND]
        if not len(left):
            break
    return best


def _distances(rng: np.random.Generator, edge: NDArray, side: NDArray) -> NDArray[np.int64]:
    """Distance that each pair shall have at its radius."""
    n, sign = len(edge), 1 - 2 * side
    further = np.where(rng.random(n) < 0.5, 1, 1 << rng.integers(0, TURN.width - 3, n))
    # Two crossings one radius after the other take small distances.
    out = rng.integers(-CLOSE // 32, CLOSE // 32, n) // np.where((edge == Edge.LAST) & (rng.random(n) < 0.5), 8, 1)
    out[edge == Edge.ZERO], out[edge == Edge.NEGATIVE] = 0, -1
    for kind, size in ((Edge.CLOSE, CLOSE), (Edge.BEYOND, CLOSE + further)):
        out = np.where(edge == kind, sign * size, out)
    return out


def _drawn(rng: np.random.Generator, edge: NDArray, radius: NDArray, side: NDArray) -> NDArray[np.int64]:
    """Tracks (n, 2, 3) as an edge needs them."""
    n, cuts = len(edge), declared_cuts()
    values = np.stack([_plain(rng, n) for _ in range(2)], axis=1)
    values[:, 1, 1] = np.where(rng.random(n) < 0.5, signed(rng, cuts.impact_low + 1, cuts.impact_high + 1, n), values[:, 1, 1])
    turning = [np.isin(edge, (Edge.CLOSE, Edge.BEYOND)) | ((side == k) & np.isin(edge, (Edge.ZERO, Edge.TURNS))) for k in range(2)]
    apart = np.where(np.isin(edge, (Edge.CLOSE, Edge.BEYOND)), 1 - 2 * side, 0)
    for k in range(2):
        some = np.flatnonzero(turning[k])
        sign = np.where(apart[some] == 0, rng.choice((-1, 1), len(some)), apart[some] * (1 - 2 * k))
        values[some, k] = _turning(rng, radius[some], sign, edge[some] == Edge.TURNS)
    # Of the track in question the impact at the lower cut, beside a large one, or at the higher one, beside one between both.
    at = np.flatnonzero(edge == Edge.IMPACT)
    high = rng.random(len(at)) < 0.5
    size = np.where(high, cuts.impact_high, cuts.impact_low) + (rng.random(len(at)) < 3 / 4)
    values[at, side[at], 1] = rng.choice((-1, 1), len(at)) * size
    between = signed(rng, cuts.impact_low + 1, cuts.impact_high + 1, len(at))
    values[at, 1 - side[at], 1] = np.where(high, between, signed(rng, cuts.impact_high + 1, SMALL_MAX, len(at)))
    values[:, :, 2] = rng.integers(0, TURN_RAW, (n, 2))
    return values


def _plain(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Tracks that miss the axis by more than the higher cut."""
    cuts = declared_cuts()
    most = np.where(rng.random(n) < 0.75, SMALL_MAX, LARGE_MAX)
    impact = signed(rng, cuts.impact_high + 1, most, n)
    bend = np.where(rng.random(n) < STRAIGHT_SHARE, 0, rng.integers(-BEND_MAX, BEND_MAX + 1, n))
    return np.stack([bend, impact, np.zeros(n, np.int64)], axis=1)


def signed(rng: np.random.Generator, low: int, end: int | NDArray, n: int) -> NDArray[np.int64]:
    """Numbers of either sign with a size from low to end - 1."""
    return rng.choice((-1, 1), n) * rng.integers(low, end, n)


def _turning(rng: np.random.Generator, radius: NDArray, sign: NDArray, beyond: NDArray) -> NDArray[np.int64]:
    """Tracks (n, 3) whose sine at a radius is nearly 1, of this sign, or, where `beyond`, 1 or more: they turn round there."""
    n, table, one = len(radius), constants(), 1 << CROSSING.fraction
    at = (radius + 1) << RADIUS_STEP_LOG2
    of_bend, of_impact = table.scan_bend[at].astype(np.int64), table.scan_impact[at].astype(np.int64)
    short = rng.integers(1, rng.choice((SHORT, SHORT, BRIEF, one // 2), n) + 1)
    sine = np.where(beyond, one + rng.integers(0, SHORT, n), one - short) << CROSSING_FRACTION
    # The impact that this takes with the largest bend of either sign: large impacts turn faster, near the axis all do.
    most = np.minimum((sine + BEND.raw_max * of_bend) // of_impact, IMPACT.raw_max)
    least = np.maximum((sine - BEND_MAX * of_bend) // of_impact + 1, 0)
    impact = most - (np.maximum(most - least, 0) * rng.random(n) ** rng.choice((1, 4), n)).astype(np.int64)
    bend = (2 * (sine - impact * of_impact) + of_bend) // (2 * of_bend)
    bend = np.clip(bend, -BEND.raw_max, BEND.raw_max)
    return np.stack([sign * bend, sign * impact, np.zeros(n, np.int64)], axis=1)
