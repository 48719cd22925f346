"""Event timing and background veto of single windows: regions, ties, quality, quadrant edges, nothing hit."""

import numpy as np
import pytest

from hdl.ecl.background_veto import BackgroundVeto
from hdl.ecl.timing import Timing
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import EclThresholds
from trigger.geometry.ecl import N_CELLS, cells

T = EclThresholds.from_parameters(EclParameters.default())
OUTPUTS = ["time", "source", "quality"]


def timing(bench, windows):
    """(time, source, quality) of windows (adc by tc_id, time by tc_id, start), back to back."""
    stimulus = []
    for hits, times, start in windows:
        adc, time = np.zeros(N_CELLS, int), np.zeros(N_CELLS, int)
        for values, by_id in ((adc, hits), (time, times)):
            for tc_id, value in by_id.items():
                values[tc_id - 1] = value
        stimulus += [{**row, "row.start": start} for row in bench.rows(adc, time)]
    seen = bench.trace(Timing(T), [*stimulus, *[{"row.valid": 0}] * (Timing.LATENCY + 20)], OUTPUTS)
    found = [seen[16 * k + 15 + Timing.LATENCY] for k in range(len(windows))]
    assert seen[-1] == found[-1]
    return [(one["time"] - (one["time"] >> 15 << 16), one["source"], one["quality"]) for one in found]


@pytest.mark.parametrize(
    ("tc_id", "source"), [(1, 1), (36, 1), (80, 1), (81, 2), (108, 2), (512, 2), (513, 4), (540, 4), (541, 4), (576, 4)]
)
def test_source_at_region_edges(bench, tc_id, source):
    assert timing(bench, [({tc_id: 100}, {tc_id: 200}, -150)]) == [(50, source, 1)]


def test_largest_energy_wins_and_the_lowest_id_a_tie(bench):
    """Across lanes and beats, window after window; the window before does not count."""
    windows = [
        ({10: 500, 11: 500, 300: 500}, {10: 1, 11: 2, 300: 3}, 0),
        ({200: 4, 201: 5, 237: 5}, {200: 1, 201: 2, 237: 3}, 7),
        ({}, {}, 99),
        ({576: 1}, {576: 255}, 127),
        ({1: 1}, {1: 0}, -255),
    ]
    assert timing(bench, windows) == [(1, 1, 2), (9, 2, 1), (0, 0, 0), (382, 4, 1), (-255, 1, 1)]


@pytest.mark.parametrize(("minimum", "below"), [(T.timing_fine_min, 1), (T.timing_super_min, 2)])
def test_quality_thresholds(bench, minimum, below):
    windows = [({300: minimum + step}, {}, 0) for step in (-1, 0, 1)]
    assert [quality for _, _, quality in timing(bench, windows)] == [below, below + 1, below + 1]


def veto(bench, hit_lists):
    """(hit, veto) of hit maps given as tc ids, one map per 16 cycles."""
    stimulus = [
        {"start": int(k == 0), "hits": sum(1 << (tc_id - 1) for tc_id in ids) if k == 0 else 0}
        for ids in hit_lists
        for k in range(16)
    ]
    seen = bench.trace(BackgroundVeto(), stimulus, ["hit", "veto"])
    for k in range(len(hit_lists)):
        assert len({tuple(one.values()) for one in seen[16 * k + BackgroundVeto.LATENCY : 16 * k + 16]}) == 1
    return [tuple(seen[16 * k + BackgroundVeto.LATENCY].values()) for k in range(len(hit_lists))]


def place(theta_id, phi_id):
    return int(np.flatnonzero((cells().theta_id == theta_id) & (cells().phi_id == phi_id))[0]) + 1


def in_quadrant(phi_id, quadrant, n_phi, reach):
    """Whether a phi id lies in a quadrant of n_phi / 4 ids, widened by one id (`reach`) on each side, cyclic."""
    first = quadrant * n_phi // 4 + 1 - reach[0]
    return any((phi_id - 1) % n_phi == (first + k - 1) % n_phi for k in range(n_phi // 4 + sum(reach)))


@pytest.mark.parametrize(("theta_ids", "n_phi", "only"), [((2, 3), 32, 4), ((4, 15), 36, 2)])
def test_every_pair_of_phi_ids(bench, theta_ids, n_phi, only):
    """Two hits in one region, at every pair of phi ids: bit 0 and the region's own bit, by the quadrants of the specification."""
    quadrants = [{p for p in range(1, n_phi + 1) if in_quadrant(p, q, n_phi, (1, 1))} for q in range(4)]
    pairs = [(a, b) for a in range(1, n_phi + 1) for b in range(a, n_phi + 1)]
    answers = veto(bench, [[place(theta_ids[0], a), place(theta_ids[1], b)] for a, b in pairs])
    for (a, b), (hit, bits) in zip(pairs, answers, strict=True):
        flags = [bool({a, b} & quadrant) for quadrant in quadrants]
        assert (hit, bits) == (1, (1 | only) if (flags[0] and flags[2]) or (flags[1] and flags[3]) else 0), (a, b)


def test_cells_outside_the_veto(bench):
    """theta id 1 and the backward endcap are hits but never veto; both regions opposite leave bit 0 alone; nothing is nothing."""
    ring = [place(1, phi_id) for phi_id in range(1, 32, 2)]
    both = [place(2, 5), place(3, 21), place(8, 5), place(9, 23)]
    maps = [ring, range(513, 577), both, [], [place(2, 1), place(8, 19)]]
    assert veto(bench, maps) == [(1, 0), (1, 0), (1, 1), (0, 0), (1, 0)]
