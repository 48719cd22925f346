"""The track-segment finder: a hand-worked segment for each rule, a plain second finder on random hits, bad hits."""

import numpy as np
import pytest

from trigger.cdc import HoughFinder
from trigger.cdc.mask import CdcMask
from trigger.cdc.segments import LeftRightTable, SegmentFinder
from trigger.cdc.segments.shapes import HOURGLASS, PYRAMID, segment_wires, shape_of
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers

INNER, OUTER = 7, 2000
"""A segment of superlayer 0 and one of superlayer 8."""


def hits_of(segment, **times):
    """(wire, time) of a segment: keys name the priority wires, first, right and left, or layer and wire as wm1_0 for (-1, 0)."""
    shape = shape_of(int(superlayers().of_segment[segment]))
    places = {"first": shape.first, "right": shape.first + 1, "left": shape.first + 2}
    hits = []
    for key, time in times.items():
        if key in places:
            bit = places[key]
        else:
            layer, wire = (int(part.replace("m", "-")) for part in key.removeprefix("w").split("_"))
            bit = shape.wires.index((layer, wire))
        hits.append((int(segment_wires()[segment, bit]), time))
    return hits


def run(events, **finder):
    offsets = np.cumsum([0, *(len(e) for e in events)])
    hits = np.array([hit for e in events for hit in e], dtype=np.int64).reshape(-1, 2)
    return SegmentFinder(**finder).run(offsets, hits[:, 0], hits[:, 1])


def only(found, segment):
    """(priority, lr, time, found time, fastest time) of the one event's segment, None if it was not found."""
    at = np.flatnonzero(found.cdc_ts_id == segment)
    names = ("cdc_priority", "cdc_lr", "cdc_time", "found_time", "fastest_time")
    return tuple(int(getattr(found, name)[at[0]]) for name in names) if len(at) else None


UNDECIDED = LeftRightTable.undecided()


def test_four_layers_make_a_segment_three_do_not():
    three = hits_of(INNER, first=10, w1_0=12, w2_1=13)
    four = [*three, *hits_of(INNER, w0_0=11)]
    assert only(run([three]), INNER) is None
    assert only(run([four], table=UNDECIDED), INNER) == (3, 3, 10, 13, 10)
    more = [*three, *hits_of(INNER, w1_m1=1, w1_1=1, w2_0=1, w2_2=1, w2_m1=1)]
    assert only(run([more]), INNER) is None


def test_first_priority_wins_even_if_later():
    found = run([hits_of(OUTER, first=50, right=20, left=30, w2_0=5, **{"wm1_0": 7})], table=UNDECIDED)
    assert only(found, OUTER) == (3, 3, 50, 50, 5)


@pytest.mark.parametrize(
    ("right", "left", "priority", "time"), [(20, 30, 1, 20), (30, 20, 2, 20), (25, 25, 1, 25), (20, None, 1, 20), (None, 30, 2, 30)]
)
def test_second_priority_wires(right, left, priority, time):
    """Without the centre wire: the earlier of the two, the right one on a tie, or the only one."""
    seconds = {name: t for name, t in (("right", right), ("left", left)) if t is not None}
    found = run([hits_of(OUTER, w2_0=5, wm1_0=7, wm2_0=9, **seconds)], table=UNDECIDED)
    assert only(found, OUTER)[:3] == (priority, 3, time)


def test_found_time_is_the_fourth_layer():
    # Earliest per layer: 40, 10, 30, 20, 50. The fourth is 40, the fastest 10.
    found = run([hits_of(OUTER, wm2_m1=45, wm2_1=40, wm1_0=10, first=30, right=20, left=25, w2_0=50)], table=UNDECIDED)
    assert only(found, OUTER) == (3, 3, 30, 40, 10)


def test_a_wire_counts_with_its_earliest_hit():
    base = hits_of(OUTER, w2_0=5, wm1_0=7, right=20)
    found = run([[*hits_of(OUTER, first=60), *base, *hits_of(OUTER, first=-3), *hits_of(OUTER, first=9)]], table=UNDECIDED)
    assert only(found, OUTER) == (3, 3, -3, 20, -3)


def test_left_right_is_the_table_at_the_address():
    """Address: twice the pattern, plus 1 for the second left; patterns by hand from the order of the bits."""
    outer = UNDECIDED.outer.copy()
    both = hits_of(OUTER, wm2_0=1, wm1_0=1, w2_0=1)
    pattern = 1 << 1 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 9
    outer[2 * pattern], outer[2 * pattern + 1] = 1, 2
    table = LeftRightTable(inner=UNDECIDED.inner, outer=outer)
    assert only(run([[*both, *hits_of(OUTER, right=3, left=4)]], table=table), OUTER)[:2] == (1, 1)
    found = run([[*both, *hits_of(OUTER, right=4, left=3)]], table=table)
    assert only(found, OUTER)[:2] == (2, 2)
    assert found.pattern[found.cdc_ts_id == OUTER].tolist() == [pattern]


def test_segments_wrap_around():
    """Segment 0 of superlayer 8 uses the last wires of its layers."""
    found = run([[(12032 + 383, 4), (12416 + 383, 3), (12800, 2), (13184 + 383, 1)]], table=UNDECIDED)
    assert only(found, 1952) == (3, 3, 2, 4, 1)


