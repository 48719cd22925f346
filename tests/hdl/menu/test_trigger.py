"""Menu RTL == model, event by event, at full rate and with gaps, latency measured."""

from collections.abc import Mapping

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hdl.menu.trigger import MenuTrigger
from trigger.menu import Menu, PrescaleCounters, l1_accept, load_menu

PERIODS = {"exp16": "e18r781", "darktrigger": "design", "small": "p"}


@pytest.fixture
def menus(small_menu: Menu) -> Mapping[str, Menu]:
    return {name: small_menu if name == "small" else load_menu(name) for name in PERIODS}


def as_int(bits: np.ndarray) -> int:
    return int("".join("1" if bit else "0" for bit in bits[::-1]), 2)


def simulate(menu: Menu, bits: np.ndarray, gaps: np.ndarray, reset_before: int = -1) -> list[tuple[int, int, int, int]]:
    """Run the RTL; return (latency, ftdl, psnm, l1) per event. reset_before: event before which a reset of one cycle comes."""
    dut, domain, top = MenuTrigger(menu, PERIODS[menu.name]), ClockDomain("sync"), Module()
    top.domains.sync, top.submodules.dut = domain, dut
    results: list[tuple[int, int, int, int]] = []
    sent: list[int] = []
    state = {"cycle": 0}

    async def bench(ctx) -> None:
        async def tick() -> None:
            await ctx.tick()
            state["cycle"] += 1
            if ctx.get(dut.out_valid):
                answer = (ctx.get(dut.out_ftdl), ctx.get(dut.out_psnm), ctx.get(dut.out_l1))
                results.append((state["cycle"] - sent[len(results)], *answer))

        for number, (event, gap) in enumerate(zip(bits, gaps, strict=True)):
            ctx.set(dut.in_valid, 0)
            if number == reset_before:
                for _ in range(MenuTrigger.LATENCY):
                    await tick()
                ctx.set(domain.rst, 1)
                await tick()
                ctx.set(domain.rst, 0)
            for _ in range(gap):
                await tick()
            ctx.set(dut.in_valid, 1)
            ctx.set(dut.in_bits, as_int(event))
            sent.append(state["cycle"])
            await tick()
        ctx.set(dut.in_valid, 0)
        for _ in range(4):
            await tick()

    simulator = Simulator(top)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return results


@pytest.mark.parametrize("name", list(PERIODS))
@pytest.mark.parametrize("largest_gap", [0, 3])
def test_rtl_equals_model(name: str, largest_gap: int, menus: Mapping[str, Menu]) -> None:
    menu = menus[name]
    rng = np.random.default_rng(11)
    n_events = 400 if name == "small" else 150
    bits = rng.random((n_events, menu.n_inputs)) < rng.uniform(0.05, 0.6, (n_events, 1))
    gaps = rng.integers(0, largest_gap + 1, n_events)
    results = simulate(menu, bits, gaps)
    ftdl = menu.evaluate(bits)
    psnm = PrescaleCounters(period=menu.period(PERIODS[name])).run(ftdl)
    assert len(results) == n_events
    assert {latency for latency, *_ in results} == {MenuTrigger.LATENCY}
    for event, (_, rtl_ftdl, rtl_psnm, rtl_l1) in enumerate(results):
        assert rtl_ftdl == as_int(ftdl[event]), event
        assert rtl_psnm == as_int(psnm[event]), event
        assert rtl_l1 == l1_accept(psnm)[event], event


def test_reset_in_mid_stream_starts_the_counters_anew(small_menu: Menu) -> None:
    """Cut at an event after which every counter has counted some, but not all, of its number."""
    menu, period = small_menu, small_menu.period("p")
    bits = np.random.default_rng(5).random((60, menu.n_inputs)) < 0.5
    ftdl = menu.evaluate(bits)
    counted = np.cumsum(ftdl, axis=0) % np.maximum(period.prescales, 1)
    prescaled = [menu.line_names.index(name) for name in ("f", "c2")]
    cut = 1 + int(np.flatnonzero(counted[:, prescaled].all(axis=1))[2])
    results = simulate(menu, bits, np.zeros(60, int), reset_before=cut)
    psnm = np.concatenate([PrescaleCounters(period=period).run(part) for part in (ftdl[:cut], ftdl[cut:])])
    assert [rtl_psnm for _, _, rtl_psnm, _ in results] == [as_int(row) for row in psnm]
