"""Turn-on fits of exact expectations and of toys with known truth."""

import numpy as np
import pytest
from scipy import integrate, special

from sim.studies.turn_on import fit_turn_on, half_width_16_84, mean_in_bins

EDGES = np.linspace(0.6, 1.6, 51)


def test_bin_average_is_the_integral_of_the_curve():
    got = mean_in_bins(EDGES, 1.03, 0.05, 0.98, 0.01)
    for low, high, value in zip(EDGES[:-1], EDGES[1:], got, strict=True):
        curve = lambda e: 0.01 + 0.97 * special.ndtr((e - 1.03) / 0.05)  # noqa: E731
        expected = integrate.quad(curve, low, high)[0] / (high - low)
        assert abs(value - expected) < 1e-10


def test_expected_counts_give_the_input_back():
    n = np.full(EDGES.size - 1, 10_000_000)
    k = np.round(n * mean_in_bins(EDGES, 1.03, 0.05, 0.98)).astype(int)
    fit = fit_turn_on(EDGES, k, n)
    assert fit.valid
    assert abs(fit.e50 - 1.03) < 1e-5
    assert abs(fit.width - 0.05) < 1e-5
    assert abs(fit.plateau - 0.98) < 1e-5
    assert fit.deviance < 1  # rounding of the counts
    assert abs(fit.width_10_90 - 2 * 1.2815515655446004 * 0.05) < 1e-4
    assert abs(fit(fit.energy_at(0.95)) - 0.95 * fit.plateau) < 1e-12
    assert fit.energy_at(0.99) > fit.energy_at(0.95) > fit.e50


def test_toys_have_unit_pulls():
    rng = np.random.default_rng(20261121)
    n = np.full(EDGES.size - 1, 400)
    truth = mean_in_bins(EDGES, 1.03, 0.05, 0.98)
    fits = [fit_turn_on(EDGES, rng.binomial(n, truth), n) for _ in range(60)]
    for name, value in (("e50", 1.03), ("width", 0.05)):
        pulls = np.array([(getattr(f, name) - value) / getattr(f, f"{name}_error") for f in fits])
        assert abs(pulls.mean()) < 4 / np.sqrt(60)
        assert 0.7 < pulls.std() < 1.35
    covered = np.mean([f.plateau_low <= 0.98 <= f.plateau_high for f in fits])
    assert 0.5 < covered < 0.85


def test_floor_is_found_and_does_not_pull_the_width():
    n = np.full(EDGES.size - 1, 1_000_000)
    k = np.round(n * mean_in_bins(EDGES, 1.03, 0.05, 0.98, 0.002)).astype(int)
    with_floor, without = fit_turn_on(EDGES, k, n, floor=True), fit_turn_on(EDGES, k, n)
    assert abs(with_floor.floor - 0.002) < 1e-4
    assert abs(with_floor.width - 0.05) < 1e-4
    assert without.width > 1.02 * with_floor.width


def test_full_plateau_keeps_its_bound_at_one():
    n = np.full(EDGES.size - 1, 50)
    fit = fit_turn_on(EDGES, np.where(EDGES[:-1] >= 1.0, n, 0), n)
    assert fit.plateau_high == 1.0
    assert 0.99 < fit.plateau_low < 1.0


def test_step_narrower_than_a_bin_is_placed_inside_it():
    n = np.full(EDGES.size - 1, 1000)
    k = np.where(EDGES[:-1] > 1.0 + 1e-9, n, 0)
    k[np.searchsorted(EDGES, 1.0 - 1e-9)] = 250
    fit = fit_turn_on(EDGES, k, n)
    assert abs(fit.e50 - 1.015) < 2e-3
    assert fit.width < 0.01


def test_bins_without_entries_do_not_matter():
    n = np.full(EDGES.size - 1, 10_000)
    n[::3] = 0
    k = np.round(n * mean_in_bins(EDGES, 1.03, 0.05, 0.98)).astype(int)
    fit = fit_turn_on(EDGES, k, n)
    assert abs(fit.e50 - 1.03) < 1e-3
    assert fit.bins == np.count_nonzero(n)


@pytest.mark.parametrize(
    ("edges", "k", "n"),
    [(EDGES, [1], [1]), ([0, 1, 2, 3, 4], [0, 0, 0, 0], [5, 5, 5, 5]), ([0, 1, 2, 3], [0, 1, 2], [2, 2, 2])],
)
def test_hopeless_input_is_refused(edges, k, n):
    with pytest.raises(ValueError, match=r"edges|needs"):
        fit_turn_on(edges, k, n)


def test_fraction_outside_0_to_1_is_refused():
    n = np.full(EDGES.size - 1, 100)
    fit = fit_turn_on(EDGES, np.round(n * mean_in_bins(EDGES, 1.03, 0.05, 0.98)).astype(int), n)
    with pytest.raises(ValueError, match="fraction"):
        fit.energy_at(1.0)


def test_half_width_is_the_gaussian_width_and_needs_no_curve():
    n = np.full(EDGES.size - 1, 10_000_000)
    k = np.round(n * mean_in_bins(EDGES, 1.03, 0.05, 0.98)).astype(int)
    fine = np.linspace(0.6, 1.6, 1001)
    k_fine = np.round(10_000_000 * mean_in_bins(fine, 1.03, 0.05, 0.98)).astype(int)
    assert abs(half_width_16_84(fine, k_fine, np.full(1000, 10_000_000), 0.98) - 0.05) < 1e-5
    assert abs(half_width_16_84(EDGES, k, n, 0.98) - 0.05) < 1.5e-3  # bins of 0.4 widths smear a little
    # a straight rise from 0 at 0.8 to 1 at 1.2: the energies differ by 0.68 of 0.4
    line = np.clip(((EDGES[1:] + EDGES[:-1]) / 2 - 0.8) / 0.4, 0, 1)
    share = special.ndtr(1.0) - special.ndtr(-1.0)
    assert abs(half_width_16_84(EDGES, np.round(n * line).astype(int), n, 1.0) - 0.5 * 0.4 * share) < 1e-6


def test_half_width_without_a_crossing_is_nan():
    n = np.full(EDGES.size - 1, 100)
    assert np.isnan(half_width_16_84(EDGES, n // 2, n, 1.0))
    assert np.isnan(half_width_16_84(EDGES, n, n, 1.0))
