"""The clocked track-segment finder: a continuous stream of wire hits in, segment words with their data clock out.

Ref: basf2 trg/cdc TCSegment simulateWithClock (read in public source) [SIM]. Deviation: where both second-priority wires are hit,
their earliest hits of the window decide; the reference compares their first hits of the whole event, which hardware cannot know.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.door import check_segments
from trigger.cdc.mask import CdcMask
from trigger.cdc.segments import stream_kernels
from trigger.cdc.segments.finder import SegmentFinder
from trigger.cdc.segments.lr_table import LeftRightTable
from trigger.cdc.segments.word import TICK_BITS
from trigger.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentWords:
    """Words of n runs, m in all, in each run by data clock and id.

    Attributes:
        offsets: int64 (n + 1,).
        clock: int64 (m,), data clock in which the word is sent, counted in its run.
        ts_id: int16 (m,), 0..2335.
        priority: int8 (m,), 1 second right, 2 second left, 3 first.
        lr: int8 (m,), 1 right, 2 left, 3 not known.
        time: int64 (m,), earliest hit of the priority wire in the window, units of 1.965 ns from the beginning of the run.
    """

    offsets: NDArray[np.int64]
    clock: NDArray[np.int64]
    ts_id: NDArray[np.int16]
    priority: NDArray[np.int8]
    lr: NDArray[np.int8]
    time: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SegmentStream:
    """The finder with clocks: every data clock it looks at the hits of that clock and the 16 before.

    A place with a segment sends a word when it has sent none since the run began, when its earliest hit is another one than at its
    last word, when the side is known now and was not then, and when the first-priority wire is hit now and was not then. table,
    mask: as for `SegmentFinder`.
    """

    table: LeftRightTable = field(default_factory=LeftRightTable.default)
    mask: CdcMask = field(default_factory=CdcMask)

    def run(self, wire_offsets: ArrayLike, wire_id: ArrayLike, wire_time: ArrayLike, n_clocks: ArrayLike) -> SegmentWords:
        """Return the words of each run; a run begins with a reset, and nothing before it counts.

        wire_offsets (n + 1,), wire_id 0..14335, wire_time 0..16 n_clocks - 1, units of 1.965 ns from the beginning of the run:
        hits, CSR, in any order, a wire as often as it likes. n_clocks (n,): data clocks of each run. InputError with field, run and
        reason for anything out of range. Runs without hits give no word.
        """
        arrays = check_segments("SegmentStream", wire_offsets=wire_offsets, wire_id=wire_id)
        offsets, wires = arrays["wire_offsets"], arrays["wire_id"]
        clocks, times = _integers("n_clocks", n_clocks, len(offsets) - 1), _integers("wire_time", wire_time, len(wires))
        runs = np.repeat(np.arange(len(clocks)), np.diff(offsets))
        _refuse("n_clocks", clocks < 0, np.arange(len(clocks)), clocks, "must not be negative")
        _refuse(
            "wire_time", (times < 0) | (times >> TICK_BITS >= clocks[runs]), runs, times, "must lie in the data clocks of its run"
        )
        order = np.lexsort((times, runs))
        tables = SegmentFinder(table=self.table, mask=self.mask).tables
        room = 2 * int(np.diff(tables.wire_offsets)[wires].sum())
        words = stream_kernels.Words(
            clock=np.empty(room, np.int64),
            ts_id=np.empty(room, np.int16),
            priority=np.empty(room, np.int8),
            lr=np.empty(room, np.int8),
            time=np.empty(room, np.int64),
        )
        out_offsets = np.zeros(len(offsets), np.int64)
        count = stream_kernels.find_words(tables, offsets, wires[order], times[order], clocks, words, out_offsets)
        return SegmentWords(offsets=out_offsets, **{name: column[:count].copy() for name, column in words._asdict().items()})


def _integers(name: str, values: ArrayLike, size: int) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.shape != (size,) or (size and array.dtype.kind not in "iu"):
        msg = f"SegmentStream: field {name} must be integers ({size},), not {array.dtype} {array.shape}"
        raise InputError(msg)
    return array.astype(np.int64)


def _refuse(name: str, wrong: NDArray[np.bool_], runs: NDArray, values: NDArray, reason: str) -> None:
    if wrong.any():
        at = int(wrong.argmax())
        msg = f"SegmentStream: field {name}, run {runs[at]}: {reason}, not {values[at]}"
        raise InputError(msg)
