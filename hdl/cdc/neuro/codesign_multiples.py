"""Constant multiples of one number by shifts and few additions, shared between all constants that are asked for.

Ref: Y. Voronenko, M. Pueschel, ACM Trans. Algorithms 3 (2007) 11, multiple constant multiplication; here the plain greedy search.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Step:
    """One addition: constant = (larger << shift) + smaller, a sum, or the difference, in either order, of two made before."""

    constant: int
    larger: int
    shift: int
    smaller: int
    is_sum: bool = True
    larger_negative: bool = False


def odd_part(number: int) -> tuple[int, int]:
    """(odd, shift) with number = odd << shift; number must not be 0."""
    shift = (number & -number).bit_length() - 1
    return number >> shift, shift


def steps(constants: Iterable[int]) -> tuple[Step, ...]:
    """Additions, in order, that make every one of the odd positive constants from 1; none for 1 itself.

    A constant that no single addition makes from those at hand is reached through the one without its highest signed digit.
    """
    at_hand, wanted = {1: 0}, set(constants) - {1}
    made: list[Step] = []
    while wanted:
        found = [step for constant in sorted(wanted) for step in _one_addition(constant, at_hand)]
        if not found:
            wanted.add(_without_top_digit(min(wanted, key=lambda constant: (_digits(constant), constant))))
            continue
        step = min(found, key=lambda one: (_depth(one, at_hand), one.constant))
        at_hand[step.constant] = _depth(step, at_hand)
        wanted.discard(step.constant)
        made.append(step)
    return tuple(made)


def _depth(step: Step, at_hand: dict[int, int]) -> int:
    """Additions in a row behind a step."""
    return 1 + max(at_hand[step.larger], at_hand[step.smaller])


def _one_addition(constant: int, at_hand: dict[int, int]) -> Iterable[Step]:
    """Every way to make a constant by one addition of what is at hand."""
    for larger in at_hand:
        for shift in range(1, constant.bit_length() + 1):
            shifted = larger << shift
            for rest, is_sum, larger_negative in (
                (constant - shifted, True, False),
                (shifted - constant, False, False),
                (constant + shifted, False, True),
            ):
                if rest in at_hand:
                    yield Step(
                        constant=constant, larger=larger, shift=shift, smaller=rest, is_sum=is_sum, larger_negative=larger_negative
                    )


def _signed_digits(number: int) -> list[int]:
    """Canonical signed digits -1, 0, 1 of a positive number, lowest first."""
    digits = []
    while number:
        digit = 2 - (number & 3) if number & 1 else 0
        digits.append(digit)
        number = (number - digit) >> 1
    return digits


def _digits(number: int) -> int:
    return sum(map(abs, _signed_digits(number)))


def _without_top_digit(number: int) -> int:
    """The size of an odd number without its highest signed digit: odd, positive, one digit less."""
    return abs(number - (1 << (len(_signed_digits(number)) - 1)))
