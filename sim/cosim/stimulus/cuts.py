"""Which threshold of the ECL trigger is compared with what, and the counts one below, on and one above each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.cosim.stimulus.grid import Lists
from trigger.ecl.thresholds import ENDCAP_THETA, EclThresholds, PairWindow, Window
from trigger.geometry.ecl import N_CELLS, cells

OFFSETS = (-1, 0, 1)
LUT_FACTORS = 16

CLUSTER_CUTS = (
    "bhabha3d_veto_low_min",
    "bhabha3d_veto_high_min",
    "bhabha3d_sel_low_min",
    "bhabha3d_sel_high_min",
    "mumu_max",
    "taub2b_cluster_max",
    "taub2b2_endcap_min",
    "taub2b2_cluster_min",
    "taub2b3_pair_min",
    "taub2b3_all_min",
    "taub2b3_all_max",
    "hie4_cluster_min",
    "lml_n300_min",
    "lml_n500_min",
    "lml_pair_min",
    "lml_pair_below_max",
    "lml_cm2_min",
    "lml_cm1_min",
    "lml_cm05_min",
    "timing_fine_min",
    "timing_super_min",
)
"""Compared with the counts of one cluster, or of one cell (timing)."""
PHYSICS_SUM_CUTS = ("elow_min", "ehigh_min", "elum_min", "physics_min", "hie_base_min")
TOTAL_SUM_CUTS = ("burst_min", "taub2b_total_max", "taub2b2_total_max", "taub2b3_total_max")
RING_CUTS = ("bhabha2d_forward_min", "bhabha2d_backward_min")
COUNT_CUTS = ("physics_icn_min", "bhabha2d_icn_max", "lml_clusters_min", "lml0_n300_min", "lml12_n500_min")
PAIR_CUTS = (
    "bhabha3d_veto_pair",
    "bhabha3d_sel_pair",
    "mumu_pair",
    "taub2b_pair",
    "taub2b2_pair",
    "taub2b3_pair",
    "hie_pair",
    "lml_back_to_back_min",
    "lml10_phi_min",
    "lml10_theta_sum",
)
THETA_CUTS = ("intrack_theta", "lml13_theta_mask")

ENDCAP_CUT, LML13_CUT = "taub2b2_endcap_min", "lml_cm05_min"
"""Cuts on clusters of some theta ids alone."""
PAIR_SETS = (
    "bhabha3d_veto_pair",
    "bhabha3d_sel_pair",
    "mumu_pair",
    "taub2b_pair",
    "taub2b2_pair",
    "taub2b3_pair",
    "hie_pair",
    "lml_back_to_back",
    "lml10",
)
"""Pairs of windows of phi difference and theta sum."""


@dataclass(frozen=True)
class Cuts:
    """Thresholds with the tables that stimulus draws from."""

    thresholds: EclThresholds

    def cluster_cut(self, name: str, factor: np.ndarray) -> np.ndarray:
        """Value of a cluster cut at look-up factors."""
        return np.broadcast_to(np.asarray(getattr(self.thresholds, name), np.int64), LUT_FACTORS)[factor]

    def pair_window(self, name: str) -> PairWindow:
        """Windows of a pair set; phi differences are not wrapped."""
        t = self.thresholds
        if name == "lml_back_to_back":
            return PairWindow(phi_difference=_symmetric(t.lml_back_to_back_min), theta_sum=Window(first=0, last=360))
        if name == "lml10":
            return PairWindow(phi_difference=_symmetric(t.lml10_phi_min), theta_sum=t.lml10_theta_sum)
        window = getattr(t, name)
        assert isinstance(window, PairWindow)
        return window

    @cached_property
    def factors(self) -> tuple[int, ...]:
        """Look-up factors that occur."""
        return tuple(int(e) for e in np.unique(cells().cm_energy_e))

    @cached_property
    def pool(self) -> Lists:
        """Counts at and beside every cluster cut, one list per look-up factor."""
        return self._pool(CLUSTER_CUTS)

    @cached_property
    def pools(self) -> dict[str, Lists]:
        """The same for the cluster cuts of each pair set alone."""
        return {name: self._pool(cuts_of_pair(name)) for name in PAIR_SETS}

    def partners(self, name: str, *, endcap: bool = False) -> Lists:
        """For every cell, the cells that form a pair of the set with it; `endcap`: both in an endcap."""
        inside = pairs_inside(self.pair_window(name))
        if endcap:
            is_endcap = np.isin(cells().theta_id, ENDCAP_THETA)
            inside &= is_endcap & is_endcap[:, None]
        return Lists.of([np.flatnonzero(row) for row in inside])

    def _pool(self, names: tuple[str, ...]) -> Lists:
        every = np.arange(LUT_FACTORS)
        values = np.array([self.cluster_cut(name, every) + offset for name in names for offset in OFFSETS])
        return Lists.of([np.maximum(column, 1) for column in values.T])


def cuts_of_pair(name: str) -> tuple[str, ...]:
    """Cluster cuts that matter for pairs of a set, by the common start of their names."""
    if name == "hie_pair":
        return ("hie4_cluster_min",)
    if name == "lml10":
        return ("lml_cm2_min", "lml_n300_min")
    prefix = "lml_pair" if name == "lml_back_to_back" else name.removesuffix("pair")
    return tuple(cut for cut in CLUSTER_CUTS if cut.startswith(prefix))


def pair_of_cut(cut: str) -> str | None:
    """Pair set in which a cluster cut matters; None for cuts on single clusters."""
    return next((name for name in PAIR_SETS if cut in cuts_of_pair(name) and not cut.startswith(("lml_cm", "lml_n"))), None)


def angles() -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped phi difference and theta sum of all pairs of cells, int64 (576, 576), degrees in the CM frame."""
    theta, phi = (values.astype(np.int64) for values in (cells().cm_theta_deg, cells().cm_phi_deg))
    return np.abs(phi[:, None] - phi), theta[:, None] + theta


def pairs_inside(window: PairWindow) -> np.ndarray:
    """Whether two different cells lie in both windows, bool (576, 576)."""
    difference, total = angles()
    inside = np.ones((N_CELLS, N_CELLS), bool)
    for values, bounds in ((difference, window.phi_difference), (total, window.theta_sum)):
        inside &= (bounds.first <= values) & (values <= bounds.last)
    np.fill_diagonal(inside, False)
    return inside


def _symmetric(first: int) -> Window:
    return Window(first=first, last=360 - first)
