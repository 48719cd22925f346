"""Small combinational functions that the components share. They return Amaranth values and hold no state."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike


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


def delayed(m: Module, value: ValueLike, cycles: int, name: str) -> Value:
    """`value` after `cycles` registers of domain sync, cleared by reset."""
    for step in range(1, cycles + 1):
        stage = Signal.like(Value.cast(value), name=f"{name}_{step}")
        m.d.sync += stage.eq(value)
        value = stage
    return Value.cast(value)
