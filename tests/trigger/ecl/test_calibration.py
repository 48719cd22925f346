"""Per-cell settings: hand-worked counts, order of the steps, strict TOML."""

from pathlib import Path

import numpy as np
import pytest

from trigger.ecl.calibration import EclCalibration
from trigger.errors import InputError
from trigger.geometry.ecl import N_CELLS

IDS = np.arange(1, N_CELLS + 1)


def test_default_is_neutral() -> None:
    calibration = EclCalibration()
    assert calibration.is_neutral
    adc = np.arange(N_CELLS) * 7 % 4096
    np.testing.assert_array_equal(calibration.apply(IDS, adc), adc)


def toml(tmp_path: Path, text: str) -> EclCalibration:
    file = tmp_path / "cells.toml"
    file.write_text(text, encoding="utf-8")
    return EclCalibration.from_toml(file)


def test_hand_worked_counts(tmp_path: Path) -> None:
    c = toml(tmp_path, "dead = [1, 576]\n[hot]\n2 = 300\n[gain]\ndefault = 1.06\n3 = 2\n[threshold]\n4 = 25\n")
    assert not c.is_neutral
    # gain 1.06 is 1085/1024: 100 -> 105 (truncated), 23 -> 24, 24 -> 25
    adc = np.array([100, 100, 3000, 23, 24, 100, 100])
    ids = np.array([1, 2, 3, 4, 4, 5, 576])
    np.testing.assert_array_equal(c.apply(ids, adc), [0, 317, 4095, 0, 25, 105, 0])


def test_dead_wins_over_hot(tmp_path: Path) -> None:
    c = toml(tmp_path, "dead = [9]\n[hot]\n9 = 100\n")
    assert c.apply(np.array([9]), np.array([0]))[0] == 0


def test_hot_cell_shows_without_a_hit(tmp_path: Path) -> None:
    c = toml(tmp_path, "[hot]\n9 = 100\n")
    np.testing.assert_array_equal(c.apply(np.array([9, 9, 10]), np.array([0, 200, 0])), [100, 200, 0])


def test_one_value_for_all_cells(tmp_path: Path) -> None:
    c = toml(tmp_path, "threshold = 30\ngain = 0.5\n")
    np.testing.assert_array_equal(c.apply(np.array([1, 1]), np.array([59, 60])), [0, 30])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dead = [0]", r"1\.\.576, not 0"),
        ("dead = [577]", r"1\.\.576, not 577"),
        ("dead = 5", "list"),
        ("mask = [1]", "unknown calibration key 'mask'"),
        ("[gain]\n1 = -0.5", "out of range"),
        ("[gain]\n1 = 4.0", "gain_raw of tc_id 1"),
        ("[gain]\n1 = nan", "finite"),
        ("[hot]\n1 = 4096", "hot_adc of tc_id 1"),
        ("[threshold]\n1 = 0", "threshold_adc of tc_id 1"),
        ("[threshold]\n1 = 20.5", "whole number"),
        ("[threshold]\none = 20", "tc_id"),
        ("dead = [", "not a readable TOML"),
    ],
)
def test_bad_toml(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        toml(tmp_path, text)
    assert "cells.toml" in str(caught.value)


def test_wrong_arrays() -> None:
    with pytest.raises(ValueError, match="dead"):
        EclCalibration(dead=np.zeros(5, dtype=bool))
    with pytest.raises(ValueError, match="gain_raw"):
        EclCalibration(gain_raw=np.ones(N_CELLS))


def test_equal_by_value() -> None:
    assert EclCalibration() == EclCalibration()
    assert hash(EclCalibration()) == hash(EclCalibration())
