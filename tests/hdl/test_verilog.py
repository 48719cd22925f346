"""Verilog files: header, name, equal text for equal components, a complete file or none."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.mutant import Mutant
from hdl.ecl.trigger import EclTrigger
from hdl.verilog import write_verilog
from trigger.digest import digest
from trigger.ecl.layout import DECISION_FIELDS


class Inverter(wiring.Component):
    """The smallest component."""

    a: In(4)
    b: Out(4)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.b.eq(~self.a)
        return m


class Broken(Inverter):
    """A component that cannot be built."""

    def elaborate(self, platform: object) -> Module:
        msg = "no hardware"
        raise RuntimeError(msg)


def test_header_and_name(tmp_path):
    path = write_verilog(Inverter(), tmp_path / "new" / "inverter.v", name="my_inverter", declarations={"width": 4})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"// my_inverter: declarations {digest({'width': 4})}, Amaranth ")
    assert [line.split("(")[0] for line in lines if line.startswith("module")] == ["module my_inverter"]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = write_verilog(Inverter(), tmp_path / "inverter.v", name="inverter", declarations=())
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="no hardware"):
        write_verilog(Broken(), path, name="inverter", declarations=())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_ecl_trigger(tmp_path):
    """Equal designs give equal files; a fault changes the file, and the intended design carries nothing of it."""

    def text(mutant):
        path = write_verilog(EclTrigger(mutant=mutant), tmp_path / "ecl.v", name="ecl_trigger", declarations=())
        return path.read_text(encoding="utf-8")

    intended = text(None)
    assert text(None) == intended
    for port in ("in_valid", "in_first", "in_adc", "in_time", "in_start", "out_valid", *(f"out_{f.name}" for f in DECISION_FIELDS)):
        assert f"put {port};" in intended or f"] {port};" in intended, port
    faulty = {mutant: text(mutant) for mutant in Mutant}
    assert len({intended, *faulty.values()}) == 1 + len(Mutant)
    assert "late_1" in faulty[Mutant.LATE_OUTPUT]
    assert "late" not in intended
