"""One pair of clusters: angles between the centres, and which pair conditions of the ECL trigger it meets.

Ref: basf2 trg/ecl TrgEclBhabha.cc, TrgEclMaster.cc (read in public source); numbers in `trigger.ecl.thresholds`.
"""

from amaranth.hdl import Module, Mux, Signal, Value, ValueLike
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.cluster_cuts import CutCluster
from trigger.ecl.thresholds import EclThresholds, PairWindow, Window

PairPassed = data.StructLayout(
    {
        "bhabha3d_veto": 1,
        "bhabha3d_sel": 1,
        "mumu": 1,
        "taub2b": 1,
        "taub2b2": 1,
        "taub2b3": 1,
        "lml8": 1,
        "lml9": 1,
        "lml10": 1,
        "hie_phi": 1,
        "hie_theta": 1,
    }
)
"""Conditions that the pair meets; for lml8 to lml10 only the part that concerns the pair."""
FULL_TURN, HALF_TURN = 360, 180


class Pair(wiring.Component):
    """Conditions of the pair (first, second), first being the earlier cluster in stored order; none if not `valid`.

    `in_track` and `sel_theta` are the flags that the pair would record. One pair per cycle.
    """

    LATENCY = 2

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__(
            {
                "valid": In(1),
                "first": In(CutCluster),
                "second": In(CutCluster),
                "passed": Out(PairPassed),
                "in_track": Out(1),
                "sel_theta": Out(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t, a, b = self._thresholds, self.first, self.second
        difference, theta_sum, energies = Signal(9), Signal(9), Signal(PairPassed)
        in_track, sel_theta = Signal(), Signal(2)
        energy_conditions: dict[str, ValueLike] = {
            "bhabha3d_veto": a.veto_low & b.veto_low & (a.veto_high | b.veto_high),
            "bhabha3d_sel": a.sel_low & b.sel_low & (a.sel_high | b.sel_high),
            "mumu": a.mumu & b.mumu,
            "taub2b": a.taub2b | b.taub2b,
            "taub2b2": a.taub2b2 & b.taub2b2,
            "taub2b3": a.taub2b3_theta & b.taub2b3_theta & (a.taub2b3_pair | b.taub2b3_pair),
            "lml8": a.pair_above & b.pair_above,
            "lml9": (a.pair_above & b.pair_below) | (a.pair_below & b.pair_above),
            "lml10": 1,
            "hie_phi": 1,
            "hie_theta": 1,
        }
        m.d.sync += [
            difference.eq(Mux(a.cm_phi < b.cm_phi, b.cm_phi - a.cm_phi, a.cm_phi - b.cm_phi)),
            theta_sum.eq(a.cm_theta + b.cm_theta),
            *(energies[name].eq(self.valid & condition) for name, condition in energy_conditions.items()),
            in_track.eq(a.in_track | b.in_track),
            sel_theta.eq(Mux(a.sel_theta < b.sel_theta, a.sel_theta, b.sel_theta)),
        ]

        def inside(window: PairWindow) -> Value:
            return _inside(difference, window.phi_difference) & _inside(theta_sum, window.theta_sum)

        wrapped = Signal(9)
        m.d.comb += wrapped.eq(Mux(difference > HALF_TURN, FULL_TURN - difference, difference))
        back_to_back = wrapped >= t.lml_back_to_back_min
        angle_conditions: dict[str, Value] = {
            "bhabha3d_veto": inside(t.bhabha3d_veto_pair),
            "bhabha3d_sel": inside(t.bhabha3d_sel_pair),
            "mumu": inside(t.mumu_pair),
            "taub2b": inside(t.taub2b_pair),
            "taub2b2": inside(t.taub2b2_pair),
            "taub2b3": inside(t.taub2b3_pair),
            "lml8": back_to_back,
            "lml9": back_to_back,
            "lml10": (wrapped >= t.lml10_phi_min) & _inside(theta_sum, t.lml10_theta_sum),
            "hie_phi": _inside(difference, t.hie_pair.phi_difference),
            "hie_theta": _inside(theta_sum, t.hie_pair.theta_sum),
        }
        m.d.sync += [
            *(self.passed[name].eq(energies[name] & condition) for name, condition in angle_conditions.items()),
            self.in_track.eq(in_track),
            self.sel_theta.eq(sel_theta),
        ]
        return m


def _inside(angle: Value, window: Window) -> Value:
    return (angle >= window.first) & (angle <= window.last)
