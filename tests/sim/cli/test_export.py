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
