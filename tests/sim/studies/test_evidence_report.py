"""The evidence report: tables from hand-made records, the page and its JSON, `verify all` from the command line."""

import json

import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import verify_all
from sim.cosim.record import write_record
from sim.cosim.verify_all import Block
from sim.sources import sources_digest
from sim.studies.evidence_records import Run, Stored, read_stored
from sim.studies.evidence_report import (
    LOOK_UP_TABLES,
    NOT_MEASURED,
    SUM_OF_MODULES,
    block_table,
    cost_table,
    export_table,
    latency_table,
    mutation_table,
    nanoseconds,
    netlist_table,
    published_table,
    stored_table,
    write_evidence,
)
from sim.studies.tables import Table, write
from trigger.errors import InputError

SIDE = {"mutants": 50, "killed": 49, "equivalent": 1, "survived": 0, "score": 1.0}


def record(block: str, *, n_events: int = 1000, latency: int = 27, verilog: str = "a" * 64, **more) -> dict:
    return {
        "block": block, "passed": True, "n_events": n_events, "seed": 1, "simulator": "verilator", "mismatched_events": 0,
        "missing_events": 0, "extra_events": 0, "late_events": 0, "mismatch_rate_upper_limit_95": 3 / n_events,
        "latency_declared": latency, "digests": {"verilog": verilog}, "wall_s": 1.5, **more,
    }  # fmt: skip


RUNS = [
    Run(record=record("ecl"), file="verify-ecl-1000.json", unit="windows"),
    Run(record=record("chain", latency=72, line_latency={"ffo": 47, "lml6": 29}), file="verify-chain-1000.json", was_kept=True),
]


EXPORTS = {
    "passed": False,
    "exports": [{"block": "ecl", "events": 200, "results": 1234, "latency": 27, "icarus": "PASS", "verilator": "FAIL",
                 "hls": "not run", "identical": True, "verilog": "a" * 64}],
}  # fmt: skip


def test_time_of_a_cycle():
    """127.216 MHz: 38 cycles are the 300 ns of the neuro trigger."""
    assert nanoseconds(38) == 298.7
    assert nanoseconds(560) == 4402.0


def test_blocks():
    digests = {"verilog": "a" * 64, "sources": sources_digest("hdl.klm")}
    today = Run(record=record("ecl", sources_of=["hdl.klm"]) | {"digests": digests}, file="")
    table = block_table([today, RUNS[1]])
    assert table.column("of_today") == [True, False]
    assert table.column("block") == ["ecl", "chain"]
    assert table.column("ns") == [212.2, 566.0]
    assert table.column("was_kept") == [False, True]


def test_lines_leave_together():
    rows = latency_table(RUNS).rows
    assert rows == (("ffo", 47, 369.5, 72, 566.0, 0.1286), ("lml6", 29, 228.0, 72, 566.0, 0.1286))
    assert latency_table(RUNS[:1]).rows == ()


def test_netlists_of_this_rtl_come_first_and_others_are_told():
    def netlist(n_events: int, verilog: str = "a" * 64) -> Run:
        return Run(
            record=record("ecl", n_events=n_events, verilog=verilog, netlist={"cells": {"LUT6": 5, "FDRE": 2}}), file=str(n_events)
        )

    stored = Stored(runs=[netlist(100), netlist(300), netlist(900, "b" * 64), Run(record=record("ecl", n_events=999), file="rtl")])
    table = netlist_table(RUNS, stored)
    assert table.rows == (("ecl", 300, 0, 0.01, 7, True, "300"), ("chain", None, None, None, None, None, NOT_MEASURED))
    assert netlist_table(RUNS[:1], Stored(runs=[netlist(900, "b" * 64)])).column("same_rtl") == [False]
    assert stored_table(RUNS, stored).rows == (("ecl", 999, 0, 3 / 999, True, "rtl"),)


