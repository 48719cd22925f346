"""Many hypotheses of the vertex at once: Hough transforms about shifted origins, clusters, a score. Our reading of a public idea.

Ref: K. L. Unger, TWEPP 2024 (abstract), and E. Schmidt, BELLE2-MTHESIS-2023-021 (abstract) [PAPER]: origins are shifted so that one
table per radius is enough, cells are set and not summed, tracks are clusters of cells, probable vertices are kept. Grid, clusters
and score are ours, in place of the network there; drift times are not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.door import check_segments
from trigger.compiled import kernel
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import DEPTH, TURN_RAW
from trigger.geometry.cdc import FIRST_PRIORITY, N_SECTORS, PRIORITY_SHIFT_HALF_CELLS, superlayers

N_PHI = 64
"""Azimuths of a track's direction at its vertex: the bits of a machine word."""
LOWEST = -(1 << 15)
"""Score of an event without a vertex."""
_ONE = np.uint64(1)


@dataclass(frozen=True, kw_only=True)
class HypothesisGrid:
    """Vertices and cells: radii_cm times N_SECTORS azimuths, and the axis itself; n_bend curvatures within +-bend_max_per_cm.

    inside_cm: wires farther inside the vertex do not vote. Sizes: our choice; 0.018 per cm is a pT of 0.25 GeV. ValueError for
    radii that are not positive and ascending, or no cells.
    """

    radii_cm: tuple[float, ...] = (3.0, 6.0, 10.0, 14.0, 18.0, 23.0, 28.0, 33.0, 38.0)
    n_bend: int = 16
    bend_max_per_cm: float = 0.018
    inside_cm: float = 2.0

    def __post_init__(self) -> None:
        if not self.radii_cm or min(np.diff((0.0, *self.radii_cm))) <= 0:
            msg = f"radii_cm must be positive and ascending, not {self.radii_cm}"
            raise ValueError(msg)
        if self.n_bend < 1 or self.bend_max_per_cm <= 0 or self.inside_cm < 0:
            msg = f"n_bend, bend_max_per_cm must be positive, not {self.n_bend}, {self.bend_max_per_cm}; inside_cm not negative"
            raise ValueError(msg)

    @property
    def vertices(self) -> NDArray[np.float64]:
        """Radius and azimuth of every vertex, (n, 2): the axis first, then ring by ring."""
        azimuth = 2 * np.pi * np.arange(N_SECTORS) / N_SECTORS
        rings = [np.stack([np.full(N_SECTORS, radius), azimuth], axis=1) for radius in self.radii_cm]
        return np.concatenate([np.zeros((1, 2)), *rings])


@dataclass(frozen=True, kw_only=True, eq=False)
class HypothesesDecision:
    """Answer for n events.

    displaced_score_raw: int16 (n,), twice the weight of the best vertex off the axis less that of the axis, less the number of
    axial segments, with which cells fill by chance; LOWEST where no vertex has two clusters. displaced_radius_raw (DEPTH),
    displaced_phi_raw (TURN): int16 (n,), the best vertex, 0 where there is none.
    """

    displaced_score_raw: NDArray[np.int16]
    displaced_radius_raw: NDArray[np.int16]
    displaced_phi_raw: NDArray[np.int16]

    def arrays(self) -> Mapping[str, NDArray]:
        """The fields by name; the arrays themselves, not copies."""
        return dict(vars(self))


class _Tables(NamedTuple):
    """mask: uint64 (radii + 1, axial segments, 3 positions, n_bend), cells that a segment sets for a vertex at azimuth 0. member:
    int64 (axial segments,), superlayer 0..4. turned: int64 (2336, 32), the segment that has the place of a segment after a turn by
    minus 0..31 sectors, among the axial ones, -1 = stereo."""

    mask: NDArray[np.uint64]
    member: NDArray[np.int64]
    turned: NDArray[np.int64]


