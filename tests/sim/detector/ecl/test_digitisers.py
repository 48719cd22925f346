"""Fast and waveform digitiser: noise, thresholds, dead time, and each against the other."""

from types import ModuleType

import numpy as np
import pytest
from scipy.special import ndtr

from sim.detector.ecl import fast, waveform
from sim.detector.ecl.fam import CLOCK_NS, ENERGY_LSB_GEV, TIME_LSB_NS, Hits, Pulses, calibration_ns, collect_pulses, latency_ns
from sim.detector.ecl.fam_fit import fit_coefficients
from sim.detector.ecl.tables import read_table
from sim.detector.ecl.waveform import PARALLEL_SCALE_GEV, SERIAL_SCALE_GEV, noise_covariance_gev2
from trigger.geometry.ecl import cells

CELL = 250


def one_per_event(energy_gev: float | np.ndarray, n: int, time_ns: float | np.ndarray = 12.0) -> Pulses:
    return Pulses(
        event=np.arange(n),
        cell=np.full(n, CELL),
        energy_gev=np.broadcast_to(np.asarray(energy_gev, float), n).copy(),
        time_ns=np.broadcast_to(np.asarray(time_ns, float), n).copy(),
    )


def in_one_cell(energies_gev: list[float], times_ns: list[float]) -> Pulses:
    n = len(energies_gev)
    return Pulses(event=np.zeros(n, np.int64), cell=np.full(n, CELL), energy_gev=np.array(energies_gev), time_ns=np.array(times_ns))


def digitised(module: ModuleType, pulses: Pulses, rng: np.random.Generator, **choices: float | bool) -> Hits:
    phase = rng.integers(-127, 1, int(pulses.event.max(initial=0)) + 1)
    return module.digitise(pulses, phase, rng, **({"threshold_gev": 0.1, "gain": 1.0, "noise": True} | choices))


both = pytest.mark.parametrize("module", [fast, waveform], ids=["fast", "waveform"])


def test_clock_and_time_unit() -> None:
    assert pytest.approx(125.765, abs=0.001) == CLOCK_NS
    assert pytest.approx(0.98254, abs=1e-4) == TIME_LSB_NS


def test_latency_evens_out_flight_times() -> None:
    at = cells()
    flight = np.sqrt(at.x_cm**2 + at.y_cm**2 + at.z_cm**2) / 29.979
    assert np.ptp(flight) > 3.0
    low, high = np.quantile(flight + latency_ns(), [0.02, 0.98])
    assert high - low < 0.02
    assert np.ptp(flight + latency_ns()) < 0.11  # the few cells with irregular published centres


def test_calibration_is_near_the_15_ns_of_the_simulation() -> None:
    assert np.mean(calibration_ns() - latency_ns()) == pytest.approx(-15.0, abs=1.0)


def test_one_sample_noise_and_its_correlation() -> None:
    table = read_table("fam_noise_autocov")
    assert 1000 * PARALLEL_SCALE_GEV * np.sqrt(table["parallel"][0]) == pytest.approx(0.57, abs=0.005)
    assert 1000 * SERIAL_SCALE_GEV * np.sqrt(table["serial"][0]) == pytest.approx(8.1, abs=0.05)
    covariance = noise_covariance_gev2()
    np.testing.assert_allclose(covariance[0, 1:5] / covariance[0, 0], [0.36, 0.21, 0.16, 0.03], atol=0.01)


def test_fit_noise_follows_from_the_tables() -> None:
    covariance = noise_covariance_gev2()[:12, :12]
    amplitude, time = (rows[9] for rows in fit_coefficients())  # middle of the tabulated range
    assert 1000 * np.sqrt(amplitude @ covariance @ amplitude) == pytest.approx(7.7, abs=0.05)
    assert 1000 * np.sqrt(time @ covariance @ time) == pytest.approx(1.79, abs=0.01)


