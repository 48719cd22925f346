"""Frames of segments of one stereo superlayer, so kept that any 16 neighbours are read at once."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import N_BANKS, Bank
from hdl.cdc.neuro.segments import SEGMENTS_PER_ROW, Row, RowAddress


class StereoStore(wiring.Component):
    """The 16 segments from `start` on, `LATENCY` cycles later; behind the superlayer's last segment follows its first.

    Rows are written with `write`; those that the superlayer does not have are ignored. A segment stays in its place: place b
    has segments 16 r + b, those below start % 16 one row further than the others.
    """

    LATENCY = 1

    def __init__(self, n_rows: int) -> None:
        self._n_rows = n_rows
        super().__init__(
            {
                "write": In(1),
                "write_at": In(RowAddress),
                "row": In(Row),
                "frame": In(Bank),
                "start": In(range(SEGMENTS_PER_ROW * n_rows)),
                "segments": Out(Row),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        row_bits = (self._n_rows - 1).bit_length()
        offset, first = self.start[: len(self.start) - row_bits], self.start[-row_bits:]
        following = Signal(row_bits)
        m.d.comb += following.eq(Mux(first == self._n_rows - 1, 0, first + 1))
        for place in range(SEGMENTS_PER_ROW):
            memory = Memory(shape=Row.elem_shape, depth=N_BANKS << row_bits, init=[])
            m.submodules[f"place_{place}"] = memory
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.en.eq(self.write & (self.write_at.row < self._n_rows)),
                write.addr.eq(Cat(self.write_at.row[:row_bits], self.write_at.frame)),
                write.data.eq(self.row[place]),
                read.en.eq(1),
                read.addr.eq(Cat(Mux(place < offset, following, first), self.frame)),
                self.segments[place].eq(read.data),
            ]
        return m
