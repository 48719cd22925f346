# amaranth: UnusedElaboratable=no
"""Parts of the fit RTL: trees that choose, tables in memories, values that wait, arithmetic, the store of segments."""

from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal, signed
from amaranth.sim import Simulator

from hdl.displaced.arithmetic import rounded, rounded_by, saturated
from hdl.displaced.choice import Entry, First, first_of, in_order, join, smallest, two_of_few, two_smallest
from hdl.displaced.hits import N_POSITIONS, WindowHits
from hdl.displaced.rom import Rom, bits_of
from hdl.displaced.timed import Pipeline, Timed
from trigger.displaced.fit_tables import fit_tables
from trigger.geometry.cdc import superlayers


def answers(m, inputs, logic, stimulus):
    """Values of combinational logic of a module for every stimulus."""
    seen = []
    out = Signal(logic.shape())
    m.d.comb += out.eq(logic)

    async def bench(ctx):
        for values in stimulus:
            for signal, value in zip(inputs, values, strict=True):
                ctx.set(signal, int(value))
            await ctx.delay(1e-9)
            seen.append(ctx.get(out))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def test_two_smallest_equal_a_sorted_list():
    """Keys of two bits among eight: ties everywhere, and the earlier one wins."""
    m, keys = Module(), [Signal(2) for _ in range(8)]
    entries = [Entry(key=key, label=Const(k, 3)) for k, key in enumerate(keys)]
    ((one, other),) = two_smallest(Pipeline(m), in_order(Pipeline(m), entries), 2)
    stimulus = np.random.default_rng(1).integers(0, 4, (200, 8)).tolist()
    for values, found in zip(stimulus, answers(m, keys, Cat(one.label, other.label), stimulus), strict=True):
        assert [found & 7, found >> 3] == sorted(range(8), key=lambda k: (values[k], k))[:2]


def test_two_of_few_equal_a_sorted_list():
    """All keys of two bits among four."""
    m, keys = Module(), [Signal(2) for _ in range(4)]
    one, other = two_of_few(Pipeline(m), [Entry(key=key, label=Const(k, 2)) for k, key in enumerate(keys)])
    stimulus = list(product(range(4), repeat=4))
    found = answers(m, keys, Cat(one.label, one.key, other.label, other.key), stimulus)
    for values, word in zip(stimulus, found, strict=True):
        first, second = sorted(range(4), key=lambda k: (values[k], k))[:2]
        assert word == first | values[first] << 2 | second << 4 | values[second] << 6


@pytest.mark.parametrize("n", [1, 5, 16])
def test_smallest_is_the_first_of_equals(n):
    m, keys = Module(), [Signal(2) for _ in range(n)]
    (best,) = smallest(Pipeline(m), [Entry(key=key, label=Const(k, 4)) for k, key in enumerate(keys)])
    stimulus = np.random.default_rng(2).integers(0, 4, (100, n)).tolist()
    for values, found in zip(stimulus, answers(m, keys, Cat(best.label, best.key), stimulus), strict=True):
        assert (found & 15, found >> 4) == (values.index(min(values)), min(values))


def test_first_ones_are_closed_up():
    """The first three of eight flags, as a list without gaps."""
    m, flags = Module(), [Signal() for _ in range(8)]
    lists = [first_of(flags[k : k + 2], [k, k + 1], 3) for k in range(0, 8, 2)]
    (found,) = join(Pipeline(m), lists, 3, 2)
    stimulus = [[(code >> k) & 1 for k in range(8)] for code in range(256)]
    for values, word in zip(stimulus, answers(m, flags, Cat(*found.there, *found.labels), stimulus), strict=True):
        there = [(word >> k) & 1 for k in range(3)]
        wanted = [k for k, flag in enumerate(values) if flag][:3]
        assert there == [1] * len(wanted) + [0] * (3 - len(wanted))
        assert [(word >> (3 + 3 * k)) & 7 for k in range(len(wanted))] == wanted
    assert isinstance(found, First)


