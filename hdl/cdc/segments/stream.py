"""The clocked track-segment finder: data clocks of wire hits in without end, words of segments out.

A word is sent in the data clock in which its segment is found or changes, see `trigger.cdc.segments.stream`.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.segments.octant import OctantFinder
from hdl.cdc.segments.stream_layout import SECTORS_PER_OCTANT, StreamLayout
from hdl.logic import delayed
from trigger.cdc.segments.lr_table import LeftRightTable
from trigger.cdc.segments.word import CLOCK_BITS


class SegmentStream(wiring.Component):
    """Words of the segments of some octants, side by side and in step, in domain sync at the system clock.

    Ports:
        in_valid, in_first, in_clock: a beat with `in_first` opens a data clock. The first one after a reset starts the finder; from
            then on it takes a beat in every cycle, four of them a data clock, numbered on from `in_clock`. A cycle without
            `in_valid` is a beat without hits: what it would have brought is lost, the clock goes on. Before the start beats are
            ignored.
        in_wires: one sector of each octant, see `hdl.cdc.segments.stream_layout`.
        out_valid: in every cycle from `LATENCY` after the start on.
        out_sector, out_clock: of the beat `LATENCY` cycles before. out_slip: that beat was a valid one, and its `in_first` or
            `in_clock` not what the finder counts; it goes by its own count until the next reset.
        out_words: words of the sector, octant after octant in the order of the ids, 0 for a place that sends none. Local ids count
            in the quadrant, times from the beginning of the clock counter, modulo 512.
    """

    INITIATION_INTERVAL = SECTORS_PER_OCTANT
    """Cycles per data clock."""
    LATENCY = OctantFinder.LATENCY

    def __init__(self, octants: Sequence[StreamLayout], table: LeftRightTable | None = None) -> None:
        self._finders = [OctantFinder(layout, table or LeftRightTable.default()) for layout in octants]
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_clock": In(CLOCK_BITS),
                "in_wires": In(sum(len(finder.cells) for finder in self._finders)),
                "out_valid": Out(1),
                "out_sector": Out(range(SECTORS_PER_OCTANT)),
                "out_clock": Out(CLOCK_BITS),
                "out_slip": Out(1),
                "out_words": Out(sum(len(finder.words) for finder in self._finders)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        is_running, was_first, counted = Signal(), Signal(), Signal(CLOCK_BITS)
        expected, sector, clock = Signal(range(SECTORS_PER_OCTANT)), Signal.like(self.out_sector), Signal(CLOCK_BITS)
        is_taken, is_first = is_running | (self.in_valid & self.in_first), ~is_running | was_first
        m.d.comb += [sector.eq(Mux(is_running, expected, 0)), clock.eq(Mux(is_running, counted, self.in_clock))]
        is_last = sector == SECTORS_PER_OCTANT - 1
        with m.If(is_taken):
            m.d.sync += [is_running.eq(1), expected.eq(sector + 1), counted.eq(clock + is_last), was_first.eq(is_first & ~is_last)]
        slip = self.in_valid & ((self.in_first != (sector == 0)) | (self.in_first & (self.in_clock != clock)))
        for name, value in {"valid": is_taken, "sector": sector, "clock": clock, "slip": slip & is_taken}.items():
            m.d.comb += getattr(self, f"out_{name}").eq(delayed(m, value, self.LATENCY, name))
        low = 0
        for k, finder in enumerate(self._finders):
            m.submodules[f"octant_{k}"] = finder
            cells = self.in_wires[low : low + len(finder.cells)]
            m.d.comb += [
                finder.sector.eq(sector),
                finder.is_first.eq(is_first),
                finder.slot.eq(clock),
                finder.cells.eq(Mux(self.in_valid, cells, 0)),
            ]
            low += len(finder.cells)
        m.d.comb += self.out_words.eq(Cat(finder.words for finder in self._finders))
        return m
