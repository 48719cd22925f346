"""Events on the thresholds of sums, ring sums and counts, and on every pair of phi ids of the background veto."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product

import numpy as np

from sim.cosim.stimulus.cuts import OFFSETS, PHYSICS_SUM_CUTS, TOTAL_SUM_CUTS, Cuts
from sim.cosim.stimulus.grid import Arrays, Lists, empty_grid, lattice, put, put_shares, to_events
from sim.cosim.stimulus.pairs import put_cluster
from trigger.ecl.thresholds import (
    BHABHA2D_BACKWARD_RINGS,
    BHABHA2D_FORWARD_RINGS,
    N_BHABHA2D,
    PHYSICS_RINGS,
)
from trigger.geometry.ecl import N_CELLS, N_PHI, Region, cells

PHYSICS, ALL, OUTSIDE = range(3)
MAX_COUNT = 12
LOW_COUNTS = (19, 60)
"""Counts of cells that only fire (our choice: from the digitiser's 100 MeV to the lml thresholds)."""


@dataclass(frozen=True)
class SumCuts:
    """E_phys or E_total one count below, on and one above every cut on it; tau totals with a pair in their windows."""

    cuts: Cuts
    name: str = "sum_cuts"

    @cached_property
    def cases(self) -> list[tuple[str, int]]:
        """(cut, offset)."""
        return list(product((*PHYSICS_SUM_CUTS, *TOTAL_SUM_CUTS), OFFSETS))

    @property
    def n_cases(self) -> int:
        return len(self.cases)

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        case = (first + np.arange(n)) % self.n_cases
        grid = empty_grid(n)
        for k, (cut, offset) in enumerate(self.cases):
            rows = np.flatnonzero(case == k)
            target = getattr(self.cuts.thresholds, cut) + offset
            kind = PHYSICS if cut in PHYSICS_SUM_CUTS else ALL
            if cut.startswith("tau"):
                self._add_pair(grid, rows, cut.removesuffix("total_max") + "pair", rng)
            summed = grid[rows][:, _groups_of_sum()[kind]].sum(axis=1)
            put_shares(grid, rows, _summed(), np.full(len(rows), kind), target - summed, rng)
            if kind == PHYSICS:
                outside = rng.integers(*LOW_COUNTS, len(rows)) * rng.integers(0, 2, len(rows))
                put_shares(grid, rows, _summed(), np.full(len(rows), OUTSIDE), outside, rng)
        return to_events(grid)

    def _add_pair(self, grid: np.ndarray, rows: np.ndarray, pair: str, rng: np.random.Generator) -> None:
        seeds = rng.integers(0, N_CELLS, len(rows))
        partners = self._partners[pair].pick(seeds, rng, default=-1)
        for clusters in (seeds, partners):
            here = clusters >= 0
            put_cluster(grid, rows[here], clusters[here], self.cuts.pools[pair], self.cuts.pools[pair], rng)

    @cached_property
    def _partners(self) -> dict[str, Lists]:
        return {name: self.cuts.partners(name) for name in ("taub2b_pair", "taub2b2_pair", "taub2b3_pair")}


@dataclass(frozen=True)
class RingCuts:
    """Both ring sums of every 2D Bhabha type one count below, on and one above their cuts, in all nine combinations."""

    cuts: Cuts
    name: str = "ring_cuts"
    n_cases: int = N_BHABHA2D * len(OFFSETS) ** 2

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        case = (first + np.arange(n)) % self.n_cases
        grid = empty_grid(n)
        for k, (kind, forward, backward) in enumerate(product(range(N_BHABHA2D), OFFSETS, OFFSETS)):
            rows = np.flatnonzero(case == k)
            put_bhabha2d(grid, rows, self.cuts, kind, (forward, backward), rng)
        return to_events(grid)


@dataclass(frozen=True)
class Counts:
    """0 to MAX_COUNT isolated clusters at cuts, half of them beside a fired 2D Bhabha type: cuts on ICN and cluster numbers."""

    cuts: Cuts
    name: str = "counts"
    n_cases: int = 2 * (MAX_COUNT + 1)

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        case = (first + np.arange(n)) % self.n_cases
        grid = empty_grid(n)
        with_bhabha = np.flatnonzero(case > MAX_COUNT)
        kinds = rng.integers(0, N_BHABHA2D, len(with_bhabha))
        for kind in range(N_BHABHA2D):
            put_bhabha2d(grid, with_bhabha[kinds == kind], self.cuts, kind, (0, 0), rng)
        chosen = rng.permuted(np.tile(lattice(), (n, 1)), axis=1)[:, :MAX_COUNT]
        is_low = rng.random(n) < 0.5
        for k in range(MAX_COUNT):
            rows = np.flatnonzero(case % (MAX_COUNT + 1) > k)
            low = rows[is_low[rows]]
            put(grid, low, chosen[low, k], rng.integers(*LOW_COUNTS, len(low)))
            high = rows[~is_low[rows]]
            put_cluster(grid, high, chosen[high, k], self.cuts.pool, self.cuts.pool, rng)
        return to_events(grid)


@dataclass(frozen=True)
class QuadrantPairs:
    """Two fired cells at every pair of phi ids of the background veto's rows, FWD and BRL, sometimes with one in theta id 1."""

    cuts: Cuts
    name: str = "quadrant_pairs"

    @cached_property
    def cases(self) -> list[tuple[int, int, int]]:
        """(region, phi id, phi id)."""
        regions = (Region.FWD, Region.BRL)
        return [(int(r), *pair) for r in regions for pair in combinations_with_replacement(range(1, N_PHI[r] + 1), 2)]

    @property
    def n_cases(self) -> int:
        return len(self.cases)

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        case = np.array(self.cases)[(first + np.arange(n)) % self.n_cases]
        grid = empty_grid(n)
        columns = _columns()
        for phi in (case[:, 1], case[:, 2]):
            where = columns.pick(case[:, 0] * (N_PHI[Region.BRL] + 1) + phi, rng)
            put(grid, np.arange(n), where, rng.integers(*LOW_COUNTS, n))
        extra = np.flatnonzero(rng.random(n) < 0.25)
        innermost = np.flatnonzero(cells().theta_id == 1)
        put(grid, extra, rng.choice(innermost, len(extra)), rng.integers(*LOW_COUNTS, len(extra)))
        return to_events(grid)


def put_bhabha2d(
    grid: np.ndarray, rows: np.ndarray, cuts: Cuts, kind: int, offsets: tuple[int, int], rng: np.random.Generator
) -> None:
    """Ring sums of one type at its cuts plus offsets, in one or two cells on either side: few enough for the ICN cut.

    A ring that belongs to both sides gets a common part in half of the events.
    """
    rings = [set(side[kind]) for side in (BHABHA2D_FORWARD_RINGS, BHABHA2D_BACKWARD_RINGS)]
    t = cuts.thresholds
    totals = [t.bhabha2d_forward_min[kind] + offsets[0], t.bhabha2d_backward_min[kind] + offsets[1]]
    shared = rings[0] & rings[1]
    common = np.zeros(len(rows), np.int64)
    if shared:
        common = rng.integers(0, max(min(totals), 1), len(rows)) * rng.integers(0, 2, len(rows))
    parts = [(shared, common)] + [(side - shared, total - common) for side, total in zip(rings, totals, strict=True)]
    for side, counts in parts:
        where = Lists.of([np.flatnonzero(np.isin(cells().theta_id, sorted(side)))])
        put_shares(grid, rows, where, np.zeros(len(rows), np.int64), counts, rng, max_parts=2)


def _groups_of_sum() -> list[np.ndarray]:
    physics = np.isin(cells().theta_id, PHYSICS_RINGS)
    return [np.flatnonzero(physics), np.arange(N_CELLS), np.flatnonzero(~physics)]


def _summed() -> Lists:
    return Lists.of(_groups_of_sum())


def _columns() -> Lists:
    """Cells of each (region, phi id) that the veto looks at; list region * 37 + phi id."""
    table = cells()
    counted = table.theta_id > 1
    size = N_PHI[Region.BRL] + 1
    return Lists.of([np.flatnonzero(counted & (table.region == k // size) & (table.phi_id == k % size)) for k in range(2 * size)])
