"""Faults of a netlist: every kind on a component of a few cells, chosen by the port, and equal to the component without one."""

import re
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.mutation import SCORED, Kind, faults_of, sample
from hdl.mutation_insert import CHOSEN, PORT, insert, select_bits
from hdl.mutation_netlist import Netlist, read_component


class Counter(wiring.Component):
    """Counts up to a limit in steps; a pulse goes through a register beside it."""

    def __init__(self) -> None:
        super().__init__({"step": In(3), "back": In(1), "pulse": In(1), "count": Out(6), "late": Out(1), "below": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        moved = Signal(6)
        m.d.comb += moved.eq(Mux(self.back, self.count - self.step, self.count + self.step))
        m.d.sync += [self.count.eq(moved), self.late.eq(self.pulse)]
        m.d.comb += self.below.eq(self.count < 20)
        return m


@pytest.fixture(scope="module")
def netlist() -> Netlist:
    return read_component(Counter(), "counter")


def of_kind(netlist: Netlist, kind: Kind):
    return [fault for name in netlist.cells for fault in faults_of(netlist, name, kind)]


def test_every_kind_finds_the_cells_that_it_fits(netlist):
    said = {kind: {fault.says(netlist.cells[fault.cell]) for fault in of_kind(netlist, kind)} for kind in Kind}
    assert said[Kind.COMPARISON] == {"lt is le"}
    assert said[Kind.OFF_BY_ONE] == {
        *(f"result of {cell} {step}" for cell in ("add", "sub") for step in ("+1", "-1")),
        *(f"constant B = 20 of lt {step}" for step in ("+1", "-1")),
    }
    assert said[Kind.SWAPPED_OPERAND] == {f"operands of {cell} are swapped" for cell in ("sub", "mux", "lt")}
    assert {"bit 5 of the result of dff is 1", "bit 0 of the result of lt is 0"} <= said[Kind.STUCK_BIT]
    assert said[Kind.CONSTANT] >= {f"bit {bit} of constant B = 20 of lt is wrong" for bit in range(5)}
    assert said[Kind.REGISTER_DROPPED] == {"register is left out"}
    assert said[Kind.RESET_VALUE] == {f"bit {bit} of the value after reset is wrong" for bit in range(6)}
    assert len(of_kind(netlist, Kind.RESET_VALUE)) == 7


def test_results_that_nobody_reads_have_no_fault(netlist):
    """The choice of sum or difference is wider than what is kept of it."""
    (choice,) = (name for name, cell in netlist.cells.items() if cell.type == "$mux" and len(cell.pins["Y"]) > 6)
    assert {fault.bit for fault in faults_of(netlist, choice, Kind.STUCK_BIT)} == set(range(6))


def test_a_fault_says_where_it_is(netlist):
    (fault,) = of_kind(netlist, Kind.COMPARISON)
    file, line = netlist.source(fault.cell)
    assert file == "tests/hdl/test_mutation.py"
    assert "self.count < 20" in Path(__file__).read_text(encoding="utf-8").splitlines()[line - 1]
    assert netlist.net(fault.cell)[0] == "below"


def test_a_register_in_a_loop_is_not_left_out_but_never_loads(netlist):
    drawn = {
        fault.cell: fault.value for fault in sample(netlist, 60, np.random.default_rng(1)) if fault.kind is Kind.REGISTER_DROPPED
    }
    by_signal = {netlist.net(cell)[0]: value for cell, value in drawn.items()}
    assert by_signal == {"count": 0, "late": 1}


def test_two_registers_that_feed_each_other_are_not_both_left_out():
    class Ring(wiring.Component):
        def __init__(self) -> None:
            super().__init__({"given": In(1), "out": Out(1)})

        def elaborate(self, platform: object) -> Module:
            m, other = Module(), Signal()
            m.d.sync += [other.eq(self.out ^ self.given), self.out.eq(~other)]
            return m

    netlist = read_component(Ring(), "ring")
    drawn = [fault for fault in sample(netlist, 100, np.random.default_rng(1)) if fault.kind is Kind.REGISTER_DROPPED]
    assert sorted(fault.value for fault in drawn) == [0, 1]


def test_a_sample_is_reproducible_without_repetition_and_takes_kinds_in_turn(netlist):
    drawn, again, other = (sample(netlist, 24, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert drawn == again
    assert drawn != other
    assert len(set(drawn)) == len(drawn) == 24 + 3
    assert [fault.kind for fault in drawn[: len(SCORED)]] == list(SCORED)
    assert sum(fault.kind is Kind.RESET_VALUE for fault in drawn) == 3


def test_parts_that_are_left_out_have_no_fault():
    """Two counters below a third component, one of them two levels down."""

    class Pair(wiring.Component):
        def __init__(self) -> None:
            super().__init__({"step": In(3), "count": Out(7)})

        def elaborate(self, platform: object) -> Module:
            m, nested = Module(), Module()
            one, other = Counter(), Counter()
            m.submodules.one, nested.submodules.other, m.submodules.nested = one, other, nested
            m.d.comb += [one.step.eq(self.step), other.step.eq(~self.step), self.count.eq(one.count + other.count)]
            return m

    pair = read_component(Pair(), "pair")
    inside = {pair.inside(cell) for cell in pair.cells}
    assert inside == {(), ("one",), ("nested", "other")}
    for without, left in (
        ((), inside),
        (("one",), inside - {("one",)}),
        (("one", "nested.other"), {()}),
        (("nested",), {(), ("one",)}),
    ):
        drawn = sample(pair, 1000, np.random.default_rng(1), without)
        assert {pair.inside(fault.cell) for fault in drawn} == left, without
    with pytest.raises(ValueError, match="pair must have cells in nested.one, not none"):
        sample(pair, 10, np.random.default_rng(1), ("nested.one",))


def test_the_port_is_wide_enough_and_the_number_is_taken_with_the_reset(netlist):
    assert [select_bits(n) for n in (0, 1, 3, 4, 255, 256)] == [1, 1, 2, 3, 8, 9]
    faults = sample(netlist, 10, np.random.default_rng(1))
    faulty = insert(netlist, faults)
    assert len(faulty.module["ports"][PORT]["bits"]) == select_bits(len(faults))
    assert PORT not in netlist.module["ports"]
    text = faulty.verilog()
    assert f"input [3:0] {PORT};" in text
    assert f"{CHOSEN} <= " in text


def test_verilog_names_each_result_once_and_keeps_initial_values():
    """A register below another component: the ports on the way to it are names of the same bits."""

    class Outer(wiring.Component):
        def __init__(self) -> None:
            super().__init__({"step": In(3), "count": Out(6), "seen": Out(4)})

        def elaborate(self, platform: object) -> Module:
            m = Module()
            m.submodules.inner = inner = Counter()
            seen = Signal(4, init=9, name="counted_steps")
            m.d.sync += seen.eq(seen + inner.below)
            m.d.comb += [inner.step.eq(self.step), self.count.eq(inner.count), self.seen.eq(seen)]
            return m

    netlist = read_component(Outer(), "outer")
    assert {"inner.step", "inner.count", "inner.moved"} < set(netlist.module["netnames"])
    text = netlist.verilog()
    assert "inner.step" not in text
    assert re.search(r"reg \[3:0\] seen\b.*= 4'h9", text)
    assert re.search(r"reg \[5:0\] count\b.*= 6'h00", text)


def test_a_design_without_reset_is_refused():
    class Wire(wiring.Component):
        def __init__(self) -> None:
            super().__init__({"given": In(1), "out": Out(1)})

        def elaborate(self, platform: object) -> Module:
            m = Module()
            m.d.comb += self.out.eq(~self.given)
            return m

    netlist = read_component(Wire(), "wire")
    with pytest.raises(ValueError, match="must have a reset"):
        insert(netlist, [])
