"""Designs taken apart: tables as block memories by hand, modules of a small design, their sum."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.synthesis import synthesise
from hdl.synthesis_parts import PART, Rom, parts
from sim.studies.module_costs import COLUMNS, WHOLE, part_costs

ADDED = ("lut", "ff", "dsp", "carry", "ramb18", "ramb36", "memory_bits", "table_bits")


@pytest.mark.parametrize(
    ("rows", "width", "ports", "ramb18"),
    [
        (1024, 18, 2, 1),
        (1024, 18, 3, 2),
        (1025, 18, 1, 2),  # 2048 rows of 9 bits, two beside each other
        (512, 36, 1, 1),
        (512, 36, 2, 2),
        (512, 37, 1, 2),
        (2048, 8, 1, 1),
        (16384, 1, 2, 1),
        (40000, 1, 2, 3),
    ],
)
def test_tables_fill_block_memories(rows, width, ports, ramb18):
    """A RAMB18 holds 1024 rows of 18 bits for two readers, 512 of 36 for one."""
    rom = Rom(rows, width, ports)
    assert (rom.ramb18, rom.bits) == (ramb18, rows * width)
    assert Rom.of_kind(rom.kind) == rom


def test_other_cells_are_no_tables():
    assert [Rom.of_kind(kind) for kind in ("LUT6", "RAMB36E2", "ROM_1x2", "ROM_1x2_3_4")] == [None] * 4


class Looked(wiring.Component):
    """A table of 64 rows and a register with fields behind it; a small memory is written beside it."""

    def __init__(self) -> None:
        super().__init__({"address": In(6), "out": Out(data.ArrayLayout(4, 2)), "kept": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.table = table = Memory(shape=8, depth=64, init=[(7 * k) % 256 for k in range(64)])
        m.submodules.ring = ring = Memory(shape=4, depth=16, init=[])
        read, write, behind = table.read_port(), ring.write_port(), ring.read_port(domain="comb")
        fields = Signal(data.ArrayLayout(4, 2))
        m.d.comb += [read.addr.eq(self.address), write.addr.eq(self.address), write.en.eq(1), write.data.eq(read.data)]
        m.d.comb += [behind.addr.eq(self.address), self.kept.eq(behind.data), self.out.eq(fields)]
        m.d.sync += [fields[0].eq(read.data[:4] ^ fields[1]), fields[1].eq(read.data[4:])]
        return m


class Twice(wiring.Component):
    """Two of them, and an exclusive or of their answers in a register."""

    def __init__(self) -> None:
        super().__init__({"address": In(6), "out": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.one, m.submodules.other = one, other = Looked(), Looked()
        m.d.comb += [one.address.eq(~self.address), other.address.eq(self.address ^ 1)]
        m.d.sync += self.out.eq(one.out.as_value() ^ other.out.as_value())
        return m


@pytest.fixture(scope="module")
def texts():
    return parts(Twice(), "twice")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def test_modules_stand_alone(texts, cache):
    """What a module contains is a black box in it, and a table is none of its cells."""
    assert list(texts) == ["twice", "twice.one", "twice.other"]
    assert texts["twice.one"] == texts["twice.other"]
    whole = synthesise(texts["twice"], PART, cache=cache)
    assert (whole.lut, whole.ff, whole.levels) == (8 + 6, 8, 1)  # an inverter for each bit of the address, one of them shared
    one = synthesise(texts["twice.one"], PART, cache=cache)
    assert (one.ff, one.ramb18, one.ramb36, one.cells[Rom(64, 8, 1).kind]) == (8, 0, 0, 1)


def test_table_of_parts_adds_up(texts, cache):
    """Equal modules are one row; the sum counts both."""
    table = part_costs(texts, "once", cache=cache)
    assert [row[:2] for row in table.rows] == [("twice", 1), ("twice.one", 2), (WHOLE, 1)]
    counted = np.array([[dict(zip(COLUMNS, row, strict=True))[name] for name in ADDED] for row in table.rows], np.int64)
    assert (counted[2] == counted[0] + 2 * counted[1]).all()
    outer, inner, whole = (dict(zip(COLUMNS, row, strict=True)) for row in table.rows)
    assert (inner["ramb18"], inner["table_bits"], whole["memory_bits"]) == (1, 512, 2 * 18 * 1024)
    assert [row["levels"] for row in (outer, inner, whole)] == [1, 1, 1]
    assert whole["passes_gate"] is True


def test_what_was_not_synthesised_is_empty(texts, cache, tmp_path):
    part_costs({"twice": texts["twice"]}, "twice", cache=tmp_path)
    table = part_costs(texts, "once", cache=tmp_path, only_done=True)
    assert [row[2] is None for row in table.rows] == [False, True, True]
