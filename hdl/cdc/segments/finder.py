"""The track-segment finder of one superlayer: frames of wire hits in, segment words sector by sector out."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import FrameReceiver
from hdl.cdc.hough.layout import CLOCKS_PER_FRAME, CYCLES_PER_CLOCK
from hdl.cdc.segments.layout import FRAME_TIME_BITS, Layout, Word
from hdl.cdc.segments.priority import Priority
from hdl.cdc.segments.ring import Ring
from hdl.cdc.segments.sides import Sides
from hdl.logic import add, choose, delayed
from trigger.cdc.segments.kernels import SECOND_LEFT
from trigger.cdc.segments.link import link_segments
from trigger.cdc.segments.lr_table import LeftRightTable
from trigger.cdc.segments.word import CLOCK_BITS, N_QUADRANTS, POSITION_BITS, SIDE_BITS, TICK_BITS
from trigger.geometry.cdc import N_SECTORS

SECTORS_PER_QUADRANT = N_SECTORS // N_QUADRANTS
_COUNT, _OUTPUT = 1, 1


class SegmentFinder(wiring.Component):
    """Segments of every complete frame, in domain sync at the system clock.

    Ports:
        in_valid, in_first: a beat is taken when `in_valid`; with `in_first` it opens a frame and drops an unfinished one. 32 beats
            are a frame; gaps between beats are allowed, beats outside a frame are ignored. Frames must be complete at
            least `INITIATION_INTERVAL` cycles after the one before.
        in_clock: number of the frame's first data clock, taken with `in_first`.
        in_wires: one sector, see `hdl.cdc.segments.layout`.
        out_valid: 32 consecutive cycles from `LATENCY` after the last beat, sectors 0 to 31.
        out_sector, out_clock: the sector, and the frame's first data clock.
        out_words: the words of the sector's segments in the order of their ids, 0 for a place without a segment. Local ids
            count in the sector's quadrant, times from the beginning of the clock counter, modulo 512.
        out_count: segments of the quadrant up to this sector. out_overflow: they are more than its link takes in one data clock.
    """

    INITIATION_INTERVAL = CYCLES_PER_CLOCK * CLOCKS_PER_FRAME
    LATENCY = Ring.LATENCY + 1 + Sides.LATENCY + _COUNT + _OUTPUT

    def __init__(self, superlayer: int, table: LeftRightTable | None = None) -> None:
        self.layout = layout = Layout(superlayer)
        table = table or LeftRightTable.default()
        self._values = (table.inner if superlayer == 0 else table.outer).tolist()
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_clock": In(CLOCK_BITS),
                "in_wires": In(layout.sector.size),
                "out_valid": Out(1),
                "out_sector": Out(range(N_SECTORS)),
                "out_clock": Out(CLOCK_BITS),
                "out_words": Out(Word.size * layout.per_sector),
                "out_count": Out(range(SECTORS_PER_QUADRANT * layout.per_sector + 1)),
                "out_overflow": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.ring = ring = Ring(self.layout)
        clock = self._clock(m, receiver)
        m.d.comb += [
            receiver.in_valid.eq(self.in_valid),
            receiver.in_first.eq(self.in_first),
            ring.taken.eq(receiver.taken),
            ring.address.eq(receiver.address),
            ring.beat.eq(self.in_wires),
            ring.start.eq(receiver.complete),
            ring.start_bank.eq(receiver.address.bank),
        ]
        to_words = 1 + Sides.LATENCY + _COUNT
        valid, sector = delayed(m, ring.valid, to_words, "valid"), delayed(m, ring.sector, to_words, "sector")
        words = self._words(m, ring, clock, delayed(m, ring.sector, to_words - 1, "sector_of_words"))
        count = Signal.like(self.out_count)
        is_new = sector[: (SECTORS_PER_QUADRANT - 1).bit_length()] == 0
        m.d.comb += count.eq(Mux(is_new, 0, self.out_count) + add([word.position.any() for word in words]))
        m.d.sync += [
            self.out_valid.eq(valid),
            self.out_sector.eq(sector),
            self.out_clock.eq(clock),
            self.out_words.eq(Cat(words)),
            self.out_count.eq(count),
            self.out_overflow.eq(count > int(link_segments()[self.layout.superlayer])),
        ]
        return m

    def _clock(self, m: Module, receiver: FrameReceiver) -> Signal:
        """First data clock of the frame that is swept: of the last one that was complete."""
        opened, swept = Signal(CLOCK_BITS), Signal(CLOCK_BITS)
        with m.If(receiver.taken & self.in_first):
            m.d.sync += opened.eq(self.in_clock)
        with m.If(receiver.complete):
            m.d.sync += swept.eq(opened)
        return swept

    def _words(self, m: Module, ring: Ring, clock: Value, sector: Value) -> list[data.View]:
        """The words of a sector, three cycles after its cells. sector: its number, two cycles after its cells."""
        layout = self.layout
        m.submodules.sides = sides = Sides(self._values, layout.per_sector)
        window = data.View(layout.window, ring.window)
        firsts = [layout.local_shift + k * layout.per_sector for k in range(SECTORS_PER_QUADRANT)]
        first_id = choose(firsts, sector[: (SECTORS_PER_QUADRANT - 1).bit_length()])
        words, address_bits = [], layout.shape.bits + 1
        for k in range(layout.per_sector):
            m.submodules[f"priority_{k}"] = priority = Priority(layout.shape)
            places = zip(layout.shape.layer_of_bit, layout.shape.wires, strict=True)
            m.d.comb += priority.cells.eq(Cat(window[layer][layout.before + k + wire] for layer, (_, wire) in places))
            position, time = Signal(POSITION_BITS, name=f"position_{k}"), Signal(FRAME_TIME_BITS, name=f"time_{k}")
            pattern = Signal(layout.shape.bits, name=f"pattern_{k}")
            m.d.sync += [position.eq(priority.position), time.eq(priority.time), pattern.eq(priority.pattern)]
            m.d.comb += sides.addresses.word_select(k, address_bits).eq(Cat(position == SECOND_LEFT, pattern))
            value, word = sides.values.word_select(k, SIDE_BITS), Signal(Word, name=f"word_{k}")
            position, time = (delayed(m, one, Sides.LATENCY, one.name) for one in (position, time))
            with m.If(value != 0):
                m.d.sync += [
                    word.position.eq(position),
                    word.lr.eq(value),
                    word.time.eq(time + (clock << TICK_BITS)),
                    word.local_id.eq(first_id + k),
                ]
            with m.Else():
                m.d.sync += word.eq(0)
            words.append(word)
        return words
