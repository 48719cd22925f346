"""The 250 ns window of each event: the hits that the ECL trigger decides on, out of timed hits.

Ref: basf2 trg/ecl TrgEclMaster.cc, simulate02 (read in public source) [SIM]; the raw-data format counts windows of
two clocks of 7.95 MHz [DATA]. The simulation excludes both edges of a window; here a hit belongs to exactly one clock, so windows
are half open.
"""

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.ecl.hits import Hits, read_only

CLOCK_RAW = 128
"""Ticks of one 7.95 MHz clock in raw time. Source: 7 bits of time per clock in the raw data [DATA]."""
WINDOW_CLOCKS = 2
"""Length of the window. Source: TRGECLModule.cc, TimeWindow 250 ns [SIM]."""
CANDIDATE_CLOCKS = (-1, 0, 1)
"""Starts of the candidate windows relative to the phase. Source: TrgEclMaster.cc, simulate02 [SIM]."""


def choose_window(
    offsets: NDArray[np.int64],
    tc_id: NDArray[np.int16],
    adc: NDArray[np.int16],
    time: NDArray[np.int16],
    phase: NDArray[np.int16] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]:
    """Return (offsets, tc_id, adc, time, start) of the chosen window; cells strictly ascending, start raw, int16 (n,).

    Candidates start at phase - 128, phase and phase + 128 (raw) and hold start <= time < start + 256. The largest sum of counts
    of all hits in the candidate wins, the first of equals. In the chosen window a cell with several hits keeps the last one.
    With no hit in any candidate the event keeps none, and its start is 0.

    Takes hits that have passed the door: ordered by cell and then time inside an event. phase: raw, -127..0, 0 where absent.
    """
    phases = np.zeros(len(offsets) - 1, dtype=np.int16) if phase is None else phase
    return _choose(
        read_only(np.ascontiguousarray(offsets, dtype=np.int64)),
        read_only(np.ascontiguousarray(tc_id, dtype=np.int16)),
        read_only(np.ascontiguousarray(adc, dtype=np.int16)),
        read_only(np.ascontiguousarray(time, dtype=np.int16)),
        read_only(np.ascontiguousarray(phases, dtype=np.int16)),
        read_only(np.array(CANDIDATE_CLOCKS, dtype=np.int64) * CLOCK_RAW),
        WINDOW_CLOCKS * CLOCK_RAW,
    )


def windowed_hits(hits: Hits, phase: NDArray[np.int16]) -> tuple[Hits, NDArray[np.int16]]:
    """Return `choose_window` of timed hits as `Hits`, with the start of each window."""
    assert hits.time is not None
    offsets, tc_id, adc, time, start = choose_window(hits.offsets, hits.tc_id, hits.adc, hits.time, phase)
    return Hits(offsets=read_only(offsets), tc_id=read_only(tc_id), adc=read_only(adc), time=read_only(time)), start


@kernel
def _choose(offsets, tc_id, adc, time, phase, candidates, length):
    n_events = len(offsets) - 1
    out_offsets, out_start = np.zeros(n_events + 1, np.int64), np.zeros(n_events, np.int16)
    out_id, out_adc, out_time = np.empty_like(tc_id), np.empty_like(adc), np.empty_like(time)
    m = 0
    for i in range(n_events):
        best_sum, best_start = 0, 0
        for candidate in candidates:
            start = phase[i] + candidate
            total = 0
            for h in range(offsets[i], offsets[i + 1]):
                if start <= time[h] < start + length:
                    total += adc[h]
            if total > best_sum:
                best_sum, best_start = total, start
        if best_sum > 0:
            out_start[i] = best_start
            first = m
            for h in range(offsets[i], offsets[i + 1]):
                if best_start <= time[h] < best_start + length:
                    if m > first and out_id[m - 1] == tc_id[h]:
                        m -= 1
                    out_id[m], out_adc[m], out_time[m] = tc_id[h], adc[h], time[h]
                    m += 1
        out_offsets[i + 1] = m
    return out_offsets, out_id[:m].copy(), out_adc[:m].copy(), out_time[:m].copy(), out_start
