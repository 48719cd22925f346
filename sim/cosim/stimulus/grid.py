"""Building blocks of stimulus: a grid of counts per event and cell, choices from lists of unequal length, cell tables.

Cells are indices (tc_id - 1) here. A grid is int64 (n, 576), 0 = no hit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from trigger.ecl.calibration import ADC_MAX
from trigger.geometry.ecl import N_CELLS, N_PHI, N_THETA, Region, cells

Arrays = dict[str, np.ndarray]

DOWN_SLOT, DOWN_SLOT_THETA1 = 5, 6
"""Neighbour slot of the cell with the next phi id (ecl geometry, "down"); a hit there does not make a second seed."""


class Source(Protocol):
    """A kind of events. `n_cases` is the length of its enumeration of cases (0: none, random alone)."""

    @property
    def name(self) -> str:
        """Name in records and in the random stream."""

    @property
    def n_cases(self) -> int:
        """Distinct cases that events `first`, `first + 1`, ... go through in turn."""

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        """n events as `ecl_*` fields; `first`: events of this source in earlier blocks."""


@dataclass(frozen=True)
class Lists:
    """Lists of unequal length; `pick` draws one entry of each chosen list."""

    offsets: np.ndarray
    entries: np.ndarray

    @classmethod
    def of(cls, lists: Sequence[np.ndarray]) -> Lists:
        """From the lists themselves."""
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(entries) for entries in lists])])
        return cls(offsets, np.concatenate([np.zeros(0, np.int64), *lists]).astype(np.int64))

    @property
    def n_lists(self) -> int:
        """Number of lists."""
        return len(self.offsets) - 1

    def pick(self, which: np.ndarray, rng: np.random.Generator, default: int = 0) -> np.ndarray:
        """One random entry of list `which[i]` for every i; `default` from an empty list."""
        lengths = np.diff(self.offsets)[which]
        at = self.offsets[:-1][which] + (rng.random(len(which)) * lengths).astype(np.int64)
        if not len(self.entries):
            return np.full(len(which), default, np.int64)
        return np.where(lengths > 0, self.entries[np.minimum(at, len(self.entries) - 1)], default)


@cache
def down_cells() -> np.ndarray:
    """The cell at the next phi id of every cell, int64 (576,)."""
    table = cells()
    slot = np.where(table.theta_id == 1, DOWN_SLOT_THETA1, DOWN_SLOT) - 1
    return table.neighbours[np.arange(N_CELLS), slot].astype(np.int64) - 1


@cache
def near_cells() -> np.ndarray:
    """bool (576, 576): row c has c and its neighbours."""
    near = np.eye(N_CELLS, dtype=bool)
    rows, slots = np.nonzero(cells().neighbours)
    near[rows, cells().neighbours[rows, slots].astype(np.int64) - 1] = True
    return near


@cache
def two_steps() -> np.ndarray:
    """bool (576, 576): row c has c, its neighbours and theirs."""
    steps = near_cells().astype(np.float32)
    return (steps @ steps) > 0


@cache
def cells_of_ring() -> Lists:
    """Cells of each theta id, list 0 empty."""
    return Lists.of([np.flatnonzero(cells().theta_id == theta) for theta in range(N_THETA + 1)])


@cache
def lattice() -> np.ndarray:
    """Cells no two of which are neighbours: every other theta id, every other phi id."""
    table = cells()
    return np.flatnonzero((table.theta_id % 2 == 0) & (table.phi_id % 2 == 1) & (table.phi_id < N_PHI[Region.BRL]))


def empty_grid(n: int) -> np.ndarray:
    """n events without hits."""
    return np.zeros((n, N_CELLS), np.int64)


def put(grid: np.ndarray, rows: np.ndarray, where: np.ndarray, counts: np.ndarray) -> None:
    """Add counts to cells; what a cell cannot hold goes to the cell at the next phi id."""
    kept = np.minimum(counts, ADC_MAX)
    np.add.at(grid, (rows, where), kept)
    np.add.at(grid, (rows, down_cells()[where]), np.clip(counts - kept, 0, ADC_MAX))


def put_spread(grid: np.ndarray, rows: np.ndarray, where: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> None:
    """As `put`, but a random third of the clusters leave up to half of their counts in the cell at the next phi id."""
    moved = np.where(rng.random(len(rows)) < 1 / 3, (rng.random(len(rows)) * (counts // 2 + 1)).astype(np.int64), 0)
    put(grid, rows, where, counts - moved)
    np.add.at(grid, (rows, down_cells()[where]), moved)


def put_shares(
    grid: np.ndarray,
    rows: np.ndarray,
    groups: Lists,
    which: np.ndarray,
    totals: np.ndarray,
    rng: np.random.Generator,
    max_parts: int = 4,
) -> None:
    """Spread `totals` over one to max_parts (or as many as needed) random cells of list `which[i]`; below 1 adds nothing.

    Exact unless a cell is drawn twice and overflows, or the list is empty.
    """
    n_parts = np.maximum(rng.integers(1, max_parts + 1, len(rows)), -(-totals // ADC_MAX))
    left = np.maximum(totals, 0)
    for k in range(int(n_parts.max(initial=0)), 0, -1):
        active = (k <= n_parts) & (left > 0)
        share = np.where(active, -(-left // k), 0)
        share = np.where(active & (k > 1), np.minimum(ADC_MAX, np.maximum(share + rng.integers(-9, 10, len(rows)), 1)), share)
        share = np.minimum(share, left)
        np.add.at(grid, (rows, groups.pick(which, rng)), share)
        left = left - share


def to_events(grid: np.ndarray) -> Arrays:
    """The grid as `ecl_offsets`, `ecl_tc_id`, `ecl_adc`; counts saturate at 12 bits."""
    rows, where = np.nonzero(grid > 0)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(rows, minlength=len(grid)))])
    adc = np.minimum(grid[rows, where], ADC_MAX)
    return {"ecl_offsets": offsets, "ecl_tc_id": (where + 1).astype(np.int16), "ecl_adc": adc.astype(np.int16)}
