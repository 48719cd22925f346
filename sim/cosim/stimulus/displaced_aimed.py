"""Windows of tracks in which single parts of the vertex stage decide: one crossing of a pair at each place of the list, duplicates.

The RTL compares the pairs of a window in as many copies of one circuit as fit in a cycle, so that every case comes for each copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.displaced_edges import Edge
from sim.cosim.stimulus.displaced_pairs import (
    BEND_MAX,
    DEPTH_MAX,
    SLOPE_MAX,
    SMALL_MAX,
    Given,
    Wanted,
    declared_cuts,
    fit_row,
    search,
    signed,
)
from trigger.displaced import DisplacedParameters
from trigger.displaced.constants import N_RADII
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import TURN_RAW
from trigger.displaced.pairs import PAIR_STEPS
from trigger.displaced.stereo import MIN_STEREO, N_STEREO

N_TRACKS = DisplacedParameters().max_tracks
N_SEGMENTS = DisplacedParameters().max_segments
N_PAIRS = 5
"""Pairs of a window, far from one another: their crossings, and those of other pairs by chance, mostly find a slot (our choice)."""
N_ARMS = 8
"""Tracks of a window that one other track may cross: about as many do as there are slots (our choice)."""
CHI2_END, T0_MAX = 12, 200
SEVERAL_SHARE, DENSE_SHARE, SHARED_SHARE, MISSING_SHARE = 1 / 2, 1 / 2, 1 / 2, 1 / 4
"""Parts: of windows with duplicates; with a track in every lane of successive cycles; of pairs with a common segment; of tracks
without one of the outer axial segments (our choice)."""
STRANGER_SHARE, TWICE_SHARE = 1 / 8, 1 / 8
"""Parts of the later tracks: of no track's segments, of those of two tracks (our choice)."""
TIMES = (0.3, 1.3, 2.3)
"""Tracks between a track and its duplicate, at the nearest."""
INNER_END = 10
"""Tracks with a segment in the first superlayer may cross behind radii before this one."""
ANY_SIDE, ANY_RADIUS = -1, -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrivals:
    """m tracks of windows, by window and place, int64: window, place (m,), position (m, 5), numbers: bend, impact, phi, t0, z0,
    slope, chi2, n_stereo, row."""

    window: NDArray[np.int64]
    place: NDArray[np.int64]
    numbers: dict[str, NDArray[np.int64]]
    position: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Lists:
    """The tracks of the full lists of n windows, int64: values (n, 16, 3), lines (n, 16, 2), position (n, 16, 5), chi2 (n, 16)."""

    values: NDArray[np.int64]
    lines: NDArray[np.int64]
    position: NDArray[np.int64]
    chi2: NDArray[np.int64]


@cache
def pair_cases() -> NDArray[np.int64]:
    """(edge, radius, side) of pairs that need tracks of their own, int64 (n, 3)."""
    radii = np.arange(N_RADII - 3)
    found = [
        _grid((Edge.ZERO,), radii, (ANY_SIDE,)),
        _grid((Edge.CLOSE,), radii[:-1], (0, 0, 1)),
        _grid((Edge.BEYOND,), radii[:-1], (ANY_SIDE, ANY_SIDE)),
        _grid((Edge.TURNS,), radii[:-1], (0, 1)),
        _grid((Edge.IMPACT,), (ANY_RADIUS,) * 12, (0, 1)),
    ]
    return np.concatenate(found)


@cache
def arm_cases() -> NDArray[np.int64]:
    """(edge, radius, side) of tracks that cross one of small impact, int64 (n, 3)."""
    radii = np.arange(N_RADII - 1)
    found = [
        _grid((Edge.NEGATIVE,), radii[:-2], (0,)),
        _grid((Edge.CROSSES,), radii, (0, 1)),
        _grid((Edge.LAST,), radii[2:-3], (0,)),
    ]
    return np.concatenate(found)


