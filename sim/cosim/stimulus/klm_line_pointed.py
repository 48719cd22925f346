"""Strips of the KLM of which one track decides: each of a plane's tracks in turn, its line at the cut, its strips at the gap.

The other plane of the sector has a line through the origin, as a rule. Tracks before the decisive one lie beside it, farther from
the origin.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.grl_pointed import deck
from trigger.geometry.klm import N_LAYERS, N_PLANES, N_SECTORS, STRIP_FRACTION, strip_table
from trigger.klm_line import N_TRACKS, KlmLineParameters

SCALE = 1 << STRIP_FRACTION
AROUND_CUT = 40
"""Lines have their intercept within so many units of the cut (our choice: about a strip's worth)."""
ALONE_PROBABILITY = 0.2
"""Part of the events without the line in the other plane (our choice)."""


class Kind(enum.IntEnum):
    """What decides: a line near the cut, or exactly on it; a third strip at the gap; too few layers."""

    CUT = 0
    ON_CUT = 1
    GAP = 2
    LAYERS = 3


Columns = tuple[NDArray, ...]
"""Event, sector of all 24, layer, plane and strip of hits; some strips may not exist."""


@dataclass(frozen=True, kw_only=True)
class _Plane:
    """Planes of sectors, one per event: coordinates of their layers, (n, 15) each."""

    sector: NDArray
    plane: NDArray

    def column(self, name: str) -> NDArray:
        return getattr(strip_table(), name)[self.sector, :, self.plane].astype(np.int64)

    def strips(self, y: NDArray) -> NDArray:
        """Nearest strips to coordinates (n, 15)."""
        pitch = self.column("pitch_raw")
        return np.rint((y * SCALE - self.column("offset_raw")) / np.where(pitch, pitch, 1)).astype(np.int64)

    def hits(self, event: NDArray, strip: NDArray, there: NDArray) -> Columns:
        """Hits where `there` (n, 15); event: of each row."""
        row, layer = np.nonzero(there)
        return event[row], self.sector[row], layer, self.plane[row], strip[row, layer]


def pointed_strips(rng: np.random.Generator, event: NDArray, parameters: KlmLineParameters, exact: NDArray) -> Columns:
    """Hits of these events. exact: pairs of strips on the cut, see `sim.cosim.stimulus.klm_line.exact_pairs`."""
    n, rows = len(event), np.arange(len(event))
    sector, plane, track, kind = deck(rng, n, N_SECTORS, N_PLANES, N_TRACKS, len(Kind))
    own = _Plane(sector=sector, plane=plane)
    n_strips, x, pitch = (own.column(name) for name in ("n_strips", "x_raw", "pitch_raw"))
    step = -(-parameters.gap_raw * SCALE // np.abs(pitch).max(axis=1))
    track = np.minimum(track, (n_strips.max(axis=1) - 1) // step)
    away = -np.sign(pitch.sum(axis=1))
    side = np.where(track > 0, away, rng.choice((-1, 1), n))
    at_cut = parameters.intercept_raw + rng.uniform(-AROUND_CUT, AROUND_CUT, n)
    intercept = side * np.where(kind == Kind.CUT, at_cut, rng.uniform(0, 0.5, n) * parameters.intercept_raw)
    over = np.abs(pitch) * np.rint(parameters.gap_raw * SCALE / np.where(pitch, np.abs(pitch), 1)) - parameters.gap_raw * SCALE
    there = (n_strips > 0) & _layers(rng, kind, np.where(n_strips > 0, np.abs(over), np.inf).argmin(axis=1))
    first = there.argmax(axis=1)
    room = n_strips[rows, first] - track * step
    start = track * step + (rng.random(n) * np.maximum(room, 1)).astype(np.int64)
    start_y = (own.column("offset_raw")[rows, first] + start * pitch[rows, first]) / SCALE
    slope = (start_y - intercept) / x[rows, first]
    strip = own.strips(intercept[:, None] + slope[:, None] * x)
    strip[rows, first] = start
    track = _put_exact(rng, exact, (sector, plane, kind == Kind.ON_CUT), (strip, there), (track, step, away))

    there &= (strip >= (track * step)[:, None]) & (strip < n_strips)
    parts = [own.hits(event, strip, there)]
    parts += [own.hits(event, strip - k * step[:, None], there & (k <= track)[:, None]) for k in range(1, N_TRACKS)]
    at_gap = np.rint(parameters.gap_raw * SCALE / np.abs(pitch[rows, first])).astype(np.int64)
    distance = np.where(kind == Kind.GAP, at_gap + rng.integers(-1, 2, n), 1)
    second = there & (np.arange(N_LAYERS) == first[:, None])
    second &= ((kind == Kind.GAP) | (kind == Kind.LAYERS) & (rng.random(n) < 1 / 2))[:, None]
    parts.append(own.hits(event, strip + distance[:, None], second))
    kept = rng.random(n) >= ALONE_PROBABILITY
    parts.append(straight_lines(rng, event[kept], sector[kept], 1 - plane[kept]))
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _layers(rng: np.random.Generator, kind: NDArray, nearest: NDArray) -> NDArray:
    """Layers of the lines, bool (n, 15): any part of them; two together for the gap; one.

    nearest: the layer whose strips come nearest to the gap, the first one of two in half of the events.
    """
    start = np.where(rng.random(len(kind)) < 1 / 2, rng.integers(0, N_LAYERS - 2, len(kind)), nearest)
    place = np.arange(N_LAYERS) - start[:, None]
    some = rng.random((len(kind), N_LAYERS)) < rng.uniform(0.2, 1, (len(kind), 1))
    return np.select([(kind == Kind.GAP)[:, None], (kind == Kind.LAYERS)[:, None]], [(place == 0) | (place == 1), place == 0], some)


def _put_exact(
    rng: np.random.Generator, exact: NDArray, case: tuple[NDArray, NDArray, NDArray], line: tuple[NDArray, NDArray],
    tracks: tuple[NDArray, NDArray, NDArray],
) -> NDArray:  # fmt: skip
    """Strips and layers of the lines on the cut, where there are any: set in `line`. Tracks that then have room, (n,)."""
    (sector, plane, wanted), (strip, there), (track, step, away) = case, line, tracks
    track = track.copy()
    for row in np.flatnonzero(wanted):
        pairs = exact[:, (exact[0] == sector[row]) & (exact[1] == plane[row])]
        if not pairs.shape[1]:
            continue
        near, one, far, other = pairs[2:, rng.integers(0, pairs.shape[1])].tolist()
        there[row], there[row, [near, far]] = False, True
        strip[row, [near, far]] = one, other
        x = strip_table().x_raw[sector[row], [near, far], plane[row]].astype(np.int64)
        y = [int(strip_table().y_raw(sector[row], layer, plane[row], np.array(at))) for layer, at in ((near, one), (far, other))]
        is_away = (int(x[1]) * y[0] - int(x[0]) * y[1]) * away[row] > 0
        track[row] = min(track[row], min(one, other) // step[row]) if is_away else 0
    return track


def straight_lines(rng: np.random.Generator, event: NDArray, sector: NDArray, plane: NDArray) -> Columns:
    """Lines through the origin in every layer of these planes."""
    planes = _Plane(sector=sector, plane=plane)
    n_strips, x = planes.column("n_strips"), planes.column("x_raw")
    middle = planes.column("offset_raw") + rng.random((len(event), 1)) * n_strips * planes.column("pitch_raw")
    slope = middle[:, N_LAYERS // 2] / SCALE / x[:, N_LAYERS // 2]
    strip = planes.strips(slope[:, None] * x)
    return planes.hits(event, strip, n_strips > 0)
