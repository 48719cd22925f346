"""The 12-sample fit: identities of the coefficients, a plain second implementation, hand-made waveforms."""

import numpy as np
import pytest

from sim.detector.ecl.fam_fit import ACCEPT_US, FIT_SAMPLES, N_TIME_BINS, fit_coefficients, fit_waveform
from sim.detector.ecl.waveform import pulse_shape


def shape(time_us: np.ndarray) -> np.ndarray:
    """Unit pulse at times after its start."""
    table = pulse_shape()
    return np.interp(1000 * time_us, 12.0 * np.arange(table.size), table, left=0.0)


def model(time_bin: int) -> np.ndarray:
    """Twelve samples of the unit pulse in a time bin 1..20."""
    return shape((np.arange(FIT_SAMPLES) - 5) * 0.125 + 0.0125 * time_bin)


def slope(time_bin: int) -> np.ndarray:
    at = (np.arange(FIT_SAMPLES) - 5) * 0.125 + 0.0125 * time_bin
    return (shape(at + 0.006) - shape(at - 0.006)) / 0.012


def waveform(pulses: list[tuple[float, float]], phase_ns: float = 0.0, pedestal: float = 0.0) -> np.ndarray:
    """64 samples of pulses (energy in MeV, start in ns)."""
    at_ns = (np.arange(64) - 36) * 125.0 + phase_ns
    return pedestal + sum(energy * shape((at_ns - start) / 1000) for energy, start in pulses)


def fit(samples: np.ndarray, threshold_mev: float = 100.0) -> list[tuple[float, float]]:
    energy, time = np.zeros(64), np.zeros(64)
    found = fit_waveform(samples, *fit_coefficients(), threshold_mev, energy, time)
    return list(zip(energy[:found], time[:found], strict=True))


def plain_fit(samples: np.ndarray, threshold_mev: float) -> list[tuple[float, float]]:
    """The published procedure word by word, with Python numbers."""
    rows_a, rows_b = fit_coefficients()
    shift, sleep, hits = 0, 100, []
    for s in range(20, 52):
        sleep += 1
        if sleep <= 12:
            continue
        k = min(20, max(1, shift + 10))
        a = b = 0.0
        for j in range(12):
            a += rows_a[k - 1][j] * samples[s + j]
            b += rows_b[k - 1][j] * samples[s + j]
        dt = b / a
        shift = int(dt / 0.0125 + k)
        c = -(dt + 0.0125 * k - 0.125)
        if abs(c) < 0.1 and a > threshold_mev:
            hits.append((a, 1000 * c + 125 * s - 4000))
            sleep = shift = 0
    return hits


@pytest.mark.parametrize("time_bin", range(1, N_TIME_BINS + 1))
def test_published_identities(time_bin: int) -> None:
    amplitude, time = (rows[time_bin - 1] for rows in fit_coefficients())
    pulse, derivative = model(time_bin), slope(time_bin)
    assert amplitude.sum() == pytest.approx(0, abs=3e-5)
    assert amplitude @ pulse == pytest.approx(1, abs=1e-3)
    assert amplitude @ derivative == pytest.approx(0, abs=0.01)
    assert time.sum() == pytest.approx(0, abs=3e-5)
    assert time @ pulse == pytest.approx(0, abs=1e-4)
    assert time @ derivative == pytest.approx(1, abs=0.005)


def test_equals_the_plain_procedure_on_random_waveforms() -> None:
    rng = np.random.default_rng(5)
    compared = 0
    for _ in range(300):
        pulses = [(rng.exponential(300.0), rng.uniform(-3000, 2500)) for _ in range(rng.integers(1, 5))]
        samples = waveform(pulses, rng.uniform(0, 125), rng.normal(0, 20)) + rng.normal(0, 8, 64)
        assert fit(samples) == plain_fit(samples, 100.0)
        compared += len(fit(samples))
    assert compared > 200


@pytest.mark.parametrize("start_ns", np.arange(-500.0, 900.0, 61.0))
def test_a_clean_pulse_is_found_at_its_place(start_ns: float) -> None:
    hits = fit(waveform([(500.0, start_ns)]))
    assert len(hits) == 1
    assert hits[0][0] == pytest.approx(500.0, rel=0.01)
    assert hits[0][1] == pytest.approx(start_ns, abs=1.0)


def test_a_pedestal_changes_nothing() -> None:
    (clean,), (shifted,) = fit(waveform([(500.0, 40.0)], 60.0)), fit(waveform([(500.0, 40.0)], 60.0, pedestal=5.0))
    assert shifted == pytest.approx(clean, rel=0.005)


def test_threshold_is_strict() -> None:
    samples = waveform([(500.0, 40.0)])
    energy = fit(samples)[0][0]
    assert energy in [hit[0] for hit in fit(samples, float(np.nextafter(energy, 0)))]
    assert energy not in [hit[0] for hit in fit(samples, energy)]


def test_second_pulse_within_the_dead_time_is_lost() -> None:
    # 13 samples of 125 ns after a hit the fit looks again.
    assert len(fit(waveform([(500.0, -1000.0), (500.0, 300.0)]))) == 1
    late = fit(waveform([(500.0, -1000.0), (500.0, 900.0)]))
    assert len(late) == 2
    assert late[1][1] == pytest.approx(900.0, abs=30.0)


def test_an_empty_waveform_has_no_hit() -> None:
    assert fit(np.zeros(64)) == []


def test_accepted_times_lie_within_100_ns_of_a_sample() -> None:
    assert ACCEPT_US == 0.1
    for start in np.arange(0.0, 125.0, 5.0):
        time = fit(waveform([(500.0, start)]))[0][1]
        assert min(abs(time + 4000 - 125 * s) for s in range(20, 52)) < 100
