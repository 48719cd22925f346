"""Hits of the trigger cells as the compiled loops take them, checked, and calibrated where a calibration is set."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.compiled import kernel
from trigger.ecl.calibration import ADC_MAX, EclCalibration
from trigger.events import declared, validate
from trigger.geometry.ecl import N_CELLS


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """Fired cells of events, CSR. Event i owns entries offsets[i] .. offsets[i+1] - 1.

    Attributes:
        offsets: int64 (n + 1,).
        tc_id: int16, 1..576.
        adc: int16, 1..4095.
        time: int16, raw; None if the hits carry no time.
    """

    offsets: NDArray[np.int64]
    tc_id: NDArray[np.int16]
    adc: NDArray[np.int16]
    time: NDArray[np.int16] | None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def time_or_empty(self) -> NDArray[np.int16]:
        """`time`, or an empty array: the form that compiled loops take."""
        return _NO_TIME if self.time is None else self.time

    def events(self, start: int, stop: int) -> "Hits":
        """Return events start .. stop - 1; views of the same memory, offsets apart."""
        first, last = self.offsets[start], self.offsets[stop]
        return Hits(
            offsets=self.offsets[start : stop + 1] - first,
            tc_id=self.tc_id[first:last],
            adc=self.adc[first:last],
            time=None if self.time is None else self.time[first:last],
        )


def read_only(array: NDArray) -> NDArray:
    """Return a read-only view of `array`, so that a loop is compiled for one kind of input alone."""
    view = array.view()
    view.setflags(write=False)
    return view


def checked_hits(
    offsets: ArrayLike, tc_id: ArrayLike, adc: ArrayLike, time: ArrayLike | None, phase: ArrayLike | None, where: str
) -> tuple[Hits, NDArray[np.int16]]:
    """Return hits and phases in their declared types; phases are 0 where none are given.

    Without time, cells are strictly ascending inside an event; with time, hits are ordered by cell and then time.

    Raises:
        InputError: wrong length, type, range or order; names `where`, field, first bad event and reason.
    """
    given = {"ecl_offsets": offsets, "ecl_tc_id": tc_id, "ecl_adc": adc, "ecl_time": time, "ecl_phase": phase}
    arrays = {name: _as_array(array) for name, array in given.items() if array is not None}
    if not _is_clean(arrays):
        arrays = validate(arrays, where, required=("ecl_offsets", "ecl_tc_id", "ecl_adc"))
    arrays = {name: read_only(np.ascontiguousarray(array)) for name, array in arrays.items()}
    hits = Hits(offsets=arrays["ecl_offsets"], tc_id=arrays["ecl_tc_id"], adc=arrays["ecl_adc"], time=arrays.get("ecl_time"))
    phases = arrays.get("ecl_phase")
    return hits, read_only(np.zeros(len(hits), dtype=np.int16)) if phases is None else phases


def _as_array(values: ArrayLike) -> NDArray:
    array = np.asarray(values)
    return array.astype(np.int16) if array.size == 0 and array.dtype == np.float64 else array


def _is_clean(arrays: dict[str, NDArray]) -> bool:
    """True if the hits are in declared types and pass; anything else is left to `validate`, which says what is wrong."""
    offsets, per_hit = arrays["ecl_offsets"], [arrays[name] for name in _PER_HIT if name in arrays]
    if offsets.dtype != np.int64 or any(a.dtype != np.int16 for name, a in arrays.items() if name != "ecl_offsets"):
        return False
    if any(a.ndim != 1 for a in arrays.values()) or any(len(a) != len(per_hit[0]) for a in per_hit):
        return False
    if "ecl_phase" in arrays and not _are_phases(arrays["ecl_phase"], len(offsets) - 1):
        return False
    views = {name: read_only(np.ascontiguousarray(a)) for name, a in arrays.items()}
    return _pass_the_door(
        views["ecl_offsets"], views["ecl_tc_id"], views["ecl_adc"], views.get("ecl_time", _NO_TIME), N_CELLS, ADC_MAX
    )


def _are_phases(phase: NDArray, n_events: int) -> bool:
    bounds = declared()["ecl_phase"].bounds
    assert bounds is not None
    return len(phase) == n_events and (n_events == 0 or bounds[0] <= phase.min() <= phase.max() <= bounds[1])


_PER_HIT = ("ecl_tc_id", "ecl_adc", "ecl_time")
_NO_TIME = read_only(np.zeros(0, dtype=np.int16))


@kernel
def _pass_the_door(offsets, tc_id, adc, time, n_cells, adc_max):
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(tc_id):
        return False
    timed = len(time) == len(tc_id)
    for i in range(len(offsets) - 1):
        if offsets[i + 1] < offsets[i] or offsets[i + 1] > len(tc_id):
            return False
        before = 0
        for h in range(offsets[i], offsets[i + 1]):
            cell = tc_id[h]
            if cell > n_cells or adc[h] < 1 or adc[h] > adc_max:
                return False
            if cell <= before and not (timed and cell == before and cell > 0 and time[h] >= time[h - 1]):
                return False
            before = cell
    return True


def calibrated_hits(hits: Hits, calibration: EclCalibration, start: NDArray[np.int16]) -> Hits:
    """Return the hits of a window after `calibration`: counts changed, cells that read 0 dropped, firing hot cells added.

    A hot cell fires in every window. It has no fitted time then, and takes `start`, the raw time at which the window starts.
    """
    all_cells = np.arange(1, N_CELLS + 1, dtype=np.int16)
    idle_adc = calibration.apply(all_cells, np.zeros(N_CELLS, dtype=np.int16)).astype(np.int16)
    firing = np.flatnonzero(idle_adc).astype(np.int16) + np.int16(1)
    adc = calibration.apply(hits.tc_id, hits.adc).astype(np.int16)
    offsets, tc_id, adc, time = _merge(hits.offsets, hits.tc_id, adc, hits.time_or_empty, firing, idle_adc, start)
    return Hits(
        offsets=read_only(offsets),
        tc_id=read_only(tc_id),
        adc=read_only(adc),
        time=None if hits.time is None else read_only(time),
    )


@kernel
def _merge(offsets, tc_id, adc, time, firing, idle_adc, start):
    n_events, n_max = len(offsets) - 1, len(tc_id) + (len(offsets) - 1) * len(firing)
    timed = len(time) == len(tc_id)
    out_offsets = np.zeros(n_events + 1, np.int64)
    out_id, out_adc = np.empty(n_max, np.int16), np.empty(n_max, np.int16)
    out_time = np.zeros(n_max if timed else 0, np.int16)
    m = 0
    for i in range(n_events):
        h, f = offsets[i], 0
        while h < offsets[i + 1] or f < len(firing):
            if f < len(firing) and (h == offsets[i + 1] or firing[f] < tc_id[h]):
                out_id[m], out_adc[m] = firing[f], idle_adc[firing[f] - 1]
                if timed:
                    out_time[m] = start[i]
                m, f = m + 1, f + 1
                continue
            if f < len(firing) and firing[f] == tc_id[h]:
                f += 1
            if adc[h] > 0:
                out_id[m], out_adc[m] = tc_id[h], adc[h]
                if timed:
                    out_time[m] = time[h]
                m += 1
            h += 1
        out_offsets[i + 1] = m
    return out_offsets, out_id[:m].copy(), out_adc[:m].copy(), out_time[: m if timed else 0].copy()
