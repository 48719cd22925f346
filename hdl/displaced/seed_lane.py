"""Seeds of one lane: the peaks of each step wait in a queue, one leaves in every slot of the window."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.displaced.seed_layout import CELLS_OF_PATCH, Step, places, seed_layout
from hdl.logic import add, delayed, first_set, select, several_set
from trigger.displaced.grid import N_LANES, PATCH
from trigger.displaced.parameters import DisplacedParameters
from trigger.displaced.seeds import COLUMNS, N_CELLS, N_STEPS

PATCH_BITS, LANE_BITS = (PATCH - 1).bit_length(), (N_LANES - 1).bit_length()
N_BANKS = 2
"""Windows whose cells are kept: the peaks of one wait while the next one is voted on."""


class SeedLane(wiring.Component):
    """Seeds of a lane in their order, one per slot; domain sync.

    Slot 0 is the cycle after that of step 0; the seeds of a step leave in the slot after it at the earliest. Windows come at
    least as many cycles apart as there are slots.

    Ports:
        in_valid, in_step, in_bank, in_peaks: the lane's columns, as from `SeedPeaks`.
        cells_valid, cells_step, cells_bank, cells: fired cells of the lane, column after column, cell of the patch after cell, as
            from `SeedVotes`.
        out_seed: row and azimuth, `LATENCY` cycles after the slot. out_last: the last slot of the window. out_overflow: with it,
            whether seeds of the window were lost.
    """

    LATENCY = 4

    def __init__(self, parameters: DisplacedParameters, lane: int) -> None:
        self._grid, self._slots, self._lane = parameters.grid, parameters.seed_slots, lane
        self._n_places = places(self._grid)[0] * places(self._grid)[1]
        super().__init__(
            {
                "in_valid": In(1),
                "in_step": In(Step),
                "in_bank": In(1),
                "in_peaks": In(COLUMNS * self._n_places),
                "cells_valid": In(1),
                "cells_step": In(Step),
                "cells_bank": In(1),
                "cells": In(COLUMNS * CELLS_OF_PATCH * self._n_places),
                "out_seed": Out(seed_layout(self._grid)),
                "out_last": Out(1),
                "out_overflow": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        group = data.StructLayout({"peaks": self.in_peaks.shape(), "step": Step, "bank": 1})
        head, none_waits, taken = Signal(group), Signal(), Signal()
        begins, active, slot = Signal(), Signal(), Signal(range(self._slots))
        m.d.comb += begins.eq(self.in_valid & (self.in_step == 0))
        self._queue(m, head, none_waits, taken, begins)

        rest, now = Signal(len(self.in_peaks)), Signal(data.StructLayout({"step": Step, "bank": 1}))
        columns = [rest.word_select(c, self._n_places) for c in range(COLUMNS)]
        fewer = [Signal(self._n_places, name=f"fewer_{c}") for c in range(COLUMNS)]
        m.d.comb += [less.eq(column & (column - 1)) for less, column in zip(fewer, columns, strict=True)]
        some = Signal(COLUMNS)
        m.d.comb += some.eq(Cat(column.any() for column in columns))
        column, is_last, is_end = Signal(range(COLUMNS)), Signal(), Signal()
        m.d.comb += [
            column.eq(first_set(some)),
            is_last.eq(~several_set(rest)),
            is_end.eq(active & (slot == self._slots - 1)),
            taken.eq(begins | (active & is_last)),
        ]
        with m.If(taken):
            m.d.sync += [
                rest.eq(head.peaks & (~none_waits).replicate(len(rest))),
                now.step.eq(head.step),
                now.bank.eq(head.bank),
            ]
        with m.Elif(active):
            for c in range(COLUMNS):
                with m.If(column == c):
                    m.d.sync += columns[c].eq(fewer[c])
        with m.If(begins):
            m.d.sync += [active.eq(1), slot.eq(0)]
        with m.Else():
            m.d.sync += [active.eq(active & ~is_end), slot.eq(slot + 1)]

        found = active & some.any()
        present, place = Signal(self._n_places), Signal(range(self._n_places))
        m.d.comb += [present.eq(select(columns, column)), place.eq(first_set(present))]
        lost = is_end & ~(is_last & none_waits)
        self._answer(m, found, column, place, now, is_end, lost)
        return m

    def _queue(self, m: Module, head: data.View, none_waits: Signal, taken: Signal, begins: Signal) -> None:
        """Steps with peaks, in their order; one that finds the queue empty can be taken at once. A window drops the one before."""
        m.submodules.queue = memory = Memory(shape=len(head.as_value()), depth=N_STEPS, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        first, end = Signal(range(2 * N_STEPS)), Signal(range(2 * N_STEPS))
        arriving, is_empty, comes, arrived = Signal(head.shape()), Signal(), Signal(), Signal(head.shape())
        # A step that is taken at once is written all the same, and overwritten by the next one.
        m.d.comb += [
            arriving.peaks.eq(self.in_peaks),
            arriving.step.eq(self.in_step),
            arriving.bank.eq(self.in_bank),
            is_empty.eq(begins | (first == end)),
            comes.eq(self.in_valid & self.in_peaks.any()),
            arrived.as_value().eq(read.data),
            head.as_value().eq(Mux(is_empty, arriving.as_value(), arrived.as_value())),
            none_waits.eq(is_empty & ~comes),
            write.addr.eq(end),
            write.data.eq(arriving),
            write.en.eq(comes),
            read.addr.eq(first),
        ]
        with m.If(begins):
            m.d.sync += first.eq(end)
        with m.Elif(taken & ~is_empty):
            m.d.sync += first.eq(first + 1)
        with m.If(comes & ~(is_empty & taken)):
            m.d.sync += end.eq(end + 1)

    def _answer(self, m: Module, found: Value, column: Value, place: Value, now: data.View, is_end: Value, lost: Value) -> None:
        """From the place of a peak to its row: the mean place of the fired cells of its patch."""
        valid = delayed(m, found, 1, "valid")
        at_column, at_place = delayed(m, column, 1, "column"), delayed(m, place, 1, "place")
        step, bank = delayed(m, now.step, 1, "step"), delayed(m, now.bank, 1, "bank")

        cells = delayed(m, self._cells_of_patch(m, at_column, at_place, step, bank), 1, "patch")
        in_bend = [add(list(cells[a * PATCH : (a + 1) * PATCH])) for a in range(PATCH)]
        in_impact = [add([cells[a * PATCH + b] for a in range(PATCH)]) for b in range(PATCH)]
        total = delayed(m, add(in_bend), 1, "total")
        moments = [
            delayed(m, add([counts[1], counts[2] << 1, counts[3], counts[3] << 1]), 1, name)
            for name, counts in (("moment_bend", in_bend), ("moment_impact", in_impact))
        ]
        middles = [_middle(total, moment) for moment in moments]

        _, n_impact = places(self._grid)
        bend, impact = delayed(m, at_place // n_impact, 2, "place_bend"), delayed(m, at_place % n_impact, 2, "place_impact")
        azimuth = Signal(range(N_CELLS))
        m.d.sync += azimuth.eq(COLUMNS * step + at_column + (COLUMNS - 1))
        seed = Signal(self.out_seed.shape())
        # Joined, not added up: below a place there is room for the next one.
        in_column = Cat(middles[1], Const(self._lane, LANE_BITS), impact)
        row = Cat(middles[0], bend) * self._grid.n_impact + in_column
        m.d.sync += [
            seed.valid.eq(delayed(m, valid, 2, "valid_there")),
            seed.bank.eq(delayed(m, bank, 2, "bank_there")),
            seed.row.eq(row),
            seed.cell.eq(delayed(m, azimuth, 1, "azimuth_there")),
        ]
        m.d.comb += [
            self.out_seed.eq(seed),
            self.out_last.eq(delayed(m, is_end, self.LATENCY, "end")),
            self.out_overflow.eq(delayed(m, lost, self.LATENCY, "lost")),
        ]

    def _cells_of_patch(self, m: Module, column: Value, place: Value, step: Value, bank: Value) -> Value:
        """Fired cells of a patch. The first column of a step is the last one of the same sectors, the others are of the next."""
        width, size = self._n_places, self._n_places * CELLS_OF_PATCH
        words = []
        for c in range(COLUMNS):
            kept = Memory(shape=size, depth=N_BANKS * N_STEPS, init=[])
            m.submodules[f"cells_{c}"] = kept
            write, read = kept.write_port(), kept.read_port(domain="comb")
            of_step = Signal(Step, name=f"step_of_{c}")
            m.d.comb += [
                write.en.eq(self.cells_valid),
                write.addr.eq(Cat(self.cells_step, self.cells_bank)),
                write.data.eq(self.cells.word_select(c, size)),
                of_step.eq(step if c == COLUMNS - 1 else step + 1),
                read.addr.eq(Cat(of_step, bank)),
            ]
            words.append(read.data)
        word = Signal(size)
        m.d.comb += word.eq(select([words[-1], *words[:-1]], column))
        return Cat(select([*word[cell * width : (cell + 1) * width]], place) for cell in range(CELLS_OF_PATCH))


def _middle(total: Value, moment: Value) -> Value:
    """The mean place, 0..PATCH - 1, rounded to the nearest, up on a tie."""
    return add([2 * moment >= (2 * k - 1) * total for k in range(1, PATCH)])[:PATCH_BITS]
