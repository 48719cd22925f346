"""Short and inner tracks: once around the 64 sectors, four per cycle, all patterns at a time.

The maps turn under fixed taps. A pattern is looked for twice: by its sector of SL2, which counts tracks, and by its sector of SL0,
where the first one in search order decides to which sectors of an endcap the track points.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.grl.beats import SECTORS_PER_BEAT
from hdl.grl.rings import any_of, turned
from hdl.logic import delayed
from trigger.grl.parameters import INNER_SL1, INNER_SL2, N_SECTORS, N_SUPERLAYERS
from trigger.grl.patterns import Endcap, Pattern, patterns

N_ANCHORS = SECTORS_PER_BEAT
N_STEPS = N_SECTORS // N_ANCHORS
PATTERNS_PER_GROUP = 8
"""Patterns whose order is settled in one cycle (our choice: one level of logic beside the comparison)."""

SectorTracks = data.StructLayout(
    {"by_sl2": N_SECTORS, "by_sl0": N_SECTORS, "forward": N_SECTORS, "backward": N_SECTORS, "inner": N_SECTORS}
)
"""Maps of sectors: short tracks by SL2 and by SL0, where they point to, inner tracks."""


class SectorScan(wiring.Component):
    """Maps of sector tracks of an event.

    `load` brings the maps of superlayers 0-4 and the vetoed sectors, at most every 16 cycles. `done` comes `LATENCY` cycles later;
    `tracks` is meant for that cycle alone. `scanned` comes with the last step, in time for what shall wait for `done`.
    """

    TAIL = 3
    LATENCY = N_STEPS + TAIL

    def __init__(self) -> None:
        super().__init__(
            {
                "load": In(1),
                "maps": In(data.ArrayLayout(N_SECTORS, N_SUPERLAYERS)),
                "veto": In(N_SECTORS),
                "scanned": Out(1),
                "done": Out(1),
                "tracks": Out(SectorTracks),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        free = [Signal(N_SECTORS, name=f"free_{sl}") for sl in range(N_SUPERLAYERS)]
        every = [Signal(N_SECTORS, name=f"every_{sl}") for sl in range(3)]
        step, running = Signal(range(N_STEPS)), Signal()
        m.d.comb += self.scanned.eq(running & (step == N_STEPS - 1))
        with m.If(self.load):
            m.d.sync += [running.eq(1), step.eq(0)]
            m.d.sync += [ring.eq(self.maps[sl] & ~self.veto if sl < 3 else self.maps[sl]) for sl, ring in enumerate(free)]
            m.d.sync += [ring.eq(self.maps[sl]) for sl, ring in enumerate(every)]
        with m.Else():
            m.d.sync += [running.eq(running & ~self.scanned), step.eq(step + 1)]
            m.d.sync += [ring.eq(turned(ring, -N_ANCHORS)) for ring in (*free, *every)]
        by_sl2, inner = Signal(N_ANCHORS), Signal(N_ANCHORS)
        m.d.sync += [
            by_sl2.eq(any_of([fits(free, pattern, 0) for pattern in patterns()])),
            inner.eq(are_inner(every)),
        ]
        self._collect(m, self._firsts(m, free), by_sl2, inner, delayed(m, running & (step == 0), 2, "first"))
        m.d.comb += self.done.eq(delayed(m, self.scanned, self.TAIL, "done"))
        return m

    def _firsts(self, m: Module, free: Sequence[Value]) -> list[Signal]:
        """Per pattern, one bit per anchor: it is the first one of that sector of SL0, one cycle later."""
        known, firsts = patterns(), []
        earlier: Value = Const(0, N_ANCHORS)
        for start in range(0, len(known), PATTERNS_PER_GROUP):
            before: Value = Const(0, N_ANCHORS)
            for number, pattern in enumerate(known[start : start + PATTERNS_PER_GROUP], start):
                found, own = Signal(N_ANCHORS, name=f"found_{number}"), Signal(N_ANCHORS, name=f"own_{number}")
                first, so_far = Signal(N_ANCHORS, name=f"first_{number}"), Signal(N_ANCHORS, name=f"so_far_{number}")
                m.d.comb += [found.eq(fits(free, pattern, -pattern.sl0)), so_far.eq(before | found), first.eq(own & ~earlier)]
                m.d.sync += own.eq(found & ~before)
                firsts.append(first)
                before = so_far
            any_found, any_so_far = Signal(N_ANCHORS, name=f"any_{start}"), Signal(N_ANCHORS, name=f"any_so_far_{start}")
            m.d.sync += any_found.eq(before)
            m.d.comb += any_so_far.eq(earlier | any_found)
            earlier = any_so_far
        return firsts

    def _collect(self, m: Module, firsts: Sequence[Value], by_sl2: Value, inner: Value, is_first: Value) -> None:
        """The answers of a step at their place of the maps, which turn with it."""
        tracks = self.tracks
        by_sl0 = Signal(N_ANCHORS)
        m.d.sync += by_sl0.eq(any_of(firsts))
        steps = {"by_sl0": by_sl0, "by_sl2": delayed(m, by_sl2, 1, "by_sl2"), "inner": delayed(m, inner, 1, "inner")}
        m.d.sync += [tracks[name].eq(Cat(tracks[name][N_ANCHORS:], bits)) for name, bits in steps.items()]
        for name, endcap in (("forward", Endcap.FORWARD), ("backward", Endcap.BACKWARD)):
            reasons: dict[int, list[Value]] = {}
            for pattern, bits in zip(patterns(), firsts, strict=True):
                if pattern.endcap is endcap:
                    for place in range(pattern.first, pattern.last + 1):
                        reasons.setdefault(place, []).append(bits)
            pointed = Signal(N_SECTORS, name=f"pointed_{name}")
            m.d.sync += pointed.eq(any_of([turned(_wide(any_of(bits)), place) for place, bits in reasons.items()]))
            m.d.sync += tracks[name].eq(turned(Mux(is_first, 0, tracks[name]) | pointed, -N_ANCHORS))


def _wide(bits: Value) -> Value:
    """The anchors as sectors 0-3 of a ring."""
    return Cat(bits, Const(0, N_SECTORS - N_ANCHORS))


def from_sector(ring: Value, sector: int) -> Value:
    """Bits of a ring at the anchors and at the sectors that lie as far from them."""
    return turned(ring, -sector)[:N_ANCHORS]


def fits(free: Sequence[Value], pattern: Pattern, sl2: int) -> Value:
    """One bit per anchor: all superlayers of the pattern are hit whose sector of SL2 is `sl2` from it."""
    places = (sl2 + pattern.sl0, sl2 + pattern.sl1, sl2, sl2 + pattern.sl3, sl2 + pattern.sl4)
    found = from_sector(free[0], places[0])
    for ring, place in zip(free[1:], places[1:], strict=True):
        found = found & from_sector(ring, place)
    return found


def are_inner(every: Sequence[Value]) -> Value:
    """One bit per anchor: there is an inner track."""
    found = from_sector(every[0], 0)
    for ring, (first, last) in zip(every[1:], (INNER_SL1, INNER_SL2), strict=True):
        found = found & any_of([from_sector(ring, place) for place in range(first, last + 1)])
    return found
