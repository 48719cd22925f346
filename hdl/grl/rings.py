"""Rings of bits: sectors, bins and quadrants around the circle as Amaranth values."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Value

from hdl.logic import add
from trigger.grl.parameters import N_SECTORS, QUADRANT_BINS, SECTORS_OF_BIN, SECTORS_PER_QUARTER


def turned(ring: Value, places: int) -> Value:
    """Bit i at place i + places."""
    return ring.rotate_left(places % len(ring))


def any_of(values: Sequence[Value]) -> Value:
    """OR of values of one width."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return any_of(values[:half]) | any_of(values[half:])


def bins_of(sectors: Value) -> Value:
    """Bins of 10 degree that a map of sectors sets."""
    starts = range(0, N_SECTORS, SECTORS_PER_QUARTER)
    return Cat(Cat(sectors[start + s] for s in group).any() for start in starts for group in SECTORS_OF_BIN)


def quadrants_of(bins: Value) -> Value:
    """Quadrants of the endcap KLM that a map of bins meets."""
    return Cat(Cat(bins[number] for number in group).any() for group in QUADRANT_BINS)


def apart(bins: Value, window: tuple[int, int]) -> Value:
    """Bins at a distance inside the window."""
    return any_of([turned(bins, distance) for distance in range(window[0], window[1] + 1)])


def count(bits: Value) -> Value:
    """Number of ones."""
    return add(list(bits))


def one_hot(number: Value, length: int) -> Value:
    """Bit i for i + 1, the last bit for more."""
    return Cat(*(number == i + 1 for i in range(length - 1)), number >= length)


def quotient(value: Value, divisor: int) -> Value:
    """value // divisor for an unsigned value, as a product with a constant."""
    largest = (1 << len(value)) - 1
    for shift in range(2 * len(value) + divisor.bit_length()):
        factor = -(-(1 << shift) // divisor)
        if (factor * divisor - (1 << shift)) * largest < 1 << shift and factor * largest >> shift == largest // divisor:
            return ((value * Const(factor)) >> shift)[: (largest // divisor).bit_length()]
    msg = f"no factor for // {divisor} of {len(value)} bits"
    raise AssertionError(msg)
