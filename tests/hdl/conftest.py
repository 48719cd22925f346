"""What the tests of the RTL share: cycle-accurate runs in Amaranth's simulator, published answers, a small menu."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Elaboratable, Module, Value
from amaranth.sim import Simulator
from numpy.typing import NDArray

from trigger.menu import Menu, load_menu

REFERENCE = Path(__file__).parents[1] / "reference"
SMALL_MENU = """\
name = "small"
n_inputs = 8
[inputs.t2]
bits = [0, 1, 2, 3]
encoding = "one-hot"
[inputs.clst]
bits = [4, 5, 6]
encoding = "binary"
[inputs.veto]
bits = [7]
[lines]
ff = "t2 >= 2 & !veto"
f = "t2 == 1 | clst == 5"
c2 = "clst >= 2 & clst < 6"
none = "!(t2 != 3 | clst_0 & clst <= 4) | t2 == 0 & clst > 6"
[periods.p]
source = "this test"
[periods.p.prescales]
f = 3
c2 = 2
none = 0
"""


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


@pytest.fixture
def small_menu(tmp_path: Path) -> Menu:
    """Every operator, both kinds of counts, lines with and without prescale, a masked one."""
    (tmp_path / "small.toml").write_text(SMALL_MENU, encoding="utf-8")
    return load_menu(tmp_path / "small.toml")
