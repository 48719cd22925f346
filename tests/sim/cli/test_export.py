"""`darktrigger export`: what it says, and its status."""

from pathlib import Path

from typer.testing import CliRunner

import sim.cli


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["export", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_export_says_how_to_go_on_and_does_nothing_twice(tmp_path: Path):
    out = tmp_path / "klm"
    assert invoke("klm", "--events", 5, "--out", out) == (0, f"klm: {out}; run its bench with: make -C {out} test\n", "")
    assert invoke("klm", "--events", 5, "--out", out) == (0, f"klm: {out} is this export already; nothing was written\n", "")


def test_bad_input_is_one_line_and_status_2(tmp_path: Path):
    status, _, errors = invoke("klm", "--period", "e18r781", "--out", tmp_path / "klm")
    assert (status, errors) == (2, "error: --period is an option of export menu and chain, not of export klm\n")


def test_all_takes_no_options_of_one_block(tmp_path: Path):
    status, _, errors = invoke("all", "--events", 5, "--menu", "exp16", "--out", tmp_path / "all")
    assert (status, errors) == (2, "error: export all writes every block as it ships: leave out --events, --menu\n")
    assert list(tmp_path.iterdir()) == []


def test_all_says_what_each_block_did(tmp_path: Path, monkeypatch):
    row = {"block": "klm", "events": 200, "results": 200, "latency": 2, "icarus": "PASS", "verilator": "PASS", "hls": "not run"}
    rows = [row | {"identical": True}, row | {"block": "ecl", "identical": False}]
    monkeypatch.setattr("sim.cosim.export_check.check_all", lambda out, seed: iter(rows))
    status, shown, _ = invoke("all", "--out", tmp_path)
    assert (status, shown.splitlines()) == (
        1,
        [
            "klm: 200 events, 200 results, 2 cycles; verilator PASS, icarus PASS, hls not run; again: equal to the byte",
            "ecl: 200 events, 200 results, 2 cycles; verilator PASS, icarus PASS, hls not run; again: NOT EQUAL",
            f"FAILED: {tmp_path / 'exports.json'}",
        ],
    )
