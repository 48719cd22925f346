"""One pair of clusters that alone decides: at each edge of its windows, with energies that pass and that fail, at every place.

The RTL compares a cluster with the earlier ones of the stored order in units of their own, so each case comes for every place of
the earlier one. Further clusters are too faint for most cuts and outside the windows with all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from sim.cosim.stimulus.cuts import LUT_FACTORS, PAIR_SETS, Cuts, angles, pairs_inside
from sim.cosim.stimulus.grid import Arrays, empty_grid, put, to_events, two_steps
from trigger.ecl.thresholds import MAX_CLUSTERS, TAUB2B3_THETA, EclThresholds, Window
from trigger.geometry.ecl import N_CELLS, Region, cells

STORED_ORDER = (Region.BRL, Region.FWD, Region.BWD)
"""Order of the regions in which clusters are stored, each by id."""
ROOM_PER_CLUSTER = 30
"""Cells in front of a pair for each earlier cluster, where there are pairs with so much room (our choice)."""
INSIDE = "inside"
ALONE = "hie_pair"
"""Pair set that is looked at in windows of two clusters only."""


@dataclass(frozen=True)
class Counts:
    """Counts of a cluster, from `first` to `last`, for each look-up factor of its centre, int64 (16,)."""

    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, first: int | tuple[int, ...] | np.ndarray, last: int | tuple[int, ...] | np.ndarray) -> Counts:
        """At least one count; where `last` is smaller than `first`, `first` alone."""
        low = np.maximum(np.broadcast_to(np.asarray(first, np.int64), LUT_FACTORS), 1)
        return cls(low, np.maximum(np.broadcast_to(np.asarray(last, np.int64), LUT_FACTORS), low))

    def pick(self, seeds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One for each of these centres."""
        factor = cells().cm_energy_e[seeds].astype(np.int64)
        return rng.integers(self.first[factor], self.last[factor] + 1)


@dataclass(frozen=True)
class Energies:
    """Counts of the earlier and the later cluster. passing: whether a pair inside the windows then meets its condition."""

    earlier: Counts
    later: Counts
    passing: bool


@dataclass(frozen=True)
class Case:
    """A pair set, an edge of its windows or INSIDE, the place of the earlier cluster, and energies, one of which is drawn."""

    pair_set: str
    edge: str
    place: int
    energies: tuple[Energies, ...]


