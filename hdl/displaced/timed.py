"""Values that know in which cycle of a pipeline they are there: a use in a later cycle adds the registers that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Module, Signal, Value, ValueLike


@dataclass(frozen=True, eq=False)
class Timed:
    """A value and the cycle in which it is there, counted from the input of the pipeline."""

    value: Value
    cycle: int


class Pipeline:
    """Registers of domain sync around the logic of one component, without reset: they mean something beside a valid flag only."""

    def __init__(self, m: Module) -> None:
        self._m = m
        self._later: dict[tuple[Timed, int], Value] = {}
        self._count = 0

    def part(self, name: str) -> Pipeline:
        """A pipeline of the same cycles in a module inside this one; values that come late for both are better kept outside."""
        module = Module()
        self._m.submodules[name] = module
        return Pipeline(module)

    def keep(self, value: ValueLike, cycle: int, name: str) -> Timed:
        """A register of what logic makes of values of `cycle`; there in the next one."""
        value = Value.cast(value)
        self._count += 1
        stage = Signal(value.shape(), name=f"{name}_{self._count}", reset_less=True)
        self._m.d.sync += stage.eq(value)
        return Timed(stage, cycle + 1)

    def name(self, value: ValueLike, name: str) -> Value:
        """The value under a name: logic that is used more than once."""
        value = Value.cast(value)
        self._count += 1
        wire = Signal(value.shape(), name=f"{name}_{self._count}")
        self._m.d.comb += wire.eq(value)
        return wire

    def at(self, timed: Timed, cycle: int) -> Value:
        """The value in a cycle; ValueError before it is there."""
        if cycle < timed.cycle:
            msg = f"value must be used in cycle {timed.cycle} or later, not {cycle}"
            raise ValueError(msg)
        if cycle == timed.cycle:
            return timed.value
        if (timed, cycle) not in self._later:
            before = self.at(timed, cycle - 1)
            stage = Signal(before.shape(), name=f"{getattr(timed.value, 'name', 'value')}_at_{cycle}", reset_less=True)
            self._m.d.sync += stage.eq(before)
            self._later[timed, cycle] = stage
        return self._later[timed, cycle]
