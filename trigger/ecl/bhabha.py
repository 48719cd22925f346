"""Bhabha logic on ring sums and on cluster pairs, with the decisions that share its pairs: mumu and the three taub2b.

Ref: basf2 trg/ecl TrgEclBhabha.cc, TrgEclMaster.cc (read in public source) [SIM]. Pairs are (i, j), i < j, of the stored
clusters in hardware order. Angles are integer degrees of the centre cells in the CM frame; phi differences are not wrapped.
"""

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
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


@kernel
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


_VETO, _SELECTION, _MUMU, _TAUB2B, _TAUB2B2, _TAUB2B3 = 1, 2, 4, 8, 16, 32
"""One bit per decision in the masks of the loop below."""


def decide_pairs(cuts: NDArray[np.void], out: Arrays) -> None:
    """Fill 3D Bhabha veto and selection with their flags, mumu, taub2b, taub2b2, taub2b3 from the clusters in `out`.

    Every decision asks for a pair inside its angle windows whose clusters both fulfil one condition and of which at least one
    fulfils another; the taub2b also look at the whole event. The flags describe the last pair that passes: in-track, 1 if either
    centre's theta id is inside the track acceptance; theta, min(smaller theta id, 4) - 1. They are 0 where the decision is 0.
    Fewer than two clusters give zeros.
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


@kernel
def _angle_windows(cuts):
    """Masks of the decisions whose window holds an angle of 0..360 degrees: row 0 phi difference, row 1 theta sum."""
    c = cuts[0]
    masks = np.zeros((2, 361), np.int64)
    for angle in range(masks.shape[1]):
        masks[0, angle] = (
            _VETO * (c.bhabha3d_veto_pair_phi_first <= angle <= c.bhabha3d_veto_pair_phi_last)
            + _SELECTION * (c.bhabha3d_sel_pair_phi_first <= angle <= c.bhabha3d_sel_pair_phi_last)
            + _MUMU * (c.mumu_pair_phi_first <= angle <= c.mumu_pair_phi_last)
            + _TAUB2B * (c.taub2b_pair_phi_first <= angle <= c.taub2b_pair_phi_last)
            + _TAUB2B2 * (c.taub2b2_pair_phi_first <= angle <= c.taub2b2_pair_phi_last)
            + _TAUB2B3 * (c.taub2b3_pair_phi_first <= angle <= c.taub2b3_pair_phi_last)
        )
        masks[1, angle] = (
            _VETO * (c.bhabha3d_veto_pair_theta_first <= angle <= c.bhabha3d_veto_pair_theta_last)
            + _SELECTION * (c.bhabha3d_sel_pair_theta_first <= angle <= c.bhabha3d_sel_pair_theta_last)
            + _MUMU * (c.mumu_pair_theta_first <= angle <= c.mumu_pair_theta_last)
            + _TAUB2B * (c.taub2b_pair_theta_first <= angle <= c.taub2b_pair_theta_last)
            + _TAUB2B2 * (c.taub2b2_pair_theta_first <= angle <= c.taub2b2_pair_theta_last)
            + _TAUB2B3 * (c.taub2b3_pair_theta_first <= angle <= c.taub2b3_pair_theta_last)
        )
    return masks


@kernel
def _pairs(
    n_clusters, cluster_tc, cluster_adc, etotal, theta_id, cm, cuts,
    veto, intrack, selection, selection_theta, mumu, taub2b, taub2b2, taub2b3,
):  # fmt: skip
    c = cuts[0]
    windows = _angle_windows(cuts)
    size = cluster_tc.shape[1]
    theta, cm_theta, cm_phi = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64)
    both, one = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for i in range(len(n_clusters)):
        n = np.int64(n_clusters[i])
        if n < 2:
            continue
        total, endcap, all_inside = np.int64(etotal[i]), 0, 1
        for k in range(n):
            cell, energy = cluster_tc[i, k], np.int64(cluster_adc[i, k])
            theta[k], cm_theta[k], cm_phi[k], factor = theta_id[cell], cm[cell, 0], cm[cell, 1], cm[cell, 2]
            both[k] = (
                _VETO * (energy >= c.bhabha3d_veto_low_min[factor])
                + _SELECTION * (energy >= c.bhabha3d_sel_low_min[factor])
                + _MUMU * (energy <= c.mumu_max[factor])
                + _TAUB2B
                + _TAUB2B2 * (energy >= c.taub2b2_cluster_min)
                + _TAUB2B3 * ((c.taub2b3_theta_mask >> (theta[k] - 1)) & 1)
            )
            one[k] = (
                _VETO * (energy >= c.bhabha3d_veto_high_min[factor])
                + _SELECTION * (energy >= c.bhabha3d_sel_high_min[factor])
                + _MUMU
                + _TAUB2B * (energy <= c.taub2b_cluster_max)
                + _TAUB2B2
                + _TAUB2B3 * (energy >= c.taub2b3_pair_min)
            )
            endcap += (energy >= c.taub2b2_endcap_min) & (c.endcap_theta_mask >> (theta[k] - 1))
            all_inside &= (c.taub2b3_all_min <= energy) & (energy <= c.taub2b3_all_max)
        event = (
            _VETO + _SELECTION + _MUMU
            + _TAUB2B * (total <= c.taub2b_total_max)
            + _TAUB2B2 * (total <= c.taub2b2_total_max and endcap < c.taub2b2_endcap_below)
            + _TAUB2B3 * (total <= c.taub2b3_total_max and all_inside)
        )  # fmt: skip
        passed = 0
        for a in range(n - 1):
            for b in range(a + 1, n):
                angles = windows[0, abs(cm_phi[a] - cm_phi[b])] & windows[1, cm_theta[a] + cm_theta[b]]
                pair = angles & event & both[a] & both[b] & (one[a] | one[b])
                passed |= pair
                if pair & _VETO:
                    in_a = c.intrack_theta_first <= theta[a] <= c.intrack_theta_last
                    in_b = c.intrack_theta_first <= theta[b] <= c.intrack_theta_last
                    intrack[i] = in_a or in_b
                if pair & _SELECTION:
                    selection_theta[i] = min(theta[a], theta[b], 4) - 1
        veto[i], selection[i], mumu[i] = (passed & _VETO) != 0, (passed & _SELECTION) != 0, (passed & _MUMU) != 0
        taub2b[i], taub2b2[i] = (passed & _TAUB2B) != 0, (passed & _TAUB2B2) != 0
        taub2b3[i] = (passed & _TAUB2B3) != 0
