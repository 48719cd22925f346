"""Verilog files: header, name, equal text for equal components, a complete file or none."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.bhabha2d import Bhabha2d
from hdl.ecl.mutant import Mutant
from hdl.ecl.trigger import EclTrigger
from hdl.verilog import write_verilog
from trigger.digest import digest
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import EclThresholds

THRESHOLDS = EclThresholds.from_parameters(EclParameters.default())


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


def test_equal_components_give_equal_files(tmp_path):
    texts = [write_verilog(Bhabha2d(THRESHOLDS), tmp_path / f"{k}.v", name="b", declarations=()).read_bytes() for k in range(2)]
    assert texts[0] == texts[1]


def test_ecl_trigger(tmp_path):
    """The declared ports are there; a fault changes the file, and the intended design carries nothing of it."""

    def text(mutant):
        path = write_verilog(EclTrigger(mutant=mutant), tmp_path / "ecl.v", name="ecl_trigger", declarations=())
        return path.read_text(encoding="utf-8")

    intended, late = text(None), text(Mutant.LATE_OUTPUT)
    for port in ("in_valid", "in_first", "in_adc", "in_time", "in_start", "out_valid", *(f"out_{f.name}" for f in DECISION_FIELDS)):
        assert f"put {port};" in intended or f"] {port};" in intended, port
    assert "late_1" in late
    assert "late" not in intended
