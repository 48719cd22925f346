"""The 21-bit word: hand-worked bits, every field, local ids, times beyond nine bits."""

import numpy as np
import pytest

from trigger.cdc.segments import word
from trigger.geometry.cdc import superlayers


def test_hand_worked_word():
    """Local id 0xA5, time 0b1_0000_0011, left, second right: 10100101 100000011 10 01."""
    assert word.pack(0xA5, 0b100000011, 2, 1) == 0b10100101_100000011_10_01
    assert word.unpack(0b10100101_100000011_10_01) == (0xA5, 0b100000011, 2, 1)
    assert word.WORD_BITS == 21


def test_every_field_round():
    rng = np.random.default_rng(1)
    words = np.append(rng.integers(0, 1 << 21, 5000), [0, (1 << 21) - 1])
    assert (word.pack(*word.unpack(words)) == words).all()


def test_time_is_taken_modulo_512():
    assert word.unpack(word.pack([0, 0, 0], [-1, 512, 1025], [0, 0, 0], [3, 3, 3])).time.tolist() == [511, 0, 1]


@pytest.mark.parametrize("bad", [(256, 0, 0, 0), (-1, 0, 0, 0), (0, 0, 4, 0), (0, 0, 0, 4)])
def test_fields_that_do_not_fit(bad):
    with pytest.raises(ValueError, match="must fit into"):
        word.pack(*bad)


def test_word_that_is_too_long():
    with pytest.raises(ValueError, match="21 bits"):
        word.unpack(1 << 21)
    with pytest.raises(TypeError, match="integers"):
        word.unpack([0.5])


def test_hand_worked_local_ids():
    """Quadrant 1 starts at segment 40 of superlayer 0; superlayer 8 starts 16 before its 96th, and quadrant 0 at 368."""
    assert word.segment_of(0, 1, [0, 119, 120]).tolist() == [40, 159, 0]
    assert word.segment_of(8, 1, [0, 16]).tolist() == [1952 + 80, 1952 + 96]
    assert word.segment_of(8, 0, [0, 15, 16]).tolist() == [1952 + 368, 1952 + 383, 1952]
    assert word.local_id_of(0, [1952 + 368, 1952, 0, 320]).tolist() == [0, 16, 0, 0]
    with pytest.raises(ValueError, match="quadrant"):
        word.segment_of(0, 4, 0)


@pytest.mark.parametrize("quadrant", range(4))
def test_every_local_id_round(quadrant):
    local = word.local_id_of(quadrant, np.arange(2336))
    rings = superlayers()
    for s in range(9):
        own = slice(rings.offset[s], rings.offset[s + 1])
        known = np.flatnonzero(local[own] >= 0)
        assert (word.segment_of(s, quadrant, local[own][known]) == rings.offset[s] + known).all()
        # Half the circle, the part that a quadrant receives, always has an id.
        start = rings.n_segments[s] * quadrant // 4
        assert np.isin((start + np.arange(rings.n_segments[s] // 2)) % rings.n_segments[s], known).all()


@pytest.mark.parametrize(
    ("clock", "time", "expected"),
    [
        (0b0101_00111, 0b00111_1010, 0b0101_00111_1010),  # same clock
        (0b0101_00111, 0b00110_0000, 0b0101_00110_0000),  # one clock earlier
        (0b0101_00111, 0b01000_0000, 0b0100_01000_0000),  # later in the cycle: it was the cycle before
        (0b0000_00000, 0b00001_0000, 0b1111_00001_0000),  # and before cycle 0 comes cycle 15
    ],
)
def test_extended_time(clock, time, expected):
    assert word.extended_time(clock, time) == expected


def test_extended_time_of_a_segment_up_to_511_units_old():
    rng = np.random.default_rng(2)
    now = rng.integers(0, 1 << 13, 2000)
    # The oldest time whose upper bits are not those of the present clock.
    then = (now - rng.integers(0, 497, 2000)) % (1 << 13)
    assert (word.extended_time(now >> 4, then & 511) == then).all()
