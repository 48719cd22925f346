"""The integer fit against plain floats, which know neither tables nor widths, and its choices against plain counting."""

import itertools
import math

import numpy as np
import pytest

from trigger.displaced import DisplacedTrigger
from trigger.displaced.fit import coarse_off, fit, nearest, places, rounded, row_of, sides
from trigger.displaced.fit_rows import fit_centres
from trigger.displaced.fit_tables import fit_tables, scaled, seed_tables
from trigger.displaced.grid import SeedGrid, crossing_sine, inverse_stretch
from trigger.geometry.cdc import superlayers

GRID = SeedGrid()
TABLES = seed_tables(GRID), fit_tables()
TURN = 2 * math.pi / 16384
STEP = 2 * math.pi / 65536
TRIGGER = DisplacedTrigger()
RADIUS = superlayers().radius_cm[::2, 0]


def hits_of(columns):
    ids, priority, lr, time = columns
    return TRIGGER._hits(
        {"cdc_offsets": np.array([0, len(ids)]), "cdc_ts_id": ids, "cdc_priority": priority, "cdc_lr": lr, "cdc_time": time}
    )


def fit_of(columns, row, cell, given=0):
    """Answer of the fit, chosen segments and shift."""
    chosen, shift = np.zeros(5, np.int64), np.zeros(4, np.int64)
    seed = (row, (2 * cell + 1) * 256)
    return fit(hits_of(columns), 0, len(columns[0]), seed, given, True, 0, TABLES, chosen, shift), chosen, shift


def drift_cm(time):
    """Distance of a drift time in units, by bisection."""
    low, high = 0.0, 2.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if (middle / 4.4e-3 + 403 * middle**3) < (time + 0.5) * 1000 / 508.887 else (low, middle)
    return low


def plain_fit(columns, row, cell):
    """A step from the cell with wires, and one from there with drift times: (bend, impact, phi0)."""
    ids, _, lr, time = columns
    axial = superlayers().of_segment[ids] % 2 == 0
    member = superlayers().of_segment[ids][axial] // 2
    radius, n = RADIUS[member], superlayers().n_segments[2 * member]
    wire = (ids[axial] - superlayers().offset[2 * member]) * 2 * math.pi / n
    side, x = np.where(lr[axial] == 2, 1, -1), np.array([drift_cm(t) for t in time[axial]])
    bend, impact, phi = GRID.bend_per_cm[row], GRID.impact_cm[row], (cell + 0.5) * math.pi / 64
    for with_drift in (False, True):
        along = radius * np.sqrt(1 - np.clip(crossing_sine(bend, impact, radius), -0.98, 0.98) ** 2)
        design = np.stack([radius**2 / 2, np.ones(len(radius)), along], axis=1)
        left = radius * np.sin(wire - phi) - bend * radius**2 / 2 - impact
        left = left + with_drift * side * x * inverse_stretch(bend, impact)
        move = np.linalg.lstsq(design, left, rcond=None)[0]
        bend, impact, phi = bend + move[0], impact + move[1], phi + move[2]
    return bend, impact, phi


def cell_of(kappa, d, phi0):
    bend, impact = kappa / (1 + kappa * d), d * (1 + kappa * d / 2) / (1 + kappa * d)
    a, b = (bend / GRID.bend_max_per_cm + 1) / 2 * GRID.n_bend, (impact / GRID.impact_max_cm + 1) / 2 * GRID.n_impact
    return GRID.n_impact * math.floor(a) + math.floor(b), math.floor(phi0 / (math.pi / 64)) % 128


@pytest.fixture(scope="module")
def fitted(segments_of):
    """Truth, plain and integer answers (tracks, 3) in floats, of tracks from all over the grid."""
    rng = np.random.default_rng(4)
    truth, plain, fixed = [], [], []
    for _ in range(300):
        kappa, d, phi0 = rng.uniform(0.001, 0.012) * rng.choice([-1, 1]), rng.uniform(-15, 15), rng.uniform(0, 2 * math.pi)
        columns = segments_of((kappa, d, phi0, 0.0, 0.3))
        row, cell = cell_of(kappa, d, phi0)
        (good, track, *_), chosen, _ = fit_of(columns, row, cell)
        assert good
        assert (superlayers().of_segment[columns[0][chosen[chosen >= 0]]] == 2 * np.flatnonzero(chosen >= 0)).all()
        truth.append((kappa / (1 + kappa * d), d * (1 + kappa * d / 2) / (1 + kappa * d), phi0))
        plain.append(plain_fit(columns, row, cell))
        fixed.append((track[0] / 2**18, track[1] / 2**7, track[2] * TURN))
    return np.array(truth), np.array(plain), np.array(fixed)


