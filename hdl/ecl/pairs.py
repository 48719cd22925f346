"""All pairs of the stored clusters: each new cluster meets the earlier ones, and the window's answers are collected.

Ref: basf2 trg/ecl TrgEclBhabha.cc, TrgEclMaster.cc (read in public source).
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.cluster_cuts import CutCluster
from hdl.ecl.pair import Pair, PairPassed
from hdl.logic import delayed
from trigger.ecl.thresholds import MAX_CLUSTERS, EclThresholds


class Pairs(wiring.Component):
    """Conditions met by any pair of a window.

    Six `slot` cycles bring the clusters in stored order, numbered by `index`, valid ones first. `any_pair` says which conditions
    any pair met, `leading_phi` and `leading_theta` whether clusters 0 and 1 lie in the windows of hie. `in_track` and `sel_theta`
    belong to the last pair in (i, j) order that met the 3D Bhabha veto and selection; 0 without one. All are complete `LATENCY`
    cycles after the last slot and stay until the next window's.
    """

    LATENCY = Pair.LATENCY + 1

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__(
            {
                "slot": In(1),
                "index": In(range(MAX_CLUSTERS)),
                "cluster": In(CutCluster),
                "any_pair": Out(PairPassed),
                "leading_phi": Out(1),
                "leading_theta": Out(1),
                "in_track": Out(1),
                "sel_theta": Out(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        units = []
        for i in range(MAX_CLUSTERS - 1):
            earlier = Signal(CutCluster, name=f"earlier_{i}")
            with m.If(self.slot & (self.index == i)):
                m.d.sync += earlier.eq(self.cluster)
            m.submodules[f"pair_{i}"] = unit = Pair(self._thresholds)
            m.d.comb += [
                unit.valid.eq(self.slot & (self.index > i) & self.cluster.valid),
                unit.first.eq(earlier),
                unit.second.eq(self.cluster),
            ]
            units.append(unit)

        first = delayed(m, self.slot & (self.index == 0), Pair.LATENCY, "first")
        with m.If(first):
            m.d.sync += self.any_pair.eq(0)
        with m.Else():
            passed = units[0].passed.as_value()
            for unit in units[1:]:
                passed |= unit.passed.as_value()
            m.d.sync += self.any_pair.eq(self.any_pair.as_value() | passed)
        with m.If(delayed(m, self.slot & (self.index == 1), Pair.LATENCY, "leading")):
            m.d.sync += [self.leading_phi.eq(units[0].passed.hie_phi), self.leading_theta.eq(units[0].passed.hie_theta)]
        veto = Cat(unit.passed.bhabha3d_veto for unit in units)
        self._record_last(m, first, veto, [unit.in_track for unit in units], self.in_track)
        selection = Cat(unit.passed.bhabha3d_sel for unit in units)
        self._record_last(m, first, selection, [unit.sel_theta for unit in units], self.sel_theta)
        return m

    def _record_last(self, m: Module, first: Value, passed: Value, values: list[Value], result: Value) -> None:
        """Keep the value of the last passing pair: j grows with time, so the largest i wins and, for the same i, the newest j."""
        best = Signal(range(len(values)), name=f"best_{result.name}")
        newest, chosen = Signal.like(best, name=f"newest_{result.name}"), Signal.like(result, name=f"chosen_{result.name}")
        for i, value in enumerate(values):
            with m.If(passed[i]):
                m.d.comb += [newest.eq(i), chosen.eq(value)]
        with m.If(first):
            m.d.sync += [best.eq(0), result.eq(0)]
        with m.Elif(passed.any() & (newest >= best)):
            m.d.sync += [best.eq(newest), result.eq(chosen)]
