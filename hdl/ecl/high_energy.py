"""hie1 to hie4: high energy without a Bhabha-like pair of clusters.

Ref: basf2 trg/ecl TrgEclMaster.cc (read in public source). In an exact tie of two energies cluster 1 counts as the lower one.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.cluster_cuts import CutCluster
from hdl.ecl.sums import SUM_BITS
from trigger.ecl.thresholds import MAX_CLUSTERS, N_HIE, EclThresholds


class HighEnergy(wiring.Component):
    """The four bits of a window.

    `ephys`, `n_clusters` and the two angle windows of clusters 0 and 1 must be complete when `hie` is read, after the second
    slot at the earliest; the clusters' own part stays until the next window's first slot.
    """

    LATENCY = 0

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__(
            {
                "slot": In(1),
                "index": In(range(MAX_CLUSTERS)),
                "cluster": In(CutCluster),
                "ephys": In(SUM_BITS),
                "n_clusters": In(range(MAX_CLUSTERS + 1)),
                "phi_window": In(1),
                "theta_window": In(1),
                "hie": Out(N_HIE),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        leading = Signal(CutCluster)
        lower_in_endcap, both_energetic = Signal(), Signal()
        with m.If(self.slot & (self.index == 0)):
            m.d.sync += leading.eq(self.cluster)
        with m.If(self.slot & (self.index == 1)):
            m.d.sync += [
                lower_in_endcap.eq(Mux(leading.adc < self.cluster.adc, leading.endcap, self.cluster.endcap)),
                both_energetic.eq(leading.hie4 & self.cluster.hie4),
            ]
        vetoes = Cat(
            self.phi_window & self.theta_window,
            self.phi_window | self.theta_window,
            lower_in_endcap,
            lower_in_endcap & both_energetic,
        )
        energetic = (self.ephys >= self._thresholds.hie_base_min) & ~((self.n_clusters == 1) & leading.single_veto)
        m.d.comb += self.hie.eq(Mux(energetic, ~Mux(self.n_clusters == 2, vetoes, 0), 0))
        return m
