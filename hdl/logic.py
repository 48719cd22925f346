"""Small combinational functions that the components share. They return Amaranth values and hold no state."""

from collections.abc import Sequence
from itertools import combinations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike

_GROUP = 4
"""Nodes of a tree that become one: as many as a look-up table takes."""


def select(values: Sequence[Value], index: Value) -> Value:
    """`values[index]` as a balanced tree of two-way choices; an index beyond the list gives one of its values."""
    level = list(values)
    for bit in range((len(level) - 1).bit_length()):
        pairs = [level[k : k + 2] for k in range(0, len(level), 2)]
        level = [pair[0] if len(pair) == 1 else Mux(index[bit], pair[1], pair[0]) for pair in pairs]
    return level[0]


def choose(values: Sequence[int], index: Value) -> Value:
    """Constant `values[index]`: logic only as far as the values differ."""
    if len(set(values)) == 1:
        return Const(values[0])
    shape = max(values).bit_length()
    return select([Const(value, shape) for value in values], index)


def add(values: Sequence[Value]) -> Value:
    """Sum of `values` as a balanced tree, wide enough for every input; no values give 0."""
    if len(values) < 2:
        return values[0] if values else Const(0)
    half = (len(values) + 1) // 2
    return add(values[:half]) + add(values[half:])


def first_set(bits: Value) -> Value:
    """Index of the lowest set bit as a balanced tree; meaningless if none is set."""
    if len(bits) == 1:
        return Const(0, 0)
    half = 1 << ((len(bits) - 1).bit_length() - 1)
    in_low_half = bits[:half].any()
    index = Mux(in_low_half, first_set(bits[:half]), first_set(bits[half:]))
    return Cat(index, ~in_low_half)


def several_set(bits: Value) -> Value:
    """Whether more than one bit is set, as a balanced tree."""
    level = [(bit, Const(0, 1)) for bit in bits]
    while len(level) > 1:
        groups = [level[k : k + _GROUP] for k in range(0, len(level), _GROUP)]
        level = [(Cat(some for some, _ in group).any(), _in_several(group)) for group in groups]
    return level[0][1]


def _in_several(group: list[tuple[Value, Value]]) -> Value:
    """Whether two of a group have a bit, or one has several; a group: whether each has one, has several."""
    pairs = [one & other for (one, _), (other, _) in combinations(group, 2)]
    return Cat(*pairs, *(several for _, several in group)).any()


def delayed(m: Module, value: ValueLike, cycles: int, name: str) -> Value:
    """`value` after `cycles` registers of domain sync, cleared by reset."""
    for step in range(1, cycles + 1):
        stage = Signal.like(Value.cast(value), name=f"{name}_{step}")
        m.d.sync += stage.eq(value)
        value = stage
    return Value.cast(value)
