"""Files beside a component's Verilog: layouts of ports, constraints, scripts, core file, makefile."""

import pytest
import yaml
from amaranth.hdl import signed
from amaranth.lib import data

from hdl.export import Sources, Target, constraints_text, core_text, describe, makefile_text, vivado_text

TARGET = Target(part="xcvu160-flgb2104-2-e", period_ns=1000 / 127.216)
SOURCES = Sources(module="m", rtl="rtl/m.v", constraints="c/m.xdc", bench="b/m_tb.v", memories=("g/in.hex", "g/out.hex"))


def test_layouts_by_hand():
    assert describe(5) == {"width": 5, "signed": False}
    assert describe(range(-3, 4)) == {"width": 3, "signed": True}
    inner = data.StructLayout({"valid": 1, "z": signed(14)})
    assert describe(inner) == {
        "width": 15,
        "fields": [
            {"name": "valid", "low": 0, "width": 1, "signed": False},
            {"name": "z", "low": 1, "width": 14, "signed": True},
        ],
    }
    assert describe(data.ArrayLayout(inner, 3)) == {"elements": 3, "element": describe(inner)}


@pytest.mark.parametrize(("period_ns", "text"), [(1000 / 127.216, "7.860"), (8.0, "8.000"), (7.9999, "7.999")])
def test_constrained_period_is_never_longer_than_the_clock(period_ns, text):
    assert Target(part="p", period_ns=period_ns).constrained_ns == text
    assert f"-period {text} [get_ports clk]" in constraints_text(Target(part="p", period_ns=period_ns), "m")


def test_scripts_name_the_files_and_say_that_they_were_not_run():
    script = vivado_text(TARGET, SOURCES)
    for wanted in ("set_part xcvu160-flgb2104-2-e", "rtl/m.v", "c/m.xdc", "-top m -part xcvu160-flgb2104-2-e -mode out_of_context"):
        assert wanted in script
    assert all("unverified" in text for text in (script, constraints_text(TARGET, "m")))


def test_core_file_is_yaml_with_every_file_and_target():
    first, body = core_text(TARGET, SOURCES, "0.1.0", "a block").split("\n", 1)
    assert first == "CAPI=2:"
    core = yaml.safe_load(body)
    assert core["name"] == "darktrigger:trigger:m:0.1.0"
    files = [next(iter(entry)) for fileset in core["filesets"].values() for entry in fileset["files"]]
    assert files == ["rtl/m.v", "b/m_tb.v", "g/in.hex", "g/out.hex", "c/m.xdc"]
    assert [core["targets"][name]["toplevel"] for name in ("default", "sim", "synth")] == ["m", "m_tb", "m"]
    options = core["targets"]["sim"]["tools"]["verilator"]["verilator_options"]
    assert all(isinstance(option, str) for option in options)
    assert core["targets"]["synth"]["tools"]["vivado"]["part"] == TARGET.part


def test_makefile_runs_both_simulators_on_the_same_files():
    lines = makefile_text(SOURCES).splitlines()
    assert "VERILOG := rtl/m.v b/m_tb.v" in lines
    assert "test: icarus verilator" in lines
    recipes = [line.split() for line in lines if line.startswith("\t$(")]
    assert [recipe[0] for recipe in recipes] == ["$(IVERILOG)", "$(VVP)", "$(VERILATOR)"]
    assert not any("hls" in line for line in lines)
    assert "hls:" in makefile_text(SOURCES, "hls").splitlines()
