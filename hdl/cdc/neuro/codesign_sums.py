"""Exact sums of numbers of known range, in pipelined adder trees: every register is as wide as its values need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Const, Module, Signal, Value

ADDED_PER_STAGE = 4
"""Numbers added between two registers. Our choice: two levels of adders in one system cycle."""


@dataclass(frozen=True, kw_only=True)
class Pipelining:
    """Where registers stand.

    added_per_stage: numbers added between two of them. lane_registers: whether inputs that were brought to their formats are kept,
    which inputs in beats need. answer_registers: whether rounded outputs are. ValueError for less than two numbers.
    """

    added_per_stage: int = ADDED_PER_STAGE
    lane_registers: bool = True
    answer_registers: bool = True

    def __post_init__(self) -> None:
        if self.added_per_stage < 2:
            msg = f"added_per_stage must be at least 2, not {self.added_per_stage}"
            raise ValueError(msg)


EVERY_STEP = Pipelining()
"""Registers behind every step: for the highest clock."""
SHORT = Pipelining(added_per_stage=16, lane_registers=False, answer_registers=False)
"""Two cycles per layer of up to 16 inputs: for networks that must answer at once. Our choice."""


@dataclass(frozen=True)
class Number:
    """A value and the range that it lies in; `negative` ones are subtracted when a sum is made."""

    value: Value
    low: int
    high: int
    negative: bool = False

    @property
    def span(self) -> tuple[int, int]:
        """Range of what it adds to a sum."""
        return (-self.high, -self.low) if self.negative else (self.low, self.high)


def tree_stages(n_values: int, added: int = ADDED_PER_STAGE) -> int:
    """Registers between n_values numbers and their sum, at least one; added: numbers added between two registers."""
    stages = 1
    while n_values > added:
        n_values, stages = -(-n_values // added), stages + 1
    return stages


def registered(m: Module, number: Number, name: str) -> Number:
    """The number one cycle later."""
    signal = Signal(range(number.low, number.high + 1), name=name)
    m.d.sync += signal.eq(number.value)
    return Number(signal, number.low, number.high, number.negative)


def reduced(m: Module, numbers: Sequence[Number], stages: int, name: str, added: int = ADDED_PER_STAGE) -> list[Number]:
    """At most `added` numbers of the same sum, `stages` cycles later. Numbers of like size are added first."""
    level = sorted(numbers, key=lambda number: number.high - number.low)
    for stage in range(stages):
        groups = [level[k : k + added] for k in range(0, len(level), added)]
        level = [registered(m, total(group), f"{name}_partial_{stage}_{k}") for k, group in enumerate(groups)]
    return level


def total(numbers: Sequence[Number]) -> Number:
    """The sum, without a register, as a tree of sums of ADDED_PER_STAGE numbers; its sign is left to the next sum where all numbers
    are negative. No numbers give 0."""
    while len(numbers) > ADDED_PER_STAGE:
        numbers = [total(numbers[k : k + ADDED_PER_STAGE]) for k in range(0, len(numbers), ADDED_PER_STAGE)]
    if not numbers:
        return Number(Const(0), 0, 0)
    kept = [number for number in numbers if not number.negative]
    taken = [number for number in numbers if number.negative]
    if not kept:
        plain = total([Number(number.value, number.low, number.high) for number in taken])
        return Number(plain.value, plain.low, plain.high, negative=True)
    value = kept[0].value
    for number in kept[1:]:
        value = value + number.value
    for number in taken:
        value = value - number.value
    spans = [number.span for number in numbers]
    return Number(value, sum(low for low, _ in spans), sum(high for _, high in spans))