def test_mutation_scores_of_both_sides_from_a_record_each():
    stored = Stored(mutations=[{"block": "ecl", "sides": {side: SIDE}} for side in ("rtl", "model")])
    assert mutation_table(RUNS, stored).column("side") == ["rtl", "model", ""]


def test_mutation_scores_or_nothing():
    stored = Stored(mutations=[{"block": "ecl", "sides": {"rtl": SIDE, "model": SIDE | {"score": None}}}])
    table = mutation_table(RUNS, stored)
    assert table.column("block") == ["ecl", "ecl", "chain"]
    assert table.column("score") == [1.0, None, None]
    assert table.column("note") == ["", "", NOT_MEASURED]


def test_published_numbers_stand_beside_ours():
    table = published_table(RUNS)
    assert table.where(hardware="GNN-ETM").column("here") == ["212 ns, ecl"]
    assert table.where(hardware="neuro trigger").column("here") == [NOT_MEASURED]
    path = [Run(record=record("tracks.neuro_path", latency=37), file="")]
    assert published_table(path).where(hardware="neuro trigger").column("here") == ["291 ns, tracks.neuro_path"]
    costs = Table(name="costs", title="", columns=("block", "lut_percent"), rows=(("tracks.segments", 0.4), ("ecl", None)))
    tables = published_table(RUNS, costs).where(quantity=LOOK_UP_TABLES)
    assert tables.column("here") == ["0.4 % of an XCVU160, tracks.segments"]
    assert published_table(RUNS).where(quantity=LOOK_UP_TABLES).column("here") == [NOT_MEASURED]


def test_page_and_data(tmp_path):
    """With nothing but the runs, and with everything."""
    stamp = {"seed": 1, "versions": {"numpy": "1"}, "digests": {"sources_trigger": "c" * 64}}
    paths = write_evidence(tmp_path, RUNS, Stored(), stamp)
    assert json.loads(paths[0].read_text())["passed"] is True
    page = paths[1].read_text()
    assert page.count(NOT_MEASURED) >= 5
    assert "0 of 2,000" in page
    assert "12.9%" in page
    columns = "block variant reuse lut lut_percent ff dsp dsp_percent memory_bits levels latency interval"
    row = ("ecl", "", 0, 11_111, 1.2, 6_500, 0, 0.0, 0, 9, 27, 16)
    costs = Table(name="costs", title="", columns=tuple(columns.split()), rows=(row,), notes=("what it is worth",))
    proof = {"name": "ecl.sums", "says": "sums are sums", "depth": 2, "wall_s": 3.0, "status": "pass", "broken_component": "fail"}
    mutations = [{"block": block, "sides": {"rtl": SIDE}} for block in ("ecl", "chain")]
    modules = Table(
        name="displaced_costs", title="By module", columns=("block", "lut"), rows=(("displaced.seeds", 5839),), notes=()
    )
    full = Stored(costs=costs, placed=costs, modules=[modules], proofs={"proofs": [proof]}, exports=EXPORTS, mutations=mutations)
    page = write_evidence(tmp_path, RUNS, full, stamp)[1].read_text()
    assert all(text in page for text in ("11,111", "what it is worth", "sums are sums", "1 of 1", "5,839", "By module", "1,234"))


def test_a_block_counted_by_module_is_a_row_of_the_costs():
    costs = Table(name="costs", title="", columns=("block", "variant", "reuse", "lut", "latency", "interval"), rows=())
    rows = (("chain", 1, 280), ("chain.ecl", 2, 15), ("sum", 1, 310))
    modules = Table(name="chain_costs", title="", columns=("block", "times", "lut"), rows=rows)
    table = cost_table(RUNS, Stored(costs=costs, modules=[modules]))
    assert table is not None
    assert table.rows == (("chain", SUM_OF_MODULES, 0, 310, 72, None),)
    assert cost_table(RUNS, Stored(modules=[modules])) is None


