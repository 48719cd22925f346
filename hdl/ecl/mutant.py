"""Deliberate faults for tests of the checker: each is one expression of the RTL, chosen when the design is built."""

import enum

from amaranth.hdl import ValueLike


class Mutant(enum.Enum):
    """A fault that a co-simulation must find."""

    LML6_THRESHOLD = "the CM threshold of lml6 is one count too low"
    OVERFLOW_LIMIT = "overflow is reported from six clusters on"
    LATE_OUTPUT = "the decision comes one cycle later"


def mutated(active: Mutant | None, site: Mutant, intended: ValueLike, broken: ValueLike) -> ValueLike:
    """Return `broken` where the design is built with the fault `site`, else `intended`."""
    return broken if active is site else intended
