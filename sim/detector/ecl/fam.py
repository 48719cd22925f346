"""Numbers of the flash-ADC module, and the pulses that it sees: deposits of one cell summed in 100 ns bins.

Ref: basf2 trg/ecl TrgEclDigitizer, TrgEclFAMFit (read in public source) [SIM]; LSB and clock from the unpacker [DATA].
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim.detector.ecl.helix import SPEED_OF_LIGHT_CM_PER_NS
from sim.detector.ecl.shower import crystal_delay_ns, shower_tables
from sim.detector.ecl.tables import read_table
from trigger.compiled import kernel
from trigger.geometry.beams import RADIO_FREQUENCY_MHZ
from trigger.geometry.ecl import N_CELLS, cells

CLOCK_NS = 64 / (RADIO_FREQUENCY_MHZ / 1000)  # 7.95 MHz
TIME_LSB_NS = CLOCK_NS / 128
ENERGY_LSB_GEV = 0.00525
MAX_ADC = (1 << 12) - 1
RANGE_NS = 4000.0
BIN_NS = 100.0
MIN_BIN_GEV = 0.0001  # bins below are skipped
# A cell is digitised, and gets noise, only if it holds this much. The simulation asks it of 0..1000 ns, we of the whole range, so
# that early background is digitised as well. A cell of noise alone is 13 sigma below the threshold.
MIN_CELL_GEV = 0.030
# Pulse times that the fit can find, without the sampling phase. Source: SIM, first and last sample of the fit.
FIT_RANGE_NS = (-1500.0, 2400.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pulses:
    """Energy per cell and 100 ns bin, of the cells that are digitised; ordered by event, cell, time.

    event: int64. cell: int64, 1..576. energy_gev, time_ns: float64; the time is the energy-weighted mean of the bin,
    flight and crystal delay included, before any calibration.
    """

    event: np.ndarray
    cell: np.ndarray
    energy_gev: np.ndarray
    time_ns: np.ndarray

    def first_of_cell(self) -> np.ndarray:
        """Whether a pulse is the first one of its event and cell, bool."""
        return (np.diff(self.event, prepend=-1) != 0) | (np.diff(self.cell, prepend=0) != 0)

    def select(self, which: np.ndarray) -> "Pulses":
        """The chosen pulses."""
        columns = (self.event, self.cell, self.energy_gev, self.time_ns)
        event, cell, energy_gev, time_ns = (column[which] for column in columns)
        return Pulses(event=event, cell=cell, energy_gev=energy_gev, time_ns=time_ns)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """Digitised hits, ordered by event, cell, time. event, cell: int64. adc, time_raw: int16, raw units of the event file."""

    event: np.ndarray
    cell: np.ndarray
    adc: np.ndarray
    time_raw: np.ndarray

    def merged(self, other: "Hits") -> "Hits":
        """Hits of both; no cell of an event may be in both."""
        mine, theirs = (vars(hits) for hits in (self, other))
        columns = {name: np.concatenate([mine[name], theirs[name]]) for name in mine}
        order = np.argsort(columns["event"] * (N_CELLS + 1) + columns["cell"], kind="stable")
        return Hits(**{name: column[order] for name, column in columns.items()})


@lru_cache(maxsize=1)
def latency_ns() -> np.ndarray:
    """Constant added to the time of each cell, float64 (576,): evens out the flight times of prompt photons."""
    table = read_table("latency")
    latency = np.zeros(N_CELLS)
    for first, last, period, index, value in zip(*table.values(), strict=True):
        latency[int(first) - 1 + int(index) : int(last) : int(period)] = value
    latency.setflags(write=False)
    return latency


@lru_cache(maxsize=1)
def calibration_ns() -> np.ndarray:
    """Added to the pulse time of each cell, float64 (576,): a prompt 1 GeV photon then sits at 0 (our choice of origin).

    The trigger simulation subtracts a constant 15 ns instead, which agrees within 1 ns.
    """
    at = cells()
    flight = np.sqrt(at.x_cm**2 + at.y_cm**2 + at.z_cm**2) / SPEED_OF_LIGHT_CM_PER_NS
    tables = shower_tables()
    depth = float(np.interp(0.0, tables.log_energy0 + tables.log_energy_step * np.arange(tables.mean_depth_cm.size),
                            tables.mean_depth_cm))  # fmt: skip
    origin = (flight + latency_ns()).mean() + depth / SPEED_OF_LIGHT_CM_PER_NS + crystal_delay_ns(depth)
    return latency_ns() - origin


def collect_pulses(event: np.ndarray, cell: np.ndarray, energy_gev: np.ndarray, time_ns: np.ndarray, n_events: int) -> Pulses:
    """Pulses from deposits in any order; deposits outside +-4000 ns are dropped."""
    out_event, out_cell = np.empty(event.size, np.int64), np.empty(event.size, np.int64)
    out_energy, out_time = np.empty(event.size), np.empty(event.size)
    written = _collect(
        event.astype(np.int64, copy=False), cell.astype(np.int64, copy=False), energy_gev, time_ns, n_events,
        out_event, out_cell, out_energy, out_time,
    )  # fmt: skip
    return Pulses(event=out_event[:written], cell=out_cell[:written], energy_gev=out_energy[:written], time_ns=out_time[:written])


@kernel
def _collect(event, cell, energy, time, n_events, out_event, out_cell, out_energy, out_time):
    n_bins = int(2 * RANGE_NS / BIN_NS)
    ends = np.zeros(n_events + 1, np.int64)
    for i in range(event.size):
        ends[event[i] + 1] += 1
    ends = np.cumsum(ends)
    place = ends[:-1].copy()
    order = np.empty(event.size, np.int64)
    for i in range(event.size):
        order[place[event[i]]] = i
        place[event[i]] += 1
    written = 0
    for e in range(n_events):
        n = 0
        keys = np.empty(ends[e + 1] - ends[e], np.int64)
        rows = np.empty(keys.size, np.int64)
        for k in range(ends[e], ends[e + 1]):
            i = order[k]
            bin_number = int(np.floor((time[i] + RANGE_NS) / BIN_NS))
            if 0 <= bin_number < n_bins:
                keys[n] = cell[i] * n_bins + bin_number
                rows[n] = i
                n += 1
        by_key = np.argsort(keys[:n], kind="mergesort") if n > 48 else _insertion_order(keys[:n])
        k = 0
        while k < n:
            this_cell = keys[by_key[k]] // n_bins
            first, total = written, 0.0
            while k < n and keys[by_key[k]] // n_bins == this_cell:
                key = keys[by_key[k]]
                total_bin, moment = 0.0, 0.0
                while k < n and keys[by_key[k]] == key:
                    i = rows[by_key[k]]
                    total_bin += energy[i]
                    moment += energy[i] * time[i]
                    k += 1
                total += total_bin
                if total_bin >= MIN_BIN_GEV:
                    out_event[written] = e
                    out_cell[written] = this_cell
                    out_energy[written] = total_bin
                    out_time[written] = moment / total_bin
                    written += 1
            if total < MIN_CELL_GEV:
                written = first
    return written


@kernel
def _insertion_order(keys):
    """Stable order of a short array."""
    order = np.arange(keys.size)
    for i in range(1, keys.size):
        at = order[i]
        k = i - 1
        while k >= 0 and keys[order[k]] > keys[at]:
            order[k + 1] = order[k]
            k -= 1
        order[k + 1] = at
    return order
