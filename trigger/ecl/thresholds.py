"""Integer thresholds of the ECL logic, derived exactly from the ETM parameters: what model and RTL compare with.

Every energy cut is a comparison of counts. With LSB q, E > X means n >= floor(X/q) + 1, E >= X means n >= ceil(X/q), E < X means
n <= ceil(X/q) - 1; a cut X in the CM frame at a cell with look-up factor e is the laboratory cut X e / 10. Angle bounds are strict
and compared with integer degrees, so they are stored as the first and the last integer inside. All divisions are rational.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from trigger.ecl.parameters import ADC_LSB_GEV, EclParameters

N_BHABHA2D = 14
N_LML = 14
N_HIE = 4
MAX_CLUSTERS = 6
CLUSTER_ADC_MAX = 9 * 4095
"""Nine cells of 12 bits."""

PHYSICS_ENERGY_GEV = Fraction(10005, 10000)
"""`physics` asks int(1000 E_phys + 0.5) > 1000, that is E_phys >= 1.0005 GeV. Source: TrgEclMaster.cc, literal [SIM]."""
PHYSICS_ICN_ABOVE = 3
"""`physics`: ICN > 3. Source: TrgEclMaster.cc, literal [SIM]."""
BHABHA2D_ICN_BELOW = 4
"""2D Bhabha: ICN < 4. Source: TrgEclMaster.cc, literal [SIM]."""
HIE_BASE_GEV = Fraction(1)
"""hie1-4: E_phys > 1.0 GeV whatever the key `hie` says. Source: TrgEclMaster.cc, literal [SIM], quirk Q13."""
LML_BACK_TO_BACK_DEG = 170
"""lml8, lml9: wrapped phi difference above. Source: TrgEclMaster.cc, literal [SIM]."""
LML10_PHI_DEG = 160
LML10_THETA_SUM_DEG = (160, 200)
"""lml10: wrapped phi difference above, theta sum strictly inside. Source: TrgEclMaster.cc, literals [SIM]."""
LML_MIN_CLUSTERS = 3
"""lml0, lml12: at least three clusters. Source: TrgEclMaster.cc, literal [SIM]."""
TAUB2B2_ENDCAP_BELOW = 2
"""taub2b2: fewer endcap clusters above `taub2b2_cl_e_endcap` than this. Source: TrgEclBhabha.cc, literal [SIM]."""
PHYSICS_RINGS = tuple(range(2, 16))
"""theta ids of E_phys. Source: TrgEclMaster.cc [SIM]."""

ENDCAP_THETA = (1, 2, 3, 16, 17)
"""theta ids that hie3, hie4 and taub2b2 count as endcap. Source: TrgEclMaster.cc, TrgEclBhabha.cc [SIM]."""
HIE_SINGLE_THETA = (1, 2, 3)
"""hie: a single cluster with these theta ids vetoes. Source: TrgEclMaster.cc [SIM]."""
TAUB2B3_THETA = tuple(range(2, 17))
"""theta ids of both centres of a taub2b3 pair. Source: TrgEclBhabha.cc [SIM]."""
LML1_THETA = tuple(range(4, 15))
LML2_THETA = (2, 3, 15, 16)
LML4_THETA = (1, 17)
LML6_THETA = tuple(range(4, 16))
LML7_THETA = (2, 3, 16)
LML12_THETA = tuple(range(2, 17))
"""theta ids of the centres that each low-multiplicity bit counts (lml3 as lml2, lml5 as lml4). Source: TrgEclMaster.cc [SIM]."""

BHABHA2D_FORWARD_RINGS: tuple[tuple[int, ...], ...] = (
    (1, 2, 3),
    (3,),
    (4,),
    (5,),
    (4, 5),
    (5,),
    (5,),
    (5, 6),
    (5, 6),
    (6, 7),
    (6, 7),
    (7, 8),
    (8,),
    (8, 9),
)
BHABHA2D_BACKWARD_RINGS: tuple[tuple[int, ...], ...] = (
    (16, 17),
    (15,),
    (14, 15),
    (14, 15),
    (14,),
    (13, 14),
    (12, 13),
    (13,),
    (12,),
    (12,),
    (11,),
    (11,),
    (10, 11),
    (9, 10),
)
"""theta ids summed on each side for the 14 types of the 2D Bhabha. Source: TrgEclBhabha.cc [SIM]."""

BGVETO_QUADRANTS_FWD: tuple[tuple[int, ...], ...] = (
    (32, *range(1, 10)),
    tuple(range(8, 18)),
    tuple(range(16, 26)),
    (*range(24, 33), 1),
)
"""phi ids (theta ids 2 and 3) of the background veto's quadrants. Source: TrgEclBeamBKG.cc [SIM]."""
BGVETO_QUADRANTS_BRL: tuple[tuple[int, ...], ...] = (
    (36, *range(1, 11)),
    tuple(range(9, 20)),
    tuple(range(18, 29)),
    (*range(27, 37), 1),
)


