"""Strips of the KLM for the verification of the straight-line mode."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.klm_line_edges import edge_strips, exact_pairs
from sim.cosim.stimulus.klm_line_pointed import Columns, pointed_strips, straight_lines
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
POINTED_SHARE, EDGE_SHARE, CROSSED_SHARE = 0.5, 0.04, 0.03
"""Parts of the events in which one track of one plane decides, in which it does so to the unit (an event of these takes 10 ms), and
with lines in any of all planes (our choice)."""

CROSSED_LAYERS = 0.3
"""Part of the layers of lines in any planes (our choice: most lines have the two that they need)."""


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
    Others have instead the strips of one sector of which one track decides (`pointed_strips`), to the unit (`edge_strips`), or
    lines in any planes, so that sectors have one in both, in either, or in none.
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
    ticket = rng.random(n_events)
    ends = np.cumsum([POINTED_SHARE, EDGE_SHARE, CROSSED_SHARE])
    pointed, edges, crossed = (np.flatnonzero((first <= ticket) & (ticket < last)) for first, last in pairwise([0, *ends]))
    chosen = [
        pointed_strips(rng, pointed, parameters, exact_pairs(parameters.intercept_raw)),
        edge_strips(rng, edges, parameters),
        _crossed(rng, crossed),
    ]
    others = hits.select(ticket[hits.event] >= ends[-1])
    hits = _Hits(
        **{
            name: np.concatenate(columns)
            for name, columns in zip(vars(others), zip(vars(others).values(), *chosen, strict=True), strict=True)
        }
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


def _crossed(rng: np.random.Generator, event: NDArray) -> Columns:
    """Straight lines in any part of all planes, in any part of their layers."""
    there = rng.random((len(event), N_SECTORS, N_PLANES)) < rng.random((len(event), 1, 1))
    row, sector, plane = there.nonzero()
    columns = straight_lines(rng, event[row], sector, plane)
    kept = rng.random(len(columns[0])) < CROSSED_LAYERS
    return tuple(column[kept] for column in columns)


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


def _full(rng: np.random.Generator, n_events: int) -> _Hits:
    """All strips of a sector."""
    event = np.flatnonzero(rng.random(n_events) < FULL_SHARE)
    most = int(strip_table().n_strips.max())
    row, layer, plane, strip = np.ones((len(event), N_LAYERS, N_PLANES, most), bool).nonzero()
    return _Hits(event=event[row], sector=rng.integers(0, N_SECTORS, len(event))[row], layer=layer, plane=plane, strip=strip)
