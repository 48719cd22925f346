"""The wires of a frame, kept and swept around the ring once, with the neighbours of each sector."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import N_ADDRESSES, Address, Bank
from hdl.cdc.segments.layout import Layout
from hdl.logic import delayed
from trigger.cdc.segments.shapes import N_SEGMENT_LAYERS
from trigger.geometry.cdc import N_SECTORS


class Ring(wiring.Component):
    """The cells of each sector and those beside it that its segments reach, one sector per cycle.

    `start` may come every `N_STEPS` cycles. `valid` marks 32 consecutive cycles from `LATENCY` after it: sectors 0 to 31 of the
    frame in bank `start_bank`. beat, window: cells as `layout.sector` and `layout.window` have them.
    """

    LATENCY = 5
    N_STEPS = N_SECTORS + 2

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        super().__init__(
            {
                "taken": In(1),
                "address": In(Address),
                "beat": In(layout.sector.size),
                "start": In(1),
                "start_bank": In(Bank),
                "valid": Out(1),
                "sector": Out(range(N_SECTORS)),
                "window": Out(layout.window.size),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = self._layout
        m.submodules.beats = beats = Memory(shape=layout.sector.size, depth=N_ADDRESSES, init=[])
        write, read = beats.write_port(), beats.read_port()
        m.d.comb += [write.en.eq(self.taken), write.addr.eq(self.address), write.data.eq(self.beat)]

        is_running, step, at = Signal(), Signal(range(self.N_STEPS)), Signal(Address)
        with m.If(self.start):
            m.d.sync += [is_running.eq(1), step.eq(0), at.sector.eq(N_SECTORS - 1), at.bank.eq(self.start_bank)]
        with m.Elif(is_running):
            m.d.sync += [is_running.eq(step != self.N_STEPS - 1), step.eq(step + 1), at.sector.eq(at.sector + 1)]
        m.d.comb += [read.addr.eq(at), read.en.eq(1)]

        next_beat, beat = Signal(layout.sector.size), Signal(layout.sector.size)
        m.d.sync += [next_beat.eq(read.data), beat.eq(next_beat)]
        following, current = data.View(layout.sector, next_beat), data.View(layout.sector, beat)
        window = data.View(layout.window, self.window)
        for layer in range(N_SEGMENT_LAYERS):
            wires = range(layout.per_sector)
            before = Cat(current[layer][k] for k in wires[len(wires) - layout.before :])
            behind = Cat(following[layer][k] for k in wires[: layout.behind])
            m.d.comb += window[layer].eq(Cat(delayed(m, before, 1, f"before_{layer}"), current[layer], behind))
        is_inside = is_running & (step != 0) & (step != self.N_STEPS - 1)
        m.d.comb += [self.valid.eq(delayed(m, is_inside, 3, "valid")), self.sector.eq(delayed(m, at.sector, 3, "sector"))]
        return m
