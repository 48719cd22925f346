"""`synth` end to end on a small design: the table, its files, what is refused."""

import csv
import json

import pytest
from typer.testing import CliRunner

import sim.cli
from hdl import synthesis
from sim.studies import costs
from sim.studies.costs import BLOCKS, COLUMNS, Built, Design, designs
from sim.studies.tables import read

SMALL = "module small(input clk, input a, output reg q); always @(posedge clk) q <= ~a; endmodule"


def small_design(reuse: int = 0) -> Design:
    built = Built(verilog=SMALL, top="small", latency=1, interval=1, made_from="d" * 64)
    return Design(block="small", variant="", reuse=reuse, build=lambda: built)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The registry with one small block, and a cache of its own."""
    monkeypatch.setattr(costs, "BLOCKS", {"small": lambda reuses: [small_design(reuse) for reuse in reuses]})
    monkeypatch.setattr(synthesis, "cache_folder", lambda: tmp_path / "cache")


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["synth", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_table_of_a_small_block(small, tmp_path, monkeypatch):
    """The second reuse is the same text: one synthesis; a second command takes everything from the cache."""
    status, shown, errors = invoke("small", "--reuse", "1,2", "--out", tmp_path / "out")
    assert status == 0, errors
    assert len(list((tmp_path / "cache").iterdir())) == 1
    monkeypatch.setattr(synthesis, "_mapped", None)
    assert invoke("small", "--reuse", "1,2", "--out", tmp_path / "out")[:2] == (0, shown)
    assert "a vendor's tool" in shown
    lines = (tmp_path / "out" / "costs.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [row["reuse"] for row in rows] == ["1", "2"]
    assert (rows[0]["lut"], rows[0]["ff"], rows[0]["dsp"], rows[0]["levels"]) == ("1", "1", "0", "1")
    stamp = json.loads((tmp_path / "out" / "costs.json").read_text())["stamp"]
    assert stamp["digests"] == {"small  1": "d" * 64, "small  2": "d" * 64}
    assert stamp["labels"]["yosys"][0].startswith("Yosys")


def test_only_done_runs_nothing_and_leaves_cells_empty(small, tmp_path):
    status, _, errors = invoke("small", "--reuse", "3", "--only-done", "--out", tmp_path / "out")
    assert status == 0, errors
    table = read(tmp_path / "out" / "costs.json")
    assert [len(row) for row in table.rows] == [len(COLUMNS)]
    assert table.where(reuse=3).column("lut") == [None]
    assert table.column("latency") == [1]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("none",), "block must be one of small"),
        (("small", "--reuse", "x"), "whole numbers"),
        (("small", "--reuse", "0"), "at least 1"),
    ],
)
def test_bad_requests(small, arguments, reason):
    status, _, errors = invoke(*arguments)
    assert status == 2
    assert reason in errors


def test_registered_designs():
    """Networks by reuse, the peer beside the unrolled one; names of a design are unique."""
    made = designs(tuple(BLOCKS), (1, 4))
    labels = [(design.block, design.variant, design.reuse) for design in made]
    assert len(set(labels)) == len(labels)
    assert {("tracks.codesign", "da4ml", 1), ("tracks.codesign", "", 4), ("ecl", "", 0)} <= set(labels)
    assert all(design.variant != "da4ml" for design in designs(("tracks.codesign",), (4,)))


def test_klm_is_built_as_declared():
    built = designs(("klm",))[0].build()
    assert (built.latency, built.interval) == (2, 1)
    assert f"module {built.top}" in built.verilog
