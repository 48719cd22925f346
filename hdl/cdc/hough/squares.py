"""Squares of 2 x 2 cells: how they are laid out, which neighbours are connected, which square starts a track.

Ref: basf2 trg/cdc CDCTriggerHoughtrafo.cc (read in public source). Corner bits: 0 left-bottom, 1 right-bottom, 2 left-top,
3 right-top; phi grows to the right, omega upward.
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import Bank
from hdl.cdc.hough.layout import SECTORS_PER_GROUP, Layout
from hdl.logic import add, delayed
from trigger.cdc.hough.plane import CLUSTER_SQUARES
from trigger.geometry.cdc import N_SECTORS

CORNERS = 4
N_GROUPS = N_SECTORS // SECTORS_PER_GROUP


def group_layout(layout: Layout) -> data.StructLayout:
    """What is known of one group of square columns: its place, the frame, and where tracks start.

    columns: those of the group and those that its clusters can reach into, each from the lowest omega up, four bits a square.
    starts: one bit per square of the group, column after column.
    """
    return data.StructLayout(
        {
            "number": range(N_GROUPS),
            "bank": Bank,
            "starts": layout.cells * layout.square_rows,
            "columns": data.ArrayLayout(CORNERS * layout.square_rows, layout.cells + CLUSTER_SQUARES - 1),
        }
    )


def joined_right(left: Value, right: Value) -> Value:
    """Whether a square is connected to its right neighbour: side by side, or rising."""
    return (left[3] & right[2]) | (left[1] & right[0]) | (left[1] & right[2])


def joined_up(down: Value, up: Value) -> Value:
    """Whether a square is connected to its upper neighbour: one above the other, or rising."""
    return (down[2] & up[0]) | (down[3] & up[1]) | (down[2] & up[1])


def joined_diagonally(lower_left: Value, upper_right: Value) -> Value:
    """Whether a square is connected to its upper right neighbour."""
    return lower_left[3] & upper_right[0]


class Squares(wiring.Component):
    """Groups of squares of a swept frame, in order, with the squares in which a track starts.

    `candidates` (see `Votes`) come with `valid` in the sectors of `Sweep`, without gaps. `done` marks a group, every second cycle;
    the first one comes `LATENCY` cycles after the first sector.

    A track starts in a filled square without connection to its left, lower or lower-left neighbour, unless it is the only
    cell of its cluster.
    """

    LATENCY = 3 * SECTORS_PER_GROUP + 1

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        super().__init__(
            {
                "valid": In(1),
                "bank": In(Bank),
                "candidates": In(layout.cells * layout.plane.n_omega),
                "done": Out(1),
                "group": Out(group_layout(layout)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n_columns = self._layout.cells
        was_valid = delayed(m, self.valid, 1, "valid")
        is_second, n_complete = Signal(), Signal(range(N_GROUPS + 3))
        complete = self.valid & is_second
        m.d.sync += is_second.eq(self.valid & ~is_second)
        with m.If(self.valid & ~was_valid):
            m.d.sync += n_complete.eq(0)
        with m.Elif(complete):
            m.d.sync += n_complete.eq(n_complete + 1)

        # The last column of the group before, the group itself, the group after it; columns move down as groups arrive.
        arrived = self._columns(Cat(delayed(m, self.candidates, 1, "candidates"), self.candidates))
        known = [Signal(CORNERS * self._layout.square_rows, name=f"column_{k}") for k in range(2 * n_columns + 1)]
        with m.If(complete):
            m.d.sync += [column.eq(after) for column, after in zip(known, [*known[n_columns:], *arrived], strict=True)]

        is_known = delayed(m, complete & (n_complete >= 2), 1, "known")
        m.d.sync += [
            self.group.number.eq(delayed(m, n_complete - 2, 1, "number")),
            self.group.bank.eq(delayed(m, self.bank, 1, "bank")),
            self.group.starts.eq(Cat(self._starts(*known[x : x + 3]) for x in range(n_columns))),
            *(self.group.columns[k].eq(known[k + 1]) for k in range(len(self.group.columns))),
        ]
        m.d.comb += self.done.eq(delayed(m, is_known, 1, "done"))
        return m

    def _columns(self, cells: Value) -> list[Value]:
        """Square columns of a group's cells."""
        height = self._layout.plane.n_omega
        columns = []
        for x in range(0, SECTORS_PER_GROUP * self._layout.cells, 2):
            corners = [cells[height * (x + (k & 1)) + y + (k >> 1)] for y in range(0, height, 2) for k in range(CORNERS)]
            columns.append(Cat(corners))
        return columns

    def _starts(self, left: Value, here: Value, right: Value) -> Value:
        """Squares of a column in which tracks start."""
        nothing, starts = Const(0, CORNERS), []
        for y in range(self._layout.square_rows):
            at = [
                [column.word_select(row, CORNERS) if 0 <= row < self._layout.square_rows else nothing for row in (y - 1, y, y + 1)]
                for column in (left, here, right)
            ]
            square = at[1][1]
            is_continued = joined_right(at[0][1], square) | joined_up(at[1][0], square) | joined_diagonally(at[0][0], square)
            goes_on = joined_right(square, at[2][1]) | joined_up(square, at[1][2]) | joined_diagonally(square, at[2][2])
            starts.append(square.any() & ~is_continued & (goes_on | (add(list(square)) > 1)))
        return Cat(starts)
