# amaranth: UnusedElaboratable=no
"""Answers come back in their order, also when the last place is taken; what was shown stays until the next one is asked for."""

from amaranth.sim import Simulator

from hdl.event_memory import N_KEPT, EventMemory


def test_answers_wait_in_order():
    dut, seen = EventMemory(8), []

    async def bench(ctx) -> None:
        asked = 0
        for first in range(0, 40, N_KEPT):
            for answer in range(first, first + N_KEPT):
                ctx.set(dut.put, 1)
                ctx.set(dut.answer, answer)
                await ctx.tick()
            ctx.set(dut.put, 0)
            for _ in range(N_KEPT):
                ctx.set(dut.next, 1)
                await ctx.tick()
                ctx.set(dut.next, 0)
                ctx.set(dut.answer, 255)
                for _ in range(asked % 3):
                    await ctx.tick()
                seen.append(ctx.get(dut.shown))
                asked += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == list(range(40))