def off(one, other):
    """Sizes of the differences in bend, impact and azimuth."""
    difference = one - other
    difference[:, 2] = (difference[:, 2] + math.pi) % (2 * math.pi) - math.pi
    return np.abs(difference)


def test_the_integer_fit_equals_the_plain_one(fitted):
    """Quantisation loss, and what rows cost against a step around the track itself: less than the drift chamber resolves."""
    _, plain, fixed = fitted
    bend, impact, phi = off(plain, fixed).T
    assert np.median(impact) < 0.03
    assert np.quantile(impact, 0.9) < 0.15
    assert np.median(bend) < 1.2e-5
    assert np.median(phi) < 1e-3


def test_the_fit_finds_the_track(fitted):
    truth, _, fixed = fitted
    bend, impact, phi = off(truth, fixed).T
    assert np.median(impact) < 0.05
    assert np.quantile(impact, 0.9) < 0.3
    assert np.median(bend) < 2e-5
    assert np.median(phi) < 2e-3


def test_sides_that_nobody_knows_are_found(segments_of):
    """Five superlayers without left/right: the sides that fit together are those of the track, but for a few."""
    rng = np.random.default_rng(6)
    right = total = 0
    for _ in range(100):
        kappa, d, phi0 = rng.uniform(0.001, 0.006) * rng.choice([-1, 1]), rng.uniform(-8, 8), rng.uniform(0, 2 * math.pi)
        ids, priority, lr, time = segments_of((kappa, d, phi0, 0.0, 0.3))
        row, cell = cell_of(kappa, d, phi0)
        known, unknown = (fit_of((ids, priority, sides_, time), row, cell)[0] for sides_ in (lr, np.full_like(lr, 3)))
        right += abs(known[1][1] - unknown[1][1]) <= 13
        total += 1
    assert right > 0.7 * total


def test_azimuth_of_a_wire_by_hand():
    """Segment 40 of superlayer 0 lies at a quarter of a turn; the coarse difference is that of the upper twelve bits."""
    hits = hits_of((np.array([40, 40]), np.array([3, 2]), np.array([1, 1]), np.array([0, 0])))
    assert hits.angle.tolist() == [16384, 16384 + round(65536 / 320)]
    assert hits.kind.tolist() == [0, 1]
    assert coarse_off(16384, 16384 - 1) == 1
    assert coarse_off(16384 + 15, 16384) == 0
    assert coarse_off(5, 65535) == 1
    assert coarse_off(0, 32768) == -2048


