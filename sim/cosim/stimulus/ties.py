"""Equal counts where a lower number must win: cells of a beat and of two beats (timing), members of a cluster (its centre)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from sim.cosim.stimulus.cuts import LUT_FACTORS, Cuts
from sim.cosim.stimulus.grid import Arrays, empty_grid, put, to_events
from trigger.ecl.calibration import ADC_MAX
from trigger.ecl.tables import cell_tables
from trigger.ecl.window import CLOCK_RAW, WINDOW_CLOCKS
from trigger.geometry.ecl import N_CELLS, N_SLOTS

MAX_LESSER = 6
"""Further cells with fewer counts, at most (our choice)."""
NEXT_PROBABILITY = 0.8
N_BLOCKING = 3
"""Cells of the seed rule's table that leave no seed when one is hit; the two others do so together."""


@dataclass(frozen=True)
class EqualPairs:
    """Two clusters of exactly equal counts anywhere: the tie in the choice of the lower-energy cluster (hie3, hie4)."""

    cuts: Cuts
    name: str = "equal_pairs"
    n_cases: int = 0

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        grid = empty_grid(n)
        rows = np.arange(n)
        counts = self.cuts.pool.pick(rng.integers(0, LUT_FACTORS, n), rng)
        for _ in range(2):
            put(grid, rows, rng.integers(0, N_CELLS, n), np.maximum(counts, 96))
        return to_events(grid)


@dataclass(frozen=True)
class EqualCells:
    """The two most energetic cells with equal counts and times of their own: each cell with the next by id, or with any other."""

    name: str = "equal_cells"
    n_cases: int = N_CELLS - 1

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        one = (first + np.arange(n)) % self.n_cases
        grid, rows = empty_grid(n), np.arange(n)
        counts = rng.integers(1, ADC_MAX + 1, n)
        for _ in range(MAX_LESSER):
            grid[rows, rng.integers(0, N_CELLS, n)] = rng.integers(0, counts)
        is_next = rng.random(n) < NEXT_PROBABILITY
        grid[rows, one] = counts
        grid[rows, np.where(is_next, one + 1, (one + rng.integers(1, N_CELLS, n)) % N_CELLS)] = counts
        events = to_events(grid)
        time = rng.integers(0, WINDOW_CLOCKS * CLOCK_RAW, len(events["ecl_adc"])).astype(np.int16)
        return events | {"ecl_time": time, "ecl_phase": np.zeros(n, np.int16)}


@dataclass(frozen=True)
class EqualMembers:
    """Two members of a seed's 3x3 cells with equal counts, the seed with fewer or one of the two: all that leave it a seed."""

    name: str = "equal_members"

    @cached_property
    def cases(self) -> list[tuple[int, int]]:
        """Members: 0 the seed, k its slot k."""
        return list(self._seeds)

    @property
    def n_cases(self) -> int:
        return len(self._seeds)

    @cached_property
    def _seeds(self) -> dict[tuple[int, int], np.ndarray]:
        """Cells that are seeds with hits in both members, tc ids."""
        tables = cell_tables()
        blocking, together = tables.seed[:, :N_BLOCKING], tables.seed[:, N_BLOCKING:]
        found = {}
        for pair in combinations(range(N_SLOTS + 1), 2):
            hit = tables.slots[:, pair]
            exists = (hit > 0).all(axis=1)
            blocked = (hit[:, :, None] == blocking[:, None]).any(axis=(1, 2)) | (hit == together).all(axis=1)
            found[pair] = np.flatnonzero(exists & ~blocked)
        return {pair: seeds for pair, seeds in found.items() if len(seeds)}

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        case = (first + np.arange(n)) % self.n_cases
        grid = empty_grid(n)
        counts = rng.integers(2, ADC_MAX + 1, n)
        for k, (pair, seeds) in enumerate(self._seeds.items()):
            rows = np.flatnonzero(case == k)
            members = cell_tables().slots[rng.choice(seeds, len(rows))] - 1
            grid[rows, members[:, 0]] = rng.integers(1, counts[rows])
            for member in pair:
                grid[rows, members[:, member]] = counts[rows]
        return to_events(grid)
