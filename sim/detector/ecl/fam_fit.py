"""The flash-ADC module's fit of energy and time to 12 samples, sliding over one waveform.

Ref: basf2 trg/ecl TrgEclFAMFit (read in public source) [SIM]: linear least squares in amplitude, time and pedestal, tabulated
in 20 time bins. Difference, on purpose: sleep counter and time bin are reset for every cell (the simulation carries them over
from the cell before).
"""

from functools import lru_cache

import numpy as np

from sim.detector.ecl.tables import read_table
from trigger.compiled import kernel

N_SAMPLES = 64
SAMPLE_NS = 125.0
FIT_SAMPLES = 12
N_TIME_BINS = 20
TIME_BIN_US = 0.0125
FIRST_FIT_SAMPLE, LAST_FIT_SAMPLE = 20, 51
SLEEP_SAMPLES = 12
ACCEPT_US = 0.1  # largest distance of the fitted time from the middle of the tabulated range
_START_SLEEP = 100
_MIDDLE_BIN = 10
_ORIGIN_NS = 4000.0


@lru_cache(maxsize=1)
def fit_coefficients() -> tuple[np.ndarray, np.ndarray]:
    """Amplitude and time rows, float64 (20, 12) each."""
    table = read_table("fam_fit_coefficients")
    rows = np.stack([table[f"s{j}"] for j in range(FIT_SAMPLES)], axis=1)
    return tuple(np.ascontiguousarray(rows[table["kind"] == kind]) for kind in ("amplitude", "amp_times_dt_us"))  # type: ignore[return-value]


@kernel
def fit_waveform(samples_mev, amplitude, time, threshold_mev, energy_mev, found_ns):
    """Number of hits in 64 samples; fills energy (MeV) and pulse time (ns, relative to 36 samples after the first one).

    A hit needs an energy above the threshold (strict) and a fitted time within 0.1 us of the expected one; then the fit
    sleeps for 12 samples. A window without amplitude (0/0) moves the expected time to the first bin, as the undefined
    conversion does on x86. Time bins and time go by C truncation.
    """
    found, shift, sleep = 0, 0, _START_SLEEP
    for s in range(FIRST_FIT_SAMPLE, LAST_FIT_SAMPLE + 1):
        sleep += 1
        if sleep <= SLEEP_SAMPLES:
            continue
        k = min(max(shift + _MIDDLE_BIN, 1), N_TIME_BINS)
        a, b = 0.0, 0.0
        for j in range(FIT_SAMPLES):
            a += amplitude[k - 1, j] * samples_mev[s + j]
            b += time[k - 1, j] * samples_mev[s + j]
        if a == 0.0:
            shift = -N_TIME_BINS
            continue
        offset = b / a
        shift = int(min(max(offset / TIME_BIN_US + k, -1000.0), 1000.0))
        late = -(offset + TIME_BIN_US * k - _MIDDLE_BIN * TIME_BIN_US)
        if abs(late) < ACCEPT_US and a > threshold_mev:
            energy_mev[found] = a
            found_ns[found] = 1000.0 * late + SAMPLE_NS * s - _ORIGIN_NS
            found += 1
            sleep, shift = 0, 0
    return found
