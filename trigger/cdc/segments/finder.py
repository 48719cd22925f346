"""The track-segment finder: wire hits in, track segments out.

Ref: basf2 trg/cdc CDCTriggerTSFModule.cc, Segment.cc (read in public source) [SIM].
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.door import check_segments
from trigger.cdc.mask import CdcMask
from trigger.cdc.segments import kernels
from trigger.cdc.segments.lr_table import LeftRightTable
from trigger.cdc.segments.shapes import HOURGLASS, MAX_BITS, PYRAMID, segment_wires, wire_segments
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers


@dataclass(frozen=True, kw_only=True, eq=False)
class Segments:
    """Track segments of n events, m in all, ids ascending in an event.

    Attributes:
        cdc_offsets: int64 (n + 1,).
        cdc_ts_id: int16 (m,), 0..2335.
        cdc_priority: int8 (m,), 1 second right, 2 second left, 3 first.
        cdc_lr: int8 (m,), 1 right, 2 left, 3 not known.
        cdc_time: int16 (m,), time of the priority wire, units of 1.965 ns.
        found_time: int16 (m,), the fourth of the five layers' earliest times. fastest_time: int16 (m,), earliest of all wires.
        pattern: int16 (m,), hit wires, bit by bit.
    """

    cdc_offsets: NDArray[np.int64]
    cdc_ts_id: NDArray[np.int16]
    cdc_priority: NDArray[np.int8]
    cdc_lr: NDArray[np.int8]
    cdc_time: NDArray[np.int16]
    found_time: NDArray[np.int16]
    fastest_time: NDArray[np.int16]
    pattern: NDArray[np.int16]

    def arrays(self) -> dict[str, NDArray]:
        """The event-file fields."""
        names = ("cdc_offsets", "cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True)
class SegmentFinder:
    """The finder without clocks: one segment per event and place, made from all hits of the event.

    table: left/right decisions, and which patterns are segments. mask: dead wires and segments are left out.
    """

    table: LeftRightTable = field(default_factory=LeftRightTable.default)
    mask: CdcMask = field(default_factory=CdcMask)

    def run(self, wire_offsets: ArrayLike, wire_id: ArrayLike, wire_time: ArrayLike) -> Segments:
        """Return the segments of each event.

        wire_offsets (n + 1,), wire_id 0..14335, wire_time -32768..32766: hits, CSR, in any order; a wire counts once, with its
        earliest hit. A segment needs hits in four of its five layers. Its priority wire is the first-priority one if that is hit,
        else the earlier of the two second ones, the right one on a tie. InputError with field, event and reason for anything out
        of range. Empty events give no segment.
        """
        arrays = check_segments("SegmentFinder", wire_offsets=wire_offsets, wire_id=wire_id, wire_time=wire_time)
        offsets, wires, times = arrays["wire_offsets"], arrays["wire_id"], arrays["wire_time"]
        late = times == kernels.NO_HIT
        if late.any():
            event = int(np.searchsorted(offsets, int(late.argmax()), side="right")) - 1
            msg = f"SegmentFinder: field wire_time, event {event}: must be below {kernels.NO_HIT}, not {kernels.NO_HIT}"
            raise InputError(msg)
        # A wire belongs to five segments at most, and four hits in different layers make the least of them.
        room = int(np.diff(self.tables.wire_offsets)[wires].sum()) // 4 + 1 if len(wires) else 0
        found = kernels.Found(
            ts_id=np.empty(room, np.int16),
            pattern=np.empty(room, np.int16),
            priority=np.empty(room, np.int8),
            lr=np.empty(room, np.int8),
            time=np.empty(room, np.int16),
            found_time=np.empty(room, np.int16),
            fastest_time=np.empty(room, np.int16),
        )
        out_offsets = np.zeros(len(offsets), np.int64)
        count = kernels.find(self.tables, offsets, wires, times, found, out_offsets)
        kept = {name: column[:count].copy() for name, column in found._asdict().items()}
        return Segments(
            cdc_offsets=out_offsets,
            cdc_ts_id=kept["ts_id"],
            cdc_priority=kept["priority"],
            cdc_lr=kept["lr"],
            cdc_time=kept["time"],
            found_time=kept["found_time"],
            fastest_time=kept["fastest_time"],
            pattern=kept["pattern"],
        )

    @cached_property
    def tables(self) -> kernels.Tables:
        """Geometry, table and mask in the form of the compiled loops."""
        offsets, segment, bit = wire_segments()
        shapes = (HOURGLASS, PYRAMID)
        values = np.zeros((2, 2 << MAX_BITS), np.uint8)
        values[0, : len(self.table.outer)], values[1, : len(self.table.inner)] = self.table.outer, self.table.inner
        return kernels.Tables(
            dead_wire=self.mask.dead_wires,
            wire_offsets=offsets,
            wire_segment=np.where(self.mask.dead_segments[segment], np.int16(-1), segment),
            wire_bit=bit,
            segment_wires=segment_wires(),
            inner=superlayers().of_segment == 0,
            bits=np.array([shape.bits for shape in shapes]),
            first=np.array([shape.first for shape in shapes]),
            layer_of_bit=np.array([(*shape.layer_of_bit, *(MAX_BITS - shape.bits) * (0,)) for shape in shapes]),
            values=values,
        )
