"""Frames of segments: received beat by beat, then swept around the plane once."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.layout import SECTOR_SHIFT, SECTORS_PER_GROUP, Layout
from hdl.logic import delayed
from trigger.geometry.cdc import N_SECTORS

N_BANKS = 4
"""Frames that are kept: one arrives while two others are still swept or their tracks looked up (our choice of a power of two)."""
Bank = range(N_BANKS)
Address = data.StructLayout({"sector": range(N_SECTORS), "bank": Bank})
N_ADDRESSES = N_BANKS * N_SECTORS


class FrameReceiver(wiring.Component):
    """Beats of open frames with the address that they are kept at, in the same cycle.

    A beat counts if `in_valid`; `in_first` opens a frame in any state and drops an unfinished one; beats outside a frame are
    ignored. `complete` comes with the last beat of a frame.
    """

    def __init__(self) -> None:
        super().__init__({"in_valid": In(1), "in_first": In(1), "taken": Out(1), "address": Out(Address), "complete": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        is_open, expected, bank = Signal(), Signal(range(N_SECTORS)), Signal(Bank)
        sector = self.address.sector
        m.d.comb += [
            self.taken.eq(self.in_valid & (self.in_first | is_open)),
            sector.eq(Mux(self.in_first, 0, expected)),
            self.address.bank.eq(bank),
            self.complete.eq(self.taken & (sector == N_SECTORS - 1)),
        ]
        with m.If(self.taken):
            m.d.sync += [is_open.eq(~self.complete), expected.eq(sector + 1), bank.eq(bank + self.complete)]
        return m


class Sweep(wiring.Component):
    """The sectors of a complete frame around each sector of the plane, one sector of the plane per cycle.

    `start` may come every `N_STEPS` cycles. `valid` marks 36 consecutive cycles, `LATENCY` after it: the sectors of the
    plane from the last group of the circle, once around, to the first group. `bank` is that of the frame. `hits` has the beats
    of the relative sectors of `layout.vote_reach`, first one lowest.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._n_window = layout.n_window
        self.N_STEPS = N_SECTORS + 2 * SECTORS_PER_GROUP + self._n_window - 1
        self.LATENCY = self.latency(layout)
        super().__init__(
            {
                "taken": In(1),
                "address": In(Address),
                "beat": In(layout.sector_bits),
                "start": In(1),
                "start_bank": In(Bank),
                "valid": Out(1),
                "bank": Out(Bank),
                "hits": Out(self._n_window * layout.sector_bits),
            }
        )

    @staticmethod
    def latency(layout: Layout) -> int:
        """`LATENCY` for a plane: the window fills, and the memory and the window take a cycle each."""
        return layout.n_window + 2

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self._layout.sector_bits
        m.submodules.beats = beats = Memory(shape=width, depth=N_ADDRESSES, init=[])
        write, read = beats.write_port(), beats.read_port()
        m.d.comb += [write.en.eq(self.taken), write.addr.eq(self.address), write.data.eq(self.beat)]

        first = SECTOR_SHIFT - SECTORS_PER_GROUP + self._layout.vote_reach[0]
        is_running, step, at = Signal(), Signal(range(self.N_STEPS)), Signal(Address)
        with m.If(self.start):
            m.d.sync += [is_running.eq(1), step.eq(0), at.sector.eq(first), at.bank.eq(self.start_bank)]
        with m.Elif(is_running):
            m.d.sync += [is_running.eq(step != self.N_STEPS - 1), step.eq(step + 1), at.sector.eq(at.sector + 1)]
        m.d.comb += [read.addr.eq(at), read.en.eq(1)]

        is_whole = is_running & (step >= self._n_window - 1)
        m.d.sync += self.hits.eq(Cat(self.hits[width:], read.data))
        m.d.comb += [
            self.valid.eq(delayed(m, is_whole, 2, "valid")),
            self.bank.eq(delayed(m, at.bank, 2, "bank")),
        ]
        return m