def above(energy_gev: Fraction) -> int:
    """Return the smallest count n with n * LSB > `energy_gev`."""
    return math.floor(energy_gev / ADC_LSB_GEV) + 1


def at_least(energy_gev: Fraction) -> int:
    """Return the smallest count n with n * LSB >= `energy_gev`."""
    return math.ceil(energy_gev / ADC_LSB_GEV)


def below(energy_gev: Fraction) -> int:
    """Return the largest count n with n * LSB < `energy_gev` (-1: none)."""
    return math.ceil(energy_gev / ADC_LSB_GEV) - 1


def _per_e(rule: Callable[[Fraction], int], energy_cm_gev: Fraction) -> tuple[int, ...]:
    return tuple(rule(energy_cm_gev * e / 10) for e in range(16))


@dataclass(frozen=True, kw_only=True)
class Window:
    """Angle window in integer degrees: passes `first` <= angle <= `last`."""

    first: int
    last: int

    @classmethod
    def strictly_inside(cls, low: Fraction | int, high: Fraction | int) -> "Window":
        """Return the integers d with low < d < high."""
        return cls(first=math.floor(low) + 1, last=math.ceil(high) - 1)


@dataclass(frozen=True, kw_only=True)
class PairWindow:
    """Windows of |phi_i - phi_j| (not wrapped, 0..359) and theta_i + theta_j of a cluster pair, integer degrees, CM."""

    phi_difference: Window
    theta_sum: Window

    @classmethod
    def from_keys(cls, parameters: EclParameters, name: str) -> "PairWindow":
        """Return the windows of keys `<name>_phi_d_l/h` and `<name>_theta_s_l/h`."""
        return cls(
            phi_difference=Window.strictly_inside(parameters[f"{name}_phi_d_l"], parameters[f"{name}_phi_d_h"]),
            theta_sum=Window.strictly_inside(parameters[f"{name}_theta_s_l"], parameters[f"{name}_theta_s_h"]),
        )


