"""Isolated-cluster numbers and 3x3 clusters.

Ref: basf2 trg/ecl TrgEclCluster.cc, Clustering 1 (read in public source) [SIM]; facts in DECISIONS.md, "ECL artefacts".
"""

import numpy as np

from trigger.compiled import kernel
from trigger.ecl.decision import Arrays
from trigger.ecl.hits import Hits
from trigger.ecl.tables import cell_tables
from trigger.geometry.ecl import Region


def find_clusters(hits: Hits, out: Arrays) -> None:
    """Fill ICN numbers, cluster fields and overflow of `out` (zeros on entry).

    A fired cell is a seed by the pattern of fired neighbours alone. Each seed gives a cluster: its centre is the most energetic
    of the seed and its slots (ties: the seed, then the lower slot), its members are the centre and the centre's slots. Two
    seeds may choose the same centre, and both clusters stay. Order: barrel, forward, backward, each by seed id; the first
    `cluster_tc.shape[1]` are stored and more set the overflow bit. ICN counts seeds before that limit; `icn` is theta ids 2..15.
    """
    tables = cell_tables()
    _find(
        hits.offsets,
        hits.tc_id,
        hits.adc,
        hits.time_or_empty,
        tables.slots,
        tables.seed,
        tables.region,
        tables.theta_id,
        (int(Region.FWD), int(Region.BRL), int(Region.BWD)),
        out["ecl_n_clusters"],
        out["ecl_overflow"],
        out["ecl_cluster_tc"],
        out["ecl_cluster_adc"],
        out["ecl_cluster_ntc"],
        out["ecl_cluster_time"],
        out["ecl_icn"],
        out["ecl_icn_fw"],
        out["ecl_icn_br"],
        out["ecl_icn_bw"],
    )


@kernel
def _find(
    offsets, tc_id, adc, time, slots, seed_cells, region, theta_id, regions,
    n_clusters, overflow, cluster_tc, cluster_adc, cluster_ntc, cluster_time, icn, icn_fw, icn_br, icn_bw,
):  # fmt: skip
    forward, barrel, backward = regions
    limit = cluster_tc.shape[1]
    timed = len(time) == len(tc_id)
    cell_adc, cell_time = np.zeros(len(slots), np.int32), np.zeros(len(slots), np.int16)
    seeds, count = np.zeros((3, len(slots)), np.int16), np.zeros(3, np.int64)
    for i in range(len(n_clusters)):
        first, last = offsets[i], offsets[i + 1]
        if first == last:
            continue
        for h in range(first, last):
            cell_adc[tc_id[h]] = adc[h]
        if timed:
            for h in range(first, last):
                cell_time[tc_id[h]] = time[h]
        count[:] = 0
        innermost = 0
        for h in range(first, last):
            cell = tc_id[h]
            near = seed_cells[cell]
            blocked = (cell_adc[near[0]] | cell_adc[near[1]] | cell_adc[near[2]]) != 0
            blocked |= (cell_adc[near[3]] != 0) & (cell_adc[near[4]] != 0)
            # Written in any case and counted only if it is a seed: a branch here is a coin toss for the processor.
            seeds[region[cell], count[region[cell]]] = cell
            count[region[cell]] += not blocked
            innermost += (not blocked) & (theta_id[cell] == 1)
        icn_fw[i], icn_br[i], icn_bw[i] = count[forward] - innermost, count[barrel], count[backward]
        icn[i] = count[forward] - innermost + count[barrel]
        overflow[i] = count[forward] + count[barrel] + count[backward] > limit
        stored = 0
        for part in (barrel, forward, backward):
            for k in range(min(count[part], limit - stored)):
                seed = seeds[part, k]
                centre = seed
                for s in range(1, slots.shape[1]):
                    if cell_adc[slots[seed, s]] > cell_adc[centre]:
                        centre = slots[seed, s]
                total, members = 0, 0
                for s in range(slots.shape[1]):
                    value = cell_adc[slots[centre, s]]
                    total += value
                    members += value > 0
                cluster_tc[i, stored], cluster_adc[i, stored], cluster_ntc[i, stored] = centre, total, members
                cluster_time[i, stored] = cell_time[centre]
                stored += 1
        n_clusters[i] = stored
        for h in range(first, last):
            cell_adc[tc_id[h]] = 0
