"""Strips of the KLM at the declared edges to the unit: fitted lines on the cut and next to it, strips on the gap and next to it.

The numerator of a line is a sum over its layers, each with a factor of its own. The layers are shifted by a few strips until the
sum is what is wanted: all sums of one half of the layers are sorted, and those of the other half look there for what they lack.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from itertools import combinations, islice, product

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.grl_pointed import deck
from sim.cosim.stimulus.klm_line_pointed import SCALE, Columns, straight_lines
from trigger.geometry.klm import N_PLANES, N_SECTORS, strip_table
from trigger.klm_line import N_TRACKS, KlmLineParameters

GAP_SHARE = 1 / 4
"""Part of these events that are at the gap; in the others a fitted line decides (our choice)."""
TARGETS = ((0, -1), (1, 1))
"""Numerators of lines of many layers: how many times the largest that passes, and units more. With the sign that tracks before do
not have; any, if it is the first track."""
LAYERS = (4, 10)
"""Layers of a line, fewest and most: neighbours, or any (our choice)."""
SUMS, WIDE_SUMS = 200_000, 20_000
"""Sums of one half of the layers, at most, for lines of single strips and of blocks (our choice: so many that some are a few units
apart)."""
TRIES, N_FOUND = 200, 8
"""Choices of plane, layers and strips, lines among them, at most, for each track, target and kind (our choice)."""
MAX_BLOCK = 40
"""Neighbouring strips of a layer in one track, at most (our choice: sums as large as those of full sectors)."""


def edge_strips(rng: np.random.Generator, event: NDArray, parameters: KlmLineParameters) -> Columns:
    """Hits of these events, a quarter of them at the gap; the other plane of the sector has a line through the origin."""
    at_gap = rng.random(len(event)) < GAP_SHARE
    parts = [*_at_gap(rng, event[at_gap], parameters), *_at_cut(rng, event[~at_gap], parameters)]
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


@dataclass(frozen=True)
class _Layers:
    """The layers of a plane of a sector that have strips."""

    sector: int
    plane: int

    @cached_property
    def numbers(self) -> NDArray:
        return np.flatnonzero(strip_table().n_strips[self.sector, :, self.plane])

    def column(self, name: str) -> NDArray:
        return getattr(strip_table(), name)[self.sector, self.numbers, self.plane].astype(np.int64)

    def y(self, layer: int) -> NDArray:
        """Coordinates of the strips of a layer, by its place in `numbers`."""
        number = self.numbers[layer]
        return strip_table().y_raw(self.sector, number, self.plane, np.arange(self.column("n_strips")[layer])).astype(np.int64)

    def step(self, gap_raw: int) -> NDArray:
        """Strips from one track to the next one in each layer."""
        return -(-gap_raw * SCALE // np.abs(self.column("pitch_raw")))

    def hits(self, event: int, layer: NDArray, strip: NDArray) -> Columns:
        """Hits of one event; layer: places in `numbers`."""
        return tuple(
            np.broadcast_to(values, strip.shape).astype(np.int64)
            for values in (event, self.sector, self.numbers[layer], self.plane, strip)
        )

    def away(self) -> int:
        """Sign of the intercept of lines that move away from the origin as their strips' numbers fall."""
        return int(-np.sign(self.column("pitch_raw").sum()))


@lru_cache(maxsize=8)
def gap_pairs(gap_raw: int) -> NDArray[np.int64]:
    """Columns (distance, sector, plane, layer, strip, later strip), (6, n), of strips gap_raw or one unit less apart."""
    found = []
    for sector, plane in np.ndindex(N_SECTORS, N_PLANES):
        layers = _Layers(sector, plane)
        for layer in range(len(layers.numbers)):
            y = layers.y(layer)
            distance = np.triu(y - y[:, None])
            near = np.isin(np.abs(distance), (gap_raw, gap_raw - 1)) & (distance != 0)
            found += [(distance[one, other], sector, plane, layer, one, other) for one, other in np.argwhere(near).tolist()]
    return np.array(found, np.int64).reshape(-1, 6).T


def _at_gap(rng: np.random.Generator, event: NDArray, parameters: KlmLineParameters) -> list[Columns]:
    """A line of two layers that passes, unless a later strip at the gap joins its track.

    Tracks before it have strips in both layers. Events stay empty where the strips of no layer have such a distance.
    """
    pairs, parts = gap_pairs(parameters.gap_raw), [_nothing()]
    distances = np.unique(pairs[0])
    for row, track, kind in zip(event, *deck(rng, len(event), N_TRACKS - 1, max(len(distances), 1)), strict=True):
        chosen = pairs[1:, pairs[0] == distances[kind : kind + 1]] if len(distances) else pairs[1:]
        for sector, plane, near, strip, later in rng.permutation(chosen, axis=1).T:
            layers = _Layers(sector, plane)
            step, x, pitch = layers.step(parameters.gap_raw), layers.column("x_raw"), layers.column("pitch_raw")
            far = int(np.argmax(np.abs(x - x[near]) * (pitch * pitch[near] > 0)))
            if strip < track * step[near] or far == near:
                continue
            crossing = layers.away() * (x[far] * layers.y(near)[strip] - x[near] * layers.y(far)) * np.sign(x[far] - x[near])
            possible = np.flatnonzero((crossing >= 0) & (np.arange(len(crossing)) >= track * step[far]))
            if not len(possible):
                continue
            other = possible[np.argmin(crossing[possible])]
            before = np.arange(track + 1)
            parts.append(layers.hits(row, np.array(near), np.append(strip - before * step[near], later)))
            parts.append(layers.hits(row, np.array(far), other - before * step[far]))
            parts.append(straight_lines(rng, np.array([row]), np.array([sector]), np.array([1 - plane])))
            break
    return parts


