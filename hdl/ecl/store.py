"""The stored clusters of a window, side by side as the decision shows them."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.clusters import Cluster
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.thresholds import MAX_CLUSTERS

WIDTHS = {field.name.removeprefix("ecl_cluster_"): field.width for field in DECISION_FIELDS if "cluster_" in field.name}


class ClusterStore(wiring.Component):
    """Fields of the six clusters, cluster 0 in the lowest bits, each from the cycle after its slot until the next window's."""

    LATENCY = 1

    def __init__(self) -> None:
        fields = {name: Out(width * MAX_CLUSTERS) for name, width in WIDTHS.items()}
        super().__init__({"slot": In(1), "index": In(range(MAX_CLUSTERS)), "cluster": In(Cluster), **fields})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = {
            "tc": self.cluster.centre.tc,
            "adc": self.cluster.adc,
            "ntc": self.cluster.n_members,
            "time": self.cluster.time,
        }
        for place in range(MAX_CLUSTERS):
            with m.If(self.slot & (self.index == place)):
                for name, width in WIDTHS.items():
                    m.d.sync += getattr(self, name).word_select(place, width).eq(values[name])
        return m