def test_exported_benches_or_nothing():
    table = export_table(RUNS, Stored(exports=EXPORTS))
    assert table.rows == (("ecl", 200, 1234, 27, "PASS", "FAIL", "not run", True, True), ("chain", *[None] * 8))
    other = [Run(record=record("ecl", verilog="b" * 64), file="")]
    assert export_table(other, Stored(exports=EXPORTS)).column("same_rtl") == [False]
    assert export_table(RUNS, Stored()).column("icarus") == [None, None]


def test_a_folder_of_records(tmp_path):
    write_record(tmp_path / "verify-ecl-1000.json", record("ecl"))
    write_record(tmp_path / "mutation-ecl.json", {"block": "ecl", "sides": {"rtl": SIDE}})
    write(Table(name="costs", title="", columns=("block",), rows=(("ecl",),)), tmp_path)
    stored = read_stored(tmp_path)
    assert [run.file for run in stored.runs] == ["verify-ecl-1000.json"]
    assert (stored.costs is None, stored.placed, stored.proofs, len(stored.mutations)) == (False, None, None, 1)
    (tmp_path / "proofs.json").write_text("{}")
    with pytest.raises(InputError, match=r"proofs\.json: not such a record"):
        read_stored(tmp_path)


@pytest.fixture
def quick(monkeypatch):
    """One block that answers at once; its verdict can be changed."""
    verdict = {"passed": True}

    def verify(job) -> dict:
        made = record("ecl", n_events=job.n_events, sources_of=["hdl.klm"]) | verdict
        made["digests"]["sources"] = sources_digest("hdl.klm")
        write_record(job.out, made)
        return made

    monkeypatch.setattr(verify_all, "BLOCKS", (Block(name="ecl", verify=verify, unit="windows"),))
    return verdict


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", "all", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_verify_all_from_the_command_line(quick, tmp_path):
    given = ("--events", 500, "--out", tmp_path / "out", "--records", tmp_path / "none")
    status, shown, errors = invoke(*given)
    assert (status, errors) == (0, "")
    assert "ecl: passed, 500 windows, 1.5 s" in shown
    assert "ecl: passed, 500 windows, kept" in invoke(*given)[1]
    data = json.loads((tmp_path / "out" / "evidence.json").read_text())
    assert data["records"]["verify-ecl-500.json"]["n_events"] == 500
    assert data["stamp"]["versions"]["verilator"]


def test_one_failure_is_the_exit_status_and_the_report_is_written(quick, tmp_path):
    quick["passed"] = False
    status, shown, _ = invoke("--events", 500, "--out", tmp_path, "--records", tmp_path / "none")
    assert status == 1
    assert "ecl: FAILED" in shown
    assert json.loads((tmp_path / "evidence.json").read_text())["passed"] is False


def test_report_of_what_is_done(quick, tmp_path):
    """The largest record counts, another block's and a netlist's do not; a block without one is no success."""
    for name, n_events in (("a", 100), ("b", 300)):
        write_record(tmp_path / f"verify-{name}.json", record("ecl", n_events=n_events))
    write_record(tmp_path / "verify-c.json", record("ecl", n_events=900, netlist={"cells": {"LUT6": 1}}))
    given = ("--only-done", "--out", tmp_path / "out", "--records", tmp_path)
    assert invoke(*given)[0] == 0
    data = json.loads((tmp_path / "out" / "evidence.json").read_text())
    assert list(data["records"]) == ["verify-b.json"]
    assert data["passed"] is True
    write_record(tmp_path / "verify-b.json", record("another", n_events=300))
    write_record(tmp_path / "verify-a.json", record("another", n_events=300))
    assert invoke(*given)[::2] == (1, "not verified: ecl\n")
    assert "Not verified: ecl." in (tmp_path / "out" / "evidence.html").read_text()


@pytest.mark.parametrize("option", [("--netlist",), ("--resume",), ("--waves",), ("--menu", "exp16")])
def test_options_of_single_blocks_are_refused(quick, tmp_path, option):
    assert invoke("--out", tmp_path, *option)[0] == 2
