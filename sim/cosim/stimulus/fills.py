"""Random fills of every density, of all cells and of the places where neighbourhood logic goes wrong."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.cosim.stimulus.cuts import LUT_FACTORS, Cuts
from sim.cosim.stimulus.grid import Arrays, empty_grid, lattice, near_cells, to_events, two_steps
from trigger.ecl.calibration import ADC_MAX
from trigger.geometry.ecl import N_CELLS, N_PHI, N_THETA, Region, cells

ENUMERATED = 16
"""One event in so many has no hit, one has all 576, one has exactly one."""
LOW_MAX = 40
MEAN_COUNTS = 60
FEW_CELLS = 12
"""Mean number of fired cells of the thinnest fills of a place: around the largest number of stored clusters."""


class Energies(enum.IntEnum):
    """How the counts of an event's cells are drawn."""

    UNIFORM = 0
    LOW = 1
    EXPONENTIAL = 2
    EQUAL = 3
    TWO_VALUES = 4
    LARGEST = 5
    CUTS = 6


@dataclass(frozen=True)
class RandomFill:
    """All cells: no hit, one hit, 576 hits, and any density between; counts of every kind in `Energies`."""

    cuts: Cuts
    name: str = "random_fill"
    n_cases: int = ENUMERATED

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        kind = (first + np.arange(n)) % ENUMERATED
        occupancy = float(N_CELLS) ** -rng.random(n)
        occupancy[kind == 0] = 0.0
        occupancy[kind == 1] = 1.0
        fired = rng.random((n, N_CELLS)) < occupancy[:, None]
        single = np.flatnonzero(kind == 2)
        fired[single] = False
        fired[single, rng.integers(0, N_CELLS, len(single))] = True
        return to_events(np.where(fired, random_counts(n, self.cuts, rng), 0))


@dataclass(frozen=True)
class Places:
    """Fills of chosen places alone: neighbourhoods, rings, the phi wrap, region edges, endcaps, theta id 1, isolated cells.

    They give ties, duplicate clusters, rings without seed, and more than six clusters.
    """

    cuts: Cuts
    name: str = "places"

    @cached_property
    def masks(self) -> np.ndarray:
        """bool (n_masks, 576)."""
        table = cells()
        theta, phi = table.theta_id, table.phi_id
        last_phi = np.array([N_PHI[region] for region in Region])[table.region]
        wrap = (phi <= 2) | (phi >= last_phi - 1)
        isolated = np.zeros(N_CELLS, bool)
        isolated[lattice()] = True
        masks = [wrap & (table.region == region) for region in Region]
        masks += [np.isin(theta, rings) for rings in ((3, 4), (15, 16), (1, 2), (1, 2, 3), (16, 17), (1, 2, 3, 16, 17))]
        masks += [theta == ring for ring in range(1, N_THETA + 1)]
        masks += [isolated] * 8
        masks += [np.isin(theta, (ring, ring + 1)) & (phi % 2 == 0) for ring in range(1, N_THETA)]
        return np.array(masks)

    @property
    def n_cases(self) -> int:
        return 2 * len(self.masks)

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        """Every other event fills a neighbourhood of one or two steps, the others go through the masks."""
        case = (first + np.arange(n)) % self.n_cases
        centre = rng.integers(0, N_CELLS, n)
        around = np.where((rng.random(n) < 0.5)[:, None], near_cells()[centre], two_steps()[centre])
        mask = np.where((case % 2 == 0)[:, None], around, self.masks[case // 2])
        few = rng.integers(1, FEW_CELLS + 1, n) / np.maximum(mask.sum(axis=1), 1)
        occupancy = np.select([rng.random(n) < 0.3, rng.random(n) < 0.5], [np.ones(n), few], rng.random(n))
        fired = mask & (rng.random((n, N_CELLS)) < occupancy[:, None])
        gap = np.flatnonzero((occupancy == 1.0) & (rng.random(n) < 0.5))
        fired[gap, centre[gap]] = False
        return to_events(np.where(fired, random_counts(n, self.cuts, rng), 0))


def random_counts(n: int, cuts: Cuts, rng: np.random.Generator) -> np.ndarray:
    """Counts for every cell of n events, int64 (n, 576), each event of one kind."""
    kind = rng.integers(0, len(Energies), n)
    counts = empty_grid(n)

    def rows_of(energies: Energies) -> np.ndarray:
        return np.flatnonzero(kind == energies)

    rows = rows_of(Energies.UNIFORM)
    counts[rows] = rng.integers(1, ADC_MAX + 1, (len(rows), N_CELLS))
    rows = rows_of(Energies.LOW)
    counts[rows] = rng.integers(1, LOW_MAX + 1, (len(rows), N_CELLS))
    rows = rows_of(Energies.EXPONENTIAL)
    counts[rows] = 1 + rng.exponential(MEAN_COUNTS, (len(rows), N_CELLS)).astype(np.int64)
    rows = rows_of(Energies.EQUAL)
    counts[rows] = rng.integers(1, ADC_MAX + 1, len(rows))[:, None]
    rows = rows_of(Energies.TWO_VALUES)
    counts[rows] = rng.integers(1, ADC_MAX, len(rows))[:, None] + rng.integers(0, 2, (len(rows), N_CELLS))
    counts[rows_of(Energies.LARGEST)] = ADC_MAX
    rows = rows_of(Energies.CUTS)
    drawn = cuts.pool.pick(rng.integers(0, LUT_FACTORS, len(rows) * N_CELLS), rng)
    counts[rows] = drawn.reshape(len(rows), N_CELLS)
    return np.minimum(counts, ADC_MAX)
