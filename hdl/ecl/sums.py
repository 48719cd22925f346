"""E_phys and E_total with their thresholds.

Ref: basf2 trg/ecl TrgEclMaster.cc (read in public source).
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.ring_sums import RING_BITS, RingSums
from hdl.logic import add, delayed
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.thresholds import PHYSICS_RINGS, EclThresholds
from trigger.geometry.ecl import N_THETA

SUM_BITS = {field.name: field.width for field in DECISION_FIELDS}["ecl_etotal_adc"]


class Sums(wiring.Component):
    """Sums and bits of a window from its ring sums, which are valid with `start`; they stay until the next window's."""

    LATENCY = 3

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        bits = {name: Out(1) for name in ("elow", "ehigh", "elum", "burst", "energetic")}
        super().__init__({"start": In(1), "rings": In(RingSums), "ephys": Out(SUM_BITS), "etotal": Out(SUM_BITS), **bits})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t = self._thresholds
        inside = [self.rings[theta_id - 1] for theta_id in PHYSICS_RINGS]
        outside = [self.rings[k] for k in range(N_THETA) if k + 1 not in PHYSICS_RINGS]
        partial = [Signal(RING_BITS + 2, name=f"partial_{k}") for k in range(0, len(inside), 4)]
        outer, ephys, etotal = Signal(SUM_BITS), Signal(SUM_BITS), Signal(SUM_BITS)
        with m.If(self.start):
            m.d.sync += [signal.eq(add(inside[4 * k : 4 * k + 4])) for k, signal in enumerate(partial)]
            m.d.sync += outer.eq(add(outside))
        m.d.sync += [ephys.eq(add(partial)), etotal.eq(add([*partial, outer]))]
        with m.If(delayed(m, self.start, self.LATENCY - 1, "start")):
            m.d.sync += [
                self.ephys.eq(ephys),
                self.etotal.eq(etotal),
                self.elow.eq(ephys >= t.elow_min),
                self.ehigh.eq(ephys >= t.ehigh_min),
                self.elum.eq(ephys >= t.elum_min),
                self.burst.eq(etotal >= t.burst_min),
                self.energetic.eq(ephys >= t.physics_min),
            ]
        return m
