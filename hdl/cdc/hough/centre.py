"""Centre of a cluster: from the square in which it starts to the half cell in the middle of its corners.

Ref: basf2 trg/cdc CDCTriggerHoughtrafo.cc (read in public source).
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import Bank
from hdl.cdc.hough.layout import SECTORS_PER_GROUP, Layout
from hdl.cdc.hough.squares import CORNERS, group_layout, joined_diagonally, joined_right, joined_up
from hdl.cdc.hough.track_queue import start_layout
from hdl.logic import delayed, select
from trigger.cdc.hough.plane import CLUSTER_SQUARES
from trigger.geometry.cdc import N_SECTORS

LOWEST_ORDER = (0, 2, 1, 3)
HIGHEST_ORDER = (3, 1, 2, 0)
"""Corners in the order in which the first one that is set is taken for the end of the cluster."""


def centre_layout(layout: Layout) -> data.StructLayout:
    """A centre: sector of the plane, half cell in phi in it, half cell in omega from the lowest."""
    return data.StructLayout(
        {
            "bank": Bank,
            "sector": range(N_SECTORS),
            "half_cell": range(layout.half_cells),
            "y2": range(2 * layout.plane.n_omega - 1),
        }
    )


def first_corner(square: Value, order: tuple[int, ...]) -> Value:
    """The first of the corners in `order` that is set, as a number."""
    number: Value = Const(order[-1], range(CORNERS))
    for corner in reversed(order[:-1]):
        number = Mux(square[corner], corner, number)
    return number


class Centre(wiring.Component):
    """Centre of the cluster at `start`, `LATENCY` cycles later, one per cycle."""

    LATENCY = 4

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        super().__init__(
            {
                "start": In(start_layout(layout)),
                "columns": In(group_layout(layout)["columns"].shape),
                "centre": Out(centre_layout(layout)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        start = data.View(self.start.shape(), delayed(m, self.start.as_value(), 2, "start"))
        squares = self._neighbourhood(m)
        right, top, last = (delayed(m, one, 1, f"end_{k}") for k, one in enumerate(self._end(m, squares)))
        low, high = Signal(range(CORNERS)), Signal(range(CORNERS))
        m.d.sync += low.eq(first_corner(squares[0][0], LOWEST_ORDER))
        m.d.comb += high.eq(first_corner(last, HIGHEST_ORDER))
        x2, y2 = Signal(range(4 * self._layout.cells + 2 * CLUSTER_SQUARES)), Signal(range(2 * self._layout.plane.n_omega + 2))
        m.d.sync += [
            x2.eq(4 * start.column + low[0] + 2 * right + high[0]),
            y2.eq(4 * start.row + low[1] + 2 * top + high[1]),
        ]
        number, bank = delayed(m, start.number, 1, "number"), delayed(m, start.bank, 1, "bank")
        sectors, rest = self._divided(x2)
        m.d.sync += [
            self.centre.bank.eq(bank),
            self.centre.sector.eq(SECTORS_PER_GROUP * number + sectors),
            self.centre.half_cell.eq(rest),
            self.centre.y2.eq(y2),
        ]
        return m

    def _neighbourhood(self, m: Module) -> list[list[Value]]:
        """The 3 x 3 squares from the start on, after one register; beyond the upper edge they are empty."""
        squares: list[list[Value]] = []
        height = CORNERS * self._layout.square_rows
        for dx in range(CLUSTER_SQUARES):
            column = Signal(height + CORNERS * (CLUSTER_SQUARES - 1), name=f"column_{dx}")
            piece = Signal(CORNERS * CLUSTER_SQUARES, name=f"squares_{dx}")
            choices = [column[CORNERS * y :][: len(piece)] for y in range(self._layout.square_rows)]
            m.d.comb += column.eq(select([self.columns[x + dx] for x in range(self._layout.cells)], self.start.column))
            m.d.sync += piece.eq(select(choices, self.start.row))
            squares.append([piece.word_select(dy, CORNERS) for dy in range(CLUSTER_SQUARES)])
        return squares

    def _end(self, m: Module, squares: list[list[Value]]) -> tuple[Value, Value, Value]:
        """Column, row and corners of the cluster's last square: in the highest row that it reaches, the rightmost one."""
        places = range(CLUSTER_SQUARES)
        member = {(x, y): Signal(name=f"member_{x}_{y}") for x in places for y in places}
        right, top, last = Signal(range(CLUSTER_SQUARES)), Signal(range(CLUSTER_SQUARES)), Signal(CORNERS)
        m.d.comb += [member[0, 0].eq(1), last.eq(squares[0][0])]
        for y in places:
            for x in places:
                ways = []
                if x:
                    ways.append(member[x - 1, y] & joined_right(squares[x - 1][y], squares[x][y]))
                if y:
                    ways.append(member[x, y - 1] & joined_up(squares[x][y - 1], squares[x][y]))
                if x and y:
                    ways.append(member[x - 1, y - 1] & joined_diagonally(squares[x - 1][y - 1], squares[x][y]))
                if ways:
                    m.d.comb += member[x, y].eq(Cat(ways).any())
                with m.If(member[x, y]):
                    m.d.comb += [right.eq(x), top.eq(y), last.eq(squares[x][y])]
        return right, top, last

    def _divided(self, x2: Value) -> tuple[Value, Value]:
        """Sectors and half cells in the last of them."""
        size = self._layout.half_cells
        sectors: Value = Const(0)
        rest = x2
        for n in range(1, ((1 << len(x2)) - 1) // size + 1):
            sectors, rest = Mux(x2 >= n * size, n, sectors), Mux(x2 >= n * size, x2 - n * size, rest)
        return sectors, rest
