"""Claims about the menu: each line is its condition for all inputs, prescale counters pass every N-th accept, L1 is their OR."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from amaranth.hdl import Assert, Module, Mux, Shape, Signal, Value

from hdl.menu.psnm import Psnm
from hdl.menu.trigger import MenuTrigger
from hdl.proofs.bench import Bench, equal_when, past
from hdl.proofs.proof import Proof
from hdl.proofs.reader import read_condition, read_products
from trigger.errors import InputError
from trigger.menu import Menu, Period, load_menu
from trigger.menu.condition import Constant

MENUS = ("exp16", "darktrigger")
WRONG_LINE, WRONG_PRESCALE = 0, 2
Lines = Callable[[Value], list[Value]]
"""Value of each line for input bits."""


def lines_of_texts(menu: Menu) -> Lines:
    """Lines as the texts of the menu say."""
    return lambda bits: [read_condition(line.text, menu, bits) for line in menu.lines]


def lines_of_products(menu: Menu, path: str | Path) -> Lines:
    """Lines as a published table of sums of products says: CSV with the columns bit, line, terms; # begins a comment.

    InputError if the table does not have the lines of the menu in its order.
    """
    rows = list(csv.DictReader(row for row in Path(path).read_text(encoding="utf-8").splitlines() if not row.startswith("#")))
    if tuple(row.get("line") for row in rows) != menu.line_names or any(not row.get("terms") for row in rows):
        raise InputError(f"{path}: must have columns line and terms with the {len(menu.lines)} lines of {menu.name}, in order")
    return lambda bits: [read_products(row["terms"], bits) for row in rows]


def menu_claim(lines: Lines, period: Period, latency: int) -> Callable[[Bench, Module], None]:
    """Lines before prescale, the L1 accept, and that prescales only ever take away; none is taken from lines with prescale 1."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, MenuTrigger)
        valid, bits = past(m, dut.in_valid, latency), past(m, dut.in_bits, latency)
        m.d.comb += Assert(dut.out_valid == valid)
        for k, fires in enumerate(lines(bits)):
            equal_when(m, valid, dut.out_ftdl[k], fires)
        for k, prescale in enumerate(period.prescales):
            if prescale > 1:
                m.d.comb += Assert(~valid | ~dut.out_psnm[k] | dut.out_ftdl[k])
            else:
                equal_when(m, valid, dut.out_psnm[k], dut.out_ftdl[k] if prescale else 0)
        m.d.comb += Assert(dut.out_l1 == (dut.out_psnm != 0))

    return claim


def prescale_claim(period: Period) -> Callable[[Bench, Module], None]:
    """Of each line's accepts since the reset, number N, 2N, 3N pass and no other; the counter stays below N."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Psnm)
        valid = past(m, dut.in_valid, Psnm.LATENCY)
        m.d.comb += Assert(dut.out_valid == valid)
        for k, prescale in enumerate(period.prescales):
            fires = dut.in_valid & dut.in_ftdl[k]
            if prescale < 2:
                equal_when(m, valid, dut.out_psnm[k], past(m, fires, 1) if prescale else 0)
                continue
            to_go = Signal(range(prescale + 1), name=f"to_go_{k}", init=prescale)
            is_due = fires & (to_go == 1)
            m.d.sync += to_go.eq(Mux(is_due, prescale, to_go - fires))
            count = bench.probes[f"count_{k}"]
            m.d.comb += [Assert(count < prescale), Assert(count + to_go == prescale)]
            equal_when(m, valid, dut.out_psnm[k], past(m, is_due, 1))

    return claim


def counters(period: Period) -> dict[str, Shape]:
    """The counters of a period's prescaled lines."""
    return {f"count_{k}": Shape.cast(range(prescale)) for k, prescale in enumerate(period.prescales) if prescale > 1}


def with_a_wrong_line(menu: Menu) -> Menu:
    """The menu with a line that never fires."""
    wrong = replace(menu.lines[WRONG_LINE], condition=Constant(False))
    return replace(menu, lines=(*menu.lines[:WRONG_LINE], wrong, *menu.lines[WRONG_LINE + 1 :]))


def with_a_wrong_prescale(period: Period) -> Period:
    """The period with its largest prescale replaced by 2, so that a line passes too early."""
    k = period.prescales.index(max(period.prescales))
    return replace(period, prescales=(*period.prescales[:k], WRONG_PRESCALE, *period.prescales[k + 1 :]))


def lines_proof(menu: Menu, name: str, says: str, lines: Lines) -> Proof:
    """Proof of the lines of a menu with its first period."""
    period = menu.periods[0]
    claim = menu_claim(lines, period, MenuTrigger.LATENCY)
    return Proof(
        name=name,
        says=f"each of the {len(menu.lines)} lines of {menu.name} is {says}, for all inputs; L1 is the OR of the lines after "
        "prescale; each event answers once, in order, after the declared latency",
        bench=lambda: Bench(MenuTrigger(menu, period.name), claim),
        broken=lambda: Bench(MenuTrigger(with_a_wrong_line(menu), period.name), claim),
        depth=MenuTrigger.LATENCY + 2,
    )


def prescale_proof(name: str, period: Period) -> Proof:
    """Proof of the prescale counters of a period that has some."""
    claim = prescale_claim(period)
    return Proof(
        name=name,
        says=f"period {period.name}: of a line's accepts every N-th passes, counted from the reset on, none of a masked line; no "
        "counter reaches N",
        bench=lambda: Bench(Psnm(period), claim, counters(period)),
        broken=lambda: _broken_psnm(period, claim),
        depth=2,
        broken_depth=WRONG_PRESCALE + Psnm.LATENCY + 1,
    )


def _broken_psnm(period: Period, claim: Callable[[Bench, Module], None]) -> Bench:
    wrong = with_a_wrong_prescale(period)
    return Bench(Psnm(wrong), claim, counters(wrong))


def proofs(products: Path | None = None) -> list[Proof]:
    """Proofs of the block. products: published table of the lines of exp16, see `lines_of_products`."""
    found = []
    for menu in map(load_menu, MENUS):
        found.append(lines_proof(menu, f"menu.{menu.name}.lines", "what its text says", lines_of_texts(menu)))
        found += [
            prescale_proof(f"menu.{menu.name}.prescales.{period.name}", period)
            for period in menu.periods
            if any(prescale > 1 for prescale in period.prescales)
        ]
    if products is not None:
        menu = load_menu(MENUS[0])
        found.append(
            lines_proof(menu, f"menu.{menu.name}.published", "its published sum of products", lines_of_products(menu, products))
        )
    return found
