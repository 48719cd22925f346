"""The activation table tanh(x/2): magnitude of an accumulator in, magnitude of a node value out.

Ref: basf2 trg/cdc CDCTriggerMLP.cc (read in public source) [SIM].
"""

from functools import cache
from math import atanh, ceil

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.formats import ACCUMULATOR, NODE, NODE_ONE, TABLE_FRACTION

ADDRESS_SHIFT = ACCUMULATOR.fraction - TABLE_FRACTION
"""Bits of the magnitude below the table address; the address is rounded down."""


@cache
def tanh_half_table() -> NDArray[np.int16]:
    """Return the table, int16 (9938,), read-only: the value of each address, and at the end 1 for all larger addresses.

    Entry a is tanh(x/2) at the middle of the accumulators that share the address, rounded to the nearest node value. The
    table ends where tanh rounds to 1. Address 0 gives 1 LSB, so that a sum of zero gives +1 LSB and not zero.
    """
    last = ceil(2 * atanh(1 - 2.0 ** -(NODE.fraction + 1)) * 2**TABLE_FRACTION)
    middle = (np.arange(last) + 0.5 - 2.0 ** -(ADDRESS_SHIFT + 1)) / 2**TABLE_FRACTION
    values = np.floor(np.tanh(middle / 2) * NODE_ONE + 0.5)
    table = np.append(values, NODE_ONE).astype(np.int16)
    table.setflags(write=False)
    return table


def activate(accumulator: NDArray[np.int64]) -> NDArray[np.int16]:
    """Return node values of accumulators: sign times table, and the sign of zero is plus."""
    table = tanh_half_table()
    magnitude = table[np.minimum(np.abs(accumulator) >> ADDRESS_SHIFT, len(table) - 1)]
    return np.where(accumulator < 0, -magnitude, magnitude)
