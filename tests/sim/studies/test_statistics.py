"""Intervals against the numbers of the literature, scipy and hist; the paired test against scipy."""

import numpy as np
import pytest
from hist.intervals import clopper_pearson_interval
from scipy import stats

from sim.studies.statistics import (
    ONE_SIGMA,
    Method,
    clopper_pearson,
    efficiency,
    lower_limit,
    paired,
    paired_from_masks,
    upper_limit,
    wilson,
)

# (k, n, method, low, high), three decimals: hand-checked values of the simulation specification, section 7.
PUBLISHED = [
    (0, 10, Method.CLOPPER_PEARSON, 0.0, 0.168),
    (0, 10, Method.WILSON, 0.0, 0.091),
    (95, 100, Method.CLOPPER_PEARSON, 0.918, 0.971),
    (95, 100, Method.WILSON, 0.923, 0.968),
    (100, 100, Method.CLOPPER_PEARSON, 0.982, 1.0),
    (100, 100, Method.WILSON, 0.990, 1.0),
]


@pytest.mark.parametrize(("k", "n", "method", "low", "high"), PUBLISHED)
def test_published_intervals(k, n, method, low, high):
    result = efficiency(k, n, method=method)
    assert (round(float(result.low), 3), round(float(result.high), 3)) == (low, high)


def test_exact_interval_equals_scipy_for_every_small_count():
    for n in (1, 2, 7, 30):
        for k in range(n + 1):
            for level in (ONE_SIGMA, 0.95):
                expected = stats.binomtest(k, n).proportion_ci(level, method="exact")
                assert np.allclose(clopper_pearson(k, n, level), expected, rtol=1e-10, atol=1e-14)


def test_exact_interval_equals_hist():
    k, n = np.array([0, 1, 50, 99, 100]), np.full(5, 100)
    assert np.allclose(clopper_pearson(k, n), clopper_pearson_interval(k, n), rtol=1e-10)


def test_wilson_equals_scipy():
    for k, n in ((0, 10), (3, 10), (10, 10), (512, 4096)):
        expected = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        assert np.allclose(wilson(k, n, 0.95), expected, rtol=1e-10, atol=1e-14)


def test_coverage_of_the_exact_interval_is_never_below_its_level():
    n = 40
    k = np.arange(n + 1)
    low, high = clopper_pearson(k, n)
    for p in np.linspace(0.01, 0.99, 49):
        coverage = stats.binom.pmf(k, n, p)[(low <= p) & (p <= high)].sum()
        assert coverage >= ONE_SIGMA


def test_no_events_say_nothing():
    result = efficiency(np.array([0]), np.array([0]))
    assert np.isnan(result.value[0])
    assert (result.low[0], result.high[0]) == (0.0, 1.0)
    assert (float(lower_limit(0, 0)), float(upper_limit(0, 0))) == (0.0, 1.0)


def test_limits_without_failures_and_without_passes():
    assert np.isclose(upper_limit(0, 1_000_000), 1 - 0.05**1e-6)
    assert np.isclose(upper_limit(0, 1_000_000) * 1e6, 3.0, atol=0.005)
    assert np.isclose(upper_limit(0, 1000, 0.9) * 1000, 2.3, atol=0.01)
    assert np.isclose(lower_limit(1000, 1000, 0.9), 0.1 ** (1 / 1000))
    assert np.isclose(lower_limit(37, 100), stats.binomtest(37, 100, alternative="greater").proportion_ci(0.95).low)
    assert np.isclose(upper_limit(37, 100), stats.binomtest(37, 100, alternative="less").proportion_ci(0.95).high)


@pytest.mark.parametrize(("k", "n", "error"), [(3, 2, ValueError), (-1, 2, ValueError), (0.5, 2, TypeError)])
def test_impossible_counts_are_refused(k, n, error):
    with pytest.raises(error):
        efficiency(k, n)


def test_level_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="level"):
        clopper_pearson(1, 2, 1.0)


def test_paired_comparison_hand_worked():
    # 5 discordant events, all one way: two-sided binomial 2 * (1/2)^5.
    result = paired(90, 5, 0, 5)
    assert result.total == 100
    assert result.p_value == 2 / 32
    assert result.difference == 0.05
    assert np.isclose(result.difference_sigma, np.sqrt(5 - 25 / 100) / 100)


def test_paired_p_value_equals_the_binomial_test():
    for first, second in ((3, 9), (10, 10), (1, 0), (200, 260)):
        expected = stats.binomtest(first, first + second, 0.5).pvalue
        assert np.isclose(paired(1, first, second, 1).p_value, expected)


def test_paired_without_difference_and_without_events():
    assert paired(7, 0, 0, 3).p_value == 1.0
    empty = paired(0, 0, 0, 0)
    assert np.isnan(empty.difference)
    assert np.isnan(empty.difference_sigma)


def test_paired_from_masks_counts_each_event_once():
    first = np.array([True, True, False, False, True])
    second = np.array([True, False, True, False, False])
    result = paired_from_masks(first, second)
    assert (result.both, result.first_only, result.second_only, result.neither) == (1, 2, 1, 1)
    with pytest.raises(ValueError, match="equal shapes"):
        paired_from_masks(first, second[:2])
    with pytest.raises(ValueError, match="negative"):
        paired(-1, 0, 0, 0)
