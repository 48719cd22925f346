"""Low-multiplicity bits lml0 to lml13.

Ref: basf2 trg/ecl TrgEclMaster.cc, makeLowMultiTriggerBit (read in public source).
"""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.counts import ClusterCounts
from hdl.ecl.pair import PairPassed
from trigger.ecl.thresholds import N_LML, EclThresholds


class LowMultiplicity(wiring.Component):
    """The bits of a window with at least one hit; combinational."""

    LATENCY = 0

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__({"counts": In(ClusterCounts), "any_pair": In(PairPassed), "lml": Out(N_LML)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t, n, pair = self._thresholds, self.counts, self.any_pair
        bhabha = pair.bhabha3d_veto
        none_above_two_gev = n.n2 == 0
        single = n.n300 == 1
        bits = (
            (n.n_clusters >= t.lml_clusters_min) & (n.n300 >= t.lml0_n300_min) & ~bhabha,
            n.n2a > 0,
            (n.n2b > 0) & ~bhabha,
            (n.n2b > 0) & bhabha,
            (n.n2c > 0) & ~bhabha,
            (n.n2c > 0) & bhabha,
            (n.n1a == 1) & single,
            (n.n1b == 1) & single,
            pair.lml8 & none_above_two_gev,
            pair.lml9 & none_above_two_gev,
            pair.lml10 & none_above_two_gev,
            none_above_two_gev,
            (n.n216 >= t.lml_clusters_min) & (n.n500_216 >= t.lml12_n500_min) & ~bhabha,
            (n.n05 == 1) & single,
        )
        m.d.comb += self.lml.eq(Cat(bits))
        return m
