"""The 14 types of the 2D ("Belle type") Bhabha logic: pairs of ring sums.

Ref: basf2 trg/ecl TrgEclBhabha.cc, getBhabha00 (read in public source).
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.ring_sums import RING_BITS, RingSums
from hdl.logic import add, delayed
from trigger.ecl.thresholds import BHABHA2D_BACKWARD_RINGS, BHABHA2D_FORWARD_RINGS, N_BHABHA2D, EclThresholds


class Bhabha2d(wiring.Component):
    """The types of a window from its ring sums, which are valid with `start`; they stay until the next window's."""

    LATENCY = 2

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__({"start": In(1), "rings": In(RingSums), "types": Out(N_BHABHA2D)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t = self._thresholds
        sums: dict[tuple[int, ...], Value] = {}
        for rings in sorted({*BHABHA2D_FORWARD_RINGS, *BHABHA2D_BACKWARD_RINGS}):
            sums[rings] = Signal(RING_BITS + 2, name="sum_" + "_".join(map(str, rings)))
        with m.If(self.start):
            m.d.sync += [total.eq(add([self.rings[ring - 1] for ring in rings])) for rings, total in sums.items()]
        with m.If(delayed(m, self.start, 1, "start")):
            m.d.sync += self.types.eq(
                Cat(
                    (sums[BHABHA2D_FORWARD_RINGS[k]] >= t.bhabha2d_forward_min[k])
                    & (sums[BHABHA2D_BACKWARD_RINGS[k]] >= t.bhabha2d_backward_min[k])
                    for k in range(N_BHABHA2D)
                )
            )
        return m
