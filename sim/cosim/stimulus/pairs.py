"""Events on cluster thresholds and at every theta id: one to six clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.cosim.stimulus.cuts import (
    CLUSTER_CUTS,
    ENDCAP_CUT,
    LML13_CUT,
    OFFSETS,
    PAIR_SETS,
    Cuts,
    pair_of_cut,
)
from sim.cosim.stimulus.grid import Arrays, Lists, cells_of_ring, empty_grid, put_spread, to_events
from trigger.ecl.thresholds import ENDCAP_THETA
from trigger.geometry.ecl import N_CELLS, N_THETA, cells

MAX_EXTRA = 4
EXTRA_PROBABILITY = 0.3
"""Further clusters of an event (our choice: most events keep to the case that they are for)."""
PARTNER_PROBABILITY = 0.75
OWN_POOL_PROBABILITY = 0.7


@dataclass(frozen=True)
class ClusterCuts:
    """A cluster one count below, on and one above every cluster cut, at every look-up factor where the cut depends on it.

    Cuts that matter in a pair come with a partner inside the pair's windows, mostly at the cuts of the same pair.
    """

    cuts: Cuts
    name: str = "cluster_cuts"

    @cached_property
    def cases(self) -> list[tuple[str, int | None, int]]:
        """(cut, look-up factor or None for any, offset)."""
        values = {name: getattr(self.cuts.thresholds, name) for name in CLUSTER_CUTS}
        factors = {name: self.cuts.factors if isinstance(value, tuple) else (None,) for name, value in values.items()}
        return [(name, factor, offset) for name in CLUSTER_CUTS for factor in factors[name] for offset in OFFSETS]

    @property
    def n_cases(self) -> int:
        return len(self.cases)

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        case = (first + np.arange(n)) % self.n_cases
        grid = empty_grid(n)
        for k, (cut, factor, offset) in enumerate(self.cases):
            rows = np.flatnonzero(case == k)
            seeds = rng.choice(_cells_with(cut, factor, self.cuts.thresholds.lml13_theta_mask), len(rows))
            counts = self.cuts.cluster_cut(cut, cells().cm_energy_e[seeds].astype(np.int64)) + offset
            put_spread(grid, rows, seeds, np.maximum(counts, 1), rng)
            pair = pair_of_cut(cut)
            if pair is not None:
                self._add_partners(grid, rows, seeds, cut, pair, rng)
        add_extra(grid, np.arange(n), self.cuts.pool, rng)
        return to_events(grid)

    def _add_partners(
        self, grid: np.ndarray, rows: np.ndarray, seeds: np.ndarray, cut: str, pair: str, rng: np.random.Generator
    ) -> None:
        partners = self._partners[cut if cut == ENDCAP_CUT else pair].pick(seeds, rng, default=-1)
        chosen = (partners >= 0) & (rng.random(len(rows)) < PARTNER_PROBABILITY)
        put_cluster(grid, rows[chosen], partners[chosen], self.cuts.pools[pair], self.cuts.pool, rng)

    @cached_property
    def _partners(self) -> dict[str, Lists]:
        return {name: self.cuts.partners(name) for name in PAIR_SETS} | {
            ENDCAP_CUT: self.cuts.partners("taub2b2_pair", endcap=True)
        }


@dataclass(frozen=True)
class ThetaRings:
    """Clusters centred at every theta id, alone and in every kind of pair, at cluster cuts."""

    cuts: Cuts
    name: str = "theta_rings"

    @property
    def n_cases(self) -> int:
        return N_THETA * (len(PAIR_SETS) + 1)

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        case = (first + np.arange(n)) % self.n_cases
        theta, kind = case % N_THETA + 1, case // N_THETA
        grid = empty_grid(n)
        seeds = cells_of_ring().pick(theta, rng)
        alone = np.flatnonzero(kind == len(PAIR_SETS))
        put_cluster(grid, alone, seeds[alone], self.cuts.pool, self.cuts.pool, rng)
        for k, name in enumerate(PAIR_SETS):
            rows = np.flatnonzero(kind == k)
            partners = self._partners[name].pick(seeds[rows], rng, default=-1)
            paired = partners >= 0
            put_cluster(grid, rows, seeds[rows], self.cuts.pools[name], self.cuts.pool, rng)
            put_cluster(grid, rows[paired], partners[paired], self.cuts.pools[name], self.cuts.pool, rng)
        return to_events(grid)

    @cached_property
    def _partners(self) -> dict[str, Lists]:
        return {name: self.cuts.partners(name) for name in PAIR_SETS}


def put_cluster(grid: np.ndarray, rows: np.ndarray, seeds: np.ndarray, own: Lists, every: Lists, rng: np.random.Generator) -> None:
    """Clusters at cuts for their look-up factor: mostly from the lists `own`, else from `every`."""
    factor = cells().cm_energy_e[seeds].astype(np.int64)
    from_own = rng.random(len(rows)) < OWN_POOL_PROBABILITY
    put_spread(grid, rows, seeds, np.where(from_own, own.pick(factor, rng), every.pick(factor, rng)), rng)


def add_extra(grid: np.ndarray, rows: np.ndarray, pool: Lists, rng: np.random.Generator) -> None:
    """Up to MAX_EXTRA further clusters anywhere."""
    n_extra = rng.integers(1, MAX_EXTRA + 1, len(rows)) * (rng.random(len(rows)) < EXTRA_PROBABILITY)
    for k in range(MAX_EXTRA):
        chosen = rows[n_extra > k]
        put_cluster(grid, chosen, rng.integers(0, N_CELLS, len(chosen)), pool, pool, rng)


def _cells_with(cut: str, factor: int | None, lml13_theta_mask: int) -> np.ndarray:
    """Cells with this look-up factor, those at which the cut matters if there are any."""
    cells_there = np.arange(N_CELLS) if factor is None else np.flatnonzero(cells().cm_energy_e == factor)
    theta_id = cells().theta_id[cells_there].astype(np.int64)
    matters = {ENDCAP_CUT: np.isin(theta_id, ENDCAP_THETA), LML13_CUT: lml13_theta_mask >> theta_id - 1 & 1 == 1}
    chosen = cells_there[matters.get(cut, slice(None))]
    return chosen if len(chosen) else cells_there
