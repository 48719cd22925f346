"""Windows for the fit of the displaced-vertex trigger: what they hold, and what the model finds in them."""

import numpy as np
import pytest

from sim.cosim import displaced_fits
from sim.cosim.displaced_fits import BEATS, COLUMNS, SEED_BEATS
from sim.cosim.stimulus.displaced_fits import windows
from trigger.displaced import DisplacedTrigger
from trigger.displaced.fit import HALF_TURN
from trigger.displaced.fit_tables import seed_tables
from trigger.displaced.formats import COARSE_SHIFT
from trigger.displaced.stereo import DEPTH_MAX, SLOPE_HIGH, SLOPE_LOW
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

TRIGGER = DisplacedTrigger()
GRID = TRIGGER.parameters.grid
NAMES = ("offsets", "ts_id", "priority", "lr", "time")


@pytest.fixture(scope="module")
def made():
    return windows(np.random.default_rng(1), 150, GRID, 2)


@pytest.fixture(scope="module")
def tracks(made):
    return displaced_fits.expected(TRIGGER, made)


def test_windows_are_what_lanes_can_take(made):
    window = np.repeat(np.arange(150), np.diff(made.offsets))
    key = window * N_SUPERLAYERS + superlayers().of_segment[made.ts_id]
    count = np.bincount(key, minlength=150 * N_SUPERLAYERS)
    assert count.max() == BEATS, "some superlayers are full"
    assert (count == 0).any(), "some are empty"
    place = made.positions()
    for one in np.unique(key)[:50]:
        assert place[key == one].tolist() == list(range(count[one]))
    assert set(made.lr) == {0, 1, 2, 3}
    assert set(made.priority) == {1, 2, 3}
    twice = np.unique(np.stack([window, made.ts_id]), axis=1, return_counts=True)[1]
    assert (twice > 1).any(), "equal azimuths: ties"


def test_seeds_have_rows_and_cells_of_the_grid(made):
    assert made.seeds.shape == (150, SEED_BEATS, 2, 2)
    there = made.seeds[..., 0] >= 0
    assert 0.9 < there.mean() < 0.99
    assert (made.seeds[~there] == -1).all()
    assert made.seeds[..., 0].max() < GRID.n_rows
    assert made.seeds[there][:, 1].min() >= 0
    assert made.seeds[..., 1].max() < GRID.n_phi
    assert (made.beat % BEATS < SEED_BEATS).all()
    assert made.beat.min() >= BEATS


def test_seeds_find_tracks_with_every_superlayer_missing(made, tracks):
    found = tracks[tracks[..., 0] == 1]
    assert len(found) > 0.35 * (made.seeds[..., 0] >= 0).sum()
    first = COLUMNS.index("there_0")
    there = found[:, first : first + 5]
    assert set(there.sum(axis=1)) == {4, 5}
    assert (there == 0).any(axis=0).all()
    assert set(found[:, COLUMNS.index("n_stereo")]) == {3, 4}
    assert not tracks[tracks[..., 0] == 0].any(), "the rest of a track that is not found is 0"


def test_what_is_cut_lies_on_both_sides_of_each_limit(tracks):
    """Slope and start of lines at their limits; chi2 up to its cut; event times over their whole range."""
    column = {name: tracks[tracks[..., 0] == 1][:, k] for k, name in enumerate(COLUMNS)}
    assert (column["slope"].min(), column["slope"].max()) == (SLOPE_LOW, SLOPE_HIGH)
    assert (column["z0"].min(), column["z0"].max()) == (-DEPTH_MAX, DEPTH_MAX)
    assert 0.99 * TRIGGER.cuts.chi2 < column["chi2"].max() <= TRIGGER.cuts.chi2
    assert column["t0"].min() == -(1 << 15) - TRIGGER.parameters.fastest_ahead
    assert column["t0"].max() > 0.95 * (1 << 15)


def test_segments_at_every_place_of_a_superlayer_are_chosen(tracks):
    for k in range(5):
        there = tracks[..., COLUMNS.index(f"there_{k}")] == 1
        assert set(tracks[there][:, COLUMNS.index(f"position_{k}")]) == set(range(BEATS))


def test_wires_lie_at_the_edge_of_their_road(made):
    """One step of COARSE inside, outside, and on it, left and right of the cell, in each axial superlayer."""
    table, hits = seed_tables(GRID), TRIGGER._hits({f"cdc_{name}": getattr(made, name) for name in NAMES})
    seen = np.zeros((5, 2, 3), int)
    for window, beat, lane in np.argwhere(made.seeds[..., 0] >= 0):
        own = slice(made.offsets[window], made.offsets[window + 1])
        (row, cell), k = made.seeds[window, beat, lane], hits.member[own]
        azimuth = (2 * cell + 1) * (HALF_TURN // GRID.n_phi) + table.azimuth[row, k, hits.kind[own]]
        off = ((hits.angle[own] >> COARSE_SHIFT) - (azimuth % (2 * HALF_TURN) >> COARSE_SHIFT) + 2048) % 4096 - 2048
        past = np.abs(off) - table.road[row, k]
        chosen = (k >= 0) & (np.abs(past) <= 1)
        np.add.at(seen, (k[chosen], (off[chosen] < 0).astype(int), past[chosen] + 1), 1)
    assert seen[..., 1:].min() > 30, "on it, one outside"
    assert seen[..., 0].min() > 5


def test_windows_come_again_with_less():
    """A superlayer of a window that repeats the one before in its bank begins as that one, and is shorter or empty in some."""
    windows_ = windows(np.random.default_rng(2), 40, GRID, 1)
    lines, seen = superlayers(), []
    for window in range(2, 40):
        if not np.array_equal(windows_.seeds[window], windows_.seeds[window - 2]):
            continue
        now, before = (windows_.ts_id[windows_.offsets[w] : windows_.offsets[w + 1]] for w in (window, window - 2))
        for superlayer in range(N_SUPERLAYERS):
            one, other = (ids[lines.of_segment[ids] == superlayer].tolist() for ids in (now, before))
            assert one == other[: len(one)] or not other
            seen.append(len(other) - len(one))
    assert 0 < np.count_nonzero(seen) < 0.4 * len(seen)


def test_answers_are_told_by_beats_with_seeds(made, tracks):
    fields = displaced_fits.by_beat(tracks, made)
    assert fields["found"].shape == (len(made.beat), 2)
    assert fields["found"].sum() == tracks[..., 0].sum()
    beat = int(np.flatnonzero(fields["found"].any(axis=1))[0])
    window, at = divmod(int(made.beat[beat]) - BEATS, BEATS)
    assert fields["bend"][beat].tolist() == tracks[window, at, :, COLUMNS.index("bend")].tolist()
