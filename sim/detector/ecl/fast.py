"""Hits of the trigger cells without waveforms, where that is enough.

A cell with one pulse: the outcome of the 12-sample fit is drawn, with the energy and time resolution of the fit coefficients under
the noise autocovariance (DERIVED from the tables of the trigger simulation; the waveform mode reproduces them). A cell with
several pulses goes through the waveform and its fit, so that pile-up and dead time are the same in both modes.

What is left out: the fit often tries one pulse twice, which lowers the waveform mode's threshold curve by 1 MeV.
"""

import numpy as np

from sim.detector.ecl import waveform
from sim.detector.ecl.fam import (
    ENERGY_LSB_GEV,
    FIT_RANGE_NS,
    MAX_ADC,
    MIN_CELL_GEV,
    TIME_LSB_NS,
    Hits,
    Pulses,
    calibration_ns,
)

ENERGY_NOISE_GEV = 0.0077
TIME_NOISE_NS_GEV = 1.79


def digitise(
    pulses: Pulses, phase: np.ndarray, rng: np.random.Generator, *, threshold_gev: float, gain: float, noise: bool
) -> Hits:
    """Hits, ordered by event, cell, time; phase: `ecl_phase` per event.

    The fitted energy must exceed the threshold; adc = energy / 5.25 MeV rounded down, saturated at 4095; time in raw LSB
    rounded down. Pulses outside the range of the fit are not found.
    """
    first = pulses.first_of_cell()
    alone = first & np.append(first[1:], True)
    single = _draw(pulses.select(alone), rng, threshold_gev, gain, noise)
    if alone.all():
        return single
    piled = waveform.digitise(pulses.select(~alone), phase, rng, threshold_gev=threshold_gev, gain=gain, noise=noise)
    return single.merged(piled)


def _draw(pulses: Pulses, rng: np.random.Generator, threshold_gev: float, gain: float, noise: bool) -> Hits:
    """Hits of cells with one pulse each; pulses below 30 MeV do not reach any allowed threshold."""
    low, high = FIT_RANGE_NS
    seen = (pulses.energy_gev >= MIN_CELL_GEV) & (pulses.time_ns >= low) & (pulses.time_ns < high)
    event, cell, true_gev, at_ns = (column[seen] for column in (pulses.event, pulses.cell, pulses.energy_gev, pulses.time_ns))
    draws = rng.standard_normal((2, event.size)) if noise else np.zeros((2, event.size))
    fitted_gev = gain * (true_gev + ENERGY_NOISE_GEV * draws[0])
    found_ns = at_ns + calibration_ns()[cell - 1] + TIME_NOISE_NS_GEV / true_gev * draws[1]
    keep = fitted_gev > threshold_gev
    return Hits(
        event=event[keep],
        cell=cell[keep],
        adc=np.minimum(np.floor(fitted_gev[keep] / ENERGY_LSB_GEV), MAX_ADC).astype(np.int16),
        time_raw=np.floor(found_ns[keep] / TIME_LSB_NS).astype(np.int16),
    )
