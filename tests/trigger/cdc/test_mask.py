"""Dead wires and segments by TOML."""

import numpy as np
import pytest

from trigger.cdc.mask import CdcMask
from trigger.errors import InputError


def read(tmp_path, text):
    path = tmp_path / "dead.toml"
    path.write_text(text, encoding="utf-8")
    return CdcMask.from_toml(path)


def test_every_key(tmp_path):
    mask = read(tmp_path, 'wires = [7, "10-12"]\nlayers = [55]\nsegments = ["2335-2335", 0]\nsuperlayers = [1]\n')
    assert np.flatnonzero(mask.dead_wires).tolist() == [7, 10, 11, 12, *range(14336 - 384, 14336)]
    assert np.flatnonzero(mask.dead_segments).tolist() == [0, *range(160, 320), 2335]
    assert read(tmp_path, "") == CdcMask()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wire = [1]", "unknown key 'wire'"),
        ("wires = 7", "wires must be a list"),
        ("wires = [14336]", r"within 0..14335 and ascending, not 14336"),
        ("wires = [-1]", "not -1"),
        ("wires = [true]", "not True"),
        ('segments = ["9-3"]', "ascending, not '9-3'"),
        ('segments = ["1-2-3"]', "not '1-2-3'"),
        ('segments = ["a"]', "not 'a'"),
        ("layers = [56]", "within 0..55"),
        ("wires = [", "not a readable TOML file"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_absent_file_and_wrong_arrays(tmp_path):
    with pytest.raises(InputError, match="not a readable TOML file"):
        CdcMask.from_toml(tmp_path / "absent.toml")
    with pytest.raises(ValueError, match="dead_wires must be bool"):
        CdcMask(dead_wires=np.zeros(3, bool))
