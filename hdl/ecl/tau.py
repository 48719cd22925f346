"""Tau-pair topologies taub2b, taub2b2, taub2b3.

Ref: basf2 trg/ecl TrgEclBhabha.cc, getTaub2b to getTaub2b3 (read in public source).
"""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.counts import ClusterCounts
from hdl.ecl.pair import PairPassed
from hdl.ecl.sums import SUM_BITS
from trigger.ecl.thresholds import TAUB2B2_ENDCAP_BELOW, EclThresholds


class Tau(wiring.Component):
    """The three bits; combinational."""

    LATENCY = 0

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__(
            {
                "etotal": In(SUM_BITS),
                "counts": In(ClusterCounts),
                "any_pair": In(PairPassed),
                "taub2b": Out(1),
                "taub2b2": Out(1),
                "taub2b3": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t, n, pair = self._thresholds, self.counts, self.any_pair
        few_endcap = n.n_taub2b2_endcap < TAUB2B2_ENDCAP_BELOW
        m.d.comb += [
            self.taub2b.eq((self.etotal <= t.taub2b_total_max) & pair.taub2b),
            self.taub2b2.eq((self.etotal <= t.taub2b2_total_max) & few_endcap & pair.taub2b2),
            self.taub2b3.eq((self.etotal <= t.taub2b3_total_max) & (n.n_taub2b3_outside == 0) & pair.taub2b3),
        ]
        return m
