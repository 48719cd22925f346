"""The segment finders of several superlayers side by side, in step: one frame of wires in, their words out together."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.segments.finder import SegmentFinder
from trigger.cdc.segments.word import CLOCK_BITS
from trigger.geometry.cdc import N_SECTORS, N_SUPERLAYERS


class ChamberSegments(wiring.Component):
    """Segments of the whole chamber, or of other finders, in domain sync at the system clock.

    Ports, latency and interval are those of `SegmentFinder`; in_wires, out_words, out_counts and out_overflow have one finder
    after the other, out_counts in elements of one width.
    """

    INITIATION_INTERVAL = SegmentFinder.INITIATION_INTERVAL
    LATENCY = SegmentFinder.LATENCY

    def __init__(self, finders: Sequence[SegmentFinder] | None = None) -> None:
        self._finders = finders = finders or [SegmentFinder(superlayer) for superlayer in range(N_SUPERLAYERS)]
        self._count_bits = max(len(finder.out_count) for finder in finders)
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_clock": In(CLOCK_BITS),
                "in_wires": In(sum(finder.layout.sector.size for finder in finders)),
                "out_valid": Out(1),
                "out_sector": Out(range(N_SECTORS)),
                "out_clock": Out(CLOCK_BITS),
                "out_words": Out(sum(len(finder.out_words) for finder in finders)),
                "out_counts": Out(self._count_bits * len(finders)),
                "out_overflow": Out(len(finders)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first, low = self._finders[0], 0
        for k, finder in enumerate(self._finders):
            m.submodules[f"superlayer_{finder.layout.superlayer}"] = finder
            size = finder.layout.sector.size
            m.d.comb += [
                finder.in_valid.eq(self.in_valid),
                finder.in_first.eq(self.in_first),
                finder.in_clock.eq(self.in_clock),
                finder.in_wires.eq(self.in_wires[low : low + size]),
                self.out_counts.word_select(k, self._count_bits).eq(finder.out_count),
                self.out_overflow[k].eq(finder.out_overflow),
            ]
            low += size
        m.d.comb += [
            self.out_valid.eq(first.out_valid),
            self.out_sector.eq(first.out_sector),
            self.out_clock.eq(first.out_clock),
            self.out_words.eq(Cat(finder.out_words for finder in self._finders)),
        ]
        return m
