"""What claims about pipelines share: events under way, beats of an event counted on their own, and the faults that are refuted.

A claim says when answers come: one for each complete event, `latency` cycles after it, none without, none for an event that a reset
has cut off. What an answer holds is left open, and so parts that only compute may be cut.
"""

from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from amaranth.hdl import Assert, Assume, Cat, Module, Mux, ResetSignal, Signal, Value, ValueLike

from hdl.cdc.neuro.pipeline import carried
from hdl.proofs.bench import Bench, past
from hdl.proofs.proof import Faulty

ANSWERS = "answers each complete event once, in order, after the declared latency, and nothing else"
FORGETS = "unfinished events and stray beats are ignored, a reset forgets what is under way"
"""What these claims say of a component."""


class Fault(Enum):
    """What a faulty pipeline does."""

    LATE = auto()
    """Answers come a cycle later."""
    LOST = auto()
    """Every second answer is lost."""
    DOUBLED = auto()
    """Answers come twice."""
    KEPT = auto()
    """A reset does not stop the answers of events that were complete before."""
    RESET = auto()
    """A reset is answered too."""


def further(bench: Callable[[Fault], Bench], depth: int) -> dict[str, Faulty]:
    """Answers that are late, lost or doubled: refuted in the last four of `depth` cycles, in which the first answer comes."""
    faults = (Fault.LATE, Fault.LOST, Fault.DOUBLED)
    return {one.name.lower(): Faulty(bench=partial(bench, one), depth=depth, skip=depth - 4) for one in faults}


class Flight:
    """Events under way. ago[k]: one was complete k cycles ago, and no reset came since."""

    def __init__(self, m: Module, complete: ValueLike, n_cycles: int) -> None:
        self._m = m
        self.ago = [Value.cast(complete)]
        for _ in range(n_cycles):
            self.ago.append(past(m, self.ago[-1], 1))

    def keep_apart(self, interval: int) -> None:
        """Assume that events are complete at least `interval` cycles after the one before."""
        self._m.d.comb += Assume(~(self.ago[0] & Cat(self.ago[1:interval]).any()))
        self.are_apart(interval)

    def are_apart(self, interval: int) -> None:
        """Assert that those under way are complete at least `interval` cycles after the one before."""
        ago = self.ago
        self._m.d.comb += [Assert(~(one & Cat(ago[k + 1 : k + interval]).any())) for k, one in enumerate(ago[1:], 1)]

    def within(self, first: int, n_cycles: int) -> Value:
        """Whether an event was complete `first` cycles ago or up to `n_cycles` - 1 before."""
        return Cat(self.ago[first : first + n_cycles]).any()

    def steps(self, is_busy: Value, step: Value, first: int, n_steps: int) -> None:
        """Assert that something runs through its steps, the first one `first` cycles after an event, and rests otherwise."""
        m = self._m
        m.d.comb += Assert(is_busy == self.within(first, n_steps))
        m.d.comb += [Assert(~self.ago[first + k] | (step == k)) for k in range(n_steps)]

    def answer(self, shown: Value, latency: int, fault: Fault | None = None) -> None:
        """Assert that answers come `latency` cycles after the events. fault: what is put behind the component before."""
        m = self._m
        turn = Signal(name="turn_of_fault")
        with m.If(shown):
            m.d.sync += turn.eq(~turn)
        faulty: dict[Fault | None, Callable[[], ValueLike]] = {
            None: lambda: shown,
            Fault.LATE: lambda: past(m, shown, 1),
            Fault.LOST: lambda: shown & turn,
            Fault.DOUBLED: lambda: shown | past(m, shown, 1),
            Fault.KEPT: lambda: carried(m, self.ago[0], latency, "kept"),
            Fault.RESET: lambda: shown | carried(m, ResetSignal(), 1, "was_reset"),
        }
        m.d.comb += Assert(Value.cast(faulty[fault]()) == self.ago[latency])


def last_beats(bench: Bench, m: Module, n_beats: int, receiver: str = "receiver.") -> Value:
    """Whether the last beat of an event comes: counted from the beat that opens it, over gaps; others are ignored.

    receiver: where the component's own registers `is_open` and `expected` are, which are linked with this count.
    """
    is_open, expected, beat = Signal(name="own_open"), Signal(range(n_beats), name="own_expected"), Signal(range(n_beats))
    in_valid, in_first = bench.free["in_valid"], bench.free["in_first"]
    taken = in_valid & (in_first | is_open)
    m.d.comb += beat.eq(Mux(in_first, 0, expected))
    is_last = beat == n_beats - 1
    with m.If(taken):
        m.d.sync += [is_open.eq(~is_last), expected.eq(beat + 1)]
    for name, own in (("is_open", is_open), ("expected", expected)):
        m.d.comb += Assert(bench.probes[f"{receiver}{name}"] == own)
    return taken & is_last