def test_events_do_not_mix():
    one = hits_of(INNER, first=10, w1_0=12, w2_1=13, w0_0=11)
    found = run([one[:2], [], one[2:], one, []], table=UNDECIDED)
    assert found.cdc_offsets.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.cdc_ts_id.tolist() == [INNER]


def test_dead_wires_and_segments():
    hits = hits_of(INNER, first=10, right=8, w1_0=12, w2_1=13, w0_0=11)
    first = np.zeros(14336, bool)
    first[segment_wires()[INNER, 0]] = True
    assert only(run([hits], table=UNDECIDED, mask=CdcMask(dead_wires=first)), INNER) == (1, 3, 8, 13, 8)
    dead = np.zeros(2336, bool)
    dead[INNER] = True
    found = run([hits], table=UNDECIDED, mask=CdcMask(dead_segments=dead))
    assert only(found, INNER) is None
    assert (found.cdc_ts_id != INNER).all()


def plain_find(hits, table):
    """Segments of one event, looked at one by one; nothing is shared with the finder but the list of wires."""
    first_hit: dict[int, int] = {}
    for wire, time in hits:
        first_hit[wire] = min(time, first_hit.get(wire, time))
    found = []
    for segment in range(2336):
        inner = segment < 160
        shape = PYRAMID if inner else HOURGLASS
        at = {}
        for bit, wire in enumerate(segment_wires()[segment]):
            if int(wire) in first_hit:
                at[bit] = first_hit[int(wire)]
        by_layer: dict[int, list[int]] = {}
        for bit, time in at.items():
            by_layer.setdefault(shape.layer_of_bit[bit], []).append(time)
        if len(by_layer) < 4:
            continue
        first, right, left = (at.get((0 if inner else 5) + k) for k in range(3))
        if first is not None:
            priority, time = 3, first
        elif left is None or (right is not None and right <= left):
            priority, time = 1, right
        else:
            priority, time = 2, left
        address = 2 * sum(1 << bit for bit in at) + (priority == 2)
        value = int((table.inner if inner else table.outer)[address])
        layers = sorted(min(times) for times in by_layer.values())
        found.append((segment, priority, value, time, layers[3], layers[0]))
    return found


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_random_hits_against_a_plain_finder(share):
    rng = np.random.default_rng(int(100 * share))
    table, events = LeftRightTable.default(), []
    for _ in range(12):
        wires = np.flatnonzero(rng.random(14336) < share)
        wires = rng.permutation(np.concatenate([wires, wires[::5]]))
        events.append(list(zip(wires.tolist(), rng.integers(-40, 40, len(wires)).tolist(), strict=True)))
    found = run(events)
    columns = (found.cdc_ts_id, found.cdc_priority, found.cdc_lr, found.cdc_time, found.found_time, found.fastest_time)
    rows = list(zip(*(c.tolist() for c in columns), strict=True))
    total = 0
    for event, hits in enumerate(events):
        expected = plain_find(hits, table)
        assert rows[found.cdc_offsets[event] : found.cdc_offsets[event + 1]] == expected
        total += len(expected)
    assert total > {0.1: 50, 0.3: 5000, 0.6: 20000}[share]


def test_answers_go_through_the_next_block():
    """Ids ascend and the 2D finder takes them: five segments at phi = 0 and a straight track."""
    starts = superlayers().offset[:9:2].tolist()
    found = run([[hit for s, segment in enumerate(starts) for hit in hits_of(segment, **_all(s))]])
    assert (np.diff(found.cdc_ts_id) > 0).all()
    tracks = HoughFinder().run(found.cdc_offsets, found.cdc_ts_id, found.cdc_priority)
    assert len(tracks.track_phi_raw) >= 1
    assert tracks.track_ts[0, ::2].tolist() == [0, 320, 736, 1280, 1952]


def _all(superlayer):
    straight = {"first": 1, "right": 2, "w2_0": 4}
    return straight | ({"w0_0": 3, "w1_0": 3} if superlayer == 0 else {"wm1_0": 3, "wm2_0": 3})


def test_no_hits():
    found = SegmentFinder().run([0, 0, 0], [], [])
    assert found.cdc_offsets.tolist() == [0, 0, 0]
    assert found.arrays()["cdc_ts_id"].dtype == np.int16


@pytest.mark.parametrize(
    ("wires", "times", "message"),
    [
        ([0, 14336], [0, 0], "wire_id, event 1: must be 0..14335, not 14336"),
        ([-1, 0], [0, 0], "wire_id, event 0: must be 0..14335, not -1"),
        ([0, 1], [0, 40000], "wire_time, event 1: must be -32768..32767, not 40000"),
        ([0, 1], [0, 32767], "wire_time, event 1: must be below 32767"),
        ([0, 1], [0.5, 0], "wire_time: must hold integers"),
        ([0], [0, 1], "wire_id, event 1: has 1 entries"),
    ],
)
def test_bad_hits_are_refused(wires, times, message):
    with pytest.raises(InputError, match=message):
        SegmentFinder().run([0, 1, 2], wires, times)
