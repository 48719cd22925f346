"""The 21-bit word of a track segment, its local id, and the long form of its time.

Ref: basf2 trg/cdc Unpacker.h decodeTSHit (read in public source) [DATA]. Most significant bit first: 8 bits local id, 9 bits
priority time, 2 bits left/right, 2 bits priority position. Position 0 marks an empty slot.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

POSITION_BITS, SIDE_BITS, TIME_BITS, LOCAL_ID_BITS = 2, 2, 9, 8
WORD_BITS = POSITION_BITS + SIDE_BITS + TIME_BITS + LOCAL_ID_BITS
N_QUADRANTS = 4
LAST_SUPERLAYER_SHIFT = 16
"""The local ids of superlayer 8 start this many segments before the quadrant. Source: Unpacker.h [DATA]."""
CLOCK_BITS, TICK_BITS = 9, 4
"""Bits of the data-clock counter, and of the time below one data clock."""
_COARSE_BITS = TIME_BITS - TICK_BITS


class SegmentWord(NamedTuple):
    """Fields of words, int64 of one shape: local id 0..255, time 0..511, left/right 0..3, priority position 0..3."""

    local_id: NDArray[np.int64]
    time: NDArray[np.int64]
    lr: NDArray[np.int64]
    position: NDArray[np.int64]


def pack(local_id: ArrayLike, time: ArrayLike, lr: ArrayLike, position: ArrayLike) -> NDArray[np.uint32]:
    """Return words, uint32. time: any integer, kept modulo 512. ValueError if another field does not fit."""
    fields = (("local_id", local_id, LOCAL_ID_BITS), ("lr", lr, SIDE_BITS), ("position", position, POSITION_BITS))
    local, side, place = (_checked(name, values, bits) for name, values, bits in fields)
    word = local << TIME_BITS | (np.asarray(time, np.int64) & ((1 << TIME_BITS) - 1))
    return ((word << SIDE_BITS | side) << POSITION_BITS | place).astype(np.uint32)


def unpack(word: ArrayLike) -> SegmentWord:
    """Return the fields of words of 21 bits; ValueError for larger ones."""
    rest = _checked("word", word, WORD_BITS)
    fields = []
    for bits in (POSITION_BITS, SIDE_BITS, TIME_BITS):
        fields.append(rest & ((1 << bits) - 1))
        rest = rest >> bits
    return SegmentWord(rest, *fields[::-1])


def segment_of(superlayer: int, quadrant: int, local_id: ArrayLike) -> NDArray[np.int64]:
    """Return segment ids 0..2335 of local ids of one superlayer and quadrant; ids count on past the last segment to the first."""
    _check_place(superlayer, quadrant)
    rings = superlayers()
    n = int(rings.n_segments[superlayer])
    return rings.offset[superlayer] + (np.asarray(local_id, np.int64) + _start(superlayer, quadrant, n)) % n


def local_id_of(quadrant: int, ts_id: ArrayLike) -> NDArray[np.int64]:
    """Return the local ids of segments in a quadrant; -1 for a segment too far from it for the 8 bits."""
    _check_place(0, quadrant)
    rings = superlayers()
    ids = np.asarray(ts_id, np.int64)
    superlayer = rings.of_segment[ids].astype(np.int64)
    n = rings.n_segments[superlayer].astype(np.int64)
    shift = np.where(superlayer == N_SUPERLAYERS - 1, LAST_SUPERLAYER_SHIFT, 0)
    local = (ids - rings.offset[superlayer] - n * quadrant // N_QUADRANTS + shift) % n
    return np.where(local < 1 << LOCAL_ID_BITS, local, -1)


def extended_time(clock: ArrayLike, time: ArrayLike) -> NDArray[np.int64]:
    """Return 13-bit times of 9-bit priority times that a data clock (9-bit counter) carries.

    The counter's upper four bits lie above the time's nine; they count one less if the time's upper five bits are beyond the
    counter's lower five, for the segment is older than the word. ValueError outside 9 bits.
    """
    counter, ticks = _checked("clock", clock, CLOCK_BITS), _checked("time", time, TIME_BITS)
    high, low = counter >> _COARSE_BITS, counter & ((1 << _COARSE_BITS) - 1)
    high = (high - (ticks >> TICK_BITS > low)) % (1 << (CLOCK_BITS - _COARSE_BITS))
    return high << TIME_BITS | ticks


def _start(superlayer: int, quadrant: int, n: int) -> int:
    return n * quadrant // N_QUADRANTS - (LAST_SUPERLAYER_SHIFT if superlayer == N_SUPERLAYERS - 1 else 0)


def _check_place(superlayer: int, quadrant: int) -> None:
    if not 0 <= superlayer < N_SUPERLAYERS or not 0 <= quadrant < N_QUADRANTS:
        msg = f"superlayer must be 0..8 and quadrant 0..3, not {superlayer} and {quadrant}"
        raise ValueError(msg)


def _checked(name: str, values: ArrayLike, bits: int) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        msg = f"{name} must be integers, not {array.dtype}"
        raise TypeError(msg)
    if array.size and (array.min() < 0 or array.max() >> bits):
        msg = f"{name} must fit into {bits} bits, not {array.min()}..{array.max()}"
        raise ValueError(msg)
    return array.astype(np.int64)
