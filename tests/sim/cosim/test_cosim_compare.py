"""The comparison: equal sides pass; one edited, dropped, extra or late event each is caught."""

import numpy as np
import pytest

from sim.cosim import ecl
from sim.cosim.compare import Comparison, compare, merge, physical
from sim.cosim.exchange import assign
from trigger.ecl.layout import DECISION_FIELDS

LATENCY = 27
N = 40


@pytest.fixture
def model():
    rng = np.random.default_rng(3)
    return {f.name: rng.integers(0, 1 << min(f.width, 31), f.shape(N)).astype(f.dtype) for f in DECISION_FIELDS}


def answers(model, marks, cycles, rows) -> ecl.Answers:
    event, latency = assign(np.array(marks), np.array(cycles), LATENCY)
    arrays = {name: array[rows].copy() for name, array in model.items()}
    return ecl.Answers(arrays=arrays, event=event, latency=latency, n_events=len(marks))


def perfect(model) -> ecl.Answers:
    marks = 16 * np.arange(N) + 100
    return answers(model, marks, marks + LATENCY, np.arange(N))


def test_equal_sides_pass(model):
    outcome = compare(model, perfect(model))
    assert outcome.is_equal(LATENCY)
    assert outcome == Comparison(n_events=N, mismatched=(), missing=(), n_extra=0, latencies={LATENCY: N}, differences=())


@pytest.mark.parametrize("field", DECISION_FIELDS, ids=lambda field: field.name)
def test_one_edited_value_of_any_field_is_caught(model, field):
    result = perfect(model)
    flat = result.arrays[field.name].reshape(N, -1)
    flat[17, -1] ^= 1
    outcome = compare(model, result)
    assert outcome.mismatched == (17,)
    assert not outcome.is_equal(LATENCY)
    (row,) = outcome.differences
    assert (row.event, row.field, row.element) == (17, field.name, field.length - 1)
    assert row.rtl_raw == row.model_raw ^ 1
    assert row.model != row.rtl or field.name == "ecl_cluster_tc"


def test_a_dropped_event_is_missing_and_the_others_are_equal(model):
    marks = 16 * np.arange(N) + 100
    kept = np.delete(np.arange(N), 11)
    outcome = compare(model, answers(model, marks, (marks + LATENCY)[kept], kept))
    assert (outcome.missing, outcome.mismatched, outcome.n_extra) == ((11,), (), 0)
    assert not outcome.is_equal(LATENCY)


def test_no_answer_at_all_is_missing(model):
    marks = 16 * np.arange(N) + 100
    outcome = compare(model, answers(model, marks, np.zeros(0, np.int64), np.zeros(0, np.int64)))
    assert outcome.missing == tuple(range(N))


def test_an_answer_without_an_event_is_extra(model):
    marks = 16 * np.arange(N) + 100
    cycles = np.sort(np.append(marks + LATENCY, marks[20] + LATENCY + 5))
    rows = np.insert(np.arange(N), 21, 20)
    outcome = compare(model, answers(model, marks, cycles, rows))
    assert (outcome.missing, outcome.mismatched, outcome.n_extra) == ((), (), 1)
    assert not outcome.is_equal(LATENCY)


@pytest.mark.parametrize("late", [[30], list(range(N))])
def test_one_cycle_more_is_caught_for_one_event_and_for_all(model, late):
    marks = 16 * np.arange(N) + 100
    cycles = marks + LATENCY
    cycles[late] += 1
    outcome = compare(model, answers(model, marks, cycles, np.arange(N)))
    assert outcome.n_late(LATENCY) == len(late)
    assert outcome.latencies == {key: n for key, n in {LATENCY: N - len(late), LATENCY + 1: len(late)}.items() if n}
    assert not outcome.is_equal(LATENCY)


def test_swapped_answers_are_caught(model):
    result = perfect(model)
    for array in result.arrays.values():
        array[[4, 5]] = array[[5, 4]]
    assert compare(model, result).mismatched == (4, 5)


def test_five_differences_at_most_are_shown(model):
    result = perfect(model)
    result.arrays["ecl_icn"] ^= 1
    outcome = compare(model, result)
    assert outcome.mismatched == tuple(range(N))
    assert [row.event for row in outcome.differences] == [0, 1, 2, 3, 4]


def test_parts_merge_with_shifted_event_numbers(model):
    good, bad = compare(model, perfect(model)), perfect(model)
    bad.arrays["ecl_elow"][3] ^= 1
    bad.arrays["ecl_elow"][9] ^= 1
    merged = merge([good, compare(model, bad), compare(model, bad)])
    assert merged.n_events == 3 * N
    assert merged.mismatched == (N + 3, N + 9, 2 * N + 3, 2 * N + 9)
    assert [row.event for row in merged.differences] == list(merged.mismatched)
    assert merged.latencies == {LATENCY: 3 * N}


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("ecl_ephys_adc", 1000, "5.25000 GeV"),
        ("ecl_timing", -128, "-125.76 ns"),
        ("ecl_cluster_tc", 0, "none"),
        ("ecl_cluster_tc", 81, "theta id 4, phi id 1"),
        ("ecl_cluster_tc", 1023, "none"),
        ("ecl_word", 255, "0x000000ff"),
        ("ecl_icn", 3, "3"),
    ],
)
def test_raw_values_are_shown_in_units(name, raw, text):
    assert physical(name, raw) == text
