"""Votes of the segments of a window: rings of half wire cells by superlayer, two sectors of the chamber per cycle."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.seed_layout import CELLS_OF_PATCH, Segments, Step, places, row_of
from hdl.displaced.seed_ring import SeedRing
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.grid import N_LANES, SeedGrid
from trigger.displaced.seeds import COLUMNS, N_STEPS


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
        rings = [SeedRing(self._grid, axial) for axial in range(N_AXIAL)]
        for axial, ring in enumerate(rings):
            m.submodules[f"ring_{axial}"] = ring
            m.d.comb += [ring.in_segment.eq(self.in_segments[axial]), ring.in_last.eq(self.in_last)]
        width = self._n_places
        for column in range(COLUMNS):
            for lane in range(N_LANES):
                for cell in range(CELLS_OF_PATCH):
                    rows = [row_of(self._grid, place, lane, cell) for place in range(width)]
                    votes = [Cat(ring.heard(column, row) for row in rows) for ring in rings]
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

    def _enough(self, votes: list[Value]) -> Value:
        """Cells with votes of as many superlayers as the grid asks for."""
        a, b, c, d, e = votes
        if self._grid.min_superlayers == N_AXIAL:
            return a & b & c & d & e
        return (a & b & c & d) | (e & ((a & b & (c | d)) | (c & d & (a | b))))