def _at_cut(rng: np.random.Generator, event: NDArray, parameters: KlmLineParameters) -> list[Columns]:
    """A line on the cut or next to it, in each track in turn."""
    parts, lines = [_nothing()], cut_lines(parameters)
    kinds = [(line.track, line.target, len(set(line.layer.tolist())) > 2) for line in lines]
    for row, number in zip(event, deck(rng, len(event), max(len(set(kinds)), 1))[0], strict=True):
        possible = [line for line, kind in zip(lines, kinds, strict=True) if kind == sorted(set(kinds))[number]]
        if possible:
            line = possible[rng.integers(0, len(possible))]
            sector, plane = np.array([line.layers.sector]), np.array([1 - line.layers.plane])
            parts += [line.layers.hits(int(row), line.layer, line.strip), straight_lines(rng, np.array([row]), sector, plane)]
    return parts


@lru_cache(maxsize=4)
def exact_pairs(intercept_raw: int) -> NDArray[np.int64]:
    """Columns (sector, plane, layer, strip, layer, strip), (6, n), of pairs of strips whose line has this intercept or minus it."""
    table, found = strip_table(), []
    for sector, plane in np.ndindex(N_SECTORS, N_PLANES):
        for near, far in combinations(np.flatnonzero(table.n_strips[sector, :, plane]).tolist(), 2):
            x_near, x_far = (int(table.x_raw[sector, layer, plane]) for layer in (near, far))
            y_near, y_far = (
                table.y_raw(sector, layer, plane, np.arange(table.n_strips[sector, layer, plane])) for layer in (near, far)
            )
            crossing = x_far * y_near[:, None] - x_near * y_far
            pairs = np.argwhere(np.abs(crossing) == intercept_raw * (x_far - x_near))
            found += [(sector, plane, near, one, far, other) for one, other in pairs.tolist()]
    return np.array(found, np.int64).reshape(-1, 6).T


@dataclass(frozen=True, kw_only=True)
class CutLine:
    """A line of a track, and the strips before it of other tracks. miss: by how much its numerator is another than wanted."""

    layers: _Layers
    layer: NDArray
    strip: NDArray
    track: int
    target: tuple[int, int]
    miss: int


@lru_cache(maxsize=4)
def cut_lines(parameters: KlmLineParameters) -> tuple[CutLine, ...]:
    """Lines of each track for each of `TARGETS`, the same in every process (two seconds).

    With one strip per layer the nearest of some, with blocks all in which one unit more or less in a sum decides.
    """
    rng, lines = np.random.default_rng(0), []
    for track, target, is_wide in product(range(N_TRACKS), TARGETS, (False, True)):
        tried = (_line(rng, track, target, parameters, is_wide=is_wide) for _ in range(TRIES))
        found = sorted(islice((line for line in tried if line is not None), N_FOUND), key=lambda line: line.miss)
        lines += [line for line in found if line.miss < len(line.strip) * parameters.intercept_raw] if is_wide else found[:1]
    for track in range(N_TRACKS):
        tried = (_pair(pair, track, parameters) for pair in rng.permutation(exact_pairs(parameters.intercept_raw).T))
        lines += islice((line for line in tried if line is not None), N_FOUND)
    return tuple(lines)


def _pair(pair: NDArray, track: int, parameters: KlmLineParameters) -> CutLine | None:
    """The line of two strips, for a track; None without room, or where a track before it passes or would have the other sign."""
    layers = _Layers(int(pair[0]), int(pair[1]))
    used, strip = np.searchsorted(layers.numbers, pair[[2, 4]]), pair[[3, 5]]
    apart, x = layers.step(parameters.gap_raw)[used], layers.column("x_raw")[used]
    before = strip - np.arange(1, track + 1)[:, None] * apart
    crossing = int(x[1] * layers.y(used[0])[strip[0]] - x[0] * layers.y(used[1])[strip[1]])
    if track and ((before < 0).any() or crossing * layers.away() < 0):
        return None
    if any(_passes(layers, used, strips, parameters) for strips in before):
        return None
    layer, all_strips = np.tile(used, track + 1), np.concatenate([strip, before.ravel()])
    return CutLine(layers=layers, layer=layer, strip=all_strips, track=track, target=(1, 0), miss=0)


