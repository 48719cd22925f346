"""Tracks that stand for those of the 3D fitter, by hand."""

from fractions import Fraction

import numpy as np
import pytest

from trigger.cdc.track_counts import COUNT_FIELDS, FitterCuts, count_fitter_tracks


def test_limit_is_strict() -> None:
    assert FitterCuts().z_raw == 1433  # 35 cm is 1433.6 steps of 100/4096 cm
    assert FitterCuts(z_cm=Fraction(25)).z_raw == 1023  # 25 cm is 1024 steps exactly


def test_counts_by_hand() -> None:
    z = np.array([0, 1433, -1433, 1434, 5, 5, 5, 5, 5, -1434], np.int16)
    expert = np.array([0, 1, 2, 0, -1, 4, 0, 0, 0, 0], np.int8)
    counts = count_fitter_tracks(np.array([0, 0, 1, 3, 5, 9, 10]), expert, z, FitterCuts())
    assert counts.tolist() == [[0] * 4, [1, 0, 0, 0], [0, 1, 0, 0], [0] * 4, [0, 0, 0, 1], [0] * 4]


@pytest.mark.parametrize("name", ["z_cm", "z_range_cm"])
def test_limits_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive"):
        FitterCuts(**{name: Fraction(0)})


def test_counts_go_out_as_single_bits() -> None:
    """Four bits that say 1, 2, 3 or more; that there is a single track is one bit."""
    assert [(field.name, field.length, field.width, field.signed) for field in COUNT_FIELDS] == [
        ("grl_t2", 4, 1, False), ("grl_ty", 4, 1, False), ("grl_typ", 1, 1, False), ("grl_t3", 4, 1, False),
    ]  # fmt: skip