@both
@pytest.mark.parametrize("energy_gev", [0.3, 1.0, 5.0])
def test_resolution_and_bias(module: ModuleType, rng: np.random.Generator, energy_gev: float) -> None:
    n = 20_000
    hits = digitised(module, one_per_event(energy_gev, n), rng)
    adc, time_raw = hits.adc, hits.time_raw
    assert adc.size == n
    found_gev = (adc + 0.5) * ENERGY_LSB_GEV
    found_ns = (time_raw + 0.5) * TIME_LSB_NS - 12.0 - calibration_ns()[CELL - 1]
    assert found_gev.mean() == pytest.approx(energy_gev, abs=0.0012 + 0.002 * energy_gev)
    # The tabulated time bins add 0.1 % in the waveform mode.
    expected = np.sqrt(0.0077**2 + ENERGY_LSB_GEV**2 / 12 + (0.0011 * energy_gev * (module is waveform)) ** 2)
    assert found_gev.std() == pytest.approx(expected, abs=0.0005)
    assert found_ns.mean() == pytest.approx(0.0, abs=0.5)
    assert found_ns.std() == pytest.approx(np.hypot(1.79 / energy_gev, TIME_LSB_NS / np.sqrt(12)), rel=0.10, abs=0.1)


def test_threshold_curve_of_the_fast_mode(rng: np.random.Generator) -> None:
    n = 40_000
    for energy_gev in (0.085, 0.095, 0.1, 0.105, 0.12):
        found = digitised(fast, one_per_event(energy_gev, n), rng).adc.size / n
        assert found == pytest.approx(ndtr((energy_gev - 0.1) / 0.0077), abs=0.012)


def test_threshold_curve_of_the_waveform_mode(rng: np.random.Generator) -> None:
    # The fit often tries a pulse in two successive windows, so a pulse at the threshold fires more often than by one draw:
    # the curve sits 1.0 MeV lower.
    n = 20_000
    found = [digitised(waveform, one_per_event(e, n), rng).adc.size / n for e in (0.085, 0.1, 0.115)]
    assert found[0] == pytest.approx(ndtr(-14.0 / 7.7), abs=0.03)
    assert 0.50 < found[1] < 0.62
    assert found[2] == pytest.approx(ndtr(16.0 / 7.7), abs=0.02)


@both
def test_without_noise_counts_are_truncated(module: ModuleType, rng: np.random.Generator) -> None:
    energies = ENERGY_LSB_GEV * np.array([40.5, 100.5, 1000.5])
    adc = digitised(module, one_per_event(energies, 3, 25.0), rng, noise=False).adc
    np.testing.assert_allclose(adc, [40, 100, 1000], rtol=0.002, atol=0)
    if module is fast:
        np.testing.assert_array_equal(adc, [40, 100, 1000])


@both
def test_energy_saturates_at_12_bits(module: ModuleType, rng: np.random.Generator) -> None:
    assert digitised(module, one_per_event(25.0, 1), rng).adc.tolist() == [4095]


@both
def test_gain_multiplies_before_the_threshold(module: ModuleType, rng: np.random.Generator) -> None:
    pulses = one_per_event(0.097, 500)
    assert digitised(module, pulses, rng, noise=False).adc.size == 0
    assert digitised(module, pulses, rng, noise=False, gain=1.06).adc.size == 500


@both
def test_dead_time_after_a_hit(module: ModuleType, rng: np.random.Generator) -> None:
    assert digitised(module, in_one_cell([0.5, 0.5], [-1000.0, 500.0]), rng).adc.size == 1
    hits = digitised(module, in_one_cell([0.5, 0.5], [-1000.0, 800.0]), rng)
    assert hits.adc.size == 2
    assert np.diff(hits.time_raw * TIME_LSB_NS)[0] == pytest.approx(1800.0, abs=40.0)


@both
def test_a_pulse_below_threshold_makes_no_dead_time(module: ModuleType, rng: np.random.Generator) -> None:
    assert digitised(module, in_one_cell([0.04, 0.6], [-900.0, 10.0]), rng).adc.size == 1


@both
def test_cells_do_not_disturb_each_other(module: ModuleType, rng: np.random.Generator) -> None:
    pulses = Pulses(event=np.array([0, 0, 1]), cell=np.array([7, 9, 7]), energy_gev=np.full(3, 1.0), time_ns=np.full(3, 10.0))
    hits = digitised(module, pulses, rng)
    assert hits.event.tolist() == [0, 0, 1]
    assert hits.cell.tolist() == [7, 9, 7]


