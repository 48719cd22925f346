"""Prescale counters by hand, the random mode by its mean, the expected efficiency by both."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from trigger.menu import Period, PrescaleCounters, keep_probability, l1_accept, random_prescale

PERIOD = Period(name="p", source="", prescales=(1, 3, 0))


def test_counters_pass_every_third_accept_of_the_line() -> None:
    ftdl = np.array([[1, 1, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1], [0, 1, 0], [0, 1, 0], [0, 1, 0]], dtype=bool)
    psnm = PrescaleCounters(period=PERIOD).run(ftdl)
    expected = [[1, 0, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(psnm, np.array(expected, dtype=bool))
    np.testing.assert_array_equal(l1_accept(psnm), [1, 0, 1, 1, 0, 0, 1])


def test_counters_go_on_across_calls() -> None:
    ftdl = np.random.default_rng(5).random((1000, 3)) < 0.4
    whole = PrescaleCounters(period=PERIOD).run(ftdl)
    counters = PrescaleCounters(period=PERIOD)
    parts = [counters.run(part) for part in np.array_split(ftdl, [0, 1, 17, 400])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole[:, 1].sum() == ftdl[:, 1].sum() // 3


def test_keep_probability_by_hand() -> None:
    ftdl = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)
    np.testing.assert_allclose(keep_probability(ftdl, PERIOD), [0, 1, 1 / 3, 1 / 3, 0])


def test_keep_probability_is_the_sum_over_all_outcomes() -> None:
    """Every combination of kept and dropped lines with its probability, for every combination of lines."""
    period = Period(name="p", source="", prescales=(2, 5, 1, 0, 7))
    keep = [Fraction(1, n) if n else Fraction(0) for n in period.prescales]
    events = np.array(list(itertools.product((False, True), repeat=5)))
    expected = []
    for fired in events:
        total = Fraction(0)
        for outcome in itertools.product((False, True), repeat=5):
            if any(kept and fires for kept, fires in zip(outcome, fired, strict=True)):
                total += math.prod(p if kept else 1 - p for p, kept in zip(keep, outcome, strict=True))
        expected.append(float(total))
    np.testing.assert_allclose(keep_probability(events, period), expected, rtol=1e-14, atol=1e-15)


def test_correlated_lines_are_counted_once() -> None:
    """Half of the events fire both lines: the sum of the lines' efficiencies would be 1/2 + 1/2, the union is less."""
    period = Period(name="p", source="", prescales=(1, 2))
    ftdl = np.array([[1, 1], [1, 1], [0, 0], [0, 1]], dtype=bool)
    assert keep_probability(ftdl, period).mean() == (1 + 1 + 0 + 0.5) / 4


def test_counters_have_the_expected_mean_over_their_phases() -> None:
    """All phases of two counters that see the same events: the mean over them is the product formula, equal phases give 1/N."""
    period, ftdl = Period(name="p", source="", prescales=(3, 3)), np.ones((9, 2), dtype=bool)
    means = {}
    for phases in itertools.product(range(3), repeat=2):
        counters = PrescaleCounters(period=period)
        counters.counts += phases
        means[phases] = l1_accept(counters.run(ftdl)).mean()
    assert np.mean(list(means.values())) == pytest.approx(keep_probability(ftdl[:1], period)[0])
    assert means[0, 0] == pytest.approx(1 / 3)
    assert means[0, 1] == pytest.approx(2 / 3)


def test_random_mode_has_the_expected_mean() -> None:
    period = Period(name="p", source="", prescales=(10, 4))
    ftdl = np.ones((200_000, 2), dtype=bool)
    kept = l1_accept(random_prescale(ftdl, period, np.random.default_rng(1)))
    expected = keep_probability(ftdl[:1], period)[0]
    assert expected == 1 - 0.9 * 0.75
    assert abs(kept.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / kept.size)
