"""Low-multiplicity bits lml0..lml13 and the high-energy bits hie1..hie4, from the stored clusters.

Ref: basf2 trg/ecl TrgEclMaster.cc, TrgEclBhabha.cc (read in public source) [SIM]. Here the phi difference of a pair is wrapped to
0..180 for lml8..lml10, and not wrapped for hie.
"""

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.ecl.decision import Arrays
from trigger.ecl.tables import cell_tables

HALF_TURN_DEG = 180


def decide_low_multiplicity(cuts: NDArray[np.void], out: Arrays) -> None:
    """Fill `ecl_lml` and `ecl_hie` from the clusters, E_phys, E_total and 3D Bhabha veto in `out`.

    hie: the lower-energy cluster of two is the second one if both are equal. lml11 is 1 for an event with hits and no clusters.
    Events without hits keep zeros.
    """
    tables = cell_tables()
    _decide(
        out["ecl_n_clusters"],
        out["ecl_cluster_tc"],
        out["ecl_cluster_adc"],
        out["ecl_ephys_adc"],
        out["ecl_etotal_adc"],
        out["ecl_bhabha3d_veto"],
        tables.theta_id,
        tables.cm,
        cuts,
        HALF_TURN_DEG,
        out["ecl_lml"],
        out["ecl_hie"],
    )


@kernel
def _decide(n_clusters, cluster_tc, cluster_adc, ephys, etotal, veto, theta_id, cm, cuts, half_turn, lml, hie):
    c = cuts[0]
    phi_first = min(c.lml_back_to_back_min, c.lml10_phi_min)
    size = cluster_tc.shape[1]
    theta, energy = np.zeros(size, np.int64), np.zeros(size, np.int64)
    cm_theta, cm_phi = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for i in range(len(n_clusters)):
        if etotal[i] == 0:
            continue
        n = np.int64(n_clusters[i])
        n300, n216, n500_216, n1_barrel, n1_endcap, n05 = 0, 0, 0, 0, 0, 0
        n2, n2_barrel, n2_middle, n2_edge = 0, 0, 0, 0
        for k in range(n):
            cell = cluster_tc[i, k]
            theta[k], energy[k] = theta_id[cell], cluster_adc[i, k]
            cm_theta[k], cm_phi[k] = cm[cell, 0], cm[cell, 1]
            factor, place = cm[cell, 2], theta[k] - 1
            n300 += energy[k] >= c.lml_n300_min
            if (c.lml12_theta_mask >> place) & 1:
                n216 += 1
                n500_216 += energy[k] >= c.lml_n500_min
            if energy[k] >= c.lml_cm05_min[factor]:
                n05 += (c.lml13_theta_mask >> place) & 1
            if energy[k] >= c.lml_cm1_min[factor]:
                n1_barrel += (c.lml6_theta_mask >> place) & 1
                n1_endcap += (c.lml7_theta_mask >> place) & 1
            if energy[k] >= c.lml_cm2_min[factor]:
                n2 += 1
                n2_barrel += (c.lml1_theta_mask >> place) & 1
                n2_middle += (c.lml2_theta_mask >> place) & 1
                n2_edge += (c.lml4_theta_mask >> place) & 1
        vetoed = veto[i] != 0
        lml[i, 0] = n >= c.lml_clusters_min and n300 >= c.lml0_n300_min and not vetoed
        lml[i, 1] = n2_barrel > 0
        lml[i, 2], lml[i, 3] = n2_middle > 0 and not vetoed, n2_middle > 0 and vetoed
        lml[i, 4], lml[i, 5] = n2_edge > 0 and not vetoed, n2_edge > 0 and vetoed
        lml[i, 6] = n1_barrel == 1 and n300 == 1
        lml[i, 7] = n1_endcap == 1 and n300 == 1
        lml[i, 12] = n216 >= c.lml_clusters_min and n500_216 >= c.lml12_n500_min and not vetoed
        lml[i, 13] = n05 == 1 and n300 == 1
        if n2 == 0:
            lml[i, 11] = 1
            for a in range(n - 1):
                for b in range(a + 1, n):
                    phi, angle = abs(cm_phi[a] - cm_phi[b]), cm_theta[a] + cm_theta[b]
                    phi = min(phi, 2 * half_turn - phi)
                    if phi < phi_first:
                        continue
                    low, high = min(energy[a], energy[b]), max(energy[a], energy[b])
                    if phi >= c.lml_back_to_back_min and high >= c.lml_pair_min:
                        if low >= c.lml_pair_min:
                            lml[i, 8] = 1
                        if low <= c.lml_pair_below_max:
                            lml[i, 9] = 1
                    if phi >= c.lml10_phi_min and c.lml10_theta_sum_first <= angle <= c.lml10_theta_sum_last:
                        lml[i, 10] = 1
        if ephys[i] < c.hie_base_min or (n == 1 and (c.hie_single_theta_mask >> (theta[0] - 1)) & 1):
            continue
        hie[i, :] = 1
        if n == 2:
            phi, angle = abs(cm_phi[0] - cm_phi[1]), cm_theta[0] + cm_theta[1]
            in_phi = c.hie_pair_phi_first <= phi <= c.hie_pair_phi_last
            in_theta = c.hie_pair_theta_first <= angle <= c.hie_pair_theta_last
            lower = 0 if energy[0] < energy[1] else 1
            endcap = (c.endcap_theta_mask >> (theta[lower] - 1)) & 1 == 1
            both = energy[0] >= c.hie4_cluster_min and energy[1] >= c.hie4_cluster_min
            hie[i, 0], hie[i, 1] = not (in_phi and in_theta), not (in_phi or in_theta)
            hie[i, 2], hie[i, 3] = not endcap, not (endcap and both)