def test_nearest_wires_equal_a_sorted_list():
    rng = np.random.default_rng(7)
    for _ in range(200):
        ids = superlayers().offset[:-1][2 * rng.integers(0, 5, 40)] + rng.integers(0, 24, 40)
        hits = hits_of((ids, rng.integers(1, 4, 40), np.ones(40, int), np.zeros(40, int)))
        row, phi = int(rng.integers(0, GRID.n_rows)), int(rng.integers(0, 256)) * 256
        near, off_ = np.zeros((5, 2), np.int64), np.zeros((5, 2), np.int64)
        count = nearest(hits, 0, 40, row, phi, TABLES[0], near, off_)
        for k in range(5):
            found = []
            for i in np.flatnonzero(hits.member == k):
                centre = (phi + int(TABLES[0].azimuth[row, k, hits.kind[i]])) % 65536
                d = (int(hits.angle[i]) // 16 - centre // 16 + 2048) % 4096 - 2048
                if abs(d) <= TABLES[0].road[row, k]:
                    found.append((abs(d), i, d))
            expected = [*sorted(found), (0, -1, 0), (0, -1, 0)][:2]
            assert near[k].tolist() == [i for _, i, _ in expected]
            assert off_[k].tolist() == [d for _, _, d in expected]
        assert count == (near[:, 0] >= 0).sum()


def test_the_first_segment_of_all_can_be_the_second_nearest():
    """Three neighbours of superlayer 0, the cell's centre at the second one that comes: a farther one does not take its place."""
    hits = hits_of((np.array([11, 10, 12]), np.full(3, 3), np.ones(3, int), np.zeros(3, int)))
    row = (GRID.n_bend // 2) * GRID.n_impact + GRID.n_impact // 2
    phi = (int(hits.angle[1]) - int(TABLES[0].azimuth[row, 0, 0])) % 65536
    near, off_ = np.zeros((5, 2), np.int64), np.zeros((5, 2), np.int64)
    nearest(hits, 0, 3, row, phi, TABLES[0], near, off_)
    assert near[0].tolist() == [1, 0]
    assert off_[0].tolist() == [0, (int(hits.angle[0]) >> 4) - (int(hits.angle[1]) >> 4)]


def test_places_are_the_two_nearest():
    """Two wires without sides in superlayer 0, one either way of the predicted azimuth: of four places the inner two count."""
    hits = hits_of((np.array([0, 1]), np.array([3, 3]), np.array([3, 3]), np.array([30, 60])))
    near, off_ = np.full((5, 2), -1), np.zeros((5, 2), np.int64)
    row = row_of(0, 0)
    phi = int(hits.angle[1]) // 2 - int(TABLES[1].azimuth[row, 0, 0])
    near[0], off_[0] = [0, 1], [-13, 13]
    value, choice = np.zeros((5, 2), np.int64), np.zeros((5, 2), np.int64)
    places(hits, near, off_, np.zeros(5, np.int64), row, phi, 0, TABLES[1], value, choice)
    x = [round(TABLES[1].drift[t] * TABLES[1].per_drift[row, 0] / 128) for t in (30, 60)]
    assert sorted(choice[0].tolist()) == [0, 1]
    assert dict(zip(choice[0].tolist(), value[0].tolist(), strict=True)) == {0: -205 + x[0], 1: 205 - x[1]}
    assert choice[1:].tolist() == [[-1, -1]] * 4


@pytest.mark.parametrize("missing", [0, 3, 5])
def test_sides_equal_plain_counting(missing):
    rng = np.random.default_rng(8)
    for _ in range(100):
        value, factors = rng.integers(-300, 300, (5, 2)), rng.integers(-900, 900, (2, 5))
        choice = np.where(rng.random((5, 2)) < 0.7, 1, -1)
        choice[:, 0] = 1
        found = []
        for combination in itertools.product((0, 1), repeat=5):
            code = sum(c << k for k, c in enumerate(combination))
            sums = [
                abs(sum((int(f[k]) * int(value[k, c]) + 256) // 512 for k, c in enumerate(combination) if k != missing))
                for f in factors
            ]
            if all(choice[k, c] > 0 for k, c in enumerate(combination)):
                found.append((min(max(sums) + min(sums) // 2, 4095), code))
        assert sides(value, choice, factors, missing)[::-1] == min(found)


def test_rows_of_the_fit():
    bend, impact = fit_centres()
    for row in (0, 5, 200, 511):
        assert row_of(round(bend[row] * 2**18), round(impact[row] * 2**7)) == row
    assert row_of(-8192, -8192) == 0
    assert row_of(8191, 8191) == 511


def test_rounding():
    assert [rounded(v, 2) for v in (-3, -2, -1, 1, 2, 3, 6)] == [-1, 0, 0, 0, 1, 1, 2]
    assert rounded(5, 0) == 5
    assert rounded(5, -3) == 40


def test_scaled_rows_keep_their_precision():
    real = np.array([[1e-5, -3e-6], [40.0, 0.3], [0.0, 0.0]])
    made = scaled(real)
    assert (np.abs(np.ldexp(made.mantissa.astype(float), -made.shift[:, None]) - real) <= np.abs(real).max(1)[:, None] / 1000).all()
    assert np.abs(made.mantissa).max() <= 1023
    assert made.mantissa.tolist()[2] == [0, 0]
