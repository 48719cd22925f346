"""The left/right table in memories: whether a pattern is a segment, and on which side the track passes."""

from collections.abc import Sequence

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.block_memory import PORTS_PER_MEMORY
from hdl.logic import delayed, select
from trigger.cdc.segments.word import SIDE_BITS

VALUES_PER_ROW = 16
"""Table values side by side in a memory row (our choice: rows of 32 bits use a block memory in full)."""


class Sides(wiring.Component):
    """The table value at the address of each lane, one cycle later.

    values: of all addresses, a multiple of 16. Each memory serves two lanes. Ports: lane after lane.
    """

    LATENCY = 1

    def __init__(self, values: Sequence[int], n_lanes: int) -> None:
        self._rows = [values[k : k + VALUES_PER_ROW] for k in range(0, len(values), VALUES_PER_ROW)]
        self._n_lanes = n_lanes
        self._address_bits = Shape.cast(range(len(values))).width
        super().__init__({"addresses": In(self._address_bits * n_lanes), "values": Out(SIDE_BITS * n_lanes)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [sum(value << (SIDE_BITS * k) for k, value in enumerate(row)) for row in self._rows]
        place_bits = (VALUES_PER_ROW - 1).bit_length()
        for lane in range(self._n_lanes):
            if lane % PORTS_PER_MEMORY == 0:
                table = Memory(shape=SIDE_BITS * VALUES_PER_ROW, depth=len(words), init=words)
                m.submodules[f"table_{lane}"] = table
            port, address = table.read_port(), self.addresses.word_select(lane, self._address_bits)
            place = delayed(m, address[:place_bits], self.LATENCY, f"place_{lane}")
            row = [port.data.word_select(k, SIDE_BITS) for k in range(VALUES_PER_ROW)]
            m.d.comb += [
                port.addr.eq(address[place_bits:]),
                port.en.eq(1),
                self.values.word_select(lane, SIDE_BITS).eq(select(row, place)),
            ]
        return m