def _grid(edges: tuple[Edge, ...], radii: NDArray | tuple[int, ...], sides: tuple[int, ...]) -> NDArray[np.int64]:
    return np.stack(np.meshgrid(edges, radii, sides, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)


def aimed_windows(rng: np.random.Generator, is_star: NDArray[np.bool_], n_places: int) -> Arrivals:
    """Tracks of a window for each flag: one that some others cross, or some pairs; n_places: of tracks in a window."""
    lists = filled(rng, len(is_star))
    _put_pairs(rng, lists, np.flatnonzero(~is_star))
    _put_stars(rng, lists, np.flatnonzero(is_star))
    return _arrive(rng, lists, n_places)


def copy_of(one: NDArray, other: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """(first place, second place, number of the circuit that compares them) of pairs of places."""
    apart = (other - one) % N_TRACKS
    swapped = (2 * apart > N_TRACKS) | ((2 * apart == N_TRACKS) & (one > other))
    first, second = np.where(swapped, other, one), np.where(swapped, one, other)
    return first, second, ((second - first) % N_TRACKS - 1) % PAIR_STEPS * N_TRACKS + first


def filled(rng: np.random.Generator, n: int) -> _Lists:
    """Lists of tracks that miss the axis by no more than the lower cut, and have different segments."""
    shape, low = (n, N_TRACKS), declared_cuts().impact_low
    position = rng.random((n, N_AXIAL, N_SEGMENTS)).argsort(axis=2)[:, :, :N_TRACKS].transpose(0, 2, 1).copy()
    values = [rng.integers(-most, most + 1, shape) for most in (BEND_MAX, low)] + [rng.integers(0, TURN_RAW, shape)]
    lines = [rng.integers(-most, most + 1, shape) for most in (DEPTH_MAX, SLOPE_MAX)]
    return _Lists(
        values=np.stack(values, axis=2), lines=np.stack(lines, axis=2), position=position, chi2=rng.integers(0, CHI2_END, shape)
    )


def _turns(rng: np.random.Generator, copy: NDArray, cases: NDArray) -> NDArray[np.int64]:
    """A case for each pair: the circuits have theirs in turn, each in an order of its own."""
    order = np.argsort(copy, kind="stable")
    rank = np.empty(len(copy), np.int64)
    rank[order] = np.arange(len(copy)) - np.searchsorted(copy[order], copy[order])
    orders = np.array([rng.permutation(len(cases)) for _ in range(PAIR_STEPS * N_TRACKS)])
    return cases[orders[copy, rank % len(cases)]]


def _put_pairs(rng: np.random.Generator, lists: _Lists, windows: NDArray) -> None:
    """Some pairs at places of their own, at azimuths far from one another."""
    n = len(windows)
    places = rng.random((n, N_TRACKS)).argsort(axis=1)[:, : 2 * N_PAIRS].reshape(n * N_PAIRS, 2)
    one, other, copy = copy_of(*places.T)
    edge, radius, side = _turns(rng, copy, pair_cases()).T
    radius = np.where(radius == ANY_RADIUS, rng.integers(0, INNER_END, len(radius)), radius)
    side = np.where(side == ANY_SIDE, rng.integers(0, 2, len(side)), side)
    inner = (rng.random((len(edge), 2)) < 1 / 3) & (radius < INNER_END)[:, None]
    found = search(rng, Wanted(edge=edge, radius=radius, side=side, inner=inner))
    window, turn = np.repeat(windows, N_PAIRS), np.tile(np.arange(N_PAIRS) * TURN_RAW // N_PAIRS, n)
    found.values[:, :, 2] += (turn + np.repeat(rng.integers(0, TURN_RAW, n), N_PAIRS) - found.azimuth)[:, None]
    for k, place in enumerate((one, other)):
        lists.values[window, place], lists.lines[window, place] = found.values[:, k], found.lines[:, k]
    _put_segments(rng, lists, window, (one, other), inner)


def _put_stars(rng: np.random.Generator, lists: _Lists, windows: NDArray) -> None:
    """A track that misses the axis by more than the higher cut, and others, which do not, to cross it."""
    n, rows = len(windows), np.arange(len(windows) * N_ARMS)
    places = rng.random((n, N_TRACKS)).argsort(axis=1)[:, : 1 + N_ARMS]
    centre, arm, window = np.repeat(places[:, 0], N_ARMS), places[:, 1:].reshape(-1), np.repeat(windows, N_ARMS)
    lists.values[windows, places[:, 0], 1] = signed(rng, declared_cuts().impact_high + 1, SMALL_MAX, n)
    given = Given(
        place=(copy_of(centre, arm)[0] != centre).astype(np.int64),
        values=lists.values[window, centre],
        lines=lists.lines[window, centre],
    )
    edge, radius, side = _turns(rng, copy_of(centre, arm)[2], arm_cases()).T
    inside, of_arm = np.repeat(rng.random(n) < 1 / 4, N_ARMS), (edge == Edge.CROSSES) & (side == 1)
    inner = np.where(given.place[:, None] == np.arange(2), inside[:, None], of_arm[:, None])
    found = search(rng, Wanted(edge=edge, radius=radius, side=side, inner=inner), given)
    lists.values[window, arm], lists.lines[window, arm] = (of[rows, 1 - given.place] for of in (found.values, found.lines))
    _put_segments(rng, lists, window, (centre, arm), np.stack([inside, of_arm], axis=1))


def _put_segments(
    rng: np.random.Generator, lists: _Lists, window: NDArray, places: tuple[NDArray, NDArray], inner: NDArray[np.bool_]
) -> None:
    """Take the first axial segment from tracks that are not `inner`, another one from some; give many pairs one in common."""
    n = len(window)
    lost = rng.integers(1, N_AXIAL, lists.chi2.shape)
    lost = np.where(rng.random(lost.shape) < MISSING_SHARE, lost, -1)
    for k, place in enumerate(places):
        missing = np.where(inner[:, k], lost[window, place], 0)
        keep = missing >= 0
        lists.position[window[keep], place[keep], missing[keep]] = -1
    superlayer = rng.integers(0, N_AXIAL, n)
    one, other = (lists.position[window, place, superlayer] for place in places)
    common = (one >= 0) & (other >= 0) & (rng.random(n) < SHARED_SHARE)
    lists.position[window[common], places[1][common], superlayer[common]] = one[common]


def _arrive(rng: np.random.Generator, lists: _Lists, n_places: int) -> Arrivals:
    """The tracks of each list in order, between them later ones: duplicates, better ones and worse ones, and strangers."""
    n, room = lists.chi2.shape
    of = rng.integers(0, room, (n, room))
    row = np.arange(n)[:, None]
    position, chi2 = _duplicates(rng, lists, of)
    later = np.where(rng.random((n, room)) < 1 / 2, rng.choice(TIMES, (n, room)), rng.uniform(0, room, (n, room)))
    comes = (rng.random((n, 1)) < SEVERAL_SHARE) & (rng.random((n, room)) < rng.random((n, 1)))
    time = np.concatenate([np.broadcast_to(np.arange(room, dtype=float), (n, room)), np.where(comes, of + later, np.inf)], axis=1)
    order = time.argsort(axis=1, kind="stable")
    count = room + comes.sum(axis=1)
    places = np.sort(
        rng.random((n, n_places)).argsort(axis=1)[:, : 2 * room] + n_places * (np.arange(2 * room) >= count[:, None]), axis=1
    )
    start = (rng.random(n) * (n_places - count + 1)).astype(np.int64)
    places = np.where(rng.random((n, 1)) < DENSE_SHARE, start[:, None] + np.arange(2 * room), places)
    there = np.arange(2 * room) < count[:, None]

    def arranged(base: NDArray, others: NDArray) -> NDArray:
        return np.concatenate([base, others], axis=1)[row, order][there]

    values, lines = (arranged(each, each[row, of]) for each in (lists.values, lists.lines))
    m = len(values)
    numbers = {
        "bend": values[:, 0],
        "impact": values[:, 1],
        "phi": values[:, 2] % TURN_RAW,
        "t0": rng.integers(-T0_MAX, T0_MAX, m),
        "z0": lines[:, 0],
        "slope": lines[:, 1],
        "chi2": arranged(lists.chi2, chi2),
        "n_stereo": rng.integers(MIN_STEREO, N_STEREO + 1, m),
        "row": fit_row(values[:, 0], values[:, 1]),
    }
    return Arrivals(window=np.nonzero(there)[0], place=places[there], numbers=numbers, position=arranged(lists.position, position))


def _duplicates(rng: np.random.Generator, lists: _Lists, of: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Segments (n, 16, 5) and sums of squares (n, 16) of later tracks, most of which are like the track at a place of the list."""
    row, shape = np.arange(len(of))[:, None], of.shape
    own, other = lists.position[row, of], lists.position[row, rng.integers(0, shape[1], shape)]
    kind = rng.random(shape)
    drawn = rng.integers(0, N_SEGMENTS, own.shape)
    # Two of the four outer superlayers at most are changed, so that two are left in common at least.
    outer = rng.random((*shape, N_AXIAL - 1)).argsort(axis=2)
    changed = np.concatenate([np.zeros((*shape, 1), bool), outer < rng.integers(0, 3, shape)[:, :, None]], axis=2)
    taken = np.where((kind < TWICE_SHARE)[:, :, None] & (other >= 0), other, drawn)
    position = np.where(changed & (own >= 0), taken, own)
    complete = (own >= 0).all(axis=2) & (rng.random(shape) < MISSING_SHARE)
    position[:, :, 1:] = np.where(complete[:, :, None] & (outer == 0), -1, position[:, :, 1:])
    stranger = kind >= 1 - STRANGER_SHARE
    position = np.where(stranger[:, :, None] & (own >= 0), drawn, position)
    chi2 = np.where(stranger, rng.integers(0, CHI2_END, shape), lists.chi2[row, of] + rng.integers(-2, 3, shape))
    return position, np.maximum(chi2, 0)
