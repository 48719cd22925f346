"""Windows from a stream of halves: what lies in them, in which order, and what is lost."""

from itertools import pairwise

import numpy as np
import pytest

from sim.cosim.stimulus.displaced_halves import random_halves
from trigger.displaced import DisplacedTrigger
from trigger.displaced.collector import HALF_CYCLES, HALF_TICKS, collect
from trigger.errors import InputError
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers


def test_by_hand():
    """Superlayer 0: half 0 brings 5 and 6 in cycles 3 and 4; half 1 brings 7 in cycle 0, half 2 nothing."""
    windows = collect([0, 2, 3, 3], [5, 6, 7], [3, 3, 1], [0, 1, 2], [10, 20, 30], [3, 4, 0])
    assert windows.cdc_offsets.tolist() == [0, 2, 5, 6]
    assert windows.cdc_ts_id.tolist() == [5, 6, 7, 5, 6, 7]
    assert windows.cycle.tolist() == [3, 4, 0, 1, 2, 0]
    assert windows.cdc_time.tolist() == [10 + HALF_TICKS, 20 + HALF_TICKS, 30 + HALF_TICKS, 10, 20, 30]
    assert windows.cdc_lr.tolist() == [0, 1, 2, 0, 1, 2]
    assert windows.lost.tolist() == [False, False, False]


def test_every_segment_is_in_two_windows_unless_there_is_no_cycle_for_it():
    rng = np.random.default_rng(3)
    offsets, segments, cycle = random_halves(rng, [0.1, 0.4, 0.8, 0.9, 0.0, 0.3, 1.0, 1.0, 0.2])
    windows = collect(offsets, *segments.values(), cycle)
    lane = superlayers().of_segment
    for n, ((a, b), (first, last)) in enumerate(zip(pairwise(offsets), pairwise(windows.cdc_offsets), strict=True)):
        before = slice(offsets[n - 1], a) if n else slice(0, 0)
        now = np.bincount(lane[segments["cdc_ts_id"][a:b]], minlength=N_SUPERLAYERS)
        old = np.bincount(lane[segments["cdc_ts_id"][before]], minlength=N_SUPERLAYERS)
        got = np.bincount(lane[windows.cdc_ts_id[first:last]], minlength=N_SUPERLAYERS)
        assert np.array_equal(got, np.minimum(now + old, HALF_CYCLES))
        assert windows.lost[n] == (now + old > HALF_CYCLES).any()
        whole = np.concatenate([segments["cdc_ts_id"][before], segments["cdc_ts_id"][a:b]])
        if not windows.lost[n]:
            assert np.array_equal(np.sort(windows.cdc_ts_id[first:last]), np.sort(whole))


def test_the_trigger_takes_the_windows_as_they_are():
    offsets, segments, cycle = random_halves(np.random.default_rng(5), [0.2, 0.3, 1.0])
    windows = collect(offsets, *segments.values(), cycle)
    fields = (windows.cdc_offsets, *(getattr(windows, name) for name in segments))
    assert len(DisplacedTrigger().run(*fields).displaced_overflow) == 3


@pytest.mark.parametrize(
    ("cycle", "reason"),
    [
        ([0, HALF_CYCLES], "cycle of half 1 must be 0 to 31, not 32"),
        ([0], "cycle must be 2 integers"),
        ([0.5, 1.0], "cycle must be 2 integers"),
    ],
)
def test_bad_cycles(cycle, reason):
    with pytest.raises(InputError, match=reason):
        collect([0, 1, 2], [5, 6], [3, 3], [0, 0], [1, 2], cycle)


def test_two_segments_in_one_cycle():
    with pytest.raises(InputError, match="half 0 has two segments of superlayer 0 in cycle 9"):
        collect([0, 2], [5, 6], [3, 3], [0, 0], [1, 2], [9, 9])


def test_times_that_no_event_file_holds():
    with pytest.raises(InputError, match="times from the start of a window must be"):
        collect([0, 1], [5], [3], [0], [32767], [0])
