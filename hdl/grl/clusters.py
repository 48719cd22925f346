"""The clusters of an event with what they inherit from their cells, and the KLM and flags that come with them."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.grl.beats import ADC_BITS, FLAG_BEAT, N_BEATS, N_LANES, SLOT_BITS, Cluster, Flags
from hdl.grl.tables import Cell, cell_words
from hdl.logic import delayed
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.grl.parameters import GrlParameters
from trigger.klm import N_SECTORS as N_KLM_SECTORS

KnownCluster = data.StructLayout({"valid": 1, "adc": ADC_BITS, "cell": Cell})


class ClusterStore(wiring.Component):
    """Clusters, fired KLM sectors and flags of the event, each from `LATENCY` cycles after its beat until the next event's."""

    def __init__(self, parameters: GrlParameters, latency: int) -> None:
        self._parameters = parameters
        self.LATENCY = latency
        super().__init__(
            {
                "taken": In(1),
                "beat": In(range(N_BEATS)),
                "slots": In(data.ArrayLayout(SLOT_BITS, N_LANES)),
                "clusters": Out(data.ArrayLayout(KnownCluster, MAX_CLUSTERS)),
                "klm": Out(N_KLM_SECTORS),
                "flags": Out(Flags),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = cell_words(self._parameters)
        m.submodules.cells = cells = Memory(shape=Cell, depth=len(words), init=[])
        cells.init[:] = [Cell.from_bits(word) for word in words]
        wait = self.LATENCY - 2
        beat, taken = delayed(m, self.beat, wait + 1, "beat"), delayed(m, self.taken, wait + 1, "taken")
        for lane in range(N_LANES):
            slot = delayed(m, self.slots[lane], wait, f"slot_{lane}")
            cluster = data.View(Cluster, slot[: Cluster.size])
            late = Signal(Cluster, name=f"late_{lane}")
            read = cells.read_port()
            m.d.comb += read.addr.eq(cluster.tc)
            m.d.sync += late.eq(cluster)
            late_slot = delayed(m, slot, 1, f"late_slot_{lane}")
            for number in range(FLAG_BEAT):
                with m.If(taken & (beat == number)):
                    target = self.clusters[N_LANES * number + lane]
                    m.d.sync += [target.valid.eq(late.tc != 0), target.adc.eq(late.adc), target.cell.eq(read.data)]
            with m.If(taken & (beat == FLAG_BEAT)):
                target = self.klm if lane == 0 else self.flags.as_value()
                m.d.sync += target.eq(late_slot)
        return m