@dataclass(frozen=True, kw_only=True)
class EclThresholds:
    """All numbers that the ECL logic compares with. `*_min`: passes n >= value; `*_max`: passes n <= value.

    Tuples with 16 entries are indexed by the look-up factor e of the cluster's centre cell; tuples with 14 by Bhabha type.
    """

    elow_min: int
    ehigh_min: int
    elum_min: int
    burst_min: int
    physics_min: int
    physics_icn_min: int
    bhabha2d_forward_min: tuple[int, ...]
    bhabha2d_backward_min: tuple[int, ...]
    bhabha2d_icn_max: int
    bhabha3d_veto_pair: PairWindow
    bhabha3d_veto_low_min: tuple[int, ...]
    bhabha3d_veto_high_min: tuple[int, ...]
    bhabha3d_sel_pair: PairWindow
    bhabha3d_sel_low_min: tuple[int, ...]
    bhabha3d_sel_high_min: tuple[int, ...]
    intrack_theta: Window
    mumu_pair: PairWindow
    mumu_max: tuple[int, ...]
    taub2b_pair: PairWindow
    taub2b_cluster_max: int
    taub2b_total_max: int
    taub2b2_pair: PairWindow
    taub2b2_total_max: int
    taub2b2_endcap_min: int
    taub2b2_cluster_min: int
    taub2b3_pair: PairWindow
    taub2b3_total_max: int
    taub2b3_pair_min: int
    taub2b3_all_min: int
    taub2b3_all_max: int
    hie_base_min: int
    hie_pair: PairWindow
    hie4_cluster_min: int
    lml_n300_min: int
    lml_n500_min: int
    lml_pair_min: int
    lml_pair_below_max: int
    lml_cm2_min: tuple[int, ...]
    lml_cm1_min: tuple[int, ...]
    lml_cm05_min: tuple[int, ...]
    lml_clusters_min: int
    lml0_n300_min: int
    lml12_n500_min: int
    lml13_theta_mask: int
    lml_back_to_back_min: int
    lml10_phi_min: int
    lml10_theta_sum: Window
    timing_fine_min: int
    timing_super_min: int

    @classmethod
    def from_parameters(cls, parameters: EclParameters) -> "EclThresholds":
        """Return the integers of a parameter set."""
        p = parameters
        return cls(
            elow_min=above(p["lowe"]),
            ehigh_min=above(p["hie"]),
            elum_min=above(p["lume"]),
            burst_min=above(p["e_burst"]),
            physics_min=at_least(PHYSICS_ENERGY_GEV),
            physics_icn_min=PHYSICS_ICN_ABOVE + 1,
            bhabha2d_forward_min=tuple(at_least(p[f"bha2d_fw{k + 1:02d}"]) for k in range(N_BHABHA2D)),
            bhabha2d_backward_min=tuple(at_least(p[f"bha2d_bw{k + 1:02d}"]) for k in range(N_BHABHA2D)),
            bhabha2d_icn_max=BHABHA2D_ICN_BELOW - 1,
            bhabha3d_veto_pair=PairWindow.from_keys(p, "bha3dveto"),
            bhabha3d_veto_low_min=_per_e(above, p["bha3dveto_e_l"]),
            bhabha3d_veto_high_min=_per_e(above, p["bha3dveto_e_h"]),
            bhabha3d_sel_pair=PairWindow.from_keys(p, "bha3dsel"),
            bhabha3d_sel_low_min=_per_e(above, p["bha3dsel_e_l"]),
            bhabha3d_sel_high_min=_per_e(above, p["bha3dsel_e_h"]),
            intrack_theta=Window(first=int(p["bha3d_theta_id_in_trk_l"]), last=int(p["bha3d_theta_id_in_trk_h"])),
            mumu_pair=PairWindow.from_keys(p, "mumu"),
            mumu_max=_per_e(below, p["mumu_e"]),
            taub2b_pair=PairWindow.from_keys(p, "taub2b"),
            taub2b_cluster_max=below(p["taub2b_cl_e"]),
            taub2b_total_max=below(p["taub2b_tot_e"]),
            taub2b2_pair=PairWindow.from_keys(p, "taub2b2"),
            taub2b2_total_max=below(p["taub2b2_tot_e"]),
            taub2b2_endcap_min=above(p["taub2b2_cl_e_endcap"]),
            taub2b2_cluster_min=above(p["taub2b2_cl_e_all"]),
            taub2b3_pair=PairWindow.from_keys(p, "taub2b3"),
            taub2b3_total_max=below(p["taub2b3_tot_e"]),
            taub2b3_pair_min=above(p["taub2b3_cl_e_b2b"]),
            taub2b3_all_min=above(p["taub2b3_cl_e_all_l"]),
            taub2b3_all_max=above(p["taub2b3_cl_e_all_h"]) - 1,
            hie_base_min=above(HIE_BASE_GEV),
            hie_pair=PairWindow.from_keys(p, "hie12"),
            hie4_cluster_min=above(p["hie4_cl_e"]),
            lml_n300_min=above(p["lml_cl_e_lab_2"]),
            lml_n500_min=above(p["lml_cl_e_lab_1"]),
            lml_pair_min=above(p["lml_cl_e_lab_3"]),
            lml_pair_below_max=below(p["lml_cl_e_lab_3"]),
            lml_cm2_min=_per_e(above, p["lml_cl_e_cms_1"]),
            lml_cm1_min=_per_e(above, p["lml_cl_e_cms_2"]),
            lml_cm05_min=_per_e(above, p["lml_cl_e_cms_3"]),
            lml_clusters_min=LML_MIN_CLUSTERS,
            lml0_n300_min=int(p["lml00_ncl"]),
            lml12_n500_min=int(p["lml12_ncl"]),
            lml13_theta_mask=int(p["lml13_theta_id"]),
            lml_back_to_back_min=LML_BACK_TO_BACK_DEG + 1,
            lml10_phi_min=LML10_PHI_DEG + 1,
            lml10_theta_sum=Window.strictly_inside(*LML10_THETA_SUM_DEG),
            timing_fine_min=above(p["event_timing_fine"]),
            timing_super_min=above(p["event_timing_super"]),
        )
