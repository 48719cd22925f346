"""Claims about pipelines: what each fault would do is refuted; parts are cut, and registers in a row found by name."""

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Assert, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.proofs.bench import Bench, Claim
from hdl.proofs.names import names_in_rows
from hdl.proofs.pipeline import Fault, Flight
from hdl.proofs.solver import Mode, Status, solve

LATENCY, LIMIT_S = 2, 300


class Part(wiring.Component):
    """Its input one cycle later; is_forgetful: a reset clears it."""

    def __init__(self, is_forgetful: bool) -> None:
        self._is_forgetful = is_forgetful
        super().__init__({"a": In(1), "b": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(reset_less=not self._is_forgetful)
        m.d.sync += held.eq(self.a)
        m.d.comb += self.b.eq(held)
        return m


class Line(wiring.Component):
    """A token two cycles later, the second one of which it spends in a part; its parity is counted."""

    def __init__(self, *, is_forgetful: bool = True) -> None:
        self._part = Part(is_forgetful)
        super().__init__({"in_valid": In(1), "out_valid": Out(1), "out_odd": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.part = part = self._part
        first, odd = Signal(), Signal()
        m.d.sync += [first.eq(self.in_valid), odd.eq(odd ^ self.in_valid)]
        m.d.comb += [part.a.eq(first), self.out_valid.eq(part.b), self.out_odd.eq(odd)]
        return m


def claim(fault: Fault | None = None) -> Claim:
    def answers(bench: Bench, m: Module) -> None:
        Flight(m, bench.free["in_valid"], LATENCY).answer(bench.dut.out_valid, LATENCY, fault)  # type: ignore[attr-defined]

    return answers


def verdict(bench: Bench, mode: Mode = Mode.BOUNDED) -> Status:
    return solve(bench.rtlil(), mode, LATENCY + 3, LIMIT_S, bench.reading).status


def test_a_pipeline_is_proven() -> None:
    assert verdict(Bench(Line(), claim()), Mode.INDUCTION) is Status.PASS


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
def test_every_fault_is_refuted(fault: Fault) -> None:
    assert verdict(Bench(Line(), claim(fault))) is Status.FAIL


def test_a_register_that_no_reset_clears_is_refuted() -> None:
    assert verdict(Bench(Line(is_forgetful=False), claim())) is Status.FAIL


def test_what_a_part_that_is_cut_would_do_is_not_known() -> None:
    """The claim needs the part; the component has it again afterwards."""
    dut = Line()
    assert verdict(Bench(dut, claim(), cut=(Part,))) is Status.FAIL
    assert "\\held" in rtlil.convert(dut, name="dut")


def parity(bench: Bench, m: Module) -> None:
    """The register `odd`, which stands in a row with another, has been linked with the parity of tokens."""
    own = Signal(name="own")
    m.d.sync += own.eq(own ^ bench.free["in_valid"])
    m.d.comb += [Assert(bench.probes["odd"] == own), Assert(bench.dut.out_odd == own)]  # type: ignore[attr-defined]


def test_registers_in_a_row_are_linked_by_name() -> None:
    assert verdict(Bench(Line(), parity, {"odd": Signal().shape()}), Mode.INDUCTION) is Status.PASS


def test_names_are_those_of_the_variables_and_only_within() -> None:
    def made() -> list[str]:
        one, other = Signal(), Signal(3)
        own, _ = Signal(name="given"), 1
        return [one.name, other.name, own.name]

    before = made()
    with names_in_rows():
        assert made() == ["one", "other", "given"]
    assert made() == before
