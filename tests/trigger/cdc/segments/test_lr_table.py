"""The left/right table: where it is zero, what ships, memory files of the experiment."""

import numpy as np
import pytest

from trigger.cdc.segments.lr_table import LEFT, RIGHT, UNKNOWN, LeftRightTable, fires, training_record
from trigger.cdc.segments.shapes import HOURGLASS, PYRAMID
from trigger.digest import digest
from trigger.errors import InputError


@pytest.mark.parametrize("shape", [PYRAMID, HOURGLASS])
def test_every_pattern_of_four_layers_fires(shape):
    """Exhaustive: the rule counted bit by bit."""
    expected = []
    for pattern in range(1 << shape.bits):
        hit = {layer for bit, layer in enumerate(shape.layer_of_bit) if pattern >> bit & 1}
        expected += 2 * [len(hit) >= 4]
    assert (fires(shape) == expected).all()


@pytest.mark.parametrize("shape", [PYRAMID, HOURGLASS])
def test_every_firing_pattern_has_a_priority_wire(shape):
    pattern = np.flatnonzero(fires(shape)[::2])
    assert (pattern & (0b111 << shape.first) != 0).all()


def test_shipped_table_is_what_its_record_says():
    table, record = LeftRightTable.default(), training_record()
    assert record["digest"] == digest(table.inner, table.outer)
    for name in ("inner", "outer"):
        assert np.bincount(getattr(table, name), minlength=4).tolist() == record["values"][name]
        sides = record["sides"][name]
        assert sum(sides.values()) == record["counts"][name]["right"] + record["counts"][name]["left"]
        assert sides["correct"] > 10 * sides["wrong"]


def test_shipped_table_knows_straight_lines_beside_the_wire():
    """A track just left of the apex or the centre wire hits the wires to its left, and the other way round."""
    table = LeftRightTable.default()
    left = sum(1 << PYRAMID.wires.index(w) for w in [(-2, 0), (-1, 0), (0, 0), (0, 1), (1, 0), (2, 1)])
    right = sum(1 << PYRAMID.wires.index(w) for w in [(-2, 0), (-1, -1), (0, 0), (0, -1), (1, -1), (2, -1)])
    assert [table.inner[2 * left], table.inner[2 * right]] == [LEFT, RIGHT]
    left = sum(1 << HOURGLASS.wires.index(w) for w in [(-2, 0), (-1, 0), (0, 0), (1, 0), (2, 0)])
    right = sum(1 << HOURGLASS.wires.index(w) for w in [(-2, 0), (-1, -1), (0, 0), (1, -1), (2, 0)])
    assert [table.outer[2 * left], table.outer[2 * right]] == [LEFT, RIGHT]


def write_coe(path, values):
    text = ",\n".join(str(v) for v in values)
    path.write_text(f"memory_initialization_radix=10;\nmemory_initialization_vector=\n{text};\n", encoding="ascii")


def test_memory_files(tmp_path):
    table = LeftRightTable.default()
    write_coe(tmp_path / "inner.coe", table.inner)
    write_coe(tmp_path / "outer.coe", table.outer)
    assert LeftRightTable.from_coe(tmp_path / "inner.coe", tmp_path / "outer.coe") == table


def test_bad_memory_files_are_refused(tmp_path):
    good, bad = tmp_path / "good.coe", tmp_path / "bad.coe"
    table = LeftRightTable.undecided()
    write_coe(good, table.inner)
    for text, message in [
        ("memory_initialization_radix=16;", "radix must be 10, not 16"),
        ("memory_initialization_radix=10=2;", "radix must be 10, not 10=2"),
        ("memory_initialization_radix=10;memory_initialization_vector=1,x;", "not 'x'"),
        ("memory_initialization_radix=10;memory_initialization_vector=1,2;", r"outer table must be integers \(4096,\)"),
    ]:
        bad.write_text(text, encoding="ascii")
        with pytest.raises(InputError, match=message):
            LeftRightTable.from_coe(good, bad)
    with pytest.raises(InputError, match="not a readable memory file"):
        LeftRightTable.from_coe(good, tmp_path / "absent.coe")


@pytest.mark.parametrize(
    ("address", "value", "wanted"), [(0, UNKNOWN, "0, not 3"), (4095, 0, r"1\.\.3, not 0"), (4095, 4, "not 4")]
)
def test_tables_with_another_firing_rule_are_refused(address, value, wanted):
    outer = LeftRightTable.undecided().outer.copy()
    outer[address] = value
    with pytest.raises(InputError, match=rf"outer table, address {address}: must be .*{wanted}"):
        LeftRightTable(inner=LeftRightTable.undecided().inner, outer=outer)


def test_equal_tables_have_one_hash_and_nothing_else_is_a_table():
    table = LeftRightTable.default()
    copy = LeftRightTable(inner=table.inner.copy(), outer=table.outer.copy())
    assert len({table, copy, LeftRightTable.undecided()}) == 2
    assert table != table.inner.tobytes()
