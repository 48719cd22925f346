"""Compiled loop of the track-segment finder.

Ref: basf2 trg/cdc Segment.cc, CDCTriggerTSFModule.cc, TCSegment simulateWithoutClock (read in public source) [SIM].
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.segments.shapes import MIN_LAYERS, N_SEGMENT_LAYERS
from trigger.compiled import kernel
from trigger.geometry.cdc import N_SEGMENTS, N_WIRES

NO_HIT = np.iinfo(np.int16).max
"""Time of a wire without hit: later than any."""
NO_PRIORITY, SECOND_RIGHT, SECOND_LEFT, FIRST = 0, 1, 2, 3


class Tables(NamedTuple):
    """Geometry, left/right table and mask in the form of the loop.

    dead_wire: bool (14336,). wire_offsets, wire_segment, wire_bit: CSR, segments of each wire (-1 for dead ones) and its pattern
    bit in them. segment_wires: int16 (2336, 15). inner: bool (2336,). Per shape, at index inner: bits, (2,); first, the bit of the
    first-priority wire, (2,); layer_of_bit, (2, 15); values, uint8 (2, 2^16), left/right values.
    """

    dead_wire: NDArray[np.bool_]
    wire_offsets: NDArray[np.int64]
    wire_segment: NDArray[np.int16]
    wire_bit: NDArray[np.uint8]
    segment_wires: NDArray[np.int16]
    inner: NDArray[np.bool_]
    bits: NDArray[np.int64]
    first: NDArray[np.int64]
    layer_of_bit: NDArray[np.int64]
    values: NDArray[np.uint8]


class Found(NamedTuple):
    """Segments of all events, with room for every segment that a wire hit belongs to."""

    ts_id: NDArray[np.int16]
    pattern: NDArray[np.int16]
    priority: NDArray[np.int8]
    lr: NDArray[np.int8]
    time: NDArray[np.int16]
    found_time: NDArray[np.int16]
    fastest_time: NDArray[np.int16]


@kernel
def priority_of(wires, first, time):
    """Priority position of a segment from the first hits of its wires."""
    right, left = time[wires[first + 1]], time[wires[first + 2]]
    if time[wires[first]] != NO_HIT:
        return FIRST
    if right != NO_HIT and left != NO_HIT:
        return SECOND_RIGHT if left >= right else SECOND_LEFT
    if right != NO_HIT:
        return SECOND_RIGHT
    return SECOND_LEFT if left != NO_HIT else NO_PRIORITY


@kernel
def segment_times(wires, bits, layer_of_bit, time, earliest):
    """(found time, fastest time): the fourth of the layers' earliest times, and the earliest of all. earliest: scratch (5,)."""
    earliest[:] = NO_HIT
    for bit in range(bits):
        layer = layer_of_bit[bit]
        earliest[layer] = min(earliest[layer], time[wires[bit]])
    earliest.sort()
    return earliest[MIN_LAYERS - 1], earliest[0]


@kernel
def has_fewer_bits(pattern, count):
    """Whether fewer than `count` bits are set."""
    for _ in range(count - 1):
        pattern &= pattern - 1
    return pattern == 0


@kernel
def find(tables, offsets, wire_id, wire_time, found, out_offsets):
    """Write the segments of every event, ids ascending. A wire counts with its earliest hit."""
    time = np.full(N_WIRES, NO_HIT, np.int16)
    pattern = np.zeros(N_SEGMENTS, np.int32)
    earliest = np.zeros(N_SEGMENT_LAYERS, np.int16)
    count = 0
    for event in range(len(offsets) - 1):
        for i in range(offsets[event], offsets[event + 1]):
            wire = wire_id[i]
            if tables.dead_wire[wire]:
                continue
            if time[wire] == NO_HIT:
                for k in range(tables.wire_offsets[wire], tables.wire_offsets[wire + 1]):
                    segment = tables.wire_segment[k]
                    if segment >= 0:
                        pattern[segment] |= 1 << tables.wire_bit[k]
            time[wire] = min(time[wire], wire_time[i])
        for segment in range(N_SEGMENTS):
            if has_fewer_bits(pattern[segment], MIN_LAYERS):  # too few wires for the layers of a segment
                pattern[segment] = 0
                continue
            inner = int(tables.inner[segment])
            wires = tables.segment_wires[segment]
            position = priority_of(wires, tables.first[inner], time)
            value = tables.values[inner, 2 * pattern[segment] + (position == SECOND_LEFT)]
            if value:
                wire = wires[tables.first[inner] + position % FIRST]
                found.ts_id[count] = segment
                found.pattern[count] = pattern[segment]
                found.priority[count] = position
                found.lr[count] = value
                found.time[count] = time[wire]
                found.found_time[count], found.fastest_time[count] = segment_times(
                    wires, tables.bits[inner], tables.layer_of_bit[inner], time, earliest
                )
                count += 1
            pattern[segment] = 0
        for i in range(offsets[event], offsets[event + 1]):
            time[wire_id[i]] = NO_HIT
        out_offsets[event + 1] = count
    return count
