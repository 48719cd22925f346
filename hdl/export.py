"""What stands beside the Verilog of a component for other tools: layout of a port, constraints, a Vivado script, a FuseSoC core.

Ref: AMD UG903 and UG905 (out-of-context constraints and runs); FuseSoC user guide, CAPI2 core format.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data

UNVERIFIED = "unverified: no Vivado was at hand"
CORE_VENDOR, CORE_LIBRARY = "darktrigger", "trigger"
IVERILOG_OPTIONS = ("-g2005",)
VERILATOR_OPTIONS = (
    *("--timing", "--timescale", "1ns/1ps", "-O3", "-Wno-lint", "-Wno-style"),
    *("--output-split", "20000", "--output-split-cfuncs", "2000", "-CFLAGS", "-std=c++20", "-MAKEFLAGS", "VM_PARALLEL_BUILDS=1"),
)
"""Warnings about widths are those of generated Verilog; large modules are split, else a compiler takes minutes for one file, and
files are compiled one by one: joining those of a small module takes a Python script of Verilator."""


HLS_TOLERANCE = "0.00001"
"""Far above six printed digits of a number below 1, far below an LSB of 12 fraction bits."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a component shall run. part: device with package and speed grade; period_ns: of the clock."""

    part: str
    period_ns: float

    @property
    def constrained_ns(self) -> str:
        """The period in ns as tools take it, rounded down to whole picoseconds: never slower than the clock."""
        return f"{math.floor(1000 * self.period_ns) / 1000:.3f}"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Files of an export, from its folder. bench: Verilog; memories: what the bench reads."""

    module: str
    rtl: str
    constraints: str
    bench: str
    memories: Sequence[str]

    @property
    def bench_module(self) -> str:
        """Top module of the bench."""
        return f"{self.module}_tb"


def describe(layout: Any) -> dict[str, Any]:
    """Return a port's layout as plain JSON values: fields with lowest bit, width and sign; arrays with their element.

    layout: anything that is a shape to Amaranth.
    """
    if isinstance(layout, data.ArrayLayout):
        return {"elements": layout.length, "element": describe(layout.elem_shape)}
    if isinstance(layout, data.StructLayout):
        fields = [{"name": name, "low": field.offset, **describe(field.shape)} for name, field in layout]
        return {"width": layout.size, "fields": fields}
    shape = Shape.cast(layout)
    return {"width": shape.width, "signed": shape.signed}


def constraints_text(target: Target, module: str) -> str:
    """Return the XDC file of an out-of-context run: the clock; paths from and to ports belong to the design around."""
    return "\n".join(
        [
            f"# {module}, out of context ({UNVERIFIED})",
            f"create_clock -name clk -period {target.constrained_ns} [get_ports clk]",
            "set_input_delay -clock clk 0 [get_ports -filter {DIRECTION == IN && NAME != clk}]",
            "set_output_delay -clock clk 0 [get_ports -filter {DIRECTION == OUT}]",
            "",
        ]
    )


def vivado_text(target: Target, sources: Sources) -> str:
    """Return the Tcl script of an out-of-context run up to routing, with its reports."""
    module = sources.module
    return "\n".join(
        [
            f"# vivado -mode batch -source {module}_ooc.tcl        ({UNVERIFIED})",
            "set here [file dirname [file normalize [info script]]]",
            "set out [file join $here build vivado]",
            "file mkdir $out",
            f"set_part {target.part}",
            f"read_verilog [file join $here {sources.rtl}]",
            f"read_xdc -mode out_of_context [file join $here {sources.constraints}]",
            f"synth_design -top {module} -part {target.part} -mode out_of_context",
            "opt_design",
            "place_design",
            "phys_opt_design",
            "route_design",
            "report_utilization -file [file join $out utilization.rpt]",
            "report_timing_summary -max_paths 10 -file [file join $out timing.rpt]",
            f"write_checkpoint -force [file join $out {module}.dcp]",
            "",
        ]
    )


def core_text(target: Target, sources: Sources, version: str, description: str) -> str:
    """Return the FuseSoC core file (CAPI2): the module, its bench in two simulators, an out-of-context run of Vivado."""
    memories = [f"      - {path} : {{file_type : user, copyto : {path}}}" for path in sources.memories]
    return "\n".join(
        [
            "CAPI=2:",
            f"name : {CORE_VENDOR}:{CORE_LIBRARY}:{sources.module}:{version}",
            f"description : {description}",
            "",
            "filesets:",
            "  rtl:",
            "    files:",
            f"      - {sources.rtl} : {{file_type : verilogSource-2005}}",
            "  bench:",
            "    files:",
            f"      - {sources.bench} : {{file_type : verilogSource-2005}}",
            *memories,
            "  constraints:",
            "    files:",
            f"      - {sources.constraints} : {{file_type : xdc}}",
            "",
            "targets:",
            "  default: &default",
            "    filesets : [rtl]",
            f"    toplevel : {sources.module}",
            "  sim:",
            "    default_tool : icarus",
            "    filesets : [rtl, bench]",
            f"    toplevel : {sources.bench_module}",
            "    tools:",
            "      icarus:",
            f"        iverilog_options : [{_quoted(IVERILOG_OPTIONS)}]",
            "      verilator:",
            "        mode : binary",
            f"        verilator_options : [{_quoted(VERILATOR_OPTIONS)}]",
            "  synth:",
            "    <<: *default",
            "    filesets : [rtl, constraints]",
            "    default_tool : vivado",
            "    tools:",
            "      vivado:",
            f"        part : {target.part}",
            "",
        ]
    )


def makefile_text(sources: Sources, hls: str | None = None) -> str:
    """Return the makefile that runs the bench in Icarus Verilog and in Verilator; both fail if one value differs.

    hls: folder of an hls4ml project with golden data, whose C++ bench it also runs.
    """
    verilog = f"{sources.rtl} {sources.bench}"
    return "\n".join(
        [
            "# make test         the bench in both simulators",
            "# make icarus       in Icarus Verilog (11 or later)",
            "# make verilator    in Verilator (5.036 or later); options of your own in VERILATOR_FLAGS",
            *(["# make hls          the C++ of the hls4ml project on its golden data"] if hls else []),
            "# make clean        remove what was built",
            "",
            "IVERILOG ?= iverilog",
            "VVP ?= vvp",
            "VERILATOR ?= verilator",
            "VERILATOR_FLAGS ?=",
            f"VERILOG := {verilog}",
            "",
            f".PHONY: test icarus verilator clean{' hls' if hls else ''}",
            "",
            "test: icarus verilator",
            "",
            "icarus:",
            "\t@mkdir -p build",
            f"\t$(IVERILOG) {' '.join(IVERILOG_OPTIONS)} -s {sources.bench_module} -o build/icarus.vvp $(VERILOG)",
            "\t$(VVP) build/icarus.vvp",
            "",
            "verilator:",
            "\t@mkdir -p build",
            f"\t$(VERILATOR) --binary {' '.join(VERILATOR_OPTIONS)} $(VERILATOR_FLAGS) \\",
            f"\t    --top-module {sources.bench_module} --Mdir build/verilator -o {sources.bench_module} $(VERILOG)",
            f"\tbuild/verilator/{sources.bench_module}",
            "",
            *(_hls_recipe(hls) if hls else []),
            "clean:",
            "\trm -rf build",
            "",
        ]
    )


def _hls_recipe(folder: str) -> list[str]:
    """Recipe that compiles and runs hls4ml's C++ bench; it prints six digits, so equal is what agrees to a small part of an LSB."""
    compare = (
        "{ for (i = 1; i <= NF / 2; i++) { d = $$i - $$(i + NF / 2); "
        f"if (d > {HLS_TOLERANCE} || d < -{HLS_TOLERANCE}) bad++ }} }} "
        'END { print (bad || !NR ? "FAIL" : "PASS") " hls: " NR " inputs, " bad + 0 " outputs differ"; exit (bad || !NR) }'
    )
    return [
        "hls:",
        "\t@rm -rf build/hls && mkdir -p build && cp -r " + folder + " build/hls",
        "\tcd build/hls && $(CXX) -std=c++17 -O1 -w -Ifirmware/ap_types -DWEIGHTS_DIR='\"firmware/weights\"' \\",
        "\t    *_test.cpp $(patsubst "
        + folder
        + "/%,%,$(filter-out %_bridge.cpp,$(wildcard "
        + folder
        + "/firmware/*.cpp))) -o csim",
        "\tcd build/hls && ./csim > csim.log",
        "\tcd build/hls && paste -d ' ' tb_data/csim_results.log tb_data/tb_output_predictions.dat | awk '" + compare + "'",
        "",
    ]


def _quoted(options: Sequence[str]) -> str:
    """Options as strings of YAML, numbers too."""
    return ", ".join(f'"{option}"' for option in options)
