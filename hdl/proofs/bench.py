"""A component with a claim around it: every input and the reset are free in every cycle, the claim watches."""

from collections.abc import Callable

from amaranth.back import rtlil
from amaranth.hdl import Assert, ClockDomain, Elaboratable, Module, Shape, Signal, Value, ValueLike
from amaranth.lib import wiring

TOP, COMPONENT = "bench", "dut"
Claim = Callable[["Bench", Module], None]
"""Adds assertions about the component to the module; what it keeps in registers is its own."""


class Bench(Elaboratable):
    """Component `dut` inside a test-only top with a claim.

    free: a signal per input of the component, by name. probes: internal registers of the component that the claim reads,
    by the name and shape that they have there; they are watched, not changed. has_table: the claim is about contents of memories
    that are never written, which become logic: in a step of an induction they would be any.
    """

    def __init__(
        self, dut: wiring.Component, claim: Claim, probes: dict[str, Shape] | None = None, *, has_table: bool = False
    ) -> None:
        self.dut, self._claim, self.has_table = dut, claim, has_table
        self.domain = ClockDomain("sync")
        self._inputs = _ports(dut, wiring.In)
        self.free = {name: Signal(Value.cast(port).shape(), name=name) for name, port in self._inputs.items()}
        self.probes = {name: Signal(shape, name=f"probe_{name}") for name, shape in (probes or {}).items()}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = self.domain
        m.submodules[COMPONENT] = self.dut
        m.d.comb += [Value.cast(port).eq(self.free[name]) for name, port in self._inputs.items()]
        self._claim(self, m)
        return m

    def rtlil(self) -> str:
        """Text for Yosys; ValueError for a claim without an assertion."""
        ports = [self.domain.clk, self.domain.rst, *self.free.values(), *self.probes.values()]
        text = rtlil.convert(self, name=TOP, ports=ports, emit_src=False)
        if "cell $check" not in text:
            msg = f"claim about {type(self.dut).__name__} must assert something"
            raise ValueError(msg)
        return text

    def component_rtlil(self) -> str:
        """Text of the component alone, as it is shipped."""
        return rtlil.convert(self.dut, name=COMPONENT, emit_src=False)


def past(m: Module, value: ValueLike, cycles: int) -> Value:
    """`value` so many cycles ago, 0 if a reset came since."""
    for _ in range(cycles):
        held = Signal.like(Value.cast(value))
        m.d.sync += held.eq(value)
        value = held
    return Value.cast(value)


def equal_when(m: Module, condition: ValueLike, value: Value, expected: ValueLike) -> None:
    """Assert `value == expected` where the condition holds."""
    m.d.comb += Assert(~Value.cast(condition).bool() | (value == expected))


def outputs(dut: wiring.Component) -> dict[str, Value]:
    """Outputs of a component by name."""
    return _ports(dut, wiring.Out)


def _ports(dut: wiring.Component, flow: wiring.Flow) -> dict[str, Value]:
    return {"_".join(map(str, path)): port for path, member, port in dut.signature.flatten(dut) if member.flow == flow}
