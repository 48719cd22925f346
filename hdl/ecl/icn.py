"""ICN numbers: seeds counted per region, an eighth of each region per cycle.

Ref: basf2 trg/ecl TrgEclCluster.cc, getICN (read in public source). theta id 1 is not counted.
"""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.logic import add, delayed, select
from trigger.ecl.layout import DECISION_FIELDS
from trigger.geometry.ecl import N_CELLS, Region, cells

N_STEPS = 8
ICN_BITS = {field.name: field.width for field in DECISION_FIELDS}["ecl_icn"]


class Icn(wiring.Component):
    """Numbers of isolated clusters in FWD, BRL, BWD.

    `start` comes with the first cycle of new `seeds`, which must then stay for 8 cycles. The numbers are valid with `done`
    and until the next start.
    """

    LATENCY = N_STEPS + 2

    def __init__(self) -> None:
        counts = {name: Out(ICN_BITS) for name in ("fw", "br", "bw")}
        super().__init__({"start": In(1), "seeds": In(N_CELLS), "done": Out(1), **counts})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step, busy, index, active = Signal(range(N_STEPS)), Signal(), Signal(range(N_STEPS)), Signal()
        m.d.comb += [index.eq(Mux(self.start, 0, step)), active.eq(self.start | busy)]
        with m.If(active):
            m.d.sync += [step.eq(index + 1), busy.eq(index != N_STEPS - 1)]
        first = delayed(m, self.start, 2, "first")
        m.d.comb += self.done.eq(delayed(m, active & (index == N_STEPS - 1), self.LATENCY - N_STEPS + 1, "done"))

        for region, total in ((Region.FWD, self.fw), (Region.BRL, self.br), (Region.BWD, self.bw)):
            part = self._part(region, index)
            slice_, count = Signal(len(part), name=f"slice_{region.name}"), Signal(ICN_BITS, name=f"count_{region.name}")
            m.d.sync += [slice_.eq(part), count.eq(add(list(slice_))), total.eq(Mux(first, 0, total) + count)]
        return m

    def _part(self, region: Region, index: Value) -> Value:
        """The seeds of a region that are counted in step `index`."""
        counted = np.flatnonzero((cells().region == region) & (cells().theta_id != 1)).tolist()
        flags = Cat(self.seeds[k] for k in counted)
        size = len(counted) // N_STEPS
        return select([flags[k * size : (k + 1) * size] for k in range(N_STEPS)], index)