@cache
def _tables(grid: HypothesisGrid) -> _Tables:
    lines = superlayers()
    axial = np.flatnonzero(lines.axial[lines.of_segment])
    of = lines.of_segment[axial]
    place, size = axial - lines.offset[of], lines.n_segments[of]
    half_cells = 2 * place[:, None] + np.array(PRIORITY_SHIFT_HALF_CELLS[1:])
    azimuth = half_cells * (np.pi / size[:, None])
    kind = (np.arange(1, len(PRIORITY_SHIFT_HALF_CELLS)) != FIRST_PRIORITY).astype(int)
    radius = lines.radius_cm[of][:, kind]
    half = np.pi / size[:, None]
    mask = np.stack([_cells(grid, radius, azimuth, half, origin) for origin in (0.0, *grid.radii_cm)])
    number = np.full(len(lines.of_segment), -1)
    number[axial] = np.arange(len(axial))
    turned = np.full((len(lines.of_segment), N_SECTORS), -1)
    steps = np.arange(N_SECTORS) * (size // N_SECTORS)[:, None]
    turned[axial] = number[lines.offset[of][:, None] + (place[:, None] - steps) % size[:, None]]
    return _Tables(mask=mask, member=(of // 2).astype(np.int64), turned=turned)


def _cells(
    grid: HypothesisGrid, radius: NDArray[np.float64], azimuth: NDArray[np.float64], half: NDArray[np.float64], origin_cm: float
) -> NDArray[np.uint64]:
    """Cells of wires, (segments, positions, n_bend), about an origin on the x axis.

    A circle through it with curvature k leaves it at phi = wire's azimuth - asin(k distance / 2). All azimuths between those of
    both ends of a cell of curvature and of the wire's own cell are set.
    """
    edges = np.linspace(-grid.bend_max_per_cm, grid.bend_max_per_cm, grid.n_bend + 1)
    ends = []
    for side in (-1, 1):
        x, y = radius * np.cos(azimuth + side * half) - origin_cm, radius * np.sin(azimuth + side * half)
        sine = np.clip(edges * np.hypot(x, y)[..., None] / 2, -1.0, 1.0)
        ends.append(np.arctan2(y, x)[..., None] - np.arcsin(sine))
    middle = np.arctan2(radius * np.sin(azimuth), radius * np.cos(azimuth) - origin_cm)
    corners = np.stack([end[..., place] for end in ends for place in (slice(None, -1), slice(1, None))])
    apart = np.angle(np.exp(1j * (corners - middle[None, ..., None])))
    first, last = (
        np.floor((middle[..., None] + edge) * (N_PHI / (2 * np.pi))).astype(int) for edge in (apart.min(0), apart.max(0))
    )
    bits = np.arange(N_PHI)
    inside = (bits - first[..., None]) % N_PHI <= (last - first)[..., None]
    words = (inside.astype(np.uint64) << bits.astype(np.uint64)).sum(axis=-1, dtype=np.uint64)
    closest = np.minimum(np.abs(edges[:-1]), np.abs(edges[1:]))
    distance = np.hypot(radius * np.cos(azimuth) - origin_cm, radius * np.sin(azimuth))
    reached = closest * distance[..., None] / 2 < 1.0
    return np.where(reached & (radius >= origin_cm - grid.inside_cm)[..., None], words, np.uint64(0))


@kernel
def _two_clusters(four, five, n_bend):
    """Sum of the weights of the two heaviest clusters of a plane, 0 unless there are two.

    A cluster: azimuths in a row in which any curvature has four superlayers. Its weight: its cells with four, and again with five.
    """
    ring = np.uint64(0)
    for k in range(n_bend):
        ring |= four[k]
    if ring == 0 or ~ring == 0:
        return 0
    start = 0
    while (ring >> np.uint64(start)) & _ONE:
        start += 1
    best, second, weight = 0, 0, 0
    for step in range(1, N_PHI + 1):
        bit = np.uint64((start + step) % N_PHI)
        if (ring >> bit) & _ONE:
            for k in range(n_bend):
                weight += int((four[k] >> bit) & _ONE) + int((five[k] >> bit) & _ONE)
        elif weight:
            best, second = max(best, weight), max(second, min(best, weight))
            weight = 0
    return best + second if second else 0


@kernel
def _find(offsets, ids, positions, tables, turns, n_rings, n_bend, out):
    """Fill (best weight, hypothesis, weight of the axis) of each event."""
    planes = np.zeros((N_AXIAL, n_bend), np.uint64)
    four, five = np.zeros(n_bend, np.uint64), np.zeros(n_bend, np.uint64)
    for event in range(len(offsets) - 1):
        first, last = offsets[event], offsets[event + 1]
        for ring in range(n_rings + 1):
            for sector in range(turns if ring else 1):
                planes[:] = 0
                for i in range(first, last):
                    place = tables.turned[ids[i], sector]
                    if place >= 0:
                        plane, cells = planes[tables.member[place]], tables.mask[ring, place, positions[i] - 1]
                        for k in range(n_bend):
                            plane[k] |= cells[k]
                for k in range(n_bend):
                    a, b, c, d, e = planes[0, k], planes[1, k], planes[2, k], planes[3, k], planes[4, k]
                    ab, cd = a & b, c & d
                    four[k] = (ab & cd) | (e & ((ab & (c | d)) | (cd & (a | b))))
                    five[k] = ab & cd & e
                weight = _two_clusters(four, five, n_bend)
                if ring == 0:
                    out[event, 2] = weight
                elif weight > out[event, 0]:
                    out[event, 0], out[event, 1] = weight, (ring - 1) * turns + sector + 1


class HypothesesTrigger:
    """Two clusters at one shifted origin. Every step is a table, an OR, an AND or a count: no products, no drift times."""

    def __init__(self, grid: HypothesisGrid | None = None) -> None:
        self.grid = grid or HypothesisGrid()

    def run(self, offsets: ArrayLike, ts_id: ArrayLike, priority: ArrayLike, lr: ArrayLike, time: ArrayLike) -> HypothesesDecision:
        """Return the decision on every event; arguments as for `DisplacedTrigger.run`. The earlier of two equal vertices wins.

        Raises:
            InputError: field, first bad event and reason.
        """
        given = {"cdc_offsets": offsets, "cdc_ts_id": ts_id, "cdc_priority": priority, "cdc_lr": lr, "cdc_time": time}
        arrays = check_segments("HypothesesTrigger", **given)
        ids, position = arrays["cdc_ts_id"].astype(np.int64), arrays["cdc_priority"].astype(np.int64)
        out = np.zeros((len(arrays["cdc_offsets"]) - 1, 3), np.int64)
        grid = self.grid
        _find(arrays["cdc_offsets"], ids, position, _tables(grid), N_SECTORS, len(grid.radii_cm), grid.n_bend, out)
        event = np.repeat(np.arange(len(out)), np.diff(arrays["cdc_offsets"]))
        axial = np.bincount(event[superlayers().axial[superlayers().of_segment[ids]]], minlength=len(out))
        there, place = out[:, 0] > 0, grid.vertices[out[:, 1]]
        score = np.maximum(2 * (out[:, 0] - out[:, 2]) - axial, LOWEST)
        return HypothesesDecision(
            displaced_score_raw=np.where(there, score, LOWEST).astype(np.int16),
            displaced_radius_raw=np.where(there, DEPTH.quantise(place[:, 0]), 0).astype(np.int16),
            displaced_phi_raw=np.where(there, np.rint(place[:, 1] * (TURN_RAW / (2 * np.pi))), 0).astype(np.int16),
        )
