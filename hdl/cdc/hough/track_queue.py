"""Tracks one by one, in the order in which the model lists them: column after column, from the lowest omega up."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.frames import Bank
from hdl.cdc.hough.layout import Layout
from hdl.cdc.hough.squares import N_GROUPS, group_layout
from hdl.logic import delayed, first_set, select


def start_layout(layout: Layout) -> data.StructLayout:
    """Where a track starts: its group, and column and row of the square in it."""
    return data.StructLayout(
        {
            "number": range(N_GROUPS),
            "bank": Bank,
            "column": range(layout.cells),
            "row": range(layout.square_rows),
        }
    )


class TrackQueue(wiring.Component):
    """Starts of the tracks of the groups that came in with `done`, up to n_lanes per cycle, the lowest lanes first.

    The starts of a group come `LATENCY` cycles after it at the earliest, with its `columns`, the same for all lanes. A group
    takes one cycle per n_lanes tracks; the next ones, at most 16, wait for it. With `flush`, what is left is dropped, and `flushed`
    tells whether there was anything; `CLOSING` cycles later no more start comes.
    """

    LATENCY = 5
    CLOSING = 3

    def __init__(self, layout: Layout, n_lanes: int) -> None:
        self._layout, self._n_lanes = layout, n_lanes
        group = group_layout(layout)
        super().__init__(
            {
                "done": In(1),
                "group": In(group),
                "flush": In(1),
                "flushed": Out(1),
                "valid": Out(n_lanes),
                "starts": Out(data.ArrayLayout(start_layout(layout), n_lanes)),
                "columns": Out(group["columns"].shape),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        current, is_empty, is_last = self._waiting(m)
        rest = Signal(len(current.starts))
        left: list[Value] = [rest]
        for _ in range(self._n_lanes):
            left.append(left[-1] & (left[-1] - 1))
        m.d.comb += [is_last.eq(~left[-1].any()), self.flushed.eq(self.flush & (rest.any() | ~is_empty))]
        group = Signal(current.shape())
        with m.If(self.flush):
            m.d.sync += rest.eq(0)
        with m.Elif(is_last):
            m.d.sync += [group.eq(current), rest.eq(current.starts & (~is_empty).replicate(len(rest)))]
        with m.Else():
            m.d.sync += rest.eq(left[-1])

        height = self._layout.square_rows
        for lane in range(self._n_lanes):
            bits = delayed(m, left[lane] & (~self.flush).replicate(len(rest)), 1, f"starts_{lane}")
            columns = [bits.word_select(x, height) for x in range(self._layout.cells)]
            is_filled = Signal(len(columns), name=f"is_filled_{lane}")
            column = Signal(range(len(columns)), name=f"column_{lane}")
            m.d.comb += is_filled.eq(Cat(one.any() for one in columns))
            m.d.sync += column.eq(first_set(is_filled))
            rows = [delayed(m, one, 1, f"rows_{lane}_{x}") for x, one in enumerate(columns)]
            m.d.sync += [
                self.valid[lane].eq(delayed(m, is_filled.any(), 1, f"any_{lane}")),
                self.starts[lane].number.eq(delayed(m, group.number, 2, f"number_{lane}")),
                self.starts[lane].bank.eq(delayed(m, group.bank, 2, f"bank_{lane}")),
                self.starts[lane].column.eq(column),
                self.starts[lane].row.eq(first_set(select(rows, column))),
            ]
        m.d.comb += self.columns.as_value().eq(delayed(m, group.columns.as_value(), 3, "columns"))
        return m

    def _waiting(self, m: Module) -> tuple[data.View, Signal, Signal]:
        """(the group that has waited longest, whether there is none, to be set when it is taken)."""
        group, is_empty, taken = Signal(self.group.shape()), Signal(), Signal()
        m.submodules.groups = groups = Memory(shape=len(self.group.as_value()), depth=N_GROUPS, init=[])
        write, read = groups.write_port(), groups.read_port(domain="comb")
        first, end = Signal(range(2 * N_GROUPS)), Signal(range(2 * N_GROUPS))
        m.d.comb += [
            write.en.eq(self.done),
            write.addr.eq(end),
            write.data.eq(self.group),
            read.addr.eq(first),
            group.as_value().eq(read.data),
            is_empty.eq(first == end),
        ]
        with m.If(self.done):
            m.d.sync += end.eq(end + 1)
        with m.If(self.flush):
            m.d.sync += first.eq(end)
        with m.Elif(taken & ~is_empty):
            m.d.sync += first.eq(first + 1)
        return group, is_empty, taken