def test_rounding_and_saturation():
    value = Signal(signed(10))
    numbers = range(-512, 512)
    assert answers(Module(), [value], rounded(value, 3), [[n] for n in numbers]) == [(n + 4) // 8 for n in numbers]
    m = Module()
    cut = [min(max(n, -100), 100) for n in numbers]
    assert answers(m, [value], saturated(Pipeline(m), value, 100), [[n] for n in numbers]) == cut
    m, shift = Module(), Signal(2)
    by = [[n, k] for n in range(-512, 512, 7) for k in range(3)]
    found = answers(m, [value, shift], rounded_by(Pipeline(m), value, shift, range(4, 7)), by)
    assert found == [(n + (8 << k)) // (16 << k) for n, k in by]


def test_width_of_a_column():
    assert bits_of(np.array([0])) == (1, False)
    assert bits_of(np.array([0, 255])) == (8, False)
    assert bits_of(np.array([-1, 0])) == (2, True)
    assert bits_of(np.array([-128, 127])) == (8, True)
    assert bits_of(np.array([-129, 3])) == (9, True)
    assert bits_of(np.array([-1, 128])) == (9, True)


class Reader(Elaboratable):
    """Two columns by two indices."""

    def __init__(self, columns):
        self.rom, self.address, self.word, self.sums = Rom(columns, 2), Signal(5), Signal(signed(20)), Signal(signed(20))

    def elaborate(self, platform):
        m = Module()
        read = self.rom.read(m, self.address)
        m.d.comb += [self.word.eq(read["one"]), self.sums.eq(read["two"][1][0])]
        m.submodules.memory = self.rom.memory
        return m


def test_tables_are_read_by_two_indices():
    rng = np.random.default_rng(3)
    columns = {"one": rng.integers(-50, 60, (4, 6)), "two": rng.integers(0, 9, (4, 6, 2, 3))}
    dut, seen = Reader(columns), {}

    async def bench(ctx):
        for row in range(4):
            for missing in range(6):
                ctx.set(dut.address, 8 * row + missing)
                await ctx.tick()
                seen[row, missing] = ctx.get(dut.word), ctx.get(dut.sums)

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == {(r, c): (columns["one"][r, c], columns["two"][r, c, 1, 0]) for r in range(4) for c in range(6)}


def test_a_value_cannot_be_used_before_it_is_there():
    pipeline, value = Pipeline(Module()), Timed(Signal(3), 4)
    assert pipeline.at(value, 4) is value.value
    assert pipeline.at(value, 7) is pipeline.at(value, 7)
    with pytest.raises(ValueError, match="must be used in cycle 4 or later, not 3"):
        pipeline.at(value, 3)


def test_store_of_segments():
    """Two windows in two banks; a full superlayer loses what is too much; a bank is empty again when its next window begins."""
    dut = WindowHits()
    m = Module()
    position, bank, stored = Signal(5), Signal(), Signal(16)
    m.d.comb += stored.eq(dut.read(m, 4, bank, position).angle)
    m.submodules.dut = dut
    angle = fit_tables().angle[superlayers().offset[4] :]

    async def bench(ctx):
        async def window(numbers, priority):
            for k in range(40):
                ctx.set(dut.in_hits[4].valid, k < len(numbers))
                ctx.set(dut.in_hits[4].number, numbers[min(k, len(numbers) - 1)])
                ctx.set(dut.in_hits[4].priority, priority)
                ctx.set(dut.in_hits[4].lr, 2)
                ctx.set(dut.in_last, k == 39)
                await ctx.tick()
            ctx.set(dut.in_last, 0)

        for number, (numbers, priority) in enumerate([(range(10, 47), 3), ([5], 1), ([7, 9], 2)]):
            await window(list(numbers), priority)
            ctx.set(bank, number % 2)
            kept = list(numbers)[:N_POSITIONS]
            # The last segment came long ago; the switch of the bank is one cycle behind.
            assert ctx.get(dut.there[4][number % 2]) == (1 << len(kept)) - 1
            for k in (0, len(kept) - 1):
                ctx.set(position, k)
                await ctx.delay(1e-10)
                assert ctx.get(stored) == angle[kept[k], priority - 1]
                assert ctx.get(dut.coarse[4][number % 2][k]) == angle[kept[k], priority - 1] >> 4
                assert ctx.get(dut.flags[4][number % 2][k]) == (priority != 3)

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
