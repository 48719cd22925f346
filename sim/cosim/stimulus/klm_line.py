"""Strips of the KLM for the verification of the straight-line mode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.klm_line_pointed import pointed_strips
from trigger.geometry.klm import FIRST_SECTOR, N_LAYERS, N_PLANES, N_SECTORS, STRIP_FRACTION, strip_table
from trigger.klm_line import KlmLineParameters

MAX_LINES = 2
NEAR_CUT = 60
"""Lines at the cut have their intercept within so many units of it (our choice: a few strips' worth)."""
FULL_SHARE = 1 / 500
"""Part of the events in which all strips of a sector are hit: largest sums."""
ON_CUT_SHARE = 1 / 20
"""Part of the events with a sector whose lines, of two strips each, have the largest intercept that passes."""
REPEATED = 0.03
POINTED_SHARE = 1 / 2
"""Part of the events in which one track of one plane decides (our choice)."""


@dataclass(frozen=True, kw_only=True)
class StripEvents:
    """Hits of events as the straight-line trigger takes them: CSR offsets (n + 1,), and the numbers of each hit."""

    offsets: NDArray
    section: NDArray
    sector: NDArray
    layer: NDArray
    plane: NDArray
    strip: NDArray

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.offsets) - 1

    def hits(self) -> tuple[NDArray, ...]:
        """Section, sector, layer, plane and strip."""
        return self.section, self.sector, self.layer, self.plane, self.strip

    def slice(self, first: int, last: int) -> StripEvents:
        """The events first .. last - 1."""
        start, stop = self.offsets[first], self.offsets[last]
        names = ("section", "sector", "layer", "plane", "strip")
        return StripEvents(
            offsets=self.offsets[first : last + 1] - start, **{name: getattr(self, name)[start:stop] for name in names}
        )


@dataclass(frozen=True, kw_only=True)
class _Hits:
    """Columns of hits; sector: of all 24."""

    event: NDArray
    sector: NDArray
    layer: NDArray
    plane: NDArray
    strip: NDArray

    def select(self, which: NDArray) -> _Hits:
        return _Hits(**{name: values[which] for name, values in vars(self).items()})

    def existing(self) -> _Hits:
        """Those on strips that there are."""
        n_strips = strip_table().n_strips[self.sector, self.layer, self.plane]
        return self.select((self.strip >= 0) & (self.strip < n_strips))


def strip_events(rng: np.random.Generator, n_events: int, parameters: KlmLineParameters) -> StripEvents:
    """Events with up to two lines, any strips besides, neighbours at the gap, full sectors; in random order, some hits twice.

    Lines: through the origin, near the cut on the intercept, exactly on it, and anywhere, with any part of the layers. Neighbours
    at the gap: a second strip in a layer, at the distance at which tracks part, one strip less and one more.
    Half of the events have instead the strips of one sector of which one track decides (`pointed_strips`).
    """
    lines = _lines(rng, n_events, parameters)
    parts = [
        lines,
        _beside(rng, lines, parameters),
        _on_cut(rng, n_events, parameters),
        _anything(rng, n_events),
        _full(rng, n_events),
    ]
    hits = _Hits(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(lines)})
    chosen = np.flatnonzero(rng.random(n_events) < POINTED_SHARE)
    pointed = pointed_strips(rng, chosen, parameters, exact_pairs(parameters.intercept_raw))
    others = hits.select(~np.isin(hits.event, chosen))
    hits = _Hits(
        **{name: np.concatenate([column, more]) for (name, column), more in zip(vars(others).items(), pointed, strict=True)}
    ).existing()
    hits = hits.select(np.repeat(np.arange(len(hits.event)), 1 + (rng.random(len(hits.event)) < REPEATED)))
    hits = hits.select(np.lexsort((rng.random(len(hits.event)), hits.event)))
    section = np.searchsorted(FIRST_SECTOR, hits.sector, side="right") - 1
    return StripEvents(
        offsets=np.searchsorted(hits.event, np.arange(n_events + 1)),
        section=section.astype(np.int8),
        sector=(hits.sector - np.array(FIRST_SECTOR)[section]).astype(np.int8),
        layer=hits.layer.astype(np.int8),
        plane=hits.plane.astype(np.int8),
        strip=hits.strip.astype(np.int8),
    )


