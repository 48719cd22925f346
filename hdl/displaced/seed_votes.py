"""Votes of the segments of a window: rings of half wire cells that turn past one wiring of the windows, two sectors per cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.seed_layout import (
    CELLS_OF_PATCH,
    N_SEGMENTS,
    Runs,
    Segments,
    Step,
    places,
    row_of,
    runs,
    turn_of_step,
)
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.grid import N_LANES, SeedGrid
from trigger.displaced.seeds import COLUMNS, N_STEPS
from trigger.geometry.cdc import FIRST_PRIORITY, PRIORITY_SHIFT_HALF_CELLS

_EARLIER = PRIORITY_SHIFT_HALF_CELLS.index(-1)


class SeedVotes(wiring.Component):
    """Cells that fire, step after step; domain sync.

    Ports:
        in_segments: of each axial superlayer one per cycle. in_last: the last cycle of a window, whose segments still belong to it;
            at least N_STEPS cycles after the one before.
        out_valid: the steps of a window, in consecutive cycles, the first one `LATENCY` cycles after in_last. out_step: its number.
            out_bank: parity of the window, the first one after reset has 0.
        out_fired: column after column, lane after lane, cell of the patch after cell: a bit for each place.
    """

    LATENCY = 2

    def __init__(self, grid: SeedGrid) -> None:
        self._grid = grid
        self._n_places = places(grid)[0] * places(grid)[1]
        super().__init__(
            {
                "in_segments": In(Segments),
                "in_last": In(1),
                "out_valid": Out(1),
                "out_step": Out(Step),
                "out_bank": Out(1),
                "out_fired": Out(COLUMNS * N_LANES * CELLS_OF_PATCH * self._n_places),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._steps(m)
        rings = [self._ring(m, axial) for axial in range(N_AXIAL)]
        heard = [runs(self._grid, axial) for axial in range(N_AXIAL)]
        words = [_words(m, axial, ring, of) for axial, (ring, of) in enumerate(zip(rings, heard, strict=True))]
        width = self._n_places
        for column in range(COLUMNS):
            for lane in range(N_LANES):
                for cell in range(CELLS_OF_PATCH):
                    rows = [row_of(self._grid, place, lane, cell) for place in range(width)]
                    votes = [Cat(_heard(word, of, column, row) for row in rows) for word, of in zip(words, heard, strict=True)]
                    at = (column * N_LANES + lane) * CELLS_OF_PATCH + cell
                    m.d.sync += self.out_fired.word_select(at, width).eq(self._enough(votes))
        return m

    def _steps(self, m: Module) -> None:
        """Number and bank of the step whose cells are registered next, and of those that are."""
        busy, step, bank, parity = Signal(), Signal(Step), Signal(), Signal()
        with m.If(self.in_last):
            m.d.sync += [busy.eq(1), step.eq(0), bank.eq(parity), parity.eq(~parity)]
        with m.Elif(busy):
            m.d.sync += [busy.eq(step != N_STEPS - 1), step.eq(step + 1)]
        m.d.sync += [self.out_valid.eq(busy), self.out_step.eq(step), self.out_bank.eq(bank)]

    def _ring(self, m: Module, axial: int) -> Signal:
        """Half cells with a segment, turned to the present step."""
        segment, n_segments = self.in_segments[axial], N_SEGMENTS[axial]
        number = Signal(range(n_segments), name=f"number_{axial}")
        is_first, is_earlier = segment.priority == FIRST_PRIORITY, segment.priority == _EARLIER
        before = Mux(segment.number == 0, n_segments - 1, segment.number - 1)
        hit, filling, ring = (Signal(2 * n_segments, name=f"{name}_{axial}") for name in ("hit", "filling", "ring"))
        m.d.comb += [
            number.eq(Mux(is_earlier, before, segment.number)),
            hit.eq(segment.valid << Cat(~is_first, number)),
        ]
        turn = turn_of_step(axial)
        with m.If(self.in_last):
            m.d.sync += [ring.eq(filling | hit), filling.eq(0)]
        with m.Else():
            m.d.sync += [ring.eq(ring.rotate_right(turn)), filling.eq(filling | hit)]
        return ring

    def _enough(self, votes: list[Value]) -> Value:
        """Cells with votes of as many superlayers as the grid asks for."""
        a, b, c, d, e = votes
        if self._grid.min_superlayers == N_AXIAL:
            return a & b & c & d & e
        return (a & b & c & d) | (e & ((a & b & (c | d)) | (c & d & (a | b))))


def _words(m: Module, axial: int, ring: Signal, of: Runs) -> dict[int, Signal]:
    """For each length of a run: bit h tells of the run that begins with half cell h whether it has a segment."""
    wanted = sorted(set(of.length.ravel().tolist()) - {0})
    made: dict[int, Signal] = {1: ring}
    size = 1
    while 2 * size <= wanted[-1]:
        made[2 * size] = Signal(len(ring), name=f"pairs_{axial}_{size}")
        m.d.comb += made[2 * size].eq(made[size] | made[size].rotate_right(size))
        size *= 2
    words = {}
    for length in wanted:
        power = 1 << (length.bit_length() - 1)
        words[length] = Signal(len(ring), name=f"runs_{axial}_{length}")
        m.d.comb += words[length].eq(made[power] | made[power].rotate_right(length - power))
    return words


def _heard(words: dict[int, Signal], of: Runs, column: int, row: int) -> Value:
    """Whether a cell has a segment of the superlayer."""
    length = int(of.length[column, row])
    return words[length][int(of.first[column, row])] if length else Const(0, 1)
