"""Conditions of trigger lines as trees over input bits: what the parser makes and numpy, proofs and RTL read.

A comparison of a count becomes the logic of its bits, exactly as the firmware's sums of products spell it, for every bit
pattern, legal or not: on a one-hot count `x >= n` is the OR of the bits that mean n or more, `x == n` is the bit that means n,
and `<`, `<=`, `!=` are their complements; a binary count is compared as a number.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trigger.menu.inputs import Encoding, InputDeclaration


@dataclass(frozen=True)
class Bit:
    """Input bit at `position`."""

    position: int


@dataclass(frozen=True)
class Constant:
    """True or false whatever the inputs are."""

    value: bool


@dataclass(frozen=True)
class Not:
    """Complement."""

    operand: "Condition"


@dataclass(frozen=True)
class And:
    """All operands."""

    operands: tuple["Condition", ...]


@dataclass(frozen=True)
class Or:
    """Any operand."""

    operands: tuple["Condition", ...]


Condition = Bit | Constant | Not | And | Or


def any_of(operands: tuple[Condition, ...]) -> Condition:
    """Return the OR of operands; false for none."""
    if not operands:
        return Constant(False)
    return operands[0] if len(operands) == 1 else Or(operands)


def all_of(operands: tuple[Condition, ...]) -> Condition:
    """Return the AND of operands; true for none."""
    if not operands:
        return Constant(True)
    return operands[0] if len(operands) == 1 else And(operands)


def at_least(count: InputDeclaration, value: int) -> Condition:
    """Return `count >= value` as logic of its bits; `value` 0 is always true, above the largest value always false."""
    if value <= 0:
        return Constant(True)
    bits = tuple(Bit(position) for position in count.bits)
    if count.encoding is Encoding.BINARY:
        return _binary_at_least(bits, value)
    return any_of(bits[value - 1 :])


def equal_to(count: InputDeclaration, value: int) -> Condition:
    """Return `count == value`; the last value of a one-hot count means "or more" and has no exact bit."""
    bits = tuple(Bit(position) for position in count.bits)
    if count.encoding is Encoding.BINARY:
        if value >= 1 << len(bits):
            return Constant(False)
        return all_of(tuple(bit if value >> place & 1 else Not(bit) for place, bit in enumerate(bits)))
    return Not(any_of(bits)) if value == 0 else bits[value - 1]


def _binary_at_least(bits: tuple[Bit, ...], value: int) -> Condition:
    if value >= 1 << len(bits):
        return Constant(False)
    result: Condition = Constant(True)
    for place, bit in enumerate(bits):
        if value >> place & 1:
            result = bit if result == Constant(True) else And((bit, result))
        elif result != Constant(True):
            result = Or((bit, result))
    return result


def positions(condition: Condition) -> frozenset[int]:
    """Return the input positions that a condition reads."""
    return frozenset(_walk(condition))


def _walk(condition: Condition) -> Iterator[int]:
    if isinstance(condition, Bit):
        yield condition.position
    elif isinstance(condition, Not):
        yield from _walk(condition.operand)
    elif isinstance(condition, And | Or):
        for operand in condition.operands:
            yield from _walk(operand)


def evaluate(conditions: tuple[Condition, ...], columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return bool (n_conditions, n) for input bits given as columns, bool (n_inputs, n); equal subtrees are computed once."""
    known: dict[Condition, NDArray[np.bool_]] = {}

    def value(condition: Condition) -> NDArray[np.bool_]:
        found = known.get(condition)
        if found is None:
            found = known[condition] = compute(condition)
        return found

    def compute(condition: Condition) -> NDArray[np.bool_]:
        match condition:
            case Bit(position):
                return columns[position]
            case Constant(constant):
                return np.full(columns.shape[1], constant)
            case Not(operand):
                return ~value(operand)
            case And(operands):
                return functools.reduce(np.logical_and, map(value, operands))
            case Or(operands):
                return functools.reduce(np.logical_or, map(value, operands))

    result = np.empty((len(conditions), columns.shape[1]), dtype=bool)
    for row, condition in enumerate(conditions):
        result[row] = value(condition)
    return result
