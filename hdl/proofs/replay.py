"""A counterexample through the component again, in Amaranth's simulator: what it answered, cycle by cycle."""

from amaranth.lib import wiring
from amaranth.sim import Simulator

from hdl.proofs.bench import Bench, outputs
from hdl.proofs.solver import Trace


def replay(dut: wiring.Component, trace: Trace) -> list[dict[str, int]]:
    """Outputs of a component, by name, before each clock edge of the trace; it must not have been elaborated before."""
    bench = Bench(dut, lambda *_: None)
    ports = outputs(dut)
    shown: list[dict[str, int]] = []

    async def drive(ctx) -> None:  # type: ignore[no-untyped-def]
        for step in trace.steps:
            ctx.set(bench.domain.rst, step.get("rst", 0))
            for name, port in bench.free.items():
                ctx.set(port, step.get(name, 0))
            await ctx.delay(0)
            shown.append({name: ctx.get(port) for name, port in ports.items()})
            await ctx.tick()

    simulator = Simulator(bench)
    simulator.add_clock(1e-8)
    simulator.add_testbench(drive)
    simulator.run()
    return shown
