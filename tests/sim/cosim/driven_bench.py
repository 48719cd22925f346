"""cocotb tests that drive the counting component cycle by cycle through the wrapper's manual ports."""

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge
from counting import BEATS, LATENCY, NUMBER_BITS, PORTS

from sim.cosim.bench import start

N_WINDOWS = 50


async def beat(dut: Any, number: int, *, first: bool = False, valid: bool = True, reset: bool = False) -> list[int]:
    """One cycle with these inputs; the totals answered in it."""
    dut.manual_valid.value = int(valid)
    dut.manual_rst.value = int(reset)
    dut.manual_payload.value = int(first) | number << PORTS.input_low("in_number")
    await FallingEdge(dut.clk)
    return [int(dut.result.value) & ((1 << (NUMBER_BITS + 2)) - 1)] if dut.out_valid.value else []


async def begin(dut: Any) -> None:
    await start(dut)
    dut.manual.value = 1
    await FallingEdge(dut.clk)


@cocotb.test()
async def windows_with_random_stalls(dut: Any) -> None:
    await begin(dut)
    rng = random.Random(5)
    expected, seen = [], []
    for _ in range(N_WINDOWS):
        numbers = [rng.randrange(1 << NUMBER_BITS) for _ in range(BEATS)]
        expected.append(sum(numbers))
        for place, number in enumerate(numbers):
            for _ in range(rng.randrange(3)):
                seen += await beat(dut, rng.randrange(1 << NUMBER_BITS), first=True, valid=False)
            seen += await beat(dut, number, first=place == 0)
    for _ in range(LATENCY + 1):
        seen += await beat(dut, 0, valid=False)
    assert seen == expected, (seen, expected)


@cocotb.test()
async def answer_comes_after_the_declared_latency(dut: Any) -> None:
    await begin(dut)
    for place in range(BEATS):
        assert not await beat(dut, 1, first=place == 0)
    waits = 0
    while not (seen := await beat(dut, 0, valid=False)):
        waits += 1
        assert waits < 100
    assert seen == [BEATS]
    assert waits + 1 == LATENCY - 1, waits


@cocotb.test()
async def reset_drops_an_open_window_and_pending_answers(dut: Any) -> None:
    await begin(dut)
    seen = []
    for place in range(BEATS):
        seen += await beat(dut, 7, first=place == 0)
    seen += await beat(dut, 0, valid=False, reset=True)
    for _ in range(3 * BEATS):
        seen += await beat(dut, 9)
    assert seen == [], seen
