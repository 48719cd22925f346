"""Per-event numbers of jagged groups, hand-worked and against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.offline import jagged

OFFSETS = np.array([0, 3, 3, 4, 6])
MARKED = np.array([False, True, True, False, True, True])


def test_hand_worked_groups():
    assert jagged.event_index(OFFSETS).tolist() == [0, 0, 0, 2, 3, 3]
    assert jagged.count(OFFSETS, MARKED).tolist() == [2, 0, 0, 2]
    assert jagged.first(OFFSETS, MARKED).tolist() == [1, -1, -1, 4]
    assert jagged.select(OFFSETS, MARKED).tolist() == [0, 2, 2, 2, 4]
    assert jagged.total(OFFSETS, np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])).tolist() == [7.0, 0.0, 8.0, 48.0]


def test_no_entries_and_no_events():
    empty = np.zeros(3, np.int64)
    assert jagged.count(empty, np.zeros(0, bool)).tolist() == [0, 0]
    assert jagged.first(empty, np.zeros(0, bool)).tolist() == [-1, -1]
    assert jagged.count(np.zeros(1, np.int64), np.zeros(0, bool)).size == 0


@given(st.lists(st.lists(st.booleans(), max_size=4), max_size=6))
def test_equals_a_loop(events):
    offsets = np.concatenate([[0], np.cumsum([len(e) for e in events])]).astype(np.int64)
    marked = np.array([m for e in events for m in e], dtype=bool)
    assert jagged.count(offsets, marked).tolist() == [sum(e) for e in events]
    expected = [start + e.index(True) if any(e) else -1 for start, e in zip(offsets[:-1].tolist(), events, strict=True)]
    assert jagged.first(offsets, marked).tolist() == expected
