"""The axial segments of a track in the input stage: which are relevant, and the event time that they give.

Ref: basf2 trg/cdc NeuroTrigger.cc selectHits, getEventTime (read in public source).
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.segments import AXIAL, OwnSegment, Time
from hdl.fixed import shape
from hdl.logic import delayed, select
from trigger.cdc.neuro.formats import REFERENCE_ID, RELATIVE_ID
from trigger.cdc.neuro.kernels import NO_TIME
from trigger.cdc.neuro.windows import InputWindows
from trigger.geometry.cdc import PRIORITY_SHIFT_HALF_CELLS, superlayers

HALF_CELL_BITS = RELATIVE_ID.fraction - 1


def check_windows(windows: InputWindows) -> None:
    """ValueError if a relative id inside a window of an axial superlayer is not the shortest way round."""
    for superlayer in AXIAL:
        low, high = windows.bounds[superlayer]
        quarter = int(superlayers().n_segments[superlayer]) // 4
        if low < -quarter or high > quarter:
            msg = f"bounds of superlayer {superlayer} must be within a quarter turn, not {low}, {high}"
            raise ValueError(msg)


class AxialSegments(wiring.Component):
    """Relevance of the track's own segments, and the earliest time of the relevant ones as event time.

    segments come `REFERENCE_CYCLES` before their references. `relevant` and `relative`, the relative ids, belong to the segments
    `RELEVANT_CYCLES` before them; the event time comes one cycle later still. Times from NO_TIME on are no event time.
    """

    REFERENCE_CYCLES = 2
    RELEVANT_CYCLES = REFERENCE_CYCLES + 2
    LATENCY = RELEVANT_CYCLES + 1

    def __init__(self, windows: InputWindows) -> None:
        self._low, self._high = windows.low_raw, windows.high_raw
        super().__init__(
            {
                "segments": In(data.ArrayLayout(OwnSegment, len(AXIAL))),
                "references": In(data.ArrayLayout(shape(REFERENCE_ID), len(AXIAL))),
                "relevant": Out(len(AXIAL)),
                "relative": Out(data.ArrayLayout(shape(RELATIVE_ID), len(AXIAL))),
                "has_t0": Out(1),
                "t0": Out(Time),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        relevant = Signal(len(AXIAL), reset_less=True)
        for k, superlayer in enumerate(AXIAL):
            entry = self.segments[k]
            is_there = carried(m, entry.segment.priority != 0, self.REFERENCE_CYCLES + 1, f"is_there_{k}")
            place = carried(m, self._place(entry), self.REFERENCE_CYCLES, f"place_{k}")
            turn = int(superlayers().n_segments[superlayer]) << RELATIVE_ID.fraction
            difference, wrapped = (
                Signal(signed(REFERENCE_ID.width + 1), name=f"{name}_{k}", reset_less=True) for name in ("here", "wrapped")
            )
            relative = Signal(shape(RELATIVE_ID), name=f"relative_{k}", reset_less=True)
            m.d.sync += [
                difference.eq(place - self.references[k]),
                wrapped.eq(place - self.references[k] - turn),
                relevant[k].eq(is_there & (self._inside(difference, superlayer) | self._inside(wrapped, superlayer))),
                relative.eq(Mux(difference < turn // 2, difference, wrapped)),
            ]
            m.d.comb += self.relative[k].eq(relative)
        m.d.comb += self.relevant.eq(relevant)
        self._event_time(m, relevant)
        return m

    def _place(self, entry: Value) -> Value:
        """Raw position of the priority wire."""
        shifts = [Const(half_cells, signed(2)) for half_cells in PRIORITY_SHIFT_HALF_CELLS]
        return (2 * entry.number + select(shifts, entry.segment.priority)) << HALF_CELL_BITS

    def _inside(self, relative: Value, superlayer: int) -> Value:
        return (relative >= int(self._low[superlayer])) & (relative <= int(self._high[superlayer]))

    def _event_time(self, m: Module, relevant: Value) -> None:
        """The earliest: every pair is compared before it is known which segments are relevant."""
        times = [carried(m, entry.segment.time, self.RELEVANT_CYCLES - 1, f"time_{k}") for k, entry in enumerate(self.segments)]
        late = [carried(m, time, 1, f"late_time_{k}") for k, time in enumerate(times)]
        first: list[Value] = []
        for k, time in enumerate(times):
            beaten_by = [
                relevant[j] & carried(m, other < time if j > k else other <= time, 1, f"order_{k}_{j}")
                for j, other in enumerate(times)
                if j != k
            ]
            counts = carried(m, time < NO_TIME, 1, f"counts_{k}")
            first.append(relevant[k] & counts & ~Cat(beaten_by).any())
        earliest = Cat(first).any()
        chosen: Value = Const(0, len(late[0]))
        for is_first, time in zip(first, late, strict=True):
            chosen = chosen | time.as_unsigned() & is_first.replicate(len(time))
        m.d.comb += [
            self.has_t0.eq(delayed(m, earliest, 1, "has_t0")),
            self.t0.eq(carried(m, chosen.as_signed(), 1, "t0")),
        ]
