"""Hits of the trigger cells without waveforms: the outcome of the 12-sample fit is drawn.

Energy and time resolution are those of the fit coefficients with the noise autocovariance (DERIVED from the tables of the
trigger simulation; the waveform mode reproduces them). Pulses of one cell do not disturb each other here: bins within the dead
time of an accepted hit are lost, what one pulse adds to the fit of another is not modelled.
"""

import numba
import numpy as np

from sim.detector.ecl.fam import (
    DEAD_NS,
    ENERGY_LSB_GEV,
    MAX_ADC,
    MIN_CELL_GEV,
    TIME_LSB_NS,
    Pulses,
    calibration_ns,
)

ENERGY_NOISE_GEV = 0.0077
TIME_NOISE_NS_GEV = 1.79


def digitise(
    pulses: Pulses, rng: np.random.Generator, *, threshold_gev: float, gain: float, noise: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(event, cell, adc, time_raw) of the hits, ordered by event, cell, time.

    The fitted energy must exceed the threshold; adc = energy / 5.25 MeV rounded down, saturated at 4095; time in raw LSB rounded
    down. Bins below 30 MeV are skipped: they do not reach any allowed threshold.
    """
    rows = np.flatnonzero(pulses.energy_gev >= MIN_CELL_GEV)
    event, cell = pulses.event[rows], pulses.cell[rows]
    draws = rng.standard_normal((2, rows.size)) if noise else np.zeros((2, rows.size))
    true_gev = pulses.energy_gev[rows]
    fitted_gev = gain * (true_gev + ENERGY_NOISE_GEV * draws[0])
    found_ns = pulses.time_ns[rows] + calibration_ns()[cell - 1] + TIME_NOISE_NS_GEV / true_gev * draws[1]
    keep = np.zeros(rows.size, np.bool_)
    _select(event, cell, pulses.time_ns[rows], fitted_gev, threshold_gev, keep)
    adc = np.minimum(np.floor(fitted_gev[keep] / ENERGY_LSB_GEV), MAX_ADC).astype(np.int16)
    time_raw = np.floor(found_ns[keep] / TIME_LSB_NS).astype(np.int16)
    return event[keep], cell[keep], adc, time_raw


@numba.njit(cache=True)
def _select(event, cell, time_ns, fitted_gev, threshold_gev, keep):
    """Mark the pulses above threshold that are not in the dead time of an earlier hit of their cell."""
    ready = -np.inf
    for i in range(event.size):
        if i > 0 and (event[i] != event[i - 1] or cell[i] != cell[i - 1]):
            ready = -np.inf
        if fitted_gev[i] > threshold_gev and time_ns[i] >= ready:
            keep[i] = True
            ready = time_ns[i] + DEAD_NS
