"""Prescale counters by hand, the random mode by its mean, the expected efficiency by both."""

import numpy as np

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


def test_random_mode_has_the_expected_mean() -> None:
    period = Period(name="p", source="", prescales=(10, 4))
    ftdl = np.ones((200_000, 2), dtype=bool)
    kept = l1_accept(random_prescale(ftdl, period, np.random.default_rng(1)))
    expected = keep_probability(ftdl[:1], period)[0]
    assert expected == 1 - 0.9 * 0.75
    assert abs(kept.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / kept.size)