@both
def test_nothing_in_nothing_out(module: ModuleType, rng: np.random.Generator) -> None:
    assert all(column.size == 0 for column in vars(digitised(module, one_per_event(0.5, 0), rng)).values())


def collect(hits: list[tuple[int, int, float, float]], n_events: int = 2) -> Pulses:
    event, cell, energy, time = (np.array(column) for column in zip(*hits, strict=True))
    return collect_pulses(event, cell, energy.astype(float), time.astype(float), n_events)


def test_deposits_of_a_bin_are_summed() -> None:
    pulses = collect([(1, 5, 0.1, 10.0), (0, 9, 0.2, 20.0), (1, 5, 0.3, 30.0), (1, 5, 0.4, 110.0)])
    assert pulses.event.tolist() == [0, 1, 1]
    assert pulses.cell.tolist() == [9, 5, 5]
    np.testing.assert_allclose(pulses.energy_gev, [0.2, 0.4, 0.4])
    np.testing.assert_allclose(pulses.time_ns, [20.0, 25.0, 110.0])


def test_cells_below_30_mev_are_not_digitised() -> None:
    pulses = collect([(0, 5, 0.029, 10.0), (0, 6, 0.016, 10.0), (0, 6, 0.016, 900.0), (1, 5, 0.03, 10.0)])
    assert list(zip(pulses.event.tolist(), pulses.cell.tolist(), strict=True)) == [(0, 6), (0, 6), (1, 5)]


def test_deposits_outside_4_us_are_dropped() -> None:
    pulses = collect([(0, 5, 1.0, -4000.1), (0, 5, 1.0, 4000.0), (0, 6, 1.0, -4000.0), (0, 7, 1.0, 3999.9)])
    assert pulses.cell.tolist() == [6, 7]


def test_many_deposits_are_collected_like_few(rng: np.random.Generator) -> None:
    n = 400  # more than the short sort takes
    event = rng.integers(0, 3, n)
    cell, energy, time = rng.integers(1, 20, n), rng.uniform(0.0, 0.3, n), rng.uniform(-4000, 4000, n)
    pulses = collect_pulses(event, cell, energy, time, 3)
    key = (event * 577 + cell) * 80 + np.floor((time + 4000) / 100).astype(int)
    expected = {k: energy[key == k].sum() for k in np.unique(key)}
    found = (pulses.event * 577 + pulses.cell) * 80 + np.floor((pulses.time_ns + 4000) / 100).astype(int)
    assert (np.diff(found) > 0).all()
    kept = {k for k, e in expected.items() if e >= 1e-4}
    assert set(found.tolist()) == kept
    np.testing.assert_allclose(pulses.energy_gev, [expected[k] for k in found])


@pytest.mark.parametrize(("apart_ns", "lost"), [(900.0, 1.0), (1400.0, 1.0), (1550.0, 0.5), (1700.0, 0.0)])
@both
def test_dead_time_is_between_1_5_and_1_65_us(module: ModuleType, rng: np.random.Generator, apart_ns: float, lost: float) -> None:
    n = 1_000
    pulses = Pulses(
        event=np.repeat(np.arange(n), 2),
        cell=np.full(2 * n, CELL),
        energy_gev=np.full(2 * n, 0.5),
        time_ns=np.tile([12.0 - apart_ns, 12.0], n),
    )
    hits = digitised(module, pulses, rng)
    in_time = np.abs(hits.time_raw) < 100
    assert 1 - np.count_nonzero(in_time) / n == pytest.approx(lost, abs=0.1)


@both
def test_a_larger_pulse_takes_over_an_earlier_one(module: ModuleType, rng: np.random.Generator) -> None:
    # 300 ns apart: the fit of the first pulse fails, that of the second holds part of the first.
    hits = digitised(module, in_one_cell([0.15, 1.0], [-288.0, 12.0]), rng)
    assert hits.adc.size == 1
    assert 0.00525 * hits.adc[0] == pytest.approx(1.06, abs=0.04)


@both
def test_pulses_out_of_range_are_not_found(module: ModuleType, rng: np.random.Generator) -> None:
    times = np.array([-3500.0, -1700.0, -1200.0, 2200.0, 2700.0])
    hits = digitised(module, one_per_event(1.0, 5, times), rng)
    assert hits.event.tolist() == [2, 3]
