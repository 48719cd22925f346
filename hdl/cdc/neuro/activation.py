"""The activation tanh(x/2): a table in memory for the magnitude, the sign of the sum beside it.

Ref: basf2 trg/cdc CDCTriggerMLP.cc (read in public source).
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.block_memory import PORTS_PER_MEMORY
from hdl.logic import delayed
from trigger.cdc.neuro.activation import ADDRESS_SHIFT, tanh_half_table
from trigger.cdc.neuro.formats import NODE, NODE_ONE


class Activation(wiring.Component):
    """Node values of n_lanes sums, `LATENCY` cycles later, every cycle.

    Sums beyond the table give +-1; a sum of zero has the sign plus. `sums` holds width bits per lane, `values` 14.
    """

    LATENCY = 4

    def __init__(self, n_lanes: int, width: int) -> None:
        self._n_lanes, self._width = n_lanes, width
        super().__init__({"sums": In(n_lanes * width), "values": Out(n_lanes * NODE.width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inside = tanh_half_table()[:-1].tolist()
        values = []
        for lane in range(self._n_lanes):
            if lane % PORTS_PER_MEMORY == 0:
                table = Memory(shape=(NODE_ONE - 1).bit_length(), depth=len(inside), init=inside)
                m.submodules[f"table_{lane}"] = table
            number = self.sums.word_select(lane, self._width).as_signed()
            magnitude, value = Signal(self._width, name=f"magnitude_{lane}"), Signal(signed(NODE.width), name=f"value_{lane}")
            address, outside = Signal(range(len(inside)), name=f"address_{lane}"), Signal(name=f"outside_{lane}")
            m.d.sync += [
                magnitude.eq(abs(number)),
                address.eq(magnitude >> ADDRESS_SHIFT),
                outside.eq((magnitude >> ADDRESS_SHIFT) >= len(inside)),
            ]
            port = table.read_port()
            found = Mux(delayed(m, outside, 1, f"outside_{lane}"), NODE_ONE, port.data)
            m.d.comb += [port.addr.eq(address), port.en.eq(1)]
            m.d.sync += value.eq(Mux(delayed(m, number < 0, self.LATENCY - 1, f"negative_{lane}"), -found, found))
            values.append(value)
        m.d.comb += self.values.eq(Cat(values))
        return m
