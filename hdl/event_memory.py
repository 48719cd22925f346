"""What blocks have answered to the last events, kept until a slower block has answered too."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

N_KEPT = 4
"""Answers that can wait. Our choice: a power of two above the events that the slowest path holds, an event per 64 cycles."""


class EventMemory(wiring.Component):
    """Answers in the order in which they were given with `put`; `shown` is the next one from the cycle after `next` on.

    width: of an answer, in bits. At most N_KEPT answers wait.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        super().__init__({"put": In(1), "answer": In(width), "next": In(1), "shown": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.answers = memory = Memory(shape=self._width, depth=N_KEPT, init=[])
        write, read = memory.write_port(), memory.read_port()
        end, first = Signal(range(N_KEPT)), Signal(range(N_KEPT))
        m.d.comb += [
            write.en.eq(self.put),
            write.addr.eq(end),
            write.data.eq(self.answer),
            read.en.eq(self.next),
            read.addr.eq(first),
            self.shown.eq(read.data),
        ]
        with m.If(self.put):
            m.d.sync += end.eq(end + 1)
        with m.If(self.next):
            m.d.sync += first.eq(first + 1)
        return m
