"""Clock rates of several designs: one that does not fit, or ends a tool, leaves the rows of the others."""

from pathlib import Path

import pytest

import hdl.placement
from hdl.placement import COMB, FF, MEMORY, MULTIPLIER, DoesNotFit, Placement
from hdl.synthesis import SynthesisError
from sim.studies.costs import Built, Design
from sim.studies.placements import placement_table

SMALL = "module {0} (input clk, input rst, input a, output reg b); always @(posedge clk) b <= a & ~rst; endmodule\n"


def design(name: str) -> Design:
    built = Built(verilog=SMALL.format(name), top=name, latency=1, interval=1, made_from="a" * 64)
    return Design(block=name, variant="", reuse=0, build=lambda: built)


def test_each_design_has_its_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def place(verilog: str, top: str, **_: object) -> Placement:
        if top == "large":
            raise DoesNotFit("200 multipliers, the device has 156")
        if top == "odd":
            raise SynthesisError("synthesis of odd for ECP5 failed\nlast line")
        used = dict.fromkeys((COMB, FF, MULTIPLIER, MEMORY), 5)
        return Placement(fmax_mhz=150.0, used=used, available=dict.fromkeys(used, 10), key="")

    monkeypatch.setattr(hdl.placement, "place", place)
    table = placement_table([design(name) for name in ("large", "odd", "small")], cache=tmp_path)
    assert table.column("fmax_mhz") == [None, None, 150.0]
    assert table.column("verdict") == [
        "does not fit: 200 multipliers, the device has 156", "not placed: synthesis of odd for ECP5 failed last line",
        "placed and routed",
    ]  # fmt: skip
