"""Windows of segments from a stream, and the displaced-vertex trigger behind them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.displaced.hits import Hit
from hdl.displaced.trigger import DisplacedTrigger
from hdl.event_memory import EventMemory
from hdl.logic import delayed
from trigger.displaced.collector import HALF_CYCLES, HALF_TICKS
from trigger.geometry.cdc import N_SUPERLAYERS

_NUMBERS = ("number", "priority", "lr", "time")
_Kept = data.StructLayout({name: Hit[name].shape for name in _NUMBERS})


class WindowCollector(wiring.Component):
    """Segments of a half window, and those of the half before in the cycles that are free; domain sync at the system clock.

    Ports:
        in_valid: a cycle of the stream; without it nothing changes. in_last: the last cycle of a half, its HALF_CYCLES-th.
        in_segments: one per superlayer, time from the start of the half.
        out_valid, out_last, out_segments: the same of the window, in the same cycle, time from its start; what comes with a segment
            that is not valid has no meaning. out_lost: with out_last, whether segments of the earlier half found no cycle.
    """

    def __init__(self) -> None:
        lanes = data.ArrayLayout(Hit, N_SUPERLAYERS)
        super().__init__(
            {
                "in_valid": In(1),
                "in_last": In(1),
                "in_segments": In(lanes),
                "out_valid": Out(1),
                "out_last": Out(1),
                "out_segments": Out(lanes),
                "out_lost": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bank, ends = Signal(), Signal()
        m.d.comb += ends.eq(self.in_valid & self.in_last)
        m.d.sync += bank.eq(bank ^ ends)
        left = [self._lane(m, superlayer, bank, ends) for superlayer in range(N_SUPERLAYERS)]
        m.d.comb += [self.out_valid.eq(self.in_valid), self.out_last.eq(ends), self.out_lost.eq(ends & Cat(left).any())]
        return m

    def _lane(self, m: Module, superlayer: int, bank: Signal, ends: Signal) -> Signal:
        """Fill a lane of out_segments; whether segments of the half before are left after this cycle."""
        segment, brought = self.in_segments[superlayer], self.out_segments[superlayer]
        memory = Memory(shape=_Kept, depth=2 * HALF_CYCLES, init=[])
        m.submodules[f"memory_{superlayer}"] = memory
        write, read = memory.write_port(), memory.read_port(domain="comb")
        room = range(HALF_CYCLES + 1)
        kept, before, again = (Signal(room, name=f"{name}_{superlayer}") for name in ("kept", "before", "again"))
        comes, repeats, left = (Signal(name=f"{name}_{superlayer}") for name in ("comes", "repeats", "left"))
        m.d.comb += [
            comes.eq(self.in_valid & segment.valid),
            repeats.eq(self.in_valid & ~segment.valid & (again != before)),
            left.eq(again + repeats != before),
            write.en.eq(comes),
            write.addr.eq(Cat(kept[: (HALF_CYCLES - 1).bit_length()], bank)),
            read.addr.eq(Cat(again[: (HALF_CYCLES - 1).bit_length()], ~bank)),
            *(write.data[name].eq(segment[name]) for name in _NUMBERS),
            brought.valid.eq(comes | repeats),
            *(brought[name].eq(Mux(comes, segment[name], read.data[name])) for name in _NUMBERS[:-1]),
            brought.time.eq(Mux(comes, segment.time + HALF_TICKS, read.data.time)),
        ]
        m.d.sync += [kept.eq(Mux(ends, 0, kept + comes)), again.eq(Mux(ends, 0, again + repeats))]
        with m.If(ends):
            m.d.sync += before.eq(kept + comes)
        return left


class DisplacedStream(wiring.Component):
    """`WindowCollector` and `DisplacedTrigger`: a stream of segments in, an answer every HALF_CYCLES cycles of it.

    Ports: those of the trigger; in_segments and in_last are of halves, and out_overflow also tells of what the collector lost.
    Latency: `LATENCY` cycles after in_last of a window's later half, that of the trigger.
    """

    INITIATION_INTERVAL = HALF_CYCLES

    def __init__(self, trigger: DisplacedTrigger) -> None:
        self._trigger = trigger
        self.LATENCY = trigger.LATENCY
        super().__init__(dict(trigger.signature.members.items()))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.collector = collector = WindowCollector()
        m.submodules.trigger = trigger = self._trigger
        m.submodules.lost = lost = EventMemory(1)
        ins, outs = (
            [name for name, member in self.signature.members.items() if member.flow is flow and name != "out_overflow"]
            for flow in (In, Out)
        )
        asked = delayed(m, collector.out_last, trigger.LATENCY - 1, "asked")
        m.d.comb += [
            *(getattr(collector, name).eq(getattr(self, name)) for name in ins),
            *(getattr(trigger, name).eq(getattr(collector, name.replace("in_", "out_", 1))) for name in ins),
            *(getattr(self, name).eq(getattr(trigger, name)) for name in outs),
            lost.put.eq(collector.out_last),
            lost.answer.eq(collector.out_lost),
            lost.next.eq(asked),
            self.out_overflow.eq(trigger.out_overflow | (trigger.out_last & lost.shown)),
        ]
        return m
