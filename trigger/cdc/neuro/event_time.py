"""The event time that drift times are measured from: where it comes from.

Ref: basf2 trg/cdc NeuroTrigger.cc getEventTime (read in public source) [SIM].
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class _Rule:
    """use_given: an event time made elsewhere; fastest: priority time of the track's own segments; earlier: the earlier of both;
    axial: only axial segments count as fastest; zero: 0 if nothing else gives a time."""

    use_given: bool = False
    fastest: bool = False
    earlier: bool = False
    axial: bool = False
    zero: bool = False


class EventTime(Enum):
    """Options for the event time. Without a time all drift times are 0.

    FASTEST looks at the segments that belong to the track and lie inside the windows; ETF is the event-time finder's value.
    """

    FASTEST_PRIORITY = _Rule(fastest=True)
    FASTEST_2D = _Rule(fastest=True, axial=True)
    ZERO = _Rule(zero=True)
    ETF_ONLY = _Rule(use_given=True)
    ETF_OR_FASTEST_PRIORITY = _Rule(use_given=True, fastest=True)
    MIN_ETF_FASTEST_PRIORITY = _Rule(use_given=True, fastest=True, earlier=True)
    ETF_OR_FASTEST_2D = _Rule(use_given=True, fastest=True, axial=True)
    ETF_OR_ZERO = _Rule(use_given=True, zero=True)
