"""Clusters from given seeds: centre, ties in slot order, 3x3 sums, duplicates, times, and the six slots of each window."""

import numpy as np
import pytest

from hdl.ecl.beats import address
from hdl.ecl.clusters import Cluster, Clusters
from hdl.ecl.seed_order import SeedOrder
from hdl.ecl.seeds import Seeds
from trigger.geometry.ecl import N_CELLS, cells

FIRST_SEED = Seeds.LATENCY + SeedOrder.LATENCY
"""Cycles from a window's last row to its first seed, as in the complete trigger."""


def cluster_by_table(adc, seed):
    """(centre, energy, members) of one seed (tc_id), cell by cell."""
    table = cells().neighbours.astype(int)

    def around(tc_id):
        return [tc_id, *(int(n) for n in table[tc_id - 1])]

    def energy(tc_id):
        return int(adc[tc_id - 1]) if tc_id else 0

    centre = max(around(seed), key=lambda tc_id: (energy(tc_id), -around(seed).index(tc_id)))
    energies = [energy(tc_id) for tc_id in around(centre)]
    return centre, sum(energies), sum(value > 0 for value in energies)


def find(bench, windows):
    """Clusters of windows (adc, time, start, seeds), back to back; checks slots and latency."""
    cycles = [{} for _ in range(16 * len(windows) + 40)]
    for number, (adc, time, start, seeds) in enumerate(windows):
        for beat, row in enumerate(bench.rows(adc, time, bank=number % 2)):
            cycles[16 * number + beat] |= {**row, "row.start": start}
        for slot in range(6):
            valid = slot < len(seeds)
            seed = address(seeds[slot] - 1) if valid else 0
            cycles[16 * number + 15 + FIRST_SEED + slot] |= {"seed_slot": 1, "seed_valid": int(valid), "seed": seed}
        cycles[16 * number + 15 + FIRST_SEED + 6] |= {"seed_slot": 0, "seed_valid": 0}
    cycles[16 * len(windows)] |= {"row.valid": 0}
    seen = bench.trace(Clusters(), cycles, ["slot", "index", "cluster"])
    slots = [cycle for cycle, one in enumerate(seen) if one["slot"]]
    first = 15 + FIRST_SEED + Clusters.LATENCY
    assert slots == [16 * number + first + slot for number in range(len(windows)) for slot in range(6)]
    assert [seen[cycle]["index"] for cycle in slots] == list(range(6)) * len(windows)
    found = [Cluster.from_bits(seen[cycle]["cluster"]) for cycle in slots]
    return [found[6 * k : 6 * k + 6] for k in range(len(windows))]


def test_random_windows(bench):
    """Every property of clusters of random seeds in random windows at full rate; empty slots are all zero."""
    rng = np.random.default_rng(1)
    adc = bench.random_windows(rng, 40)
    time, start = np.where(adc > 0, rng.integers(0, 256, adc.shape), 0), rng.integers(-255, 129, len(adc))
    seeds = [rng.choice(np.flatnonzero(one) + 1, min(k % 7, (one > 0).sum())).tolist() for k, one in enumerate(adc)]
    table = cells()
    windows = list(zip(adc, time, start.tolist(), seeds, strict=True))
    for (counts, times, begin, ids), clusters in zip(windows, find(bench, windows), strict=True):
        for seed, cluster in zip(ids, clusters, strict=False):
            centre, energy, members = cluster_by_table(counts, seed)
            assert (cluster.centre.tc, cluster.adc, cluster.n_members) == (centre, energy, members)
            assert cluster.time == begin + times[centre - 1]
            assert cluster.centre.theta_id == table.theta_id[centre - 1]
            assert (cluster.centre.cm_theta, cluster.centre.cm_phi, cluster.centre.cm_e) == (
                table.cm_theta_deg[centre - 1],
                table.cm_phi_deg[centre - 1],
                table.cm_energy_e[centre - 1],
            )
        for cluster in clusters[len(ids) :]:
            assert cluster.as_bits() == 0


@pytest.mark.parametrize("tc_id", [1, 2, 3, 80, 81, 252, 512, 514, 576])
def test_ties_take_the_lower_slot(bench, tc_id):
    """All cells equal: the seed itself. The seed one count lower: the first slot that exists. Then one slot after the other."""
    windows = []
    for lowered in range(9):
        adc = np.full(N_CELLS, 50)
        lower = [tc_id, *cells().neighbours[tc_id - 1].tolist()][:lowered]
        adc[[one - 1 for one in lower if one]] = 49
        windows.append((adc, np.zeros(N_CELLS, int), 0, [tc_id]))
    order = [one for one in [tc_id, *cells().neighbours[tc_id - 1].tolist()] if one]
    for lowered, clusters in enumerate(find(bench, windows)):
        left = [one for one in order if one not in [tc_id, *cells().neighbours[tc_id - 1].tolist()][:lowered]]
        assert clusters[0].centre.tc == (left[0] if left else tc_id)


def test_two_seeds_may_share_a_centre(bench):
    """Duplicate clusters are kept."""
    adc = np.zeros(N_CELLS, int)
    centre, seeds = 252, [252 - 13, 252 + 11]
    adc[[centre - 1, *[seed - 1 for seed in seeds]]] = [90, 20, 30]
    clusters = find(bench, [(adc, np.zeros(N_CELLS, int), 0, seeds)])[0]
    assert [(one.centre.tc, one.adc, one.n_members) for one in clusters[:2]] == [(centre, 140, 3)] * 2
