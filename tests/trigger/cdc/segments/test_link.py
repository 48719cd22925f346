"""Load of the segment links: by hand, at the edges of quadrants and limits."""

import numpy as np

from trigger.cdc.segments.link import link_clocks, link_load, link_segments
from trigger.cdc.segments.word import N_QUADRANTS, segment_of
from trigger.geometry.cdc import N_SEGMENTS, superlayers


def test_published_limits():
    assert link_segments().tolist() == [20, 10, 20, 10, 20, 10, 20, 10, 20]


def test_segments_count_in_their_quadrant():
    """Superlayer 0 has 40 segments per quadrant, superlayer 8 has 96 and begins at 1952."""
    load = link_load([0, 3, 3, 5], [0, 39, 40, 1952 + 95, 1952 + 383])
    assert load.shape == (3, 9, 4)
    assert load.sum(axis=(1, 2)).tolist() == [3, 0, 2]
    assert load[0, 0].tolist() == [2, 1, 0, 0]
    assert load[2, 8].tolist() == [1, 0, 0, 1]


def test_all_segments_fit_into_a_frame_of_sixteen_data_clocks():
    load = link_load([0, N_SEGMENTS], np.arange(N_SEGMENTS))
    assert (N_QUADRANTS * load[0, :, 0]).tolist() == superlayers().n_segments.tolist()
    assert load[0, :, 0].tolist() == load[0, :, 3].tolist()
    clocks = link_clocks(load)
    assert clocks[0, :, 0].tolist() == [2, 4, 3, 6, 4, 8, 4, 9, 5]
    assert clocks.max() <= 16


def test_one_more_than_a_link_takes_needs_another_data_clock():
    for superlayer, takes in enumerate(link_segments()):
        ids = segment_of(superlayer, 2, np.arange(takes + 1) + (16 if superlayer == 8 else 0))
        for n, clocks in ((0, 0), (1, 1), (takes, 1), (takes + 1, 2)):
            needed = link_clocks(link_load([0, n], ids[:n]))
            assert needed[0, superlayer, 2] == clocks
            assert needed.sum() == clocks
