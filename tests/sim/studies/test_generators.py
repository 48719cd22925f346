"""The generator study: tables that agree, a formula that would be seen to be wrong, a verb that fails when it must."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.generators import validation
from sim.generators.missing import MISSING
from sim.studies import generators
from sim.studies.tables import Table, read

N_WEIGHTED = 1 << 14


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Table, Table]:
    out = tmp_path_factory.mktemp("study")
    return (out, *generators.run_study(3, out, N_WEIGHTED))


def chi2(drawn: np.ndarray, expected: np.ndarray) -> float:
    return float(((drawn - expected) ** 2 / expected).sum())


def test_every_cross_section_agrees(study: tuple[Path, Table, Table]) -> None:
    _, table, _ = study
    assert len(table.rows) == 52
    assert all(table.column("agrees"))


@pytest.mark.parametrize("spectrum", generators.spectra(), ids=lambda spectrum: spectrum.name)
def test_drawn_angles_follow_the_formula_and_no_other(study: tuple[Path, Table, Table], spectrum: generators.Spectrum) -> None:
    rows = study[2].where(process=spectrum.name)
    drawn, expected = (np.array(rows.column(name), dtype=float) for name in ("drawn", "expected"))
    assert drawn.sum() == pytest.approx(expected.sum())
    free = len(drawn) - 1
    assert chi2(drawn, expected) < free + 5 * np.sqrt(2 * free)
    assert chi2(drawn, expected * np.linspace(0.97, 1.03, len(expected))) > free + 5 * np.sqrt(2 * free)


def test_files(study: tuple[Path, Table, Table]) -> None:
    out, table, angles = study
    assert read(out / "cross_sections.json").rows == table.rows
    assert read(out / "drawn_angles.json").rows == angles.rows
    assert {row[0] for row in read(out / "missing_channels.json").rows} == {missing.channel for missing in MISSING}
    assert (out / "generators.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_generator_ends_with_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = validation.validate_generators(3, N_WEIGHTED)
    wrong = (replace(honest[0], ours=1.1 * honest[0].ours), *honest[1:])
    monkeypatch.setattr(generators, "validate_generators", lambda *_: wrong)
    result = CliRunner().invoke(build_app(), ["study", "generators", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "52 comparisons, 1 differ" in result.output