def _line(
    rng: np.random.Generator, track: int, target: tuple[int, int], parameters: KlmLineParameters, *, is_wide: bool
) -> CutLine | None:
    """A line in any plane of one strip per layer, or of blocks of neighbours near a straight line.

    None without room for the tracks before, where one of those passes, or where a common divisor forbids the numerator.
    """
    layers = _Layers(int(rng.integers(0, N_SECTORS)), int(rng.integers(0, N_PLANES)))
    n_layers = int(rng.integers(LAYERS[0], min(LAYERS[1], len(layers.numbers)) + 1))
    choices = np.arange(n_layers) + rng.integers(0, len(layers.numbers) - n_layers + 1), rng.permutation(len(layers.numbers))
    used = np.sort(choices[rng.integers(0, 2)][:n_layers])
    apart = layers.step(parameters.gap_raw)[used] + (np.arange(len(used)) < len(used) // 2)
    low = track * apart
    whole = layers.column("n_strips")[used] - low
    shifts = np.arange(min(int((WIDE_SUMS if is_wide else SUMS) ** (2 / n_layers)), int(whole.min()) // 2))
    room = whole - len(shifts)
    if not len(shifts):
        return None
    sign = layers.away() if track else int(rng.choice((-1, 1)))
    cut = sign * target[0] * parameters.intercept_raw
    length = np.full(n_layers, 1 + rng.integers(0, min(int(room.min()), rng.integers(0, MAX_BLOCK) if is_wide else 0) + 1))
    start = _near(rng, layers, used, cut, (low, low + room - length + 1), length - len(shifts))
    x = layers.column("x_raw")[used]
    sums = [np.concatenate([[0], np.cumsum(layers.y(layer))]) for layer in used]
    y = np.array([one[at + n + shifts] - one[at + shifts] for one, at, n in zip(sums, start, length, strict=True)])
    sx, sxx = int(length @ x), int(length @ (x * x))
    factors = (sxx - sx * x)[:, None] * y
    wanted = cut * (int(length.sum()) * sxx - sx * sx) + (sign if target[0] else 1) * target[1]
    is_met = (wanted - int(factors[:, 0].sum())) % max(int(np.gcd.reduce((factors - factors[:, :1]).ravel())), 1) == 0
    if not (is_met or is_wide) or any(
        _passes(layers, used, start + len(shifts) // 2 - k * apart, parameters) for k in range(1, track + 1)
    ):
        return None
    miss, shift = _meet(factors, wanted)
    start = start + shifts[shift]
    rows = np.repeat(np.arange(len(used)), length)
    inside = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length)
    before = start - np.arange(1, track + 1)[:, None] * apart
    if any(_passes(layers, used, strips, parameters) for strips in before):
        return None
    layer, strip = np.concatenate([used[rows], np.tile(used, track)]), np.concatenate([start[rows] + inside, before.ravel()])
    return CutLine(layers=layers, layer=layer, strip=strip, track=track, target=target, miss=miss)


def _near(
    rng: np.random.Generator, layers: _Layers, used: NDArray, intercept: int, bounds: tuple[NDArray, NDArray], length: NDArray
) -> NDArray:
    """First strips inside bounds of blocks around a line with this intercept; length: of blocks, less what they are shifted."""
    x = layers.column("x_raw")[used]
    pitch, offset = (layers.column(name)[used] / SCALE for name in ("pitch_raw", "offset_raw"))
    through = rng.integers(0, len(used))
    at = rng.uniform(bounds[0][through], bounds[1][through] + 1)
    y = intercept + (offset[through] + pitch[through] * at - intercept) * x / x[through]
    return np.clip(np.rint((y - offset) / pitch - length / 2).astype(np.int64), *bounds)


def _passes(layers: _Layers, used: NDArray, strip: NDArray, parameters: KlmLineParameters) -> bool:
    """Whether the line of one strip per layer does."""
    x, y = layers.column("x_raw")[used], np.array([layers.y(layer)[at] for layer, at in zip(used, strip, strict=True)])
    numerator = (x @ x) * y.sum() - x.sum() * (x @ y)
    return bool(abs(numerator) <= parameters.intercept_raw * (len(x) * (x @ x) - x.sum() ** 2))


def _meet(choices: NDArray, wanted: int) -> tuple[int, NDArray]:
    """(distance, choice per row) of a sum of one number of each row, (n, m), that comes as near to `wanted` as possible."""
    halves = [reduce(np.add.outer, rows) for rows in np.array_split(choices, 2)]
    first, second = (np.sort(sums, axis=None) for sums in halves)
    lacking = wanted - second[::-1]
    above = np.minimum(np.searchsorted(first, lacking), len(first) - 1)
    values = np.stack([first[above], first[np.maximum(above - 1, 0)]])
    miss = np.abs(values - lacking)
    side, best = np.unravel_index(np.argmin(miss), miss.shape)
    ends = (values[side, best], wanted - lacking[best])
    places = [np.unravel_index(np.flatnonzero(sums == end)[0], sums.shape) for sums, end in zip(halves, ends, strict=True)]
    return int(miss[side, best]), np.concatenate(places)


def _nothing() -> Columns:
    return tuple(np.zeros(0, np.int64) for _ in range(5))
