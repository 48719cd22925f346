"""Peaks of the number of fired cells: the patches that become seeds. All places of a lane and column are bits of one vector."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.seed_layout import CELLS_OF_PATCH, Step, places
from trigger.displaced.grid import N_LANES, SeedGrid
from trigger.displaced.seeds import COLUMNS, N_STEPS, NEIGHBOURS, SCORE_MAX

_SCORE_BITS = SCORE_MAX.bit_length()
Score = list[Value]
"""Bits of the scores of all places, lowest bit first."""


class SeedPeaks(wiring.Component):
    """Peaks among the patches, step after step; domain sync.

    Ports:
        in_valid, in_step, in_bank, in_fired: as `SeedVotes` gives them; steps of a window follow each other without a gap, and the
            next window begins with or after the cycle behind its last one.
        out_valid: the steps of a window in consecutive cycles, each `LATENCY` cycles after the in_valid of the following one: the
            last column of a step waits for its neighbour, and that of the last step is the first one of the window.
        out_step, out_bank: of the peaks. out_peaks: column after column, lane after lane, a bit for each place. The first column is
            the last one of the step's sectors, see `trigger.displaced.seeds`.
    """

    LATENCY = 2

    def __init__(self, grid: SeedGrid) -> None:
        self._shape = places(grid)
        self._n_places = self._shape[0] * self._shape[1]
        super().__init__(
            {
                "in_valid": In(1),
                "in_step": In(Step),
                "in_bank": In(1),
                "in_fired": In(COLUMNS * N_LANES * CELLS_OF_PATCH * self._n_places),
                "out_valid": Out(1),
                "out_step": Out(Step),
                "out_bank": Out(1),
                "out_peaks": Out(COLUMNS * N_LANES * self._n_places),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid, step, bank = Signal(), Signal(Step), Signal()
        m.d.sync += [valid.eq(self.in_valid), step.eq(self.in_step), bank.eq(self.in_bank)]
        is_first, closes = Signal(), Signal()
        m.d.comb += is_first.eq(valid & (step == 0))
        m.d.sync += closes.eq(valid & (step == N_STEPS - 1))
        own_bank = Signal()
        with m.If(valid):
            m.d.sync += own_bank.eq(bank)
        m.d.sync += [
            self.out_valid.eq(closes | (valid & ~is_first)),
            self.out_step.eq(Mux(closes, N_STEPS - 1, step - 1)),
            self.out_bank.eq(own_bank),
        ]

        now = self._scores(m)
        kept = _like(m, now, "kept", is_first)
        last_two = _like(m, now[-2:], "last_two", valid)
        joined = [[self._chosen(m, closes, kept[c][k], now[c][k], f"{c}_{k}") for k in range(N_LANES)] for c in range(COLUMNS)]
        columns = [*last_two, *joined]
        width = self._n_places
        for column in range(1, COLUMNS + 1):
            for lane in range(N_LANES):
                at = (column - 1) * N_LANES + lane
                m.d.sync += self.out_peaks.word_select(at, width).eq(self._peaks(columns, column, lane))
        return m

    def _scores(self, m: Module) -> list[list[Score]]:
        """Scores of the step's columns and lanes, registered."""
        width, scores = self._n_places, []
        for column in range(COLUMNS):
            lanes = []
            for lane in range(N_LANES):
                first = (column * N_LANES + lane) * CELLS_OF_PATCH
                fired = [self.in_fired.word_select(first + cell, width) for cell in range(CELLS_OF_PATCH)]
                bits = count(m, fired, f"{column}_{lane}")
                score: Score = []
                for k, bit in enumerate(bits[:_SCORE_BITS]):
                    one = Signal(width, name=f"score_{column}_{lane}_{k}")
                    m.d.sync += one.eq(reduce(or_, bits[_SCORE_BITS:], bit))
                    score.append(one)
                lanes.append(score)
            scores.append(lanes)
        return scores

    def _chosen(self, m: Module, closes: Value, kept: Score, now: Score, name: str) -> Score:
        """The first step's scores where they close the ring, those of the step otherwise."""
        chosen: Score = []
        for k, (old, new) in enumerate(zip(kept, now, strict=True)):
            one = Signal(self._n_places, name=f"chosen_{name}_{k}")
            m.d.comb += one.eq(Mux(closes, old, new))
            chosen.append(one)
        return chosen

    def _peaks(self, columns: list[list[Score]], column: int, lane: int) -> Value:
        own = columns[column][lane]
        found = reduce(or_, own)
        for bend, impact, azimuth in NEIGHBOURS:
            found = found & higher(own, self._neighbours(columns, lane, bend, impact, column + azimuth))
            found = found & ~higher(self._neighbours(columns, lane, -bend, -impact, column - azimuth), own)
        return found

    def _neighbours(self, columns: list[list[Score]], lane: int, bend: int, impact: int, column: int) -> Score:
        """Scores of the places so far away in bend and impact, at each place's own bit; 0 beyond the grid."""
        carry, other = divmod(lane + impact, N_LANES)
        return [self._moved(bit, bend, carry) for bit in columns[column][other]]

    def _moved(self, bits: Value, bend: int, impact: int) -> Value:
        n_bend, n_impact = self._shape
        distance = bend * n_impact + impact
        moved = bits[distance:] if distance >= 0 else Cat(Const(0, -distance), bits)[: self._n_places]
        inside = 0
        for place in range(self._n_places):
            a, b = divmod(place, n_impact)
            inside |= (0 <= a + bend < n_bend and 0 <= b + impact < n_impact) << place
        return moved & Const(inside, self._n_places)


def higher(one: Sequence[Value], other: Sequence[Value]) -> Value:
    """Places at which one score is above the other."""
    above = one[0] & ~other[0]
    for a, b in zip(one[1:], other[1:], strict=True):
        above = (a & ~b) | (~(a ^ b) & above)
    return above


def count(m: Module, bits: Sequence[Value], name: str) -> list[Value]:
    """How many of the bits are set, at every place: bits of the number, lowest first, by full adders."""
    columns: list[list[Value]] = [list(bits)]
    number: list[Value] = []
    while columns:
        column, above = columns.pop(0), columns.pop(0) if columns else []
        while len(column) > 1:
            three, column = column[:3], column[3:]
            at = f"{name}_{len(number)}_{len(above)}"
            half, low, high = (Signal.like(three[0], name=f"{part}_{at}") for part in ("half", "low", "high"))
            third = three[2] if len(three) == 3 else Const(0, len(half))
            m.d.comb += [
                half.eq(three[0] ^ three[1]),
                low.eq(half ^ third),
                high.eq((three[0] & three[1]) | (half & third)),
            ]
            column.append(low)
            above.append(high)
        number.append(column[0])
        if above:
            columns.insert(0, above)
    return number


def _like(m: Module, scores: list[list[Score]], name: str, enable: Value) -> list[list[Score]]:
    """Registers that take these scores with `enable`."""
    kept: list[list[Score]] = []
    for column, lanes in enumerate(scores):
        kept.append([])
        for lane, score in enumerate(lanes):
            bits = [Signal.like(bit, name=f"{name}_{column}_{lane}_{k}") for k, bit in enumerate(score)]
            with m.If(enable):
                m.d.sync += [one.eq(bit) for one, bit in zip(bits, score, strict=True)]
            kept[-1].append(list(bits))
    return kept
