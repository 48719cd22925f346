"""The activation table against published golden values and the simulation's own table."""

import numpy as np
import pytest

from trigger.cdc.neuro.activation import ADDRESS_SHIFT, activate, tanh_half_table

# Computed from the published formula and reproduced by the compiled original (basf2 trg/cdc CDCTriggerMLP.cc) [DERIVED].
GOLDEN = {
    0: 1, 1: 3, 2: 5, 3: 7, 10: 21, 100: 201, 512: 1004, 1024: 1894, 2048: 3120, 4096: 3949, 8192: 4093, 9936: 4095, 9937: 4096,
}  # fmt: skip


def test_golden_values():
    table = tanh_half_table()
    assert {address: int(table[address]) for address in GOLDEN} == GOLDEN
    assert int(np.argmax(table == 4095)) == 8812
    assert table[:9937].sum(dtype=np.int64) == 34887778
    assert len(table) == 9938


def test_published_table(reference):
    assert reference["lut_first_saturated"] == len(tanh_half_table()) - 1
    ours = tanh_half_table()[np.minimum(np.arange(len(reference["lut_int"])), len(tanh_half_table()) - 1)]
    assert (ours == reference["lut_int"]).all()


def test_table_is_robust_and_read_only():
    """No entry lies so near to a rounding tie that another tanh of float64 could change it."""
    middle = (np.arange(9937) + 0.5 - 2.0**-13) / 1024
    assert np.abs(np.tanh(middle / 2) * 4096 % 1 - 0.5).min() > 1e-7
    assert not tanh_half_table().flags.writeable


@pytest.mark.parametrize(
    ("accumulator", "value"),
    [(0, 1), (4095, 1), (-1, -1), (-4095, -1), (4096, 3), (-4096, -3), (8191, 3), (9937 * 4096 - 1, 4095), (9937 * 4096, 4096),
     (-9937 * 4096, -4096), (2**35 - 1, 4096), (-(2**35), -4096)],
)  # fmt: skip
def test_sign_and_address(accumulator, value):
    """The magnitude is rounded down, the sign of zero is plus."""
    assert ADDRESS_SHIFT == 12
    assert activate(np.array([accumulator])).tolist() == [value]
