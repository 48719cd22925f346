"""`darktrigger menu rates` and `darktrigger study` of searches, as typed."""

import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cli import EXIT_BAD_INPUT
from sim.studies.tables import read

RUNNER = CliRunner()


def invoke(*words):
    result = RUNNER.invoke(sim.cli.build_app(), [str(word) for word in words])
    return result.exit_code, result.output


def test_rates_of_all_sources(tmp_path):
    out = tmp_path / "rates"
    status, text = invoke("menu", "rates", "--events", 16, "--scales", "1", "--luminosity", "6e35", "--out", out)
    assert status == 0, text
    totals = read(out / "rate_totals.json")
    row = dict(zip(totals.columns, totals.rows[0], strict=True))
    assert (row["luminosity"], row["background_scale"]) == (6e35, 1.0)
    assert row["low"] < row["hz"] < row["high"]
    assert row["of_budget"] == pytest.approx(row["hz"] / 30_000)
    assert row["within_budget"] is (row["hz"] <= 30_000)
    assert 0 < row["lost"] < 1
    assert 0 < row["recorded_hz"] < row["after_veto_hz"] < row["hz"]
    assert "50 injections per second (every pulse of the injector" in text
    sources = set(read(out / "rate_by_process.json").column("source"))
    assert {"bhabha", "y4s", "tau-tau", "e-e-mu-mu", "cosmics", "background-stream"} <= sources
    assert "GUESS" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("menu", "rates", "--scales", "one"), "--scales"),
        (("menu", "rates", "--luminosity", "-1"), "--luminosity"),
        (("menu", "rates", "--menu", "exp17"), "exp17"),
        (("menu", "rates", "--injection", "often"), "injections per second, not 'often'"),
        (("menu", "rates", "--injection", "120"), "overlap"),
        (("menu", "rates", "--klm-mode", "fits"), "--klm-mode must be layers or lines"),
        (("menu", "rates", "--period", "e99"), "e99"),
        (("study", "tau", "--events", "1"), "--events"),
        (("study", "z-prime-2018", "--menu", "exp17"), "exp17"),
    ],
)
def test_bad_input_is_one_line(tmp_path, words, message):
    status, text = invoke(*words, "--out", tmp_path / "x")
    assert status == EXIT_BAD_INPUT
    assert message in text
    assert not (tmp_path / "x").exists()