def _lines(rng: np.random.Generator, n_events: int, parameters: KlmLineParameters) -> _Hits:
    """Strips nearest to straight lines in both planes of a sector."""
    table = strip_table()
    event = np.repeat(np.arange(n_events), rng.integers(0, MAX_LINES + 1, n_events))
    n = len(event)
    sector = rng.integers(0, N_SECTORS, n)
    shape = (n, N_PLANES)
    centred = rng.uniform(-0.6, 0.6, shape) * parameters.intercept_raw
    at_cut = rng.choice((-1, 1), shape) * (parameters.intercept_raw + rng.uniform(-NEAR_CUT, NEAR_CUT, shape))
    kind = rng.integers(0, 5, shape)
    intercept = np.select([kind < 2, kind < 4], [centred, at_cut], rng.uniform(-2000, 2000, shape))
    middle = table.n_strips[sector, N_LAYERS // 2] * rng.random(shape)
    middle_y = (table.offset_raw[sector, N_LAYERS // 2] + middle * table.pitch_raw[sector, N_LAYERS // 2]) / (1 << STRIP_FRACTION)
    slope = (middle_y - intercept) / table.x_raw[sector, N_LAYERS // 2]
    y = intercept[:, None] + slope[:, None] * table.x_raw[sector]
    pitch = np.where(table.pitch_raw[sector], table.pitch_raw[sector], 1)
    strip = np.rint((y * (1 << STRIP_FRACTION) - table.offset_raw[sector]) / pitch).astype(np.int64)
    there = (rng.random((n, N_LAYERS, N_PLANES)) < rng.random((n, 1, 1))) & (table.n_strips[sector] > 0)
    row, layer, plane = there.nonzero()
    return _Hits(event=event[row], sector=sector[row], layer=layer, plane=plane, strip=strip[row, layer, plane])


def _anything(rng: np.random.Generator, n_events: int) -> _Hits:
    """Any strips, some of them in few sectors."""
    event = np.repeat(np.arange(n_events), rng.poisson(rng.choice((0, 3, 12), n_events, p=(0.5, 0.4, 0.1))))
    n = len(event)
    narrow = rng.random(n_events)[event] < 0.5
    layer, plane, strip = (rng.integers(0, most, n) for most in (N_LAYERS, N_PLANES, int(strip_table().n_strips.max())))
    sector = np.where(narrow, rng.integers(0, N_SECTORS, n_events)[event], rng.integers(0, N_SECTORS, n))
    return _Hits(event=event, sector=sector, layer=layer, plane=plane, strip=strip)


def _beside(rng: np.random.Generator, lines: _Hits, parameters: KlmLineParameters) -> _Hits:
    """Second, third and later strips at the gap from some of the strips of the lines."""
    chosen = lines.select(rng.random(len(lines.event)) < 0.1)
    pitch = strip_table().pitch_raw[chosen.sector, chosen.layer, chosen.plane] / (1 << STRIP_FRACTION)
    apart = np.rint(parameters.gap_raw / np.abs(pitch)).astype(np.int64) + rng.integers(-1, 2, len(pitch))
    times = rng.integers(-2, 3, len(pitch))
    return _Hits(**(vars(chosen) | {"strip": chosen.strip + times * apart}))


def _on_cut(rng: np.random.Generator, n_events: int, parameters: KlmLineParameters) -> _Hits:
    """Two strips in both planes of a sector, whose lines lie exactly on the cut."""
    pairs = exact_pairs(parameters.intercept_raw)
    counts = np.bincount(pairs[0] * N_PLANES + pairs[1], minlength=N_SECTORS * N_PLANES).reshape(N_SECTORS, N_PLANES)
    first = (np.cumsum(counts.ravel()) - counts.ravel()).reshape(counts.shape)
    possible = np.flatnonzero(counts.all(axis=1))
    event = np.flatnonzero(rng.random(n_events) < (ON_CUT_SHARE if len(possible) else 0))
    sector = rng.choice(possible, len(event)) if len(event) else np.zeros(0, np.int64)
    row = (first[sector] + rng.integers(0, counts[sector])).ravel()
    rows, ends = np.tile(row, 2), np.repeat((0, 1), len(row))
    layer, strip = (np.where(ends == 0, pairs[near][rows], pairs[near + 2][rows]) for near in (2, 3))
    event = np.tile(np.repeat(event, N_PLANES), 2)
    return _Hits(event=event, sector=pairs[0][rows], layer=layer, plane=pairs[1][rows], strip=strip)


@lru_cache(maxsize=2)
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


def _full(rng: np.random.Generator, n_events: int) -> _Hits:
    """All strips of a sector."""
    event = np.flatnonzero(rng.random(n_events) < FULL_SHARE)
    most = int(strip_table().n_strips.max())
    row, layer, plane, strip = np.ones((len(event), N_LAYERS, N_PLANES, most), bool).nonzero()
    return _Hits(event=event[row], sector=rng.integers(0, N_SECTORS, len(event))[row], layer=layer, plane=plane, strip=strip)
