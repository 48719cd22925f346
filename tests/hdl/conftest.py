"""What the tests of the track RTL share: cycle-accurate runs in Amaranth's simulator, models for Verilator, published answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Elaboratable, Module, Value
from amaranth.sim import Simulator
from numpy.typing import NDArray

REFERENCE = Path(__file__).parents[1] / "reference"


def trace(dut: Elaboratable, stimulus: Sequence[Mapping[str, int]], outputs: Sequence[str]) -> list[dict[str, int]]:
    """Outputs in every cycle, as numbers in their own shape, read before the clock edge.

    stimulus: inputs that change in that cycle, "rst" being the reset of domain sync; a structure is one number.
    """
    seen, top, domain = [], Module(), ClockDomain("sync")
    top.domains.sync, top.submodules.dut = domain, dut

    async def bench(ctx) -> None:
        for inputs in stimulus:
            for name, value in inputs.items():
                ctx.set(domain.rst if name == "rst" else Value.cast(getattr(dut, name)), value)
            seen.append({name: ctx.get(Value.cast(getattr(dut, name))) for name in outputs})
            await ctx.tick()

    simulator = Simulator(top)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def packed(values: Sequence[int], width: int) -> int:
    """Numbers side by side, the first one lowest, in two's complement."""
    return sum((int(value) & ((1 << width) - 1)) << (width * k) for k, value in enumerate(values))


def published(name: str) -> dict[str, NDArray]:
    """Answers of the published simulation, see tests/reference/README.md."""
    with np.load(REFERENCE / f"{name}.npz", allow_pickle=False) as data:
        return dict(data)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The helpers above, for the tests."""

    trace: Callable[..., list[dict[str, int]]] = trace
    packed: Callable[..., int] = packed
    published: Callable[[str], dict[str, NDArray]] = published


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()
