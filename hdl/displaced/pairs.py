"""Pairs of tracks that cross: all pairs of the list in a ring that turns, and a queue of their crossings."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.displaced.crossing import CLOSE, PairCrossing, Radius
from hdl.displaced.layout import Track
from hdl.displaced.tracks import Kept
from hdl.fixed import shape
from hdl.logic import add, choose, delayed, first_set, select, several_set
from trigger.displaced.constants import N_RADII, RADIUS_STEP_LOG2, Constants
from trigger.displaced.event import Cuts
from trigger.displaced.formats import DEPTH, TURN
from trigger.displaced.pairs import PAIR_STEPS

_STEPS = 1 << RADIUS_STEP_LOG2


class PairFinder(wiring.Component):
    """Crossings of the pairs of a list of tracks, in domain sync, a list every `INITIATION_INTERVAL` cycles or less often.

    Ports:
        in_valid, in_there, in_places: the list.
        out_valid: in slot s, `LATENCY` + s cycles after in_valid. out_last: the last slot; then out_overflow: crossings were lost.
        out_found: there is a crossing. out_one, out_other: its tracks; out_radius: DEPTH.
    """

    LATENCY = 5

    def __init__(self, cuts: Cuts, table: Constants, max_tracks: int, n_slots: int) -> None:
        if max_tracks < 2 * PAIR_STEPS or max_tracks & (max_tracks - 1):
            msg = f"max_tracks must be a power of two of at least {2 * PAIR_STEPS}, not {max_tracks}"
            raise ValueError(msg)
        self._cuts, self._n, self._n_slots = cuts, max_tracks, n_slots
        self._n_steps = max_tracks // (2 * PAIR_STEPS)
        self.INITIATION_INTERVAL = n_slots + 2
        self._table = table
        super().__init__(
            {
                "in_valid": In(1),
                "in_there": In(max_tracks),
                "in_places": In(data.ArrayLayout(Kept, max_tracks)),
                "out_valid": Out(1),
                "out_last": Out(1),
                "out_overflow": Out(1),
                "out_found": Out(1),
                "out_one": Out(Track),
                "out_other": Out(Track),
                "out_radius": Out(shape(DEPTH)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n = self._n
        is_there, places = Signal(n), [Signal(Kept, name=f"place_{k}", reset_less=True) for k in range(n)]
        ring_there, ring = Signal(n), [Signal(Kept, name=f"ring_{k}", reset_less=True) for k in range(n)]
        with m.If(self.in_valid):
            m.d.sync += [is_there.eq(self.in_there), ring_there.eq(self.in_there)]
            m.d.sync += [place.eq(self.in_places[k]) for one in (places, ring) for k, place in enumerate(one)]
        with m.Else():
            m.d.sync += ring_there.eq(Cat(ring_there[PAIR_STEPS:], ring_there[:PAIR_STEPS]))
            m.d.sync += [place.eq(ring[(k + PAIR_STEPS) % n]) for k, place in enumerate(ring)]
        running = [self.in_valid]
        for cycle in range(1, self.INITIATION_INTERVAL):
            running.append(delayed(m, running[-1], 1, f"running_{cycle}"))

        flags, radii = [], []
        for apart in range(1, PAIR_STEPS + 1):
            for a in range(n):
                b = (a + apart) % n
                m.submodules[f"crossing_{apart}_{a}"] = crossing = PairCrossing(self._cuts, self._table)
                m.d.comb += [crossing.in_one.eq(places[a]), crossing.in_other.eq(ring[b])]
                there = is_there[a] & ring_there[b]
                if apart == PAIR_STEPS and a >= n // 2:
                    there &= ~running[self._n_steps]
                flags += [there & crossing.out_some, there & crossing.out_several]
                radii += [crossing.out_first, crossing.out_last]
        self._choose(m, running, Cat(flags), Cat(radii), places)
        return m

    def _choose(self, m: Module, running: list[Value], flags: Value, radii: Value, places: list[data.View]) -> None:
        """A crossing in each slot, in the order of the steps; its radius."""
        n, steps = self._n, range(self._n_steps)
        waiting = [Signal(len(flags), name=f"waiting_{step}") for step in steps]
        where = [Signal(len(radii), name=f"where_{step}", reset_less=True) for step in steps]
        slots = running[2:]
        picking = Cat(slots).any()
        some = Cat(word.any() for word in waiting)
        step = first_set(some)
        for k in steps:
            with m.If(running[k + 1]):
                m.d.sync += [waiting[k].eq(flags), where[k].eq(radii)]
            with m.Elif(self.in_valid):
                m.d.sync += waiting[k].eq(0)
            with m.Elif(picking & ~some[:k].any()):
                m.d.sync += waiting[k].eq(waiting[k] & (waiting[k] - 1))
        crossing = data.StructLayout({"one": range(n), "other": range(n), "radius": Radius})
        found, chosen = Signal(), Signal(crossing, reset_less=True)
        m.d.sync += [
            found.eq(picking & some.any()),
            chosen.eq(select([self._first(m, waiting[k], where[k], k) for k in steps], step)),
        ]
        lost = several_set(some) | Cat(several_set(word) for word in waiting).any()
        m.d.comb += [
            self.out_valid.eq(delayed(m, picking, self.LATENCY - 2, "valid")),
            self.out_last.eq(delayed(m, slots[-1], self.LATENCY - 2, "last")),
            self.out_overflow.eq(delayed(m, lost, self.LATENCY - 2, "lost")),
            self.out_found.eq(delayed(m, found, self.LATENCY - 3, "found")),
        ]
        pair = [data.View(Kept, select([one.as_value() for one in places], at)) for at in (chosen.one, chosen.other)]
        self._place(m, pair, chosen.radius)

    def _first(self, m: Module, waiting: Signal, where: Signal, step: int) -> Value:
        """Places and radius number of the first crossing of a step, joined; what a step does is known before the step is."""
        n = self._n
        index = Signal(range(len(waiting)), name=f"first_of_{step}")
        m.d.comb += index.eq(first_set(waiting))
        pairs = [(a + apart + PAIR_STEPS * step) % n for apart in range(1, PAIR_STEPS + 1) for a in range(n)]
        radius = select([where.word_select(place, len(where) // len(waiting)) for place in range(len(waiting))], index)
        return Cat(index[1:].bit_select(0, (n - 1).bit_length()), choose(pairs, index[1:]), radius)

    def _place(self, m: Module, pair: list[data.View], k: Signal) -> None:
        """The crossing's radius: where the azimuths would meet if they were straight, rounded down."""
        distance = []
        for step, name in enumerate(("before", "after")):
            scans = [select([one.scan[place + step].turn for place in range(N_RADII - 1)], k) for one in pair]
            away = Signal(TURN.width, name=f"away_{name}")
            m.d.comb += away.eq(scans[0] - scans[1])
            distance.append(carried(m, abs(away.as_signed())[: CLOSE.bit_length()], 1, name))
        before, after = distance
        # As many sixteenths of the step as the place of the crossing reaches, for all at once: a division of small numbers.
        reached = Signal(_STEPS)
        m.d.comb += reached.eq(Cat(_times(_STEPS - part, before) >= _times(part, after) for part in range(1, _STEPS + 1)))
        radius, is_next = Signal(self.out_radius.shape(), reset_less=True), reached[-1]
        part = first_set(~reached) & (~is_next).replicate(RADIUS_STEP_LOG2)
        m.d.sync += radius.eq(Cat(part, carried(m, k, 1, "begin") + 1 + is_next))
        m.d.comb += self.out_radius.eq(radius)
        for out, one, name in zip((self.out_one, self.out_other), pair, ("one", "other"), strict=True):
            m.d.comb += out.eq(carried(m, one.track, self.LATENCY - 3, name))


def _times(factor: int, value: Value) -> Value:
    """A product with a small constant as a sum: a multiplier without registers would be slow."""
    return add([value << bit for bit in range(factor.bit_length()) if factor >> bit & 1])
