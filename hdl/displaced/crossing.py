"""Where two tracks cross, from their azimuths at the radii of the scan."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.tracks import Kept
from hdl.logic import add, first_set, several_set
from trigger.displaced.constants import N_RADII, RADIUS_STEP_LOG2, Constants
from trigger.displaced.event import Cuts
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import DEPTH, LENGTH, TURN

CLOSE = 1 << (TURN.width - 3)
"""TURN from one track to the other at which they still can cross."""
Radius = range(N_RADII)


class PairCrossing(wiring.Component):
    """First and last crossing of two tracks, in the same cycle.

    Ports:
        in_one, in_other: the tracks. out_some: they may be a pair and cross; out_several: more than once. out_first, out_last:
            numbers of the radii behind which they do so first and last.
    """

    def __init__(self, cuts: Cuts, table: Constants) -> None:
        self._cuts, self._farthest = cuts, farthest(cuts, table)
        ports = {"out_some": Out(1), "out_several": Out(1), "out_first": Out(Radius), "out_last": Out(Radius)}
        super().__init__({"in_one": In(Kept), "in_other": In(Kept), **ports})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        crosses, may = Signal(N_RADII - 1), Signal()
        m.d.comb += [
            crosses.eq(self._crosses(m)),
            may.eq(self._meet()),
            self.out_some.eq(may & crosses.any()),
            self.out_several.eq(may & several_set(crosses)),
            self.out_first.eq(first_set(crosses)),
            self.out_last.eq(N_RADII - 2 - first_set(crosses[::-1])),
        ]
        return m

    def _meet(self) -> Value:
        """Whether two tracks may be a pair: they do not share segments, and miss the axis."""
        one, other = self.in_one.track, self.in_other.track
        common = [
            one.axial[k].there & other.axial[k].there & (one.axial[k].position == other.axial[k].position) for k in range(N_AXIAL)
        ]
        low, high = self._cuts.impact_low, self._cuts.impact_high
        sizes = [abs(track.transverse.impact) for track in (one, other)]
        both = (sizes[0] > low) & (sizes[1] > low) & ((sizes[0] > high) | (sizes[1] > high))
        return (add(common) <= self._cuts.shared) & both

    def _crosses(self, m: Module) -> Value:
        """Behind which radii two tracks cross, no farther from the axis than their first segments allow."""
        one, other = self.in_one, self.in_other
        sign, near = Signal(N_RADII), Signal(N_RADII)
        for k in range(N_RADII):
            away = Signal(TURN.width, name=f"away_{k}")
            m.d.comb += away.eq(one.scan[k].turn - other.scan[k].turn)
            # Within +-CLOSE, a power of two: all bits above are signs, or it is CLOSE itself.
            above = away[CLOSE.bit_length() - 1 :]
            small = above.all() | ~above.any() | (away == CLOSE)
            m.d.comb += [sign[k].eq(away[-1]), near[k].eq(small & ~one.scan[k].outside & ~other.scan[k].outside)]
        inner = one.track.axial[0].there | other.track.axial[0].there
        begins = [(k + 1) << RADIUS_STEP_LOG2 for k in range(N_RADII - 1)]
        within = [sum((radius <= limit) << k for k, radius in enumerate(begins)) for limit in self._farthest]
        return (sign[:-1] ^ sign[1:]) & near[:-1] & near[1:] & Mux(inner, *within)


def farthest(cuts: Cuts, table: Constants) -> list[int]:
    """Largest radius of a vertex, DEPTH: of two tracks of which one has a segment in the first axial superlayer, of none."""
    reached = (int(table.radius[k, 0]) >> (LENGTH.fraction - DEPTH.fraction) for k in range(2))
    return [min(cuts.radius_high, radius + cuts.behind) for radius in reached]
