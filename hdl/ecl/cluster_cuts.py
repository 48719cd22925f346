"""All cuts on a single cluster: laboratory and CM energy thresholds, theta ids of the centre.

Ref: basf2 trg/ecl TrgEclBhabha.cc, TrgEclMaster.cc (read in public source); numbers in `trigger.ecl.thresholds`.
"""

from collections.abc import Iterable, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Value, ValueLike
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.clusters import Cluster
from hdl.ecl.mutant import Mutant, mutated
from hdl.logic import choose, select
from trigger.ecl import thresholds as declared
from trigger.ecl.thresholds import CLUSTER_ADC_MAX, MAX_CLUSTERS, EclThresholds, Window
from trigger.geometry.ecl import N_THETA

CutCluster = data.StructLayout(
    {
        "valid": 1,
        "adc": range(CLUSTER_ADC_MAX + 1),
        "cm_theta": 8,
        "cm_phi": 9,
        "n300": 1,
        "n216": 1,
        "n500_216": 1,
        "n2": 1,
        "n2a": 1,
        "n2b": 1,
        "n2c": 1,
        "n1a": 1,
        "n1b": 1,
        "n05": 1,
        "pair_above": 1,
        "pair_below": 1,
        "veto_low": 1,
        "veto_high": 1,
        "sel_low": 1,
        "sel_high": 1,
        "in_track": 1,
        "sel_theta": 2,
        "mumu": 1,
        "taub2b": 1,
        "taub2b2": 1,
        "taub2b2_endcap": 1,
        "taub2b3_pair": 1,
        "taub2b3_theta": 1,
        "taub2b3_outside": 1,
        "endcap": 1,
        "single_veto": 1,
        "hie4": 1,
    }
)
"""A cluster with the answers of its cuts; the names of the counters are those of the low-multiplicity logic."""


class ClusterCuts(wiring.Component):
    """The cluster with its cuts, all zero if it is not valid; one cluster per cycle."""

    LATENCY = 1

    def __init__(self, thresholds: EclThresholds, mutant: Mutant | None) -> None:
        self._thresholds, self._mutant = thresholds, mutant
        super().__init__(
            {
                "slot": In(1),
                "index": In(range(MAX_CLUSTERS)),
                "cluster": In(Cluster),
                "cut_slot": Out(1),
                "cut_index": Out(range(MAX_CLUSTERS)),
                "cut": Out(CutCluster),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        t, adc, centre = self._thresholds, self.cluster.adc, self.cluster.centre
        theta_id = centre.theta_id

        def reaches(minimum: Sequence[int]) -> Value:
            """Energy at or above the entry of the centre's factor e."""
            return adc >= _entry(minimum, centre.cm_e)

        def within(ids: Iterable[int]) -> Value:
            return _is_one_of(theta_id, ids)

        two_gev, one_gev = reaches(t.lml_cm2_min), reaches(t.lml_cm1_min)
        one_gev_lml6 = mutated(self._mutant, Mutant.LML6_THRESHOLD, one_gev, reaches([value - 1 for value in t.lml_cm1_min]))
        lml12_theta = within(declared.LML12_THETA)
        lml13_theta = _is_in_mask(theta_id, t.lml13_theta_mask)
        in_track = _is_between(theta_id, t.intrack_theta)
        cuts: dict[str, ValueLike] = {
            "valid": 1,
            "adc": adc,
            "cm_theta": centre.cm_theta,
            "cm_phi": centre.cm_phi,
            "n300": adc >= t.lml_n300_min,
            "n216": lml12_theta,
            "n500_216": (adc >= t.lml_n500_min) & lml12_theta,
            "n2": two_gev,
            "n2a": two_gev & within(declared.LML1_THETA),
            "n2b": two_gev & within(declared.LML2_THETA),
            "n2c": two_gev & within(declared.LML4_THETA),
            "n1a": one_gev_lml6 & within(declared.LML6_THETA),
            "n1b": one_gev & within(declared.LML7_THETA),
            "n05": reaches(t.lml_cm05_min) & lml13_theta,
            "pair_above": adc >= t.lml_pair_min,
            "pair_below": adc <= t.lml_pair_below_max,
            "veto_low": reaches(t.bhabha3d_veto_low_min),
            "veto_high": reaches(t.bhabha3d_veto_high_min),
            "sel_low": reaches(t.bhabha3d_sel_low_min),
            "sel_high": reaches(t.bhabha3d_sel_high_min),
            "in_track": in_track,
            "sel_theta": Mux(theta_id >= 4, 3, (theta_id - 1)[:2]),
            "mumu": ~reaches([value + 1 for value in t.mumu_max]),
            "taub2b": adc <= t.taub2b_cluster_max,
            "taub2b2": adc >= t.taub2b2_cluster_min,
            "taub2b2_endcap": (adc >= t.taub2b2_endcap_min) & within(declared.ENDCAP_THETA),
            "taub2b3_pair": adc >= t.taub2b3_pair_min,
            "taub2b3_theta": within(declared.TAUB2B3_THETA),
            "taub2b3_outside": (adc < t.taub2b3_all_min) | (adc > t.taub2b3_all_max),
            "endcap": within(declared.ENDCAP_THETA),
            "single_veto": within(declared.HIE_SINGLE_THETA),
            "hie4": adc >= t.hie4_cluster_min,
        }
        m.d.sync += [self.cut_slot.eq(self.slot), self.cut_index.eq(self.index), self.cut.eq(0)]
        with m.If(self.cluster.valid):
            m.d.sync += [self.cut[name].eq(value) for name, value in cuts.items()]
        return m


def _entry(minimum: Sequence[int | Value], index: Value) -> Value:
    """An entry of cuts; of numbers, which an energy is compared with as far as it can be, or of registers."""
    numbers = [min(max(value, 0), CLUSTER_ADC_MAX + 1) for value in minimum if isinstance(value, int)]
    return choose(numbers, index) if numbers else select([Value.cast(value) for value in minimum], index)


def _is_in_mask(theta_id: Value, mask: int | Value) -> Value:
    """Bit of a theta id 1..17, the first one in bit 0."""
    if isinstance(mask, int):
        return _is_one_of(theta_id, (k + 1 for k in range(N_THETA) if mask >> k & 1))
    return Cat(Const(0, 1), mask).bit_select(theta_id, 1)


def _is_between(theta_id: Value, window: Window) -> Value:
    """Both ends are inside."""
    first, last = window.first, window.last
    if isinstance(first, int):
        return _is_one_of(theta_id, range(first, last + 1))
    return (theta_id >= first) & (theta_id <= last)


def _is_one_of(theta_id: Value, ids: Iterable[int]) -> Value:
    """Membership in a list of theta ids, each 1..17."""
    mask = sum(1 << value for value in set(ids))
    return Const(mask, N_THETA + 1).bit_select(theta_id, 1)
