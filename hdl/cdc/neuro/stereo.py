"""One stereo superlayer of the input stage: which segments are relevant to a track, and the best of them.

Ref: basf2 trg/cdc NeuroTrigger.cc selectHits (read in public source).
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import Bank
from hdl.cdc.neuro.drift import DRIFT_BITS, drift_time
from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.segments import SEGMENTS_PER_ROW, Number, Row, RowAddress, Segment, Time, is_known
from hdl.cdc.neuro.stereo_store import StereoStore
from hdl.fixed import shape
from hdl.logic import select
from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.neuro.crossing import crossing_table, wires_per_radian
from trigger.cdc.neuro.formats import CROSSING_ANGLE, REFERENCE_ID, RELATIVE_ID, WIRES_PER_RADIAN
from trigger.cdc.neuro.windows import InputWindows
from trigger.geometry.cdc import FIRST_PRIORITY, PRIORITY_SHIFT_HALF_CELLS, superlayers

CELL = 1 << RELATIVE_ID.fraction
CODES = range(1, FIRST_PRIORITY + 1)
COMPARED_TOGETHER = 4
"""Segments of which the best is found with one comparison of every pair."""


@dataclass(frozen=True)
class Window:
    """Relevance of the segments of a superlayer, in numbers counted from the cell of the first-priority reference.

    ValueError if a track can have relevant segments further apart than what is read at once, or beyond a quarter turn.
    """

    plane: HoughPlane
    windows: InputWindows
    superlayer: int

    def __post_init__(self) -> None:
        quarter = int(superlayers().n_segments[self.superlayer]) // 4
        if self.last - self.first >= SEGMENTS_PER_ROW or self.first < -quarter or self.last > quarter:
            msg = (
                f"relevant segments of superlayer {self.superlayer} must be at most {SEGMENTS_PER_ROW} neighbours"
                f" within a quarter turn, not {self.first}..{self.last}"
            )
            raise ValueError(msg)

    @property
    def bounds(self) -> tuple[int, int]:
        """Lowest and highest relative id, raw."""
        return int(self.windows.low_raw[self.superlayer]), int(self.windows.high_raw[self.superlayer])

    @property
    def remainder(self) -> tuple[int, int]:
        """Range of the second-priority reference, raw, from the cell of the first-priority one."""
        angles = crossing_table(self.plane)[:, self.superlayer]
        shift = CROSSING_ANGLE.fraction + WIRES_PER_RADIAN.fraction - REFERENCE_ID.fraction
        apart = ((angles[:, 0] - angles[:, 1]) * wires_per_radian()[self.superlayer]) >> shift
        return int(apart.min()) - 1, int(apart.max()) + 2 + CELL - 1

    def reach(self, code: int) -> tuple[int, int]:
        """First and last number that a relevant segment of a priority code can have."""
        low, high = (0, CELL - 1) if code == FIRST_PRIORITY else self.remainder
        half_cell = PRIORITY_SHIFT_HALF_CELLS[code] * CELL // 2
        return -((half_cell - low - self.bounds[0]) // CELL), (self.bounds[1] + high - half_cell) // CELL

    @property
    def first(self) -> int:
        """First number that is read."""
        return min(self.reach(code)[0] for code in CODES)

    @property
    def last(self) -> int:
        """Last number that can be relevant."""
        return max(self.reach(code)[1] for code in CODES)


Candidate = data.StructLayout(
    {"place": range(SEGMENTS_PER_ROW), "priority": range(FIRST_PRIORITY + 1), "lr": 2, "drift": DRIFT_BITS}
)


class StereoSuperlayer(wiring.Component):
    """The best of the relevant segments: side known, then shorter drift time, then the higher number.

    In the cycle of `references` (first- and second-priority radius) comes `frame`; `relevant` says `T0_CYCLES` later whether there
    is any, and then the event time must be there; the chosen one comes `LATENCY` cycles after the references, with
    `from_centre`, its relative id less the centre of the window. Rows of frames are written beside.
    """

    T0_CYCLES = 3
    LATENCY = 5

    def __init__(self, window: Window) -> None:
        self._window = window
        self._centre = int(window.windows.centre_raw[window.superlayer])
        self._n_segments = int(superlayers().n_segments[window.superlayer])
        super().__init__(
            {
                "write": In(1),
                "write_at": In(RowAddress),
                "row": In(Row),
                "frame": In(Bank),
                "references": In(data.ArrayLayout(shape(REFERENCE_ID), 2)),
                "has_t0": In(1),
                "t0": In(Time),
                "relevant": Out(1),
                "found": Out(1),
                "number": Out(Number),
                "priority": Out(Segment["priority"].shape),
                "lr": Out(Segment["lr"].shape),
                "drift": Out(DRIFT_BITS),
                "from_centre": Out(shape(RELATIVE_ID)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Cycle 1: where to read, and how far the references are from the cell.
        cell = self.references[0] >> RELATIVE_ID.fraction
        low, high = self._window.remainder
        fine = Signal(RELATIVE_ID.fraction, reset_less=True)
        coarse = Signal(range(low, high + 1), reset_less=True)
        start, frame = Signal(range(self._n_segments), reset_less=True), Signal(Bank, reset_less=True)
        from_cell = Signal(signed(len(start) + 2))
        m.d.comb += from_cell.eq(cell + self._window.first)
        m.d.sync += [
            fine.eq(self.references[0]),
            coarse.eq(self.references[1] - (cell << RELATIVE_ID.fraction)),
            start.eq(Mux(from_cell < 0, from_cell + self._n_segments, from_cell)),
            frame.eq(self.frame),
        ]
        m.submodules.store = store = StereoStore(self._n_segments // SEGMENTS_PER_ROW)
        m.d.comb += [
            store.write.eq(self.write),
            store.write_at.eq(self.write_at),
            store.row.eq(self.row),
            store.frame.eq(frame),
            store.start.eq(start),
        ]
        offset = start[: (SEGMENTS_PER_ROW - 1).bit_length()]
        relevant = self._relevant(m, store, offset, fine, coarse)
        m.d.comb += self.relevant.eq(relevant.any())
        winner, found = self._best(m, store, relevant, carried(m, start, 2, "start"))
        self._connect(
            m, winner, found, carried(m, start, 4, "late_start"), carried(m, fine, 4, "fine"), carried(m, coarse, 4, "coarse")
        )
        return m

    def _relevant(self, m: Module, store: StereoStore, offset: Value, fine: Value, coarse: Value) -> Signal:
        """Cycle 3: places of the relevant segments."""
        inside = {}
        limits = range(self._window.first - SEGMENTS_PER_ROW, self._window.last + SEGMENTS_PER_ROW)
        for code in CODES:
            reference = fine if code == FIRST_PRIORITY else coarse
            half_cell = PRIORITY_SHIFT_HALF_CELLS[code] * CELL // 2
            lowest, highest = self._window.bounds
            first, last = (Signal(limits, name=f"{name}_{code}", reset_less=True) for name in ("first", "last"))
            m.d.sync += [
                first.eq((reference + (lowest - half_cell + CELL - 1)) >> RELATIVE_ID.fraction),
                last.eq((reference + (highest - half_cell)) >> RELATIVE_ID.fraction),
            ]
            inside[code] = (first, last)
        late_offset = carried(m, offset, 1, "offset")
        relevant = Signal(SEGMENTS_PER_ROW, reset_less=True)
        for place in range(SEGMENTS_PER_ROW):
            from_start, number = Signal(len(offset), name=f"from_start_{place}"), Signal(limits, name=f"number_{place}")
            m.d.comb += [from_start.eq(place - late_offset), number.eq(from_start + self._window.first)]
            ways = [
                (store.segments[place].priority == code) & (number >= first) & (number <= last)
                for code, (first, last) in inside.items()
            ]
            m.d.sync += relevant[place].eq(Cat(ways).any())
        return relevant

    def _best(self, m: Module, store: StereoStore, relevant: Value, start: Value) -> tuple[data.View, Value]:
        """Cycle 5: the best candidate, and whether there is one."""
        offset = start[: (SEGMENTS_PER_ROW - 1).bit_length()]
        is_last_row = start[len(offset) :] == self._n_segments // SEGMENTS_PER_ROW - 1
        entries = []
        for place in range(SEGMENTS_PER_ROW):
            segment = data.View(Segment, carried(m, store.segments[place].as_value(), 1, f"segment_{place}"))
            drift = drift_time(m, segment.time, self.has_t0, self.t0, str(place))
            is_higher = (place < offset) ^ is_last_row
            rank = Cat(is_higher, ~drift, is_known(segment.lr), relevant[place])
            candidate = Cat(Signal.like(offset, name=f"place_{place}", init=place), segment.priority, segment.lr, drift)
            entries.append((carried(m, rank, 1, f"rank_{place}"), carried(m, candidate, 1, f"candidate_{place}")))
        groups = [entries[k : k + COMPARED_TOGETHER] for k in range(0, len(entries), COMPARED_TOGETHER)]
        rank, candidate = best_of(m, [best_of(m, group, f"best_{k}") for k, group in enumerate(groups)], "best")
        return data.View(Candidate, carried(m, candidate, 1, "winner")), carried(m, rank[-1], 1, "found")

    def _connect(self, m: Module, winner: data.View, found: Value, start: Value, fine: Value, coarse: Value) -> None:
        """What the winner is."""
        offset, first_row = start[: len(winner.place)], start[len(winner.place) :]
        from_start, row = Signal(len(offset)), Signal(len(first_row))
        is_last = first_row == self._n_segments // SEGMENTS_PER_ROW - 1
        bases = []
        for code in range(FIRST_PRIORITY + 1):
            reference = fine if code == FIRST_PRIORITY else coarse
            half_cell = PRIORITY_SHIFT_HALF_CELLS[code] * CELL // 2
            base = Signal(shape(RELATIVE_ID), name=f"base_{code}")
            m.d.comb += base.eq(self._window.first * CELL + half_cell - self._centre - reference)
            bases.append(base)
        m.d.comb += [
            from_start.eq(winner.place - offset),
            row.eq(Mux(winner.place < offset, Mux(is_last, 0, first_row + 1), first_row)),
            self.found.eq(found),
            self.number.eq(Cat(winner.place, row)),
            self.priority.eq(winner.priority),
            self.lr.eq(winner.lr),
            self.drift.eq(winner.drift),
            self.from_centre.eq(select(bases, winner.priority) + (from_start << RELATIVE_ID.fraction)),
        ]


def best_of(m: Module, entries: list[tuple[Value, Value]], name: str) -> tuple[Value, Value]:
    """(rank, payload) of the highest rank; of equal ones that of the last entry."""
    wins = []
    for i, (rank, _) in enumerate(entries):
        others = [(j, other) for j, (other, _) in enumerate(entries) if j != i]
        wins.append(Cat(rank >= other if j < i else rank > other for j, other in others).all())
    both = [Cat(rank, payload) for rank, payload in entries]
    best = Signal(len(both[0]), name=name)
    m.d.comb += best.eq(reduce(or_, (one & win.replicate(len(one)) for win, one in zip(wins, both, strict=True))))
    width = len(entries[0][0])
    return best[:width], best[width:]
