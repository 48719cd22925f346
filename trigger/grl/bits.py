"""Rings of bits: sectors, bins and quadrants around the circle as places of a 64-bit word, in compiled loops."""

import numpy as np

from trigger.compiled import kernel
from trigger.grl.parameters import N_BINS, N_SECTORS


@kernel
def turn(word, count, size):
    """Bit i of a ring of `size` bits to place i + count."""
    count %= size
    if count == 0:
        return word
    left = (word << np.uint64(count)) | (word >> np.uint64(size - count))
    return left if size == 64 else left & ((np.uint64(1) << np.uint64(size)) - np.uint64(1))


@kernel
def ones(word):
    """Number of ones."""
    n = 0
    while word:
        word &= word - np.uint64(1)
        n += 1
    return n


@kernel
def runs(word):
    """Number of groups of adjacent sectors on the circle."""
    if word == ~np.uint64(0):
        return 1
    return ones(word & ~turn(word, 1, N_SECTORS))


@kernel
def apart(word, window):
    """Bins at a distance inside the window from any bin of the word."""
    found = np.uint64(0)
    for distance in range(window[0], window[1] + 1):
        found |= turn(word, distance, N_BINS)
    return found


@kernel
def to_groups(word, masks):
    """Bit k set where the word meets mask k."""
    found = np.uint64(0)
    for k in range(len(masks)):
        if word & masks[k]:
            found |= np.uint64(1) << np.uint64(k)
    return found


@kernel
def one_hot(values, first, length, count):
    """Set the column of a count: 1, 2, .., the last one for more."""
    if count > 0:
        values[first + min(count, length) - 1] = 1
