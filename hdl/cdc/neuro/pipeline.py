"""Registers of data that mean something only beside a valid flag: reset does not clear them."""

from amaranth.hdl import Module, Signal, Value, ValueLike


def carried(m: Module, value: ValueLike, cycles: int, name: str) -> Value:
    """`value` after `cycles` registers of domain sync."""
    for step in range(1, cycles + 1):
        stage = Signal.like(Value.cast(value), name=f"{name}_{step}", reset_less=True)
        m.d.sync += stage.eq(value)
        value = stage
    return Value.cast(value)
