"""The benchmark of the displaced-vertex algorithms: every measurement is there; numpy alone answers as the compiled model does."""

import pytest
from typer.testing import CliRunner

import sim.cli
from sim.studies import benchmark_displaced
from sim.studies.benchmark_displaced import BEAM, HYPOTHESES, PAIRS, PLAIN, QUICK_WINDOWS, run_benchmark
from sim.studies.tables import read


def test_quick_run_has_every_measurement(tmp_path):
    arguments = ["bench", "displaced", "--quick", "--repeats", "2", "--out", str(tmp_path)]
    shown = CliRunner().invoke(sim.cli.build_app(), arguments)
    assert shown.exit_code == 0, shown.output
    table = read(tmp_path / "benchmark_displaced.json")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["name"] for row in rows] == [BEAM, PAIRS, HYPOTHESES, PLAIN]
    for row in rows:
        assert 0 < row["min"] <= row["median"] <= row["max"]
        assert row["repeats"] == 2
    assert [row["windows"] for row in rows] == [QUICK_WINDOWS] * 3 + [QUICK_WINDOWS // 64]
    assert [row["aim"] for row in rows] == [1e4, None, None, None]
    assert rows[3]["compiled_over_this"] == pytest.approx(rows[0]["median"] / rows[3]["median"])
    assert table.stamp["segments_per_window"] > 20


def test_other_answers_without_compiler_are_noticed(monkeypatch):
    monkeypatch.setattr(benchmark_displaced, "_plain", lambda segments, repeats: {"rates": [1.0], "answer": "other"})
    with pytest.raises(RuntimeError, match="answers otherwise"):
        run_benchmark(windows=4, repeats=1)
