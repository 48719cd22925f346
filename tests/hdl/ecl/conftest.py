"""What the tests of the ECL RTL share: windows as beats, a cycle-accurate run, random windows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Elaboratable, Module, Value
from amaranth.sim import Simulator
from numpy.typing import NDArray

from hdl.ecl.beats import N_BEATS, N_LANES, TIME_BITS
from hdl.ecl.trigger import EclTrigger
from trigger.ecl.calibration import ADC_BITS
from trigger.ecl.layout import DECISION_FIELDS
from trigger.geometry.ecl import N_CELLS, cells

REFERENCE = Path(__file__).parents[2] / "reference" / "ecl_decisions.npz"
DRAIN = 40


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Inputs of one cycle."""

    valid: int = 0
    first: int = 0
    adc: int = 0
    time: int = 0
    start: int = 0
    reset: int = 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer: the cycle in which `out_valid` was high, and the decision fields."""

    cycle: int
    fields: dict[str, NDArray[np.int64]] = field(compare=False)


def window(adc: NDArray[np.integer], time: NDArray[np.integer] | None = None, start: int = 0) -> list[Cycle]:
    """The 16 beats of one window: adc and time (576,), start raw."""
    times = np.zeros(N_CELLS, int) if time is None else time
    beats = []
    for beat in range(N_BEATS):
        lanes = range(beat * N_LANES, (beat + 1) * N_LANES)
        beats.append(
            Cycle(
                valid=1,
                first=int(beat == 0),
                adc=sum(int(adc[cell]) << (ADC_BITS * lane) for lane, cell in enumerate(lanes)),
                time=sum(int(times[cell]) << (TIME_BITS * lane) for lane, cell in enumerate(lanes)),
                start=start if beat == 0 else -1,
            )
        )
    return beats


def run(dut: EclTrigger, cycles: Sequence[Cycle]) -> list[Answer]:
    """Every answer of the RTL to these cycles and to idle ones after them."""
    domain, top, answers = ClockDomain("sync"), Module(), []
    top.domains.sync, top.submodules.dut = domain, dut

    async def bench(ctx) -> None:
        for number, cycle in enumerate((*cycles, *[Cycle()] * DRAIN)):
            for signal, value in (
                (domain.rst, cycle.reset),
                (dut.in_valid, cycle.valid),
                (dut.in_first, cycle.first),
                (dut.in_adc, cycle.adc),
                (dut.in_time, cycle.time),
                (dut.in_start, cycle.start),
            ):
                ctx.set(signal, value)
            if ctx.get(dut.out_valid):
                answers.append(Answer(cycle=number, fields={f.name: _field(ctx, dut, f) for f in DECISION_FIELDS}))
            await ctx.tick()

    simulator = Simulator(top)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return answers


def trace(dut: Elaboratable, stimulus: Sequence[dict[str, Any]], outputs: Sequence[str]) -> list[dict[str, int]]:
    """Outputs of a component in every cycle, as unsigned numbers.

    stimulus: inputs that change in that cycle, dotted names; a structure takes a number or a dict. Outputs are read in the same
    cycle, before its clock edge.
    """
    seen, top = [], Module()
    top.domains.sync, top.submodules.dut = ClockDomain("sync"), dut

    def port(name: str) -> Any:
        return reduce(getattr, name.split("."), dut)

    async def bench(ctx) -> None:
        for inputs in stimulus:
            for name, value in inputs.items():
                target = port(name)
                ctx.set(target if isinstance(value, dict) else Value.cast(target), value)
            seen.append({name: ctx.get(Value.cast(port(name))) & ((1 << len(Value.cast(port(name)))) - 1) for name in outputs})
            await ctx.tick()

    simulator = Simulator(top)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def rows(adc: NDArray[np.integer], time: NDArray[np.integer] | None = None, bank: int = 0) -> list[dict[str, int]]:
    """One window as stimulus of a component with a row port: 16 rows, back to back."""
    return [
        {
            "row.valid": 1,
            "row.beat": beat,
            "row.last": int(beat == N_BEATS - 1),
            "row.bank": bank,
            "row.adc": cycle.adc,
            "row.time": cycle.time,
        }
        for beat, cycle in enumerate(window(adc, time))
    ]


def _field(ctx, dut: EclTrigger, declared) -> NDArray[np.int64]:
    bits = ctx.get(getattr(dut, f"out_{declared.name}"))
    values = [(bits >> (declared.width * k)) & ((1 << declared.width) - 1) for k in range(declared.length)]
    if declared.signed:
        values = [value - (value >> (declared.width - 1) << declared.width) for value in values]
    return np.array(values, dtype=np.int64)


def random_windows(rng: np.random.Generator, n_windows: int) -> NDArray[np.uint16]:
    """Counts (n, 576): nothing, single cells, showers, half-filled and full windows."""
    adc = np.zeros((n_windows, N_CELLS), np.uint16)
    neighbours = cells().neighbours.astype(int)
    for k in range(n_windows):
        fill = (0, 1, 5, 60, 300, N_CELLS, 4, 4)[k % 8]
        chosen = rng.choice(N_CELLS, fill, replace=False)
        adc[k, chosen] = rng.integers(1, (40, 1000, 4096)[rng.integers(3)], fill)
        if k % 8 >= 6:
            around = neighbours[chosen].ravel()
            around = around[(around > 0) & (rng.random(around.size) < 0.5)] - 1
            adc[k, around] = rng.integers(1, 500, around.size)
    return adc


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The helpers above, for the tests."""

    window: Callable[..., list[Cycle]] = window
    run: Callable[[EclTrigger, Sequence[Cycle]], list[Answer]] = run
    random_windows: Callable[[np.random.Generator, int], NDArray[np.uint16]] = random_windows
    trace: Callable[..., list[dict[str, int]]] = trace
    rows: Callable[..., list[dict[str, int]]] = rows
    idle: Cycle = Cycle()
    reset: Cycle = Cycle(reset=1)


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")
def reference() -> dict[str, NDArray]:
    """The published simulation's answers, see tests/reference/README.md."""
    with np.load(REFERENCE, allow_pickle=False) as data:
        return {name: data[name] for name in data}
