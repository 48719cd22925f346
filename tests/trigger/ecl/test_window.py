"""Choice of the 250 ns window, by hand and against a plain search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigger.ecl import EclTrigger, choose_window

Hit = tuple[int, int, int]
"""tc_id, adc, time."""


def choose(hits: list[Hit], phase: int = 0) -> tuple[list[Hit], int]:
    """Kept hits and window start of one event."""
    columns = [np.array([hit[k] for hit in hits], dtype=np.int16) for k in range(3)]
    offsets, tc_id, adc, time, start = choose_window(np.array([0, len(hits)]), *columns, np.array([phase], dtype=np.int16))
    assert offsets.tolist() == [0, len(tc_id)]
    return list(zip(tc_id.tolist(), adc.tolist(), time.tolist(), strict=True)), int(start[0])


@pytest.mark.parametrize(
    ("time", "phase", "start"),
    [
        # Candidates start at phase - 128, phase, phase + 128; equal sums go to the first.
        (0, 0, -128), (127, 0, -128), (128, 0, 0), (255, 0, 0), (256, 0, 128), (383, 0, 128), (-128, 0, -128),
        (0, -127, -255), (1, -127, -127), (0, -1, -129), (126, -1, -129), (127, -1, -1), (-255, -127, -255), (256, -127, 1),
    ],
)  # fmt: skip
def test_one_hit(time: int, phase: int, start: int) -> None:
    """Half-open windows of 256 ticks."""
    assert choose([(5, 20, time)], phase) == ([(5, 20, time)], start)


@pytest.mark.parametrize(("time", "phase"), [(-129, 0), (384, 0), (-4000, 0), (4000, 0), (257, -127), (-256, -127)])
def test_a_hit_outside_all_candidates(time: int, phase: int) -> None:
    assert choose([(5, 4095, time)], phase) == ([], 0)
    decision = EclTrigger().run([0, 1], [5], [4095], [time], [phase])
    assert all(not array.any() for array in decision.arrays().values())


def test_largest_sum_wins_and_earlier_of_equals() -> None:
    """Early hit at -100 alone in the first window, late hit at 300 alone in the last; the middle one holds neither."""
    early, late = (5, 100, -100), (9, 100, 300)
    assert choose([early, late]) == ([early], -128)
    assert choose([early, (9, 101, 300)]) == ([(9, 101, 300)], 128)
    assert choose([(5, 101, -100), late]) == ([(5, 101, -100)], -128)


def test_middle_window() -> None:
    """Hits at 100 and 200 meet in the window from 0 alone; a third one at -1 joins the hit at 100 in the first candidate."""
    both = [(5, 100, 100), (9, 100, 200)]
    assert choose(both) == (both, 0)
    assert choose([*both, (12, 1, -1)]) == (both, 0)
    assert choose([(5, 100, 100), (9, 100, 200), (12, 101, -1)]) == ([(5, 100, 100), (12, 101, -1)], -128)


def test_a_cell_keeps_its_last_hit_of_the_window() -> None:
    """All hits of a cell count for the choice, the last inside is kept, for sums too."""
    hits = [(5, 60, 130), (5, 50, 200), (9, 80, -60)]
    assert choose(hits) == ([(5, 50, 200)], 0)
    decision = EclTrigger().run([0, 3], [5, 5, 9], [60, 50, 80], [130, 200, -60])
    assert decision.ecl_etotal_adc[0] == 50
    assert decision.ecl_cluster_time[0].tolist() == [200, 0, 0, 0, 0, 0]
    assert choose([(5, 60, 0), (5, 50, 300)]) == ([(5, 60, 0)], -128)


def test_without_phase_it_is_zero() -> None:
    args = (np.array([0, 1]), np.array([5], np.int16), np.array([20], np.int16), np.array([127], np.int16))
    for given_phase, wanted in zip(choose_window(*args), choose_window(*args, np.zeros(1, dtype=np.int16)), strict=True):
        assert np.array_equal(given_phase, wanted)


def test_times_of_the_decision(cell) -> None:
    """Event time: the top cell's; cluster time: the centre's. Both raw, relative to the nominal event time."""
    seed, top, other = cell(8, 5), cell(7, 5), cell(8, 20)
    ids = sorted((seed, top, other))
    adc, time = {seed: 50, top: 100, other: 70}, {seed: -20, top: -3, other: 11}
    decision = EclTrigger().run([0, 3], ids, [adc[tc] for tc in ids], [time[tc] for tc in ids])
    assert decision.ecl_timing[0] == -3
    assert decision.ecl_cluster_tc[0, :2].tolist() == [top, other]
    assert decision.ecl_cluster_time[0].tolist() == [-3, 11, 0, 0, 0, 0]
    assert decision.ecl_word[0, 0] >> 1 & 0x7F == 128 - 3
    equal = EclTrigger().run([0, 2], [seed, other], [70, 70], [9, -9])
    assert equal.ecl_timing[0] == 9


def test_no_times_without_timed_hits(cell) -> None:
    decision = EclTrigger().run([0, 1], [cell(8, 5)], [50])
    assert not decision.ecl_timing.any()
    assert not decision.ecl_cluster_time.any()


def test_no_time_leaks_from_one_event_to_the_next(cell) -> None:
    """A cell with a time in the first event and an untimed neighbourhood in the second."""
    decision = EclTrigger().run([0, 1, 2], [cell(8, 5), cell(8, 9)], [50, 60], [70, 5])
    assert decision.ecl_cluster_time[:, 0].tolist() == [70, 5]


HITS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 200), st.integers(-450, 450)), max_size=25)


@given(HITS, st.integers(-127, 0))
@settings(max_examples=300, deadline=None)
def test_against_a_plain_search(hits: list[Hit], phase: int) -> None:
    hits = sorted(hits, key=lambda hit: (hit[0], hit[2]))
    best: tuple[int, int, list[Hit]] = (0, 0, [])
    for start in (phase - 128, phase, phase + 128):
        inside = [hit for hit in hits if start <= hit[2] < start + 256]
        total = sum(adc for _, adc, _ in inside)
        if total > best[0]:
            best = (total, start, inside)
    last = {tc: (tc, adc, time) for tc, adc, time in best[2]}
    kept, start = choose(hits, phase)
    assert (kept, start) == ([last[tc] for tc in sorted(last)], best[1])
    ids, adc, time = ([hit[k] for hit in hits] for k in range(3))
    timed = EclTrigger().run([0, len(hits)], ids, adc, time, [phase]).arrays()
    plain = EclTrigger().run([0, len(kept)], [hit[0] for hit in kept], [hit[1] for hit in kept]).arrays()
    for name, array in plain.items():
        if name not in ("ecl_timing", "ecl_cluster_time", "ecl_word"):
            assert np.array_equal(array, timed[name]), name
