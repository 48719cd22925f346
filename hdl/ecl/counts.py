"""Counters over the stored clusters of a window.

Ref: basf2 trg/ecl TrgEclMaster.cc, TrgEclBhabha.cc (read in public source).
"""

from amaranth.hdl import Module, Mux
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.cluster_cuts import CutCluster
from trigger.ecl.thresholds import MAX_CLUSTERS

COUNTED = {
    "valid": "n_clusters",
    "n300": "n300",
    "n216": "n216",
    "n500_216": "n500_216",
    "n2": "n2",
    "n2a": "n2a",
    "n2b": "n2b",
    "n2c": "n2c",
    "n1a": "n1a",
    "n1b": "n1b",
    "n05": "n05",
    "taub2b2_endcap": "n_taub2b2_endcap",
    "taub2b3_outside": "n_taub2b3_outside",
}
"""Cut of a cluster -> counter of the clusters that meet it."""
ClusterCounts = data.StructLayout(dict.fromkeys(COUNTED.values(), range(MAX_CLUSTERS + 1)))


class Counts(wiring.Component):
    """Counters of a window, complete one cycle after its last slot; they stay until the next window's first slot."""

    LATENCY = 1

    def __init__(self) -> None:
        super().__init__(
            {
                "slot": In(1),
                "index": In(range(MAX_CLUSTERS)),
                "cluster": In(CutCluster),
                "counts": Out(ClusterCounts),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.slot):
            for cut, name in COUNTED.items():
                before = Mux(self.index == 0, 0, self.counts[name])
                m.d.sync += self.counts[name].eq(before + self.cluster[cut])
        return m