@dataclass(frozen=True)
class LonePairs:
    """Pairs just inside and just outside each edge, the other angle inside, that pass by energy; pairs inside at all energies."""

    cuts: Cuts
    name: str = "lone_pairs"

    @cached_property
    def cases(self) -> list[Case]:
        """Distinct cases, those of one place after those of another."""
        energies = pair_energies(self.cuts.thresholds)
        passing = {name: tuple(each for each in found if each.passing) for name, found in energies.items()}
        found = []
        for place in range(MAX_CLUSTERS - 1):
            for name, edge in self.pairs:
                if name == ALONE and place:
                    continue
                choices = [(each,) for each in energies[name]] if edge == INSIDE else [passing[name]]
                found += [Case(name, edge, place, choice) for choice in choices]
        return found

    @property
    def n_cases(self) -> int:
        return len(self.cases)

    @cached_property
    def pairs(self) -> dict[tuple[str, str], np.ndarray]:
        """Cells of the pairs of each (pair set, edge) that has any, int64 (2, n), the earlier in stored order first."""
        earlier = stored_rank()[:, None] < stored_rank()
        counted = np.isin(cells().theta_id, TAUB2B3_THETA)
        found = {}
        for name in PAIR_SETS:
            window = self.cuts.pair_window(name)
            usable = earlier & counted & counted[:, None] if name == "taub2b3_pair" else earlier
            found[name, INSIDE] = usable & pairs_inside(window)
            bounds = (("phi", window.phi_difference), ("theta", window.theta_sum))
            for (angle, own), values, (_, other), others in zip(bounds, angles(), bounds[::-1], angles()[::-1], strict=True):
                allowed = usable & (other.first <= others) & (others <= other.last)
                found |= {(name, f"{angle} {edge}"): pairs for edge, pairs in _edges(values, own, allowed)}
        return {case: np.array(np.nonzero(pairs)) for case, pairs in found.items() if pairs.any()}

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        number = (first + np.arange(n)) % self.n_cases
        grid, pairs = empty_grid(n), np.zeros((2, n), np.int64)
        for k, case in enumerate(self.cases):
            rows = np.flatnonzero(number == k)
            usable = _with_room(self.pairs[case.pair_set, case.edge], case.place)
            pairs[:, rows] = usable[:, rng.integers(0, usable.shape[1], len(rows))]
            drawn = rng.integers(0, len(case.energies), len(rows))
            for choice, energies in enumerate(case.energies):
                for seeds, counts in zip(pairs, (energies.earlier, energies.later), strict=True):
                    some = rows[drawn == choice]
                    put(grid, some, seeds[some], counts.pick(seeds[some], rng))
        place = np.array([case.place for case in self.cases])[number]
        pair_set = np.array([PAIR_SETS.index(case.pair_set) for case in self.cases])[number]
        self._add_others(grid, pairs, place, pair_set, rng)
        return to_events(grid)

    def _add_others(
        self, grid: np.ndarray, pairs: np.ndarray, place: np.ndarray, pair_set: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Faint clusters in front of the pairs (2, n), as many as `place`, between their two clusters and behind them."""
        t = self.cuts.thresholds
        faint = Counts.of(t.taub2b3_all_min, t.lml_pair_below_max)
        rank, row = stored_rank(), np.arange(len(grid))
        between = rng.integers(0, MAX_CLUSTERS - 1 - place)
        behind = rng.integers(0, MAX_CLUSTERS - 1 - place - between)
        wanted = np.where(pair_set == PAIR_SETS.index(ALONE), 0, np.array([place, between, behind]))
        free = np.ones(grid.shape, bool)
        for seeds in pairs:
            free &= ~(self._inside[pair_set, seeds] | two_steps()[seeds])
        where = np.sum([rank > rank[seeds, None] for seeds in pairs], axis=0)
        for part, count in enumerate(wanted):
            for k in range(MAX_CLUSTERS - 1):
                open_cells = free & (where == part) & (k < count)[:, None]
                seeds = np.argmax(open_cells * rng.random(grid.shape, np.float32), axis=1)
                some = np.flatnonzero(open_cells[row, seeds])
                put(grid, some, seeds[some], faint.pick(seeds[some], rng))
                free[some] &= ~(self._inside[pair_set[some], seeds[some]] | two_steps()[seeds[some]])

    @cached_property
    def _inside(self) -> np.ndarray:
        """bool (pair sets, 576, 576)."""
        return np.array([pairs_inside(self.cuts.pair_window(name)) for name in PAIR_SETS])


@cache
def stored_rank() -> np.ndarray:
    """Place of each cell in the order in which clusters are stored, int64 (576,)."""
    region = np.argsort(STORED_ORDER)[cells().region]
    rank = np.empty(N_CELLS, np.int64)
    rank[np.lexsort((np.arange(N_CELLS), region))] = np.arange(N_CELLS)
    return rank


def pair_energies(t: EclThresholds) -> dict[str, tuple[Energies, ...]]:
    """Counts of both clusters for each pair set: passing, and failing by one of the two. Sums stay below the cuts on totals."""

    def bhabha(low_min: tuple[int, ...], high_min: tuple[int, ...]) -> tuple[Energies, ...]:
        low, high = np.array(low_min), np.array(high_min)
        under, middle, over = Counts.of(low // 2, low - 1), Counts.of(low, high - 1), Counts.of(high, high + low)
        return (
            *_both_orders(over, middle, passing=True),
            *_both_orders(over, over, passing=True),
            *_both_orders(middle, middle, passing=False),
            *_both_orders(over, under, passing=False),
        )

    muon = np.array(t.mumu_max)
    like_muon = Counts.of(muon // 2, muon)
    tau = Counts.of(t.taub2b_cluster_max // 2, t.taub2b_cluster_max)
    not_tau = Counts.of(t.taub2b_cluster_max + 1, t.taub2b_total_max // 3)
    tau2 = Counts.of(t.taub2b2_cluster_min, t.taub2b2_total_max // 3)
    tau3 = Counts.of(t.taub2b3_pair_min, t.taub2b3_total_max // 3)
    above = Counts.of(t.lml_pair_min, 2 * t.lml_pair_min)
    below = Counts.of(t.lml_pair_below_max // 2, t.lml_pair_below_max)
    energetic = Counts.of(t.hie_base_min, 2 * t.hie_base_min)
    return {
        "bhabha3d_veto_pair": bhabha(t.bhabha3d_veto_low_min, t.bhabha3d_veto_high_min),
        "bhabha3d_sel_pair": bhabha(t.bhabha3d_sel_low_min, t.bhabha3d_sel_high_min),
        "mumu_pair": (
            *_both_orders(like_muon, like_muon, passing=True),
            *_both_orders(like_muon, Counts.of(muon + 1, 2 * muon), passing=False),
        ),
        "taub2b_pair": (
            *_both_orders(tau, tau, passing=True),
            *_both_orders(tau, not_tau, passing=True),
            *_both_orders(not_tau, not_tau, passing=False),
        ),
        "taub2b2_pair": (
            *_both_orders(tau2, tau2, passing=True),
            *_both_orders(tau2, Counts.of(t.taub2b2_cluster_min // 2, t.taub2b2_cluster_min - 1), passing=False),
        ),
        "taub2b3_pair": (
            *_both_orders(tau3, tau3, passing=True),
            *_both_orders(tau3, Counts.of(t.taub2b3_all_min, t.taub2b3_pair_min - 1), passing=True),
            *_both_orders(*[Counts.of(t.taub2b3_all_min, t.taub2b3_pair_min - 1)] * 2, passing=False),
        ),
        "hie_pair": _both_orders(energetic, energetic, passing=True),
        "lml_back_to_back": (
            *_both_orders(above, above, passing=True),
            *_both_orders(above, below, passing=True),
            *_both_orders(below, below, passing=False),
        ),
        "lml10": _both_orders(above, above, passing=True),
    }


def _both_orders(one: Counts, other: Counts, *, passing: bool) -> tuple[Energies, ...]:
    if one is other:
        return (Energies(one, other, passing),)
    return Energies(one, other, passing), Energies(other, one, passing)


def _with_room(pairs: np.ndarray, place: int) -> np.ndarray:
    """Those of the pairs (2, n) with room for `place` clusters before them; those with the most if none has."""
    room = stored_rank()[pairs[0]]
    return pairs[:, room >= min(ROOM_PER_CLUSTER * place, int(room.max()))]


def _edges(values: np.ndarray, bounds: Window, allowed: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The pairs on the nearest angle that exists on either side of both bounds."""
    below, above = values[allowed & (values < bounds.first)], values[allowed & (values > bounds.last)]
    inside = values[allowed & (values >= bounds.first) & (values <= bounds.last)]
    nearest = {
        "below first": below.max() if below.size else None,
        "first": inside.min() if inside.size else None,
        "last": inside.max() if inside.size else None,
        "above last": above.min() if above.size else None,
    }
    return [(edge, allowed & (values == value)) for edge, value in nearest.items() if value is not None]
