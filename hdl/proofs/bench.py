"""A component with a claim around it: every input and the reset are free in every cycle, the claim watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from amaranth.asserts import AnyConst, AnySeq
from amaranth.back import rtlil
from amaranth.hdl import Assert, ClockDomain, Const, Elaboratable, Module, Shape, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

from hdl.proofs.names import names_in_rows

TOP, COMPONENT = "bench", "dut"
Claim = Callable[["Bench", Module], None]
"""Adds assertions about the component to the module; what it keeps in registers is its own."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the programs read the text of a bench, beside the text: see `Bench`."""

    probes: tuple[str, ...] = ()
    has_table: bool = False
    takes_apart: bool = False


PLAIN = Reading()


class Bench(Elaboratable):
    """Component `dut` inside a test-only top with a claim.

    free: a signal per input of the component, by name. probes: internal registers of the component that the claim reads,
    by the name and shape that they have there; they are watched, not changed. A comparison of a whole probe sees its register; for
    slices and conditions its value is any, so that less can be proven, never more. takes_apart: they are seen too. has_table: the
    claim is about contents of memories that are never written, which become logic: in a step of an induction they would be any.
    cut: kinds of parts without their logic: their outputs are any values in every cycle, so that the claim holds whatever they
    answer. watches_memories: every memory has two wires more that can be probes: `watched_at`, an address that is any but does not
    change, and `watched`, what the memory holds there; what is proven of this address is proven of all.
    """

    def __init__(
        self,
        dut: wiring.Component,
        claim: Claim,
        probes: dict[str, Shape] | None = None,
        *,
        has_table: bool = False,
        cut: tuple[type[wiring.Component], ...] = (),
        takes_apart: bool = False,
        watches_memories: bool = False,
    ) -> None:
        self.dut, self._claim, self._cut = dut, claim, cut
        self.reading = Reading(probes=tuple(probes or ()), has_table=has_table, takes_apart=takes_apart)
        self._watches_memories = watches_memories
        self.domain = ClockDomain("sync")
        self._inputs = _ports(dut, wiring.In)
        self.free = {name: Signal(port.shape(), name=name) for name, port in self._inputs.items()}
        self.probes = {name: Signal(shape, name=f"probe_{name}") for name, shape in (probes or {}).items()}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = self.domain
        m.submodules[COMPONENT] = self.dut
        m.d.comb += [port.eq(self.free[name]) for name, port in self._inputs.items()]
        self._claim(self, m)
        return m

    def rtlil(self) -> str:
        """Text for Yosys; ValueError for a claim without an assertion."""
        ports = [self.domain.clk, self.domain.rst, *self.free.values(), *self.probes.values()]
        with _without_logic(self._cut), names_in_rows(), _watched_memories() if self._watches_memories else nullcontext():
            text = rtlil.convert(self, name=TOP, ports=ports, emit_src=False)
        if "cell $check" not in text:
            msg = f"claim about {type(self.dut).__name__} must assert something"
            raise ValueError(msg)
        return text

    def component_rtlil(self) -> str:
        """Text of the component alone, as it is shipped but for the parts that are cut."""
        with _without_logic(self._cut):
            return rtlil.convert(self.dut, name=COMPONENT, emit_src=False)


@contextmanager
def _without_logic(kinds: tuple[type[wiring.Component], ...]) -> Iterator[None]:
    """Within, parts of these kinds are elaborated as outputs of any value."""

    def elaborate(part: wiring.Component, platform: object) -> Module:
        m = Module()
        _mark_used(part)
        # Without a use an input would not be there to be watched.
        m.d.comb += [Signal(port.shape(), name=f"seen_{name}").eq(port) for name, port in _ports(part, wiring.In).items()]
        m.d.comb += [port.eq(AnySeq(len(port))) for port in outputs(part).values()]
        return m

    own = [(kind, kind.elaborate) for kind in kinds]
    try:
        for kind in kinds:
            kind.elaborate = elaborate
        yield
    finally:
        for kind, method in own:
            kind.elaborate = method


@contextmanager
def _watched_memories() -> Iterator[None]:
    """Within, memories are elaborated with one more read port."""
    own = Memory.elaborate

    def elaborate(memory: Memory, platform: object) -> Module:
        m = Module()
        at = Signal(range(memory.depth), name="watched_at")
        held = Signal(Shape.cast(memory.shape).width)
        m.submodules.memory = instance = own(memory, platform)
        instance.read_port(domain="comb", addr=at, data=held, en=Const(1), transparent_for=())
        # Without a use the port's wire would have no name.
        m.d.comb += [at.eq(AnyConst(len(at))), Signal.like(held, name="watched").eq(held)]
        return m

    Memory.elaborate = elaborate
    try:
        yield
    finally:
        Memory.elaborate = own


def _mark_used(part: object) -> None:
    """Amaranth warns of components that are made and not elaborated; those inside a part that is cut are no mistake."""
    for one in vars(part).values():
        for inner in one if isinstance(one, list | tuple) else (one,):
            if isinstance(inner, Elaboratable):
                inner._MustUse__used = True
                _mark_used(inner)


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
    return {"_".join(map(str, path)): Value.cast(port) for path, member, port in dut.signature.flatten(dut) if member.flow == flow}
