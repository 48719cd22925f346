"""Five networks as one, expert by expert, and which numbers of experts are taken."""

import numpy as np
import pytest

from trigger.cdc import ClassicExperts, ClassicMlp
from trigger.cdc.neuro.experts import checked_experts
from trigger.errors import InputError


def constant(address):
    """A network that answers (table(address), -table(address)) to anything."""
    return ClassicMlp([np.zeros((1, 27), int), np.zeros((2, 1), int)], [np.zeros(1, int), np.array([address, -address])])


def test_each_track_has_the_answer_of_its_expert():
    """Published entries of the activation table: 1, 512, 1024, 2048, 4096 give 3, 1004, 1894, 3120, 3949."""
    experts = ClassicExperts([constant(address) for address in (1, 512, 1024, 2048, 4096)])
    answers = experts.answer(np.zeros((7, 27), int), [4, -1, 0, 3, 1, 2, 0])
    assert answers.tolist() == [[z, -z] for z in (3949, 0, 3, 3120, 1004, 1894, 3)]
    assert answers.dtype == np.int16


def test_no_tracks():
    experts = ClassicExperts([constant(1)] * 5)
    assert experts.answer(np.zeros((0, 27), int), []).shape == (0, 2)
    assert checked_experts([], 0).dtype.kind == "i"


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_any_kind_of_integer(dtype):
    assert checked_experts(np.arange(5, dtype=dtype), 5).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("expert", "message"),
    [
        ([0, -1, -2], r"expert must be -1\.\.4, not -2 \(track 2\)"),
        ([5, 0, 0], r"expert must be -1\.\.4, not 5 \(track 0\)"),
        ([0, 256, 4], r"not 256 \(track 1\)"),
        ([0, 0, 2**32 - 1], r"not 4294967295 \(track 2\)"),
        ([1.0, 2.0, 3.0], r"expert must be 3 integers, one per track, not float64 of shape \(3,\)"),
        ([True, False, True], "not bool"),
        ([0, 0], r"not int64 of shape \(2,\)"),
        ([], r"of shape \(0,\)"),
        ([[0, 0, 0]], r"of shape \(1, 3\)"),
    ],
)
def test_numbers_that_are_no_experts(expert, message):
    """256 and 2^32 - 1 would be 0 and -1 in a byte."""
    with pytest.raises(InputError, match=message):
        checked_experts(expert, 3)
