"""Signed arithmetic of the displaced-vertex trigger: rounding, saturation, differences in a ring."""

from amaranth.hdl import Const, Mux, Value

from hdl.displaced.timed import Pipeline
from hdl.logic import select


def rounded(value: Value, shift: int) -> Value:
    """value / 2^shift to the nearest integer, ties upward."""
    return (value + (1 << (shift - 1))) >> shift


def rounded_by(p: Pipeline, value: Value, shift: Value, shifts: range) -> Value:
    """The same with a shift out of a few, counted from the first one."""
    total = p.name(value, "total")
    return select([rounded(total, one) for one in shifts], shift)


def saturated(p: Pipeline, value: Value, largest: int) -> Value:
    """A number within +-largest."""
    exact = p.name(value, "exact")
    return Mux(exact > largest, Const(largest), Mux(exact < -largest, Const(-largest), exact))


def low_signed(value: Value, bits: int) -> Value:
    """The low bits as a number with a sign: a difference in a ring."""
    return value[:bits].as_signed()
