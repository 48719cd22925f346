"""Axial segments of the frames that are kept: what the numbers that a 2D track carries stand for."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import N_ADDRESSES, Address, Bank
from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.segments import Number, OwnSegment, Segment
from hdl.cdc.sector import PER_SECTOR
from hdl.grl.rings import quotient
from hdl.logic import select
from trigger.geometry.cdc import N_SECTORS


class OwnSegments(wiring.Component):
    """The segment of one axial superlayer with a number in a frame, `LATENCY` cycles later, one per cycle; priority 0 if not found.

    Sectors are written with `taken` at the address of their frame and place.
    """

    LATENCY = 2

    def __init__(self, superlayer: int) -> None:
        self._count = PER_SECTOR[superlayer]
        super().__init__(
            {
                "taken": In(1),
                "address": In(Address),
                "segments": In(data.ArrayLayout(Segment, self._count)),
                "frame": In(Bank),
                "found": In(1),
                "number": In(range(self._count * N_SECTORS)),
                "own": Out(OwnSegment),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sectors = memory = Memory(shape=self.segments.shape(), depth=N_ADDRESSES, init=[])
        write, read = memory.write_port(), memory.read_port()
        sector, inside = Signal(range(N_SECTORS)), Signal(range(self._count))
        m.d.comb += [
            write.en.eq(self.taken),
            write.addr.eq(self.address),
            write.data.eq(self.segments),
            sector.eq(quotient(self.number, self._count)),
            inside.eq(self.number - sector * self._count),
            read.en.eq(1),
            read.addr.eq(Cat(sector, self.frame)),
        ]
        segments = [read.data[k].as_value() for k in range(self._count)]
        segment = select(segments, carried(m, inside, 1, "inside"))
        found, number = carried(m, self.found, 1, "found"), Signal(Number)
        m.d.comb += number.eq(carried(m, self.number, 2, "number"))
        m.d.comb += self.own.segment.as_value().eq(carried(m, Mux(found, segment, 0), 1, "segment"))
        m.d.comb += self.own.number.eq(number)
        return m
