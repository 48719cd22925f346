"""The clocked segment finder: segments by hand for each rule, a plain second finder, the finder of events, bad hits."""

import numpy as np
import pytest

from trigger.cdc.mask import CdcMask
from trigger.cdc.segments import LeftRightTable, SegmentFinder, SegmentStream, stream_kernels
from trigger.cdc.segments.shapes import segment_wires, shape_of
from trigger.errors import InputError
from trigger.geometry.cdc import N_SEGMENTS, N_WIRES, superlayers

OUTER = 2000
"""A segment of superlayer 8."""
UNDECIDED = LeftRightTable.undecided()
WIRES = segment_wires()[OUTER].tolist()
"""Bits: 0-2 innermost layer, 3 and 4 next, 5 first priority, 6 second right, 7 second left, 8-10 outermost."""


def words(hits, n_clocks, **finder):
    """(clock, priority, lr, time) of the words of segment OUTER; hits: (bit, time)."""
    found = SegmentStream(**finder).run([0, len(hits)], [WIRES[bit] for bit, _ in hits], [time for _, time in hits], [n_clocks])
    at = found.ts_id == OUTER
    columns = (found.clock, found.priority, found.lr, found.time)
    return list(zip(*(column[at].tolist() for column in columns), strict=True))


def test_a_segment_is_sent_once_in_the_clock_of_its_fourth_layer():
    hits = [(0, 5), (3, 40), (5, 41), (9, 100)]
    assert words(hits, 10, table=UNDECIDED) == [(100 // 16, 3, 3, 41)]
    assert words(hits[::-1], 10, table=UNDECIDED) == words(hits, 10, table=UNDECIDED), "the order of the list does not matter"
    assert words(hits[:3], 10, table=UNDECIDED) == []


def test_a_segment_across_two_frames_is_found():
    """Two hits in the last data clock of one frame of 16, two in the first of the next: no frame alone has a segment."""
    hits = [(0, 250), (3, 255), (5, 256), (9, 259)]
    assert words(hits, 32, table=UNDECIDED) == [(16, 3, 3, 256)]
    wires, times = np.array([WIRES[bit] for bit, _ in hits]), np.array([time for _, time in hits])
    for frame in (0, 1):
        kept = times // 256 == frame
        assert len(SegmentFinder(table=UNDECIDED).run([0, 2], wires[kept], times[kept]).cdc_ts_id) == 0


@pytest.mark.parametrize(("time", "sent"), [(16 * 17 - 1, True), (16 * 17, False)])
def test_hits_count_in_their_clock_and_the_16_behind_it(time, sent):
    """The first three layers in data clock 0, the fourth in data clock 16 or 17."""
    assert bool(words([(0, 0), (3, 9), (5, 15), (9, time)], 20, table=UNDECIDED)) is sent


def test_another_earliest_hit_makes_another_word():
    """All five layers, the innermost in clock 0: when that leaves, in clock 17, four are left, and their earliest is another."""
    hits = [(0, 3), (3, 20), (5, 21), (6, 22), (9, 23)]
    assert words(hits, 40, table=UNDECIDED) == [(1, 3, 3, 21), (17, 3, 3, 21)]
    later = [*hits, (0, 40)]
    assert words(later, 40, table=UNDECIDED) == [(1, 3, 3, 21), (17, 3, 3, 21)], "a second hit of a wire counts when the first left"
    assert words([*later, (5, 290)], 40, table=UNDECIDED) == [(1, 3, 3, 21), (17, 3, 3, 21)]
    assert words([*later, (5, 280), (9, 281), (3, 282)], 40, table=UNDECIDED) == [(1, 3, 3, 21), (17, 3, 3, 21), (18, 3, 3, 280)]


def test_the_first_priority_wire_makes_another_word_and_a_second_one_does_not():
    hits = [(0, 3), (3, 4), (6, 20), (9, 23)]
    assert words(hits, 16, table=UNDECIDED) == [(1, 1, 3, 20)]
    assert words([*hits, (7, 40)], 16, table=UNDECIDED) == [(1, 1, 3, 20)]
    assert words([*hits, (5, 40)], 16, table=UNDECIDED) == [(1, 1, 3, 20), (2, 3, 3, 40)]
    assert words([*hits, (5, 24)], 16, table=UNDECIDED) == [(1, 3, 3, 24)], "in the same clock it is one word"


def test_a_side_that_becomes_known_makes_another_word_and_one_that_changes_does_not():
    pattern, more = 1 << 0 | 1 << 3 | 1 << 5 | 1 << 9, 1 << 10
    hits = [(0, 3), (3, 4), (5, 20), (9, 23)]
    for before, after, sent in ((3, 1, True), (3, 3, False), (1, 2, False), (1, 3, False)):
        outer = UNDECIDED.outer.copy()
        outer[2 * pattern], outer[2 * (pattern | more)] = before, after
        found = words([*hits, (10, 50)], 16, table=LeftRightTable(inner=UNDECIDED.inner, outer=outer))
        assert found == [(1, 3, before, 20), *([(3, 3, after, 20)] if sent else [])]


def test_runs_do_not_know_of_each_other_and_clocks_end():
    hits = [(0, 3), (3, 4), (5, 20), (9, 23)]
    wires, times = [WIRES[bit] for bit, _ in hits], [time for _, time in hits]
    found = SegmentStream(table=UNDECIDED).run([0, 2, 4, 8], wires + wires, times + times, [2, 2, 3])
    assert np.diff(found.offsets).tolist() == [0, 0, np.count_nonzero(found.ts_id)]
    assert OUTER in found.ts_id
    assert len(SegmentStream().run([0, 0], [], [], [5]).ts_id) == 0
    assert len(SegmentStream().run([0], [], [], []).ts_id) == 0


def random_hits(rng, n_hits, n_clocks):
    """Wires around a few segments of superlayers 0 and 8, at any time: many come often."""
    near = np.unique(segment_wires()[[0, 1, 159, 1952, 1953, 2335]])
    return rng.choice(near[near >= 0], n_hits), rng.integers(0, 16 * n_clocks, n_hits)


def plain_words(wires, times, n_clocks, table):
    """The rule again, clock by clock from all hits: sets and dictionaries, no kernel."""
    hits = {}
    for wire, time in zip(wires.tolist(), times.tolist(), strict=True):
        hits.setdefault(wire, []).append(time)
    sent = []
    for segment in range(2336):
        superlayer = int(superlayers().of_segment[segment])
        shape, values = shape_of(superlayer), table.inner if superlayer == 0 else table.outer
        mine = [hits.get(wire, []) for wire in segment_wires()[segment, : shape.bits].tolist()]
        last = None
        if sum(map(bool, mine)) < 4:
            continue
        for clock in range(n_clocks):
            seen = [[t for t in times if 16 * clock - 256 <= t < 16 * clock + 16] for times in mine]
            first, right, left = (min(seen[shape.first + k], default=None) for k in range(3))
            if first is not None:
                position, time = 3, first
            elif right is not None and (left is None or left >= right):
                position, time = 1, right
            else:
                position, time = (0, None) if left is None else (2, left)
            value = int(values[2 * sum(bool(s) << bit for bit, s in enumerate(seen)) + (position == 2)])
            if value:
                fastest = min(min(s) for s in seen if s)
                if last is None or (last[0] == 3 != value) or (last[1] != 3 == position) or last[2] != fastest:
                    sent.append((clock, segment, position, value, time))
                    last = (value, position, fastest)
    return sorted(sent)


@pytest.mark.parametrize(("n_hits", "n_clocks"), [(60, 10), (400, 60), (1500, 90)])
def test_a_plain_second_finder_says_the_same(n_hits, n_clocks):
    rng = np.random.default_rng(n_hits)
    table = LeftRightTable.default()
    wires, times = random_hits(rng, n_hits, n_clocks)
    found = SegmentStream(table=table).run([0, n_hits], wires, times, [n_clocks])
    columns = (found.clock, found.ts_id, found.priority, found.lr, found.time)
    wanted = plain_words(wires, times, n_clocks, table)
    assert len(wanted) > 5
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == wanted


def test_hits_of_17_clocks_give_the_places_of_the_finder_of_events():
    """Nothing leaves the window: what fires is the same, and where the first-priority wire was hit a word says so."""
    wires, times = random_hits(np.random.default_rng(8), 150, 17)
    found = SegmentStream().run([0, 150], wires, times, [17])
    event = SegmentFinder().run([0, 150], wires, times)
    assert np.unique(found.ts_id).tolist() == event.cdc_ts_id.tolist()
    assert len(event.cdc_ts_id) > 5
    last = {segment: k for k, segment in enumerate(found.ts_id.tolist())}
    first = [found.priority[last[segment]] == 3 for segment in event.cdc_ts_id.tolist()]
    assert first == (event.cdc_priority == 3).tolist()


def test_nothing_outside_the_arrays_is_read_or_written(monkeypatch):
    """Compiled code would go on behind the last hit of a run and behind the last place; plain Python raises IndexError.

    First all wires of the chamber in one data clock, then one segment, then nothing for longer than the window.
    """
    hits = [(0, 3), (3, 4), (5, 20), (9, 23)]
    wires, times = [WIRES[bit] for bit, _ in hits], [time for _, time in hits]
    runs = [0, N_WIRES, N_WIRES + 4, N_WIRES + 4], [*range(N_WIRES), *wires], [5] * N_WIRES + times, [1, 30, 2]
    compiled = SegmentStream(table=UNDECIDED).run(*runs)
    for name in ("find_words", "touch"):
        monkeypatch.setattr(stream_kernels, name, getattr(stream_kernels, name).py_func)
    plain = SegmentStream(table=UNDECIDED).run(*runs)
    assert plain.offsets.tolist() == [0, N_SEGMENTS, N_SEGMENTS + 1, N_SEGMENTS + 1]
    assert plain.ts_id.tolist() == [*range(N_SEGMENTS), OUTER]
    for name, column in vars(plain).items():
        np.testing.assert_array_equal(column, getattr(compiled, name), err_msg=name)


def test_dead_wires_and_segments_are_left_out():
    hits = [(0, 3), (3, 4), (5, 20), (9, 23)]
    dead_wires, dead_segments = np.zeros(14336, bool), np.zeros(2336, bool)
    dead_wires[WIRES[3]] = dead_segments[OUTER] = True
    assert words(hits, 30, table=UNDECIDED, mask=CdcMask(dead_wires=dead_wires)) == []
    assert words(hits, 30, table=UNDECIDED, mask=CdcMask(dead_segments=dead_segments)) == []


def test_dead_segments_change_no_other_word():
    """What is left out is exactly theirs; the last segment of the chamber is among the others."""
    wires, times = random_hits(np.random.default_rng(11), 800, 60)
    dead = np.zeros(2336, bool)
    dead[[0, 1, 1952]] = True
    every = SegmentStream().run([0, 800], wires, times, [60])
    found = SegmentStream(mask=CdcMask(dead_segments=dead)).run([0, 800], wires, times, [60])
    alive = ~dead[every.ts_id]
    assert {0, 1, 1952, 1953, 2335} <= set(every.ts_id.tolist())
    assert found.offsets.tolist() == [0, alive.sum()]
    for name in ("clock", "ts_id", "priority", "lr", "time"):
        np.testing.assert_array_equal(getattr(found, name), getattr(every, name)[alive], err_msg=name)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([0, 1], [0], [16], [1]), "field wire_time, run 0: must lie in the data clocks of its run, not 16"),
        (([0, 0, 1], [0], [-1], [1, 1]), "field wire_time, run 1: must lie in the data clocks of its run, not -1"),
        (([0, 1], [0], [0], [-1]), "field n_clocks, run 0: must not be negative, not -1"),
        (([0, 1], [0], [0], [1, 2]), r"field n_clocks must be integers \(1,\), not int64 \(2,\)"),
        (([0, 1], [0], [0.5], [1]), r"field wire_time must be integers \(1,\), not float64 \(1,\)"),
        (([0, 1], [14336], [0], [1]), "wire_id"),
    ],
)
def test_bad_streams(arguments, reason):
    with pytest.raises(InputError, match=reason):
        SegmentStream().run(*arguments)
