"""Background veto: opposite phi quadrants hit in forward endcap or barrel.

Ref: basf2 trg/ecl TrgEclBeamBKG.cc (read in public source).
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from trigger.ecl.thresholds import BGVETO_QUADRANTS_BRL, BGVETO_QUADRANTS_FWD
from trigger.geometry.ecl import N_CELLS, Region, cells


class BackgroundVeto(wiring.Component):
    """The veto's three bits, bit 0 lowest, and whether anything is hit, from `hits` that are valid with `start`.

    Both stay until the next window's.
    """

    LATENCY = 2

    def __init__(self) -> None:
        super().__init__({"start": In(1), "hits": In(N_CELLS), "hit": Out(1), "veto": Out(3)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        forward, barrel, any_hit, second = Signal(4), Signal(4), Signal(), Signal()
        with m.If(self.start):
            m.d.sync += [
                forward.eq(Cat(self._any(Region.FWD, quadrant) for quadrant in BGVETO_QUADRANTS_FWD)),
                barrel.eq(Cat(self._any(Region.BRL, quadrant) for quadrant in BGVETO_QUADRANTS_BRL)),
                any_hit.eq(self.hits.any()),
            ]
        opposite_f, opposite_b = _opposite(forward), _opposite(barrel)
        m.d.sync += second.eq(self.start)
        with m.If(second):
            m.d.sync += [
                self.hit.eq(any_hit),
                self.veto.eq(Cat(opposite_f | opposite_b, opposite_b & ~opposite_f, opposite_f & ~opposite_b)),
            ]
        return m

    def _any(self, region: Region, phi_ids: tuple[int, ...]) -> Value:
        """Any hit in these phi ids of a region; theta id 1 is not looked at."""
        table = cells()
        chosen = (table.region == region) & (table.theta_id != 1)
        chosen &= [phi_id in phi_ids for phi_id in table.phi_id.tolist()]
        mask = sum(1 << index for index in chosen.nonzero()[0].tolist())
        return (self.hits & Const(mask, N_CELLS)).any()


def _opposite(quadrants: Value) -> Value:
    return (quadrants[0] & quadrants[2]) | (quadrants[1] & quadrants[3])
