"""Hits of the trigger cells through sampled waveforms: shaped pulses, correlated noise, 12-sample fit.

Ref: basf2 trg/ecl TrgEclDigitizer (read in public source) [SIM]. Sampling step 125 ns as in the simulation (the clock has
125.77 ns: the fit coefficients belong to 125 ns). The sampling phase follows `ecl_phase`, since converter and trigger share one
clock (our choice; the simulation draws it on its own).
"""

from functools import lru_cache

import numpy as np

from sim.detector.ecl.fam import ENERGY_LSB_GEV, MAX_ADC, TIME_LSB_NS, Hits, Pulses, calibration_ns
from sim.detector.ecl.fam_fit import FIRST_FIT_SAMPLE, LAST_FIT_SAMPLE, N_SAMPLES, SAMPLE_NS, fit_coefficients, fit_waveform
from sim.detector.ecl.tables import read_table
from trigger.compiled import kernel

SAMPLES_BEFORE_ZERO = 36  # sample s is at (s - 36) * 125 ns + phase
PARALLEL_SCALE_GEV = 10 * 3.15 * 0.023 * np.sqrt(0.125)
SERIAL_SCALE_GEV = 10 * 3.15 * 0.055 * np.sqrt(0.125)
PULSE_NS = 2000.0  # the pulse counts as over after this
SHAPE_STEP_NS = 12.0
_CELLS_AT_ONCE = 16_384


@lru_cache(maxsize=1)
def noise_covariance_gev2() -> np.ndarray:
    """Covariance of the 64 samples of one cell, float64 (64, 64): parallel and serial noise together."""
    table = read_table("fam_noise_autocov")
    lags = np.zeros(N_SAMPLES)
    lags[: table["serial"].size] = PARALLEL_SCALE_GEV**2 * table["parallel"] + SERIAL_SCALE_GEV**2 * table["serial"]
    return lags[np.abs(np.subtract.outer(np.arange(N_SAMPLES), np.arange(N_SAMPLES)))]


@lru_cache(maxsize=1)
def pulse_shape() -> np.ndarray:
    """Unit-peak pulse on the 12 ns grid, float64 (171,)."""
    return read_table("signal_shape_12ns")["amplitude"]


def digitise(
    pulses: Pulses, phase: np.ndarray, rng: np.random.Generator, *, threshold_gev: float, gain: float, noise: bool
) -> Hits:
    """Hits, ordered by event, cell, time; phase: `ecl_phase` per event. Meaning and rounding as in the fast digitiser."""
    first = np.append(np.flatnonzero(pulses.first_of_cell()), pulses.event.size)
    factor = np.linalg.cholesky(noise_covariance_gev2())
    parts = []
    for low in range(0, first.size - 1, _CELLS_AT_ONCE):
        bounds = first[low : low + _CELLS_AT_ONCE + 1]
        samples = np.zeros((bounds.size - 1, N_SAMPLES))
        if noise:
            samples += rng.standard_normal(samples.shape) @ factor.T
        start_ns = (phase[pulses.event[bounds[:-1]]] % 128) * (SAMPLE_NS / 128)
        parts.append(_digitise(pulses, bounds, samples, start_ns, threshold_gev, gain))
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Hits(event=nothing, cell=nothing, adc=nothing.astype(np.int16), time_raw=nothing.astype(np.int16))
    return Hits(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def _digitise(
    pulses: Pulses, bounds: np.ndarray, samples: np.ndarray, start_ns: np.ndarray, threshold_gev: float, gain: float
) -> Hits:
    """Hits of the cells whose pulses lie between consecutive bounds; `samples` holds their noise and is filled up."""
    _add_pulses(samples, bounds, pulses.energy_gev, pulses.time_ns, start_ns, pulse_shape())
    amplitude, time = fit_coefficients()
    capacity = samples.shape[0] * (LAST_FIT_SAMPLE - FIRST_FIT_SAMPLE + 1)
    row, energy_mev, found_ns = np.empty(capacity, np.int64), np.empty(capacity), np.empty(capacity)
    written = _fit_all(samples * gain * 1000.0, amplitude, time, threshold_gev * 1000.0, row, energy_mev, found_ns)
    row, energy_mev, found_ns = row[:written], energy_mev[:written], found_ns[:written]
    at = bounds[row]
    cell = pulses.cell[at]
    found_ns = found_ns + start_ns[row] + calibration_ns()[cell - 1]
    adc = np.minimum(np.floor(energy_mev / 1000.0 / ENERGY_LSB_GEV), MAX_ADC).astype(np.int16)
    time_raw = np.floor(found_ns / TIME_LSB_NS).astype(np.int16)
    return Hits(event=pulses.event[at], cell=cell, adc=adc, time_raw=time_raw)


@kernel
def _add_pulses(samples, bounds, energy_gev, time_ns, start_ns, shape):
    for row in range(samples.shape[0]):
        for i in range(bounds[row], bounds[row + 1]):
            for s in range(samples.shape[1]):
                since = (s - SAMPLES_BEFORE_ZERO) * SAMPLE_NS + start_ns[row] - time_ns[i]
                if 0.0 <= since <= PULSE_NS:
                    place = since / SHAPE_STEP_NS
                    low = int(place)
                    samples[row, s] += energy_gev[i] * (shape[low] + (place - low) * (shape[low + 1] - shape[low]))


@kernel
def _fit_all(samples_mev, amplitude, time, threshold_mev, row, energy_mev, found_ns):
    written = 0
    for i in range(samples_mev.shape[0]):
        found = fit_waveform(samples_mev[i], amplitude, time, threshold_mev, energy_mev[written:], found_ns[written:])
        for k in range(written, written + found):
            row[k] = i
        written += found
    return written
