"""Both peers of the benchmark find what the trigger finds, cluster for cluster."""

import numpy as np
import pytest

from sim.studies.peers import array_clusters, python_clusters
from sim.studies.streaming import random_events
from trigger.ecl import EclTrigger


@pytest.mark.parametrize("hits", [1, 5, 20, 60, 300, 576])
@pytest.mark.parametrize("peer", [python_clusters, array_clusters])
def test_peer_equals_the_model(peer, hits):
    offsets, tc_id, adc = random_events(60, hits, np.random.default_rng(hits))
    decision = EclTrigger().run(offsets, tc_id, adc)
    centre, energy = peer(offsets, tc_id, adc)
    assert np.array_equal(centre, decision.ecl_cluster_tc)
    assert np.array_equal(energy, decision.ecl_cluster_adc)


def test_chunks_and_empty_events_do_not_matter():
    offsets, tc_id, adc = random_events(50, 7, np.random.default_rng(2))
    offsets = np.concatenate([offsets[:11], [offsets[10]], offsets[11:]])
    whole, pieces = array_clusters(offsets, tc_id, adc), array_clusters(offsets, tc_id, adc, chunk=9)
    for a, b, c in zip(whole, pieces, python_clusters(offsets, tc_id, adc), strict=True):
        assert np.array_equal(a, b)
        assert np.array_equal(a, c)


@pytest.mark.parametrize("hits", [1, 5, 60, 576])
def test_random_events_have_different_ascending_cells(hits):
    offsets, tc_id, adc = random_events(200, hits, np.random.default_rng(3))
    cells = tc_id.reshape(200, hits)
    assert np.all(np.diff(cells, axis=1) > 0)
    assert cells.min() >= 1
    assert cells.max() <= 576
    assert (adc.min(), adc.max()) >= (20, 20)
    assert offsets[-1] == tc_id.size


def test_random_cells_are_equally_likely():
    _, tc_id, _ = random_events(20_000, 5, np.random.default_rng(4))
    counts = np.bincount(tc_id, minlength=577)[1:]
    expected = 20_000 * 5 / 576
    assert np.sum((counts - expected) ** 2 / expected) < 575 + 5 * np.sqrt(2 * 575)
