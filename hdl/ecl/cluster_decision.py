"""The part of the decision that needs clusters: the stored clusters, 3D Bhabha, mumu, tau, hie, lml."""

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.cluster_cuts import ClusterCuts
from hdl.ecl.clusters import Cluster
from hdl.ecl.counts import Counts
from hdl.ecl.high_energy import HighEnergy
from hdl.ecl.low_multiplicity import LowMultiplicity
from hdl.ecl.mutant import Mutant, mutated
from hdl.ecl.pairs import Pairs
from hdl.ecl.store import ClusterStore
from hdl.ecl.sums import SUM_BITS
from hdl.ecl.tau import Tau
from hdl.ecl.window_decision import WIDTHS
from hdl.logic import delayed
from trigger.ecl.thresholds import MAX_CLUSTERS, EclThresholds

STORED = ("cluster_tc", "cluster_adc", "cluster_ntc", "cluster_time")
DECIDED = (
    *("n_clusters", "overflow", "bhabha3d_veto", "bhabha3d_sel", "mumu", "taub2b", "taub2b2", "taub2b3", "hie", "lml"),
    *("bhabha3d_intrack", "bhabha3d_theta"),
)
FIELDS = (*STORED, *DECIDED)
"""Decision fields of this part."""


class ClusterDecision(wiring.Component):
    """The fields of `FIELDS`, valid with `done`; without a hit all are 0.

    Six `slot` cycles bring the clusters. `hit`, `ephys`, `etotal` and `more_seeds` (whether seeds were left) must be there when
    the last cluster comes, and stay.
    """

    LATENCY = ClusterCuts.LATENCY + Pairs.LATENCY + 1

    def __init__(self, thresholds: EclThresholds, mutant: Mutant | None) -> None:
        self._thresholds, self._mutant = thresholds, mutant
        super().__init__(
            {
                "slot": In(1),
                "index": In(range(MAX_CLUSTERS)),
                "cluster": In(Cluster),
                "hit": In(1),
                "more_seeds": In(1),
                "ephys": In(SUM_BITS),
                "etotal": In(SUM_BITS),
                "done": Out(1),
                **{name: Out(WIDTHS[name]) for name in FIELDS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t = self._thresholds
        m.submodules.store = store = ClusterStore()
        m.submodules.cuts = cuts = ClusterCuts(t, self._mutant)
        m.submodules.counts = counts = Counts()
        m.submodules.pairs = pairs = Pairs(t)
        m.submodules.low_multiplicity = low_multiplicity = LowMultiplicity(t)
        m.submodules.tau = tau = Tau(t)
        m.submodules.high_energy = high_energy = HighEnergy(t)
        for part in (store, cuts):
            m.d.comb += [part.slot.eq(self.slot), part.index.eq(self.index), part.cluster.eq(self.cluster)]
        for part in (counts, pairs, high_energy):
            m.d.comb += [part.slot.eq(cuts.cut_slot), part.index.eq(cuts.cut_index), part.cluster.eq(cuts.cut)]
        n_clusters = counts.counts.n_clusters
        m.d.comb += [
            low_multiplicity.counts.eq(counts.counts),
            low_multiplicity.any_pair.eq(pairs.any_pair),
            tau.counts.eq(counts.counts),
            tau.any_pair.eq(pairs.any_pair),
            tau.etotal.eq(self.etotal),
            high_energy.ephys.eq(self.ephys),
            high_energy.n_clusters.eq(n_clusters),
            high_energy.phi_window.eq(pairs.leading_phi),
            high_energy.theta_window.eq(pairs.leading_theta),
            *(getattr(self, name).eq(getattr(store, name.removeprefix("cluster_"))) for name in STORED),
        ]

        values: dict[str, Value] = {
            "n_clusters": n_clusters,
            "overflow": mutated(self._mutant, Mutant.OVERFLOW_LIMIT, self.more_seeds, n_clusters == MAX_CLUSTERS),
            "bhabha3d_veto": pairs.any_pair.bhabha3d_veto,
            "bhabha3d_sel": pairs.any_pair.bhabha3d_sel,
            "mumu": pairs.any_pair.mumu,
            "taub2b": tau.taub2b,
            "taub2b2": tau.taub2b2,
            "taub2b3": tau.taub2b3,
            "hie": high_energy.hie,
            "lml": low_multiplicity.lml,
            "bhabha3d_intrack": pairs.in_track,
            "bhabha3d_theta": pairs.sel_theta,
        }
        complete = delayed(m, cuts.cut_slot & (cuts.cut_index == MAX_CLUSTERS - 1), Pairs.LATENCY, "complete")
        m.d.sync += self.done.eq(complete)
        with m.If(complete):
            for name in DECIDED:
                with m.If(self.hit):
                    m.d.sync += getattr(self, name).eq(values[name])
                with m.Else():
                    m.d.sync += getattr(self, name).eq(0)
        return m
