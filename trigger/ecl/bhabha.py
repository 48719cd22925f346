"""Bhabha logic on ring sums and on cluster pairs, with the decisions that share its pairs: mumu and the three taub2b.

Ref: basf2 trg/ecl TrgEclBhabha.cc, TrgEclMaster.cc (read in public source) [SIM]. Pairs are (i, j), i < j, of the stored
clusters in hardware order. Angles are integer degrees of the centre cells in the CM frame; phi differences are not wrapped.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from trigger.ecl.decision import Arrays
from trigger.ecl.tables import bhabha2d_rings, cell_tables


def decide_bhabha2d(rings: NDArray[np.int32], cuts: NDArray[np.void], out: Arrays) -> None:
    """Fill `ecl_bhabha2d_type`, `ecl_bhabha2d` and `ecl_physics` from ring sums, int32 (n, 18), and the ICN in `out`.

    A type fires if both of its sums reach their thresholds. 2D Bhabha asks for any type and few isolated clusters; physics for
    energy or many isolated clusters, and no 2D Bhabha. Events without hits keep zeros.
    """
    _rings(
        rings,
        out["ecl_icn"],
        out["ecl_etotal_adc"],
        out["ecl_ephys_adc"],
        bhabha2d_rings(),
        cuts,
        out["ecl_bhabha2d_type"],
        out["ecl_bhabha2d"],
        out["ecl_physics"],
    )


@njit(cache=True, nogil=True)
def _rings(rings, icn, etotal, ephys, members, cuts, bhabha2d_type, bhabha2d, physics):
    c = cuts[0]
    n_types = members.shape[1]
    lowest = max(c.bhabha2d_forward_min[0], c.bhabha2d_backward_min[0])
    for k in range(1, n_types):
        lowest = min(lowest, max(c.bhabha2d_forward_min[k], c.bhabha2d_backward_min[k]))
    for i in range(len(rings)):
        if etotal[i] == 0:
            continue
        any_type = False
        if etotal[i] >= lowest:
            for k in range(n_types):
                forward, backward = 0, 0
                for r in range(members.shape[2]):
                    forward += rings[i, members[0, k, r]]
                    backward += rings[i, members[1, k, r]]
                if forward >= c.bhabha2d_forward_min[k] and backward >= c.bhabha2d_backward_min[k]:
                    bhabha2d_type[i, k] = 1
                    any_type = True
        bhabha = any_type and icn[i] <= c.bhabha2d_icn_max
        bhabha2d[i] = bhabha
        physics[i] = (ephys[i] >= c.physics_min or icn[i] >= c.physics_icn_min) and not bhabha


def decide_pairs(cuts: NDArray[np.void], out: Arrays) -> None:
    """Fill 3D Bhabha veto and selection with their flags, mumu, taub2b, taub2b2, taub2b3 from the clusters in `out`.

    The flags describe the last pair that passes: in-track, 1 if either centre's theta id is inside the track acceptance; theta,
    min(smaller theta id, 4) - 1. They are 0 where the decision is 0. Fewer than two clusters give zeros.
    """
    tables = cell_tables()
    _pairs(
        out["ecl_n_clusters"],
        out["ecl_cluster_tc"],
        out["ecl_cluster_adc"],
        out["ecl_etotal_adc"],
        tables.theta_id,
        tables.cm,
        cuts,
        out["ecl_bhabha3d_veto"],
        out["ecl_bhabha3d_intrack"],
        out["ecl_bhabha3d_sel"],
        out["ecl_bhabha3d_theta"],
        out["ecl_mumu"],
        out["ecl_taub2b"],
        out["ecl_taub2b2"],
        out["ecl_taub2b3"],
    )


@njit(cache=True, nogil=True)
def _pairs(
    n_clusters, cluster_tc, cluster_adc, etotal, theta_id, cm, cuts,
    veto, intrack, selection, selection_theta, mumu, taub2b, taub2b2, taub2b3,
):  # fmt: skip
    c = cuts[0]
    size = cluster_tc.shape[1]
    theta, energy = np.zeros(size, np.int64), np.zeros(size, np.int64)
    cm_theta, cm_phi, factor = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64)
    for i in range(len(n_clusters)):
        n = np.int64(n_clusters[i])
        if n < 2:
            continue
        endcap, all_inside = 0, True
        for k in range(n):
            cell = cluster_tc[i, k]
            theta[k], energy[k] = theta_id[cell], cluster_adc[i, k]
            cm_theta[k], cm_phi[k], factor[k] = cm[cell, 0], cm[cell, 1], cm[cell, 2]
            if energy[k] >= c.taub2b2_endcap_min and (c.endcap_theta_mask >> (theta[k] - 1)) & 1:
                endcap += 1
            all_inside &= c.taub2b3_all_min <= energy[k] <= c.taub2b3_all_max
        total = np.int64(etotal[i])
        taub2b_open = total <= c.taub2b_total_max
        taub2b2_open = total <= c.taub2b2_total_max and endcap < 2
        taub2b3_open = total <= c.taub2b3_total_max and all_inside
        for a in range(n - 1):
            for b in range(a + 1, n):
                phi, angle = abs(cm_phi[a] - cm_phi[b]), cm_theta[a] + cm_theta[b]
                low, high = min(energy[a], energy[b]), max(energy[a], energy[b])
                if (
                    c.bhabha3d_veto_pair_phi_first <= phi <= c.bhabha3d_veto_pair_phi_last
                    and c.bhabha3d_veto_pair_theta_first <= angle <= c.bhabha3d_veto_pair_theta_last
                    and energy[a] >= c.bhabha3d_veto_low_min[factor[a]]
                    and energy[b] >= c.bhabha3d_veto_low_min[factor[b]]
                    and (energy[a] >= c.bhabha3d_veto_high_min[factor[a]] or energy[b] >= c.bhabha3d_veto_high_min[factor[b]])
                ):
                    veto[i] = 1
                    intrack[i] = (
                        c.intrack_theta_first <= theta[a] <= c.intrack_theta_last
                        or c.intrack_theta_first <= theta[b] <= c.intrack_theta_last
                    )
                if (
                    c.bhabha3d_sel_pair_phi_first <= phi <= c.bhabha3d_sel_pair_phi_last
                    and c.bhabha3d_sel_pair_theta_first <= angle <= c.bhabha3d_sel_pair_theta_last
                    and energy[a] >= c.bhabha3d_sel_low_min[factor[a]]
                    and energy[b] >= c.bhabha3d_sel_low_min[factor[b]]
                    and (energy[a] >= c.bhabha3d_sel_high_min[factor[a]] or energy[b] >= c.bhabha3d_sel_high_min[factor[b]])
                ):
                    selection[i] = 1
                    selection_theta[i] = min(theta[a], theta[b], 4) - 1
                if (
                    c.mumu_pair_phi_first <= phi <= c.mumu_pair_phi_last
                    and c.mumu_pair_theta_first <= angle <= c.mumu_pair_theta_last
                    and energy[a] <= c.mumu_max[factor[a]]
                    and energy[b] <= c.mumu_max[factor[b]]
                ):
                    mumu[i] = 1
                if (
                    taub2b_open
                    and c.taub2b_pair_phi_first <= phi <= c.taub2b_pair_phi_last
                    and c.taub2b_pair_theta_first <= angle <= c.taub2b_pair_theta_last
                    and low <= c.taub2b_cluster_max
                ):
                    taub2b[i] = 1
                if (
                    taub2b2_open
                    and c.taub2b2_pair_phi_first <= phi <= c.taub2b2_pair_phi_last
                    and c.taub2b2_pair_theta_first <= angle <= c.taub2b2_pair_theta_last
                    and low >= c.taub2b2_cluster_min
                ):
                    taub2b2[i] = 1
                if (
                    taub2b3_open
                    and c.taub2b3_pair_phi_first <= phi <= c.taub2b3_pair_phi_last
                    and c.taub2b3_pair_theta_first <= angle <= c.taub2b3_pair_theta_last
                    and high >= c.taub2b3_pair_min
                    and (c.taub2b3_theta_mask >> (theta[a] - 1)) & 1
                    and (c.taub2b3_theta_mask >> (theta[b] - 1)) & 1
                ):
                    taub2b3[i] = 1
