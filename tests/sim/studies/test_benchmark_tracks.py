"""The benchmark of the track trigger runs, compares the same networks, and measures what it says."""

import numpy as np
import pytest

from sim.studies.benchmark_tracks import (
    BACKGROUND_SEGMENTS,
    QUICK_TRACKS,
    _classic,
    _float_classic,
    _float_codesign,
    as_table,
    crowded_events,
    run_benchmark,
)
from trigger.cdc import HoughFinder
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.geometry.cdc import N_SEGMENTS
from trigger.networks import load_network


@pytest.fixture(scope="module")
def result():
    return run_benchmark(QUICK_TRACKS, repeats=2)


def test_rates_are_ordered_and_ratios_are_those_of_the_turns(result):
    rows = {row["name"]: row for row in result["rows"]}
    assert len(rows) == len(result["rows"]) == 10
    for row in rows.values():
        assert 0 < row["min"] <= row["median"] <= row["max"]
        assert row["repeats"] == 2
    for name in ("codesign", "classic"):
        ours, peer = rows[f"{name}, integers"], rows[f"{name}, Keras float"]
        assert peer["ratio_aim"] == 10
        assert ours["min"] / peer["max"] <= peer["integer_over_this_low"] <= peer["integer_over_this"]
        assert peer["integer_over_this"] <= peer["integer_over_this_high"] <= ours["max"] / peer["min"]
    assert rows["2D finder"]["aim"] == 2e4
    assert len(as_table(result).rows) == 10


def test_peers_are_the_same_networks():
    """Float and integer answers differ by roundings alone."""
    rng = np.random.default_rng(1)
    x_raw = rng.integers(-NODE_ONE, NODE_ONE + 1, (2000, 27))
    x = (x_raw / NODE_ONE).astype(np.float32)
    classic = _classic(rng)
    floating = _float_classic(classic).predict(x, verbose=0)
    assert np.abs(classic.run(x_raw) - floating * NODE_ONE).max() < 60
    # The codesign network rounds its nodes to a few bits and cuts its inputs at a half and below: compare well inside.
    codesign = load_network("codesign").codesign
    inside = x_raw // 8
    floating = _float_codesign(codesign).predict((inside / NODE_ONE).astype(np.float32), verbose=0)
    ours = codesign.run(inside)
    for k in range(3):
        assert np.corrcoef(ours[:, k], floating[:, k])[0, 1] > 0.98
        assert np.std(ours[:, k] / NODE_ONE) == pytest.approx(np.std(floating[:, k]), rel=0.1)


def test_crowded_events_have_tracks_and_background():
    n = 200
    offsets, ids, priority, lr, time = crowded_events(n, np.random.default_rng(1))
    assert len(ids) == len(priority) == len(lr) == len(time) == offsets[-1]
    event = np.repeat(np.arange(n), np.diff(offsets))
    assert len(np.unique(event * N_SEGMENTS + ids)) == len(ids)
    assert np.diff(offsets).min() > BACKGROUND_SEGMENTS
    tracks = HoughFinder().run(offsets, ids, priority)
    assert 1.9 < len(tracks.track_phi_raw) / n < 2.5
