"""The integer fit and line against plain floats, which know neither tables nor widths."""

import math

import numpy as np
import pytest

from trigger.displaced import DisplacedTrigger
from trigger.displaced.constants import constants, scaled
from trigger.displaced.fit import away, fit, rounded
from trigger.displaced.grid import SeedGrid, crossing_sine, inverse_stretch
from trigger.geometry.cdc import superlayers

GRID = SeedGrid()
TABLE = constants(GRID)
TURN = 2 * math.pi / 16384
TRIGGER = DisplacedTrigger()
RADIUS = superlayers().radius_cm[::2, 0]


def hits_of(columns):
    ids, priority, lr, time = columns
    return TRIGGER._hits(
        {"cdc_offsets": np.array([0, len(ids)]), "cdc_ts_id": ids, "cdc_priority": priority, "cdc_lr": lr, "cdc_time": time}
    )


def drift_cm(time):
    """Distance of a drift time in units, by bisection."""
    low, high = 0.0, 2.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if (middle / 4.4e-3 + 403 * middle**3) < (time + 0.5) * 1000 / 508.887 else (low, middle)
    return low


def plain_fit(columns, row, cell, roads=(4.0, 2.0, 1.5)):
    """The same steps in floats, for one segment per superlayer: (bend, impact, phi0), or None if one is beyond the road."""
    ids, _, lr, time = columns
    axial = superlayers().of_segment[ids] % 2 == 0
    member = superlayers().of_segment[ids][axial] // 2
    radius, n = RADIUS[member], superlayers().n_segments[2 * member]
    wire = (ids[axial] - superlayers().offset[2 * member]) * 2 * math.pi / n
    side, x = np.where(lr[axial] == 2, 1, -1), np.array([drift_cm(t) for t in time[axial]])
    bend, impact, phi = GRID.bend_per_cm[row], GRID.impact_cm[row], (cell + 0.5) * math.pi / 64
    along = radius * np.sqrt(1 - np.clip(crossing_sine(bend, impact, radius), -0.98, 0.98) ** 2)
    design = np.stack([radius**2 / 2, np.ones(len(radius)), along], axis=1)
    stretch = inverse_stretch(bend, impact)
    for road in (None, *roads):
        left = radius * np.sin(wire - phi) - bend * radius**2 / 2 - impact
        if road is not None and (np.abs(left) > road).any():
            return None
        left = left + (0 if road is None else side * x * stretch)
        move = np.linalg.lstsq(design, left, rcond=None)[0]
        bend, impact, phi = bend + move[0], impact + move[1], phi + move[2]
    return bend, impact, phi


def cell_of(kappa, d, phi0):
    bend, impact = kappa / (1 + kappa * d), d * (1 + kappa * d / 2) / (1 + kappa * d)
    return 32 * math.floor((bend / 0.018 + 1) * 16) + math.floor((impact / 32 + 1) * 16), math.floor(phi0 / (math.pi / 64)) % 128


@pytest.fixture(scope="module")
def fitted(segments_of):
    """Truth, plain and integer answers (tracks, 3) in floats, of tracks from all over the grid."""
    rng = np.random.default_rng(4)
    truth, plain, fixed = [], [], []
    roads = TRIGGER._cuts().roads
    while len(truth) < 300:
        kappa, d, phi0 = rng.uniform(0.001, 0.012) * rng.choice([-1, 1]), rng.uniform(-15, 15), rng.uniform(0, 2 * math.pi)
        columns = segments_of((kappa, d, phi0, 0.0, 0.3))
        row, cell = cell_of(kappa, d, phi0)
        witness = plain_fit(columns, row, cell)
        good, track, _, chi2 = fit(
            hits_of(columns), 0, len(columns[0]), row, cell, roads, 0, True, 0, TABLE, np.zeros(5, np.int64), np.zeros(5, np.int64)
        )
        if witness is None:
            continue
        assert good
        assert chi2 < 20, "exact hits leave less than 0.08 cm^2"
        truth.append((kappa / (1 + kappa * d), d * (1 + kappa * d / 2) / (1 + kappa * d), phi0))
        plain.append(witness)
        fixed.append((track[0] / 2**18, track[1] / 2**7, track[2] * TURN))
    return np.array(truth), np.array(plain), np.array(fixed)


def off(one, other):
    """Sizes of the differences in bend, impact and azimuth."""
    difference = one - other
    difference[:, 2] = (difference[:, 2] + math.pi) % (2 * math.pi) - math.pi
    return np.abs(difference)


def test_the_integer_fit_equals_the_plain_one(fitted):
    """Quantisation loss: a tenth of what the drift chamber itself resolves."""
    _, plain, fixed = fitted
    bend, impact, phi = off(plain, fixed).T
    assert np.median(impact) < 0.03
    assert np.quantile(impact, 0.95) < 0.12
    assert np.median(bend) < 1.2e-5
    assert np.median(phi) < 1e-3


def test_the_fit_finds_the_track(fitted):
    truth, _, fixed = fitted
    bend, impact, phi = off(truth, fixed).T
    assert np.median(impact) < 0.05
    assert np.quantile(impact, 0.95) < 0.3
    assert np.median(bend) < 2e-5
    assert np.median(phi) < 2e-3


def test_distance_of_a_wire_by_hand():
    """Segment 0 of superlayer 0 lies at phi = 0, r = 19.8 cm; a track along 30 degrees through the origin passes 9.9 cm away."""
    hits = hits_of((np.array([0]), np.array([3]), np.array([1]), np.array([0])))
    assert away(hits, 0, 0, 0, round(16384 / 12), TABLE) / 128 == pytest.approx(-9.9, abs=0.02)
    assert away(hits, 0, 0, -128, 0, TABLE) == 128
    assert away(hits, 0, 2**18 // 100, 0, 0, TABLE) / 128 == pytest.approx(-(19.8**2) / 200, abs=0.02)


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
