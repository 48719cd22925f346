"""Placement on ECP5: the registers around a component, a small design placed and routed, what does not fit."""

from dataclasses import replace

import pytest

from hdl import placement
from hdl.placement import COMB, FF, DoesNotFit, place, wrapper
from hdl.synthesis import Report

SOURCE = """
module adder(input clk, rst, input in_valid, input [7:0] a, b, output reg [8:0] sum, output reg out_valid);
  always @(posedge clk) begin
    sum <= a + b;
    out_valid <= in_valid & ~rst;
  end
endmodule
"""
COST = Report(
    lut=8, ff=10, dsp=0, carry=2, wide_mux=0, ramb18=0, ramb36=0, levels=2, carry_cells=2, cells={}, yosys="Yosys", key="0" * 64
)


def listed(source: str) -> str:
    """The ports one by one, as generators write them."""
    return source.replace("input clk, rst,", "input clk, input rst,").replace("[7:0] a, b,", "[7:0] a, input [7:0] b,")


def test_every_port_is_wrapped_once():
    text = wrapper(listed(SOURCE), "adder")
    for connection in (
        ".clk(clk)", ".rst(reset)", ".in_valid(feed[0 +: 1])", ".a(feed[1 +: 8])", ".b(feed[9 +: 8])", ".sum(answer[0 +: 9])",
        ".out_valid(answer[9 +: 1])", "reg [16:0] feed", "reg [9:0] held",
    ):  # fmt: skip
        assert text.count(connection) == 1, connection
    with pytest.raises(ValueError, match="must have a module other"):
        wrapper(SOURCE, "other")


def test_a_small_design_is_placed_once(monkeypatch):
    """8 + 8 + 1 registers in front, 10 of the component, 10 behind, two of reset and load."""
    placed = place(listed(SOURCE), "adder", target_mhz=100, cost=COST)
    assert placed.used[FF] == 17 + 10 + 10 + 2
    assert 8 <= placed.used[COMB] <= 40
    assert placed.available[COMB] == placement.N_COMB
    assert placed.fmax_mhz > 100
    monkeypatch.setattr(placement, "_placed", None)
    assert place(listed(SOURCE) + "// a comment", "adder", target_mhz=100, cost=COST) == placed


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        ({"lut": placement.N_COMB + 1}, "83,641 look-up tables, the device has 83,640"),
        ({"dsp": 157}, "157 multipliers, the device has 156"),
        ({"ramb18": 7, "ramb36": 101}, "209 memories of 18 kbit, the device has 208"),
    ],
)
def test_what_cannot_fit_is_not_tried(needs, reason, monkeypatch):
    monkeypatch.setattr(placement, "_placed", None)
    with pytest.raises(DoesNotFit, match=reason):
        place(listed(SOURCE), "adder", target_mhz=100, cost=replace(COST, **needs))
