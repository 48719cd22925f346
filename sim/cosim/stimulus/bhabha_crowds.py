"""Several pairs of clusters that pass the 3D Bhabha at once: the last one in stored order is recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.cosim.stimulus.cuts import Cuts, pairs_inside
from sim.cosim.stimulus.grid import Arrays, Lists, empty_grid, put, to_events, two_steps
from sim.cosim.stimulus.lone_pairs import Counts
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.geometry.ecl import N_CELLS, Region, cells


@dataclass(frozen=True)
class BhabhaCrowds:
    """Three to six clusters above the cuts of veto and selection, each inside the windows with one of the first two.

    Every other event begins with a pair of the endcaps, where in-track flag and polar angle differ.
    """

    cuts: Cuts
    name: str = "bhabha_crowds"
    n_cases: int = 0

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        t = self.cuts.thresholds
        inside = np.array([pairs_inside(window) for window in (t.bhabha3d_veto_pair, t.bhabha3d_sel_pair)])
        is_endcap = cells().region != Region.BRL
        lists = Lists.of([np.flatnonzero(pairs & chosen) for chosen in (True, is_endcap & is_endcap[:, None]) for pairs in inside])
        window = rng.integers(0, 2, n)
        pair = np.divmod(lists.pick(window + 2 * rng.integers(0, 2, n), rng), N_CELLS)
        high = np.maximum(t.bhabha3d_veto_high_min, t.bhabha3d_sel_high_min)
        counts = Counts.of(high, 2 * high)
        grid, row = empty_grid(n), np.arange(n)
        free = inside[window, pair[0]] | inside[window, pair[1]]
        n_clusters = rng.integers(3, MAX_CLUSTERS + 1, n)
        for k in range(MAX_CLUSTERS):
            seeds = pair[k] if k < len(pair) else np.argmax(free * rng.random(grid.shape, np.float32), axis=1)
            some = np.flatnonzero((k < n_clusters) & free[row, seeds])
            put(grid, some, seeds[some], counts.pick(seeds[some], rng))
            free[some] &= ~two_steps()[seeds[some]]
        return to_events(grid)
