"""The segments of a window in one axial superlayer: a ring of half wire cells that turns past one wiring of the windows."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.seed_layout import N_SEGMENTS, Segment, runs, turn_of_step
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import FIRST_PRIORITY, PRIORITY_SHIFT_HALF_CELLS

_EARLIER = PRIORITY_SHIFT_HALF_CELLS.index(-1)


class SeedRing(wiring.Component):
    """What the cells of a step hear of a superlayer; domain sync.

    Ports:
        in_segment: one per cycle. in_last: the last cycle of a window, whose segment still belongs to it.
        out_heard: of each run of half cells that cells listen to, whether it has a segment, see `heard`; of the first step in the
            cycle after in_last, of the next one in every cycle after that.
    """

    def __init__(self, grid: SeedGrid, axial: int) -> None:
        self._axial, self._of = axial, runs(grid, axial)
        wanted = set(zip(self._of.length.ravel().tolist(), self._of.first.ravel().tolist(), strict=True))
        self._bits = {run: bit for bit, run in enumerate(sorted(run for run in wanted if run[0]))}
        super().__init__({"in_segment": In(Segment), "in_last": In(1), "out_heard": Out(len(self._bits))})

    def heard(self, column: int, row: int) -> Value:
        """Whether a cell has a segment of the superlayer."""
        bit = self._bits.get((int(self._of.length[column, row]), int(self._of.first[column, row])))
        return Const(0, 1) if bit is None else self.out_heard[bit]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        segment, n_segments = self.in_segment, N_SEGMENTS[self._axial]
        number = Signal(range(n_segments))
        is_first, is_earlier = segment.priority == FIRST_PRIORITY, segment.priority == _EARLIER
        before = Mux(segment.number == 0, n_segments - 1, segment.number - 1)
        hit, filling, ring = Signal(2 * n_segments), Signal(2 * n_segments), Signal(2 * n_segments)
        m.d.comb += [
            number.eq(Mux(is_earlier, before, segment.number)),
            hit.eq(segment.valid << Cat(~is_first, number)),
        ]
        with m.If(self.in_last):
            m.d.sync += [ring.eq(filling | hit), filling.eq(0)]
        with m.Else():
            m.d.sync += [ring.eq(ring.rotate_right(turn_of_step(self._axial))), filling.eq(filling | hit)]
        words = self._words(m, ring)
        m.d.comb += self.out_heard.eq(Cat(words[length][first] for length, first in self._bits))
        return m

    def _words(self, m: Module, ring: Signal) -> dict[int, Signal]:
        """For each length of a run: bit h tells of the run that begins with half cell h whether it has a segment."""
        wanted = sorted({length for length, _ in self._bits})
        made: dict[int, Signal] = {1: ring}
        size = 1
        while 2 * size <= wanted[-1]:
            made[2 * size] = Signal(len(ring), name=f"pairs_{size}")
            m.d.comb += made[2 * size].eq(made[size] | made[size].rotate_right(size))
            size *= 2
        words = {}
        for length in wanted:
            power = 1 << (length.bit_length() - 1)
            words[length] = Signal(len(ring), name=f"runs_{length}")
            m.d.comb += words[length].eq(made[power] | made[power].rotate_right(length - power))
        return words
