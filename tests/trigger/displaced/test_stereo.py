"""The line in z against plain floats and plain counting."""

import itertools
import math

import numpy as np
import pytest

from trigger.displaced import DisplacedTrigger
from trigger.displaced.fit import fit
from trigger.displaced.fit_tables import TRIPLES, fit_tables, seed_tables
from trigger.displaced.grid import SeedGrid
from trigger.displaced.stereo import MISS_MAX, best_of_four, best_of_three, line, misses, points

GRID = SeedGrid()
TABLES = seed_tables(GRID), fit_tables()
TRIGGER = DisplacedTrigger()


def hits_of(columns):
    ids, priority, lr, time = columns
    return TRIGGER._hits(
        {"cdc_offsets": np.array([0, len(ids)]), "cdc_ts_id": ids, "cdc_priority": priority, "cdc_lr": lr, "cdc_time": time}
    )


def line_of(columns, kappa, d, phi0):
    hits, n = hits_of(columns), len(columns[0])
    bend, impact = kappa / (1 + kappa * d), d * (1 + kappa * d / 2) / (1 + kappa * d)
    a, b = (bend / GRID.bend_max_per_cm + 1) / 2 * GRID.n_bend, (impact / GRID.impact_max_cm + 1) / 2 * GRID.n_impact
    cell = math.floor(phi0 % (2 * math.pi) / (2 * math.pi) * GRID.n_phi)
    seed = (GRID.n_impact * math.floor(a) + math.floor(b), (2 * cell + 1) * (32768 // GRID.n_phi))
    shift = np.zeros(4, np.int64)
    good, _, t0, _, row, phi = fit(hits, 0, n, seed, 0, True, 0, TABLES, np.zeros(5, np.int64), shift)
    assert good
    return line(hits, 0, n, seed, (row, phi), shift, t0, TRIGGER.cuts.misses, TABLES)


def test_lines_of_tracks(segments_of):
    """z where the track is nearest to the axis, and its slope: exact segments give both to some millimetres."""
    rng = np.random.default_rng(9)
    starts, slopes = [], []
    for _ in range(200):
        kappa, d, phi0 = rng.uniform(0.001, 0.006) * rng.choice([-1, 1]), rng.uniform(-10, 10), rng.uniform(0, 2 * math.pi)
        z0, cot = rng.uniform(-10, 10), rng.uniform(-0.3, 0.8)
        columns = segments_of((kappa, d, phi0, z0, cot))
        count, start, slope, _ = line_of(columns, kappa, d, phi0)
        if count:
            starts.append(abs(start / 8 - z0))
            slopes.append(abs(slope / 64 - cot))
    assert len(starts) > 180
    assert np.median(starts) < 1.0
    assert np.median(slopes) < 0.02


def test_a_background_segment_does_not_take_the_line(segments_of):
    """A fourth point far from the line of three is left out."""
    track = (0.003, 2.0, 1.0, 3.0, 0.4)
    ids, priority, lr, time = segments_of(track)
    stereo = np.flatnonzero(np.isin(ids, range(160, 320)))[0]
    assert line_of((ids, priority, lr, time), *track[:3])[0] == 4
    wrong = ids.copy()
    wrong[stereo] += 3
    count, start, slope, _ = line_of((wrong, priority, lr, time), *track[:3])
    assert count == 3
    assert start / 8 == pytest.approx(3.0, abs=3.0)
    assert slope / 64 == pytest.approx(0.4, abs=0.06)
    two = np.ones(len(ids), bool)
    two[stereo] = two[np.flatnonzero((ids >= 512) & (ids < 768))[0]] = False
    assert line_of(tuple(column[two] for column in (ids, priority, lr, time)), *track[:3])[0] in (0, 3)


def test_first_points_count(segments_of):
    """Segments of unknown side are two points, left first; the room of four is filled in order of the segments."""
    track = (0.003, 2.0, 1.0, 3.0, 0.4)
    ids = segments_of(track)[0]
    own = ids[(ids >= 160) & (ids < 320)][0]
    extra = np.array([own, own + 1, own - 1, own])
    hits = hits_of((extra, np.full(4, 3), np.array([1, 3, 2, 3]), np.full(4, 40)))
    seed = (np.argmin(np.hypot((GRID.bend_per_cm - 0.003) * 1e4, GRID.impact_cm - 2.0)), round(1.0 / (2 * math.pi) * 65536))
    shape = (4, 4)
    turned, z, there = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, bool)
    points(hits, 0, 4, seed, (0, seed[1]), np.zeros(4, np.int64), 0, TABLES, turned, z, there)
    x = round(int(TABLES[1].drift[40]) * int(TABLES[1].stereo_per_drift[0, 0]) / 128)
    base = (seed[1] + int(TABLES[1].stereo_azimuth[0, 0]) - hits.angle + 32768) % 65536 - 32768
    places = [base[0] + x, base[1] + x, base[1] - x, base[2] - x]
    assert turned[0].tolist() == np.clip(places, -4095, 4095).tolist()
    assert not there[1:].any()


def test_misses_equal_plain_floats():
    """The middle point against the line through the others, with paths from the perigee."""
    rng = np.random.default_rng(10)
    table = TABLES[1]
    turned, there = rng.integers(0, 1500, (4, 4)), rng.random((4, 4)) < 0.8
    z = (turned * table.depth[:, None] + 16384) >> 15
    for row in (100, 260, 400):
        miss = np.zeros((4, 4, 4, 4), np.int64)
        misses(turned, z, there, row, table, miss)
        for t, (one, middle, other) in enumerate(TRIPLES):
            ends = [turned[s] * table.weight[row, t, k] / 2**15 for k, s in ((0, one), (1, other))]
            size = np.abs(z[middle][None, :, None] + table.offset[row, t] - ends[0][:, None, None] - ends[1][None, None, :])
            known = there[one][:, None, None] & there[middle][None, :, None] & there[other][None, None, :]
            expected = np.where(known, np.minimum(size, MISS_MAX), MISS_MAX)
            assert np.abs(miss[t] - expected).max() <= 1


def test_best_lines_equal_plain_counting():
    rng = np.random.default_rng(11)
    for _ in range(200):
        miss = np.where(rng.random((4, 4, 4, 4)) < 0.3, rng.integers(0, 30, (4, 4, 4, 4)), MISS_MAX)
        chosen = np.zeros(4, np.int64)
        size, missing = best_of_three(miss, chosen)
        expected = min((int(miss[t, a, b, c]), t, a, b, c) for t, a, b, c in itertools.product(range(4), repeat=4))
        assert (size, missing) == expected[:2]
        assert chosen[list(TRIPLES[missing])].tolist() == list(expected[2:])
        four = best_of_four(miss, chosen)
        sums = [(int(miss[3, a, b, c] + miss[0, b, c, d]), b, c, a, d) for a, b, c, d in itertools.product(range(4), repeat=4)]
        best = min(sums)
        if best[0] < 2 * MISS_MAX:
            assert (four, *chosen.tolist()) == (best[0], best[3], best[1], best[2], best[4])
