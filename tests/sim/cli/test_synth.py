"""`synth` end to end on a small design: the table, its files, what is refused."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim.cli
from hdl import synthesis, synthesis_parts
from hls.convert import CLOCK_NS
from sim.studies import cost_gate, costs, module_costs
from sim.studies.cost_gate import breaches
from sim.studies.costs import BLOCKS, COLUMNS, Built, Design, designs
from sim.studies.module_costs import WHOLE, part_costs
from sim.studies.tables import Table, read, write_json

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
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == [".gz", ".json"], "report and netlist of one design"
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


@pytest.fixture(scope="module")
def one_cache(tmp_path_factory):
    """The small block synthesised once for all tests of the gate."""
    folder = tmp_path_factory.mktemp("cache")
    synthesis.synthesise(SMALL, "small", cache=folder)
    return folder


@pytest.fixture
def stored(small, one_cache, tmp_path, monkeypatch):
    """A stored table of the small block, and the means to change one of its numbers."""
    monkeypatch.setattr(synthesis, "cache_folder", lambda: one_cache)
    assert invoke("small", "--reuse", "1", "--out", tmp_path / "stored")[0] == 0
    path = tmp_path / "stored" / "costs.json"

    def change(**numbers: int) -> Path:
        table = read(path)
        rows = [tuple(numbers.get(name, value) for name, value in zip(table.columns, row, strict=True)) for row in table.rows]
        write_json(replace(table, rows=tuple(rows)), path)
        return path

    return change


def gated(tmp_path, path) -> tuple[int, str, str]:
    return invoke("small", "--reuse", "1", "--out", tmp_path / "out", "--gate", "--stored", path)


def test_gate_passes_what_did_not_grow(stored, tmp_path):
    status, shown, errors = gated(tmp_path, stored())
    assert (status, errors) == (0, "")
    assert "gate: passed" in shown


def test_gate_fails_what_grew(stored, tmp_path):
    """One look-up table and one flip-flop now; the stored row says that it was none."""
    status, shown, errors = gated(tmp_path, stored(lut=0, ff=0))
    assert (status, errors.splitlines()) == (1, ["small 1: lut 0 -> 1 (new, at most 5%)", "small 1: ff 0 -> 1 (new, at most 5%)"])
    assert "gate: FAILED" in shown


def test_gate_fails_what_is_too_deep(stored, tmp_path, monkeypatch):
    monkeypatch.setattr(cost_gate, "MAX_LEVELS", 0)
    assert gated(tmp_path, stored())[::2] == (1, "small 1: 1 levels of logic, the 127 MHz class has 0\n")


def test_gate_fails_what_the_stored_table_does_not_have(stored, tmp_path):
    assert gated(tmp_path, stored(reuse=2))[::2] == (1, "small 1: not in the stored table\n")


@pytest.mark.parametrize(
    ("now", "then", "passes"),
    [(105, 100, True), (106, 100, False), (99, 100, True), (0, 0, True), (1050, 1001, True), (1052, 1001, False)],
)
def test_gate_at_its_edge(now, then, passes):
    def table(count: int) -> Table:
        columns = ("block", "variant", "reuse", *cost_gate.COUNTED, "levels")
        return Table(name="costs", title="", columns=columns, rows=(("b", "", 0, count, 7, 0, 0, cost_gate.MAX_LEVELS),))

    assert (breaches(table(now), table(then)) == []) is passes


def test_depth_of_the_clock():
    """7.86 ns, half a nanosecond for each level and for the register."""
    assert cost_gate.MAX_LEVELS == 14
    assert cost_gate.CLOCK_NS == CLOCK_NS


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("none",), "block must be one of small"),
        (("small", "--reuse", "x"), "whole numbers"),
        (("small", "--reuse", "0"), "at least 1"),
        (("small", "--gate", "--stored", "missing.json"), "missing.json: not a table"),
        (("displaced", "--place"), "--place and --gate cannot be given"),
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


@pytest.mark.parametrize("name", ["displaced", "tracks.segments"])
def test_large_blocks_by_module(tmp_path, monkeypatch, name):
    """The table is shown and written like that of blocks."""
    part = SMALL.replace("small", synthesis_parts.PART)
    monkeypatch.setattr(module_costs, "module_costs", lambda block, **_: part_costs({"small": part}, block, cache=tmp_path))
    status, shown, errors = invoke(name, "--out", tmp_path / "out")
    assert (status, errors) == (0, "")
    file = f"{name.replace('.', '_')}_costs"
    assert f"{file}.csv" in shown
    table = read(tmp_path / "out" / f"{file}.json")
    assert table.where(block="small").column("ff") == table.where(block=WHOLE).column("ff") == [1]
