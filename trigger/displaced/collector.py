"""Windows of segments from a stream: every segment lies in two windows, which are half a window apart.

A lane brings the segments of its superlayer, at most one per cycle. In a cycle without one, a segment of the half window before is
brought again, the earliest that was not. So a window is complete in the cycle in which its later half ends, and takes as
many segments of a superlayer as it has cycles.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.door import check_segments
from trigger.compiled import kernel
from trigger.displaced.parameters import STEP_CLOCKS
from trigger.errors import InputError
from trigger.geometry.cdc import N_SUPERLAYERS, TICKS_PER_CLOCK, superlayers

CYCLES_PER_CLOCK = 4
"""System cycles of 127.216 MHz per data clock. Source: the experiment's clocks, RF/4 and RF/16 [SIM]."""
HALF_CYCLES = STEP_CLOCKS * CYCLES_PER_CLOCK
"""Cycles of half a window: the step from one window to the next."""
HALF_TICKS = STEP_CLOCKS * TICKS_PER_CLOCK
"""The same in time units."""
_SEGMENT = ("cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Segments of windows, as `DisplacedTrigger.run` takes them.

    cdc_offsets: int64 (n + 1,). cdc_ts_id, cdc_priority, cdc_lr, cdc_time: window by window, superlayer by superlayer, in the order
    in which the lane brings them. cycle: int64, in which cycle of the later half. lost: bool (n,), segments of the earlier half
    found no cycle.
    """

    cdc_offsets: NDArray[np.int64]
    cdc_ts_id: NDArray[np.int16]
    cdc_priority: NDArray[np.uint8]
    cdc_lr: NDArray[np.uint8]
    cdc_time: NDArray[np.int16]
    cycle: NDArray[np.int64]
    lost: NDArray[np.bool_]


def collect(offsets: ArrayLike, ts_id: ArrayLike, priority: ArrayLike, lr: ArrayLike, time: ArrayLike, cycle: ArrayLike) -> Windows:
    """Return the windows of a stream of halves: window n has the halves n - 1 and n; there is nothing before half 0.

    offsets (n + 1,), ts_id, priority, lr: segments of each half, CSR, as in event files. time: time units from the start of the
    half; a window counts from the start of its earlier one. cycle: 0 to HALF_CYCLES - 1, in which the lane brings it.

    Raises:
        InputError: field, half and reason; also for two segments of a superlayer in one cycle.
    """
    given = {"cdc_offsets": offsets, "cdc_ts_id": ts_id, "cdc_priority": priority, "cdc_lr": lr, "cdc_time": time}
    arrays = check_segments("collect", **given)
    halves = arrays["cdc_offsets"]
    n, size = len(halves) - 1, len(arrays["cdc_ts_id"])
    cycles = np.asarray(cycle)
    if cycles.shape != (size,) or (size and cycles.dtype.kind not in "iu"):
        msg = f"collect: cycle must be {size} integers, one per segment, not {cycles.dtype} of shape {cycles.shape}"
        raise InputError(msg)
    lane = superlayers().of_segment[arrays["cdc_ts_id"]].astype(np.int64)
    half = np.repeat(np.arange(n), np.diff(halves))
    _check_cycles(half, lane, cycles.astype(np.int64))
    placed = np.full((n, N_SUPERLAYERS, HALF_CYCLES), -1, np.int64)
    placed[half, lane, cycles.astype(np.int64)] = np.arange(size)
    brought, again, lost = np.empty_like(placed), np.zeros(placed.shape, bool), np.zeros(n, bool)
    _bring(placed, brought, again, lost)
    there = brought >= 0
    chosen, earlier = brought[there], again[there]
    moved = arrays["cdc_time"][chosen] + np.where(earlier, 0, HALF_TICKS)
    return Windows(
        cdc_offsets=np.concatenate([[0], np.cumsum(there.sum(axis=(1, 2)))]),
        **{name: arrays[name][chosen] for name in _SEGMENT[:-1]},
        cdc_time=_as_time(moved, arrays["cdc_time"].dtype),
        cycle=np.nonzero(there)[2],
        lost=lost,
    )


def _check_cycles(half: NDArray[np.int64], lane: NDArray[np.int64], cycle: NDArray[np.int64]) -> None:
    outside = np.flatnonzero((cycle < 0) | (cycle >= HALF_CYCLES))
    if len(outside):
        first = outside[0]
        msg = f"collect: cycle of half {half[first]} must be 0 to {HALF_CYCLES - 1}, not {cycle[first]}"
        raise InputError(msg)
    place = (half * N_SUPERLAYERS + lane) * HALF_CYCLES + cycle
    order = np.argsort(place, kind="stable")
    twice = np.flatnonzero(np.diff(place[order]) == 0)
    if len(twice):
        first = order[twice[0] + 1]
        msg = f"collect: half {half[first]} has two segments of superlayer {lane[first]} in cycle {cycle[first]}"
        raise InputError(msg)


def _as_time(moved: NDArray[np.int64], dtype: np.dtype) -> NDArray[np.int16]:
    """Times in the dtype of event files; InputError where they leave it."""
    bounds = np.iinfo(dtype)
    if len(moved) and not bounds.min <= moved.min() <= moved.max() <= bounds.max:
        msg = f"collect: times from the start of a window must be {bounds.min} to {bounds.max}, not up to {moved.max()}"
        raise InputError(msg)
    return moved.astype(dtype)


@kernel
def _bring(placed, brought, again, lost):
    """Which segment each lane brings in each cycle, -1 for none, whether it is of the half before, and which windows lost some.

    placed: int64 (halves, lanes, cycles), index of the segment or -1.
    """
    n_halves, n_lanes, n_cycles = placed.shape
    for half in range(n_halves):
        for lane in range(n_lanes):
            waiting = 0
            for cycle in range(n_cycles):
                index = placed[half, lane, cycle]
                if index < 0 and half > 0:
                    while waiting < n_cycles and placed[half - 1, lane, waiting] < 0:
                        waiting += 1
                    if waiting < n_cycles:
                        index = placed[half - 1, lane, waiting]
                        again[half, lane, cycle] = True
                        waiting += 1
                brought[half, lane, cycle] = index
            if half > 0:
                for cycle in range(waiting, n_cycles):
                    if placed[half - 1, lane, cycle] >= 0:
                        lost[half] = True
