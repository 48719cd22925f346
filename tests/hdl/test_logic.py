"""The shared combinational functions, exhaustively."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hdl.logic import add, choose, delayed, first_set, select, several_set


def evaluate(width, function, values):
    """function(signal) for each value of a signal of `width` bits."""
    m, signal, answers = Module(), Signal(width), []
    result = Signal(16)
    m.d.comb += result.eq(function(signal))

    async def bench(ctx):
        for value in values:
            ctx.set(signal, value)
            await ctx.delay(1e-9)
            answers.append(ctx.get(result))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return answers


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 18, 36])
def test_select_and_choose(length):
    values = [(37 * k + 11) % 101 for k in range(length)]
    signals = [Signal(7, init=value) for value in values]
    assert evaluate(6, lambda index: select(signals, index), range(length)) == values
    assert evaluate(6, lambda index: choose(values, index), range(length)) == values
    assert evaluate(6, lambda index: choose([5] * length, index), range(length)) == [5] * length


@pytest.mark.parametrize("width", [1, 2, 5, 8, 11])
def test_first_set(width):
    numbers = range(1, 1 << width)
    assert evaluate(width, first_set, numbers) == [(number & -number).bit_length() - 1 for number in numbers]


@pytest.mark.parametrize("width", [1, 2, 5, 9])
def test_several_set(width):
    numbers = range(1 << width)
    assert evaluate(width, several_set, numbers) == [number.bit_count() > 1 for number in numbers]


@pytest.mark.parametrize("length", [0, 1, 2, 9])
def test_add_counts_ones(length):
    assert evaluate(9, lambda bits: add(list(bits[:length])), range(512)) == [bin(k % (1 << length)).count("1") for k in range(512)]


@pytest.mark.parametrize("cycles", [0, 1, 3])
def test_delayed(cycles):
    m, source, seen = Module(), Signal(8), []
    late = Signal(8)
    m.d.comb += late.eq(delayed(m, source, cycles, "late"))
    if not cycles:
        m.d.sync += Signal().eq(1)

    async def bench(ctx):
        for value in range(1, 10):
            ctx.set(source, value)
            seen.append(ctx.get(late))
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [0] * cycles + list(range(1, 10 - cycles))
