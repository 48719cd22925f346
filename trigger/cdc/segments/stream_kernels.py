"""Compiled loop of the clocked segment finder.

Ref: basf2 trg/cdc Segment.cc, TCSegment simulateWithClock (read in public source) [SIM].
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.segments.kernels import FIRST, NO_HIT, NO_PRIORITY, SECOND_LEFT, priority_of
from trigger.cdc.segments.lr_table import NONE, UNKNOWN
from trigger.cdc.segments.shapes import MAX_BITS
from trigger.cdc.segments.word import TICK_BITS
from trigger.compiled import kernel
from trigger.geometry.cdc import N_SEGMENTS, N_WIRES

WINDOW_CLOCKS = 16
"""Data clocks before the present one whose hits still count. Source: TCSegment simulateWithClock [SIM]."""
_NO_INDEX, _NO_TIME = -1, -1


class Words(NamedTuple):
    """Words of all runs, with room for one whenever a wire of a segment gains or loses a hit."""

    clock: NDArray[np.int64]
    ts_id: NDArray[np.int16]
    priority: NDArray[np.int8]
    lr: NDArray[np.int8]
    time: NDArray[np.int64]


@kernel
def touch(tables, wire, is_touched, touched, count):
    """Note the segments of a wire, each once; returns how many are noted."""
    for k in range(tables.wire_offsets[wire], tables.wire_offsets[wire + 1]):
        segment = tables.wire_segment[k]
        if segment >= 0 and not is_touched[segment]:
            is_touched[segment] = True
            touched[count] = segment
            count += 1
    return count


@kernel
def find_words(tables, offsets, wire_id, wire_time, n_clocks, words, out_offsets):
    """Write the words of every run, by clock and id. Hits: times ascending in a run, from 0.

    head, tail: first and last hit of each wire in the window, following: the wire's next hit. Only segments with a wire that gained
    or lost a hit are looked at: nothing else changes what they say.
    """
    head, tail = np.full(N_WIRES, _NO_INDEX), np.full(N_WIRES, _NO_INDEX)
    following = np.full(len(wire_id), _NO_INDEX)
    last_value, last_position = np.zeros(N_SEGMENTS, np.int64), np.zeros(N_SEGMENTS, np.int64)
    last_fastest = np.zeros(N_SEGMENTS, np.int64)
    is_touched, touched = np.zeros(N_SEGMENTS, np.bool_), np.zeros(N_SEGMENTS, np.int64)
    places, since = np.arange(MAX_BITS), np.zeros(MAX_BITS, np.int16)
    count = 0
    for run in range(len(offsets) - 1):
        head[:], last_value[:], last_position[:], last_fastest[:] = _NO_INDEX, NONE, NO_PRIORITY, _NO_TIME
        old = new = offsets[run]
        for clock in range(n_clocks[run]):
            begin, end = (clock - WINDOW_CLOCKS) << TICK_BITS, (clock + 1) << TICK_BITS
            n_touched = 0
            while old < new and wire_time[old] < begin:
                wire = wire_id[old]
                if not tables.dead_wire[wire]:
                    head[wire] = following[old]
                    n_touched = touch(tables, wire, is_touched, touched, n_touched)
                old += 1
            while new < offsets[run + 1] and wire_time[new] < end:
                wire = wire_id[new]
                if not tables.dead_wire[wire]:
                    if head[wire] == _NO_INDEX:
                        head[wire] = new
                    else:
                        following[tail[wire]] = new
                    tail[wire] = new
                    n_touched = touch(tables, wire, is_touched, touched, n_touched)
                new += 1
            for segment in np.sort(touched[:n_touched]):
                is_touched[segment] = False
                inner = int(tables.inner[segment])
                pattern, fastest = 0, NO_HIT
                for bit in range(tables.bits[inner]):
                    at = head[tables.segment_wires[segment, bit]]
                    since[bit] = NO_HIT if at == _NO_INDEX else wire_time[at] - begin
                    pattern |= (at != _NO_INDEX) << bit
                    fastest = min(fastest, since[bit])
                first = tables.first[inner]
                position = priority_of(places, first, since)
                value = tables.values[inner, 2 * pattern + (position == SECOND_LEFT)]
                if value == NONE:
                    continue
                sided = last_value[segment] == UNKNOWN and value != UNKNOWN
                promoted = last_position[segment] != FIRST and position == FIRST
                if sided or promoted or begin + fastest != last_fastest[segment]:
                    last_value[segment], last_position[segment], last_fastest[segment] = value, position, begin + fastest
                    words.clock[count] = clock
                    words.ts_id[count] = segment
                    words.priority[count] = position
                    words.lr[count] = value
                    words.time[count] = begin + since[first + position % FIRST]
                    count += 1
        out_offsets[run + 1] = count
    return count
