"""Windows for the fit of the displaced-vertex trigger: what they hold, and what the model finds in them."""

import numpy as np
import pytest

from sim.cosim import displaced_fits
from sim.cosim.displaced_fits import BEATS, COLUMNS, SEED_BEATS
from sim.cosim.stimulus.displaced_fits import windows
from trigger.displaced import DisplacedTrigger
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

TRIGGER = DisplacedTrigger()
GRID = TRIGGER.parameters.grid


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
    assert 0.8 < there.mean() < 0.95
    assert (made.seeds[~there] == -1).all()
    assert made.seeds[..., 0].max() < GRID.n_rows
    assert made.seeds[there][:, 1].min() >= 0
    assert made.seeds[..., 1].max() < GRID.n_phi
    assert (made.beat % BEATS < SEED_BEATS).all()
    assert made.beat.min() >= BEATS


def test_seeds_find_tracks_with_every_superlayer_missing(made, tracks):
    found = tracks[tracks[..., 0] == 1]
    assert len(found) > 0.1 * (made.seeds[..., 0] >= 0).sum()
    first = COLUMNS.index("there_0")
    there = found[:, first : first + 5]
    assert set(there.sum(axis=1)) == {4, 5}
    assert (there == 0).any(axis=0).all()
    assert set(found[:, COLUMNS.index("n_stereo")]) == {3, 4}
    assert not tracks[tracks[..., 0] == 0].any(), "the rest of a track that is not found is 0"


def test_answers_are_told_by_beats_with_seeds(made, tracks):
    fields = displaced_fits.by_beat(tracks, made)
    assert fields["found"].shape == (len(made.beat), 2)
    assert fields["found"].sum() == tracks[..., 0].sum()
    beat = int(np.flatnonzero(fields["found"].any(axis=1))[0])
    window, at = divmod(int(made.beat[beat]) - BEATS, BEATS)
    assert fields["bend"][beat].tolist() == tracks[window, at, :, COLUMNS.index("bend")].tolist()
