"""`darktrigger menu` as a user types it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import build_app

MINE = """\
name = "mine"
base = "exp16"
remove = ["fss"]
[lines]
lml6 = "ecl_lml_6"
photon = "ecl_lml_6 | ecl_lml_13"
never = "veto & !veto"
"""


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["menu", *arguments])
    return result.exit_code, result.output


def test_list_shows_every_line_with_its_prescale() -> None:
    status, text = run("list", "--period", "e18r781")
    assert status == 0
    assert "  89  lml6               1  ecl_lml_6 & !veto" in text
    assert "  84  lml1               2  ecl_lml_1 & !veto" in text
    assert len(text.splitlines()) == 2 + 175


def test_show_names_inputs_and_prescales() -> None:
    status, text = run("show", "fyo")
    assert status == 0
    assert text.startswith("fyo: t2 >= 2 & ty >= 1 & cdc_open90 & !bha_veto & !veto\n")
    assert "t2 (bits 8, 9, 10, 11; one-hot; tracks)" in text
    assert "prescale 1 in e16r1062" in text


def test_show_says_where_inputs_come_from() -> None:
    assert "from ecl_lml[6]" in run("show", "lml6")[1]
    text = run("show", "line1", "--menu", "physics_book")[1]
    assert "from grl_trkbha2 (inferred: " in text
    assert "pass-through: ext_t3_z10 of the event file (tracks of the 3D fitter" in text
    assert "pass-through: ext_poissonin of the event file\n" in run("show", "poissonv")[1]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("show", "lml66"), "did you mean 'lml6'"),
        (("list", "--period", "e20"), "no period 'e20'; it has e16r1062"),
        (("list", "--menu", "exp61"), "no shipped menu 'exp61'"),
        (("check", "none.toml"), "none.toml: not a readable menu file"),
    ],
)
def test_bad_input_ends_with_status_2(arguments: tuple[str, ...], reason: str) -> None:
    status, text = run(*arguments)
    assert status == 2
    assert reason in text
    assert "Traceback" not in text


def test_check_and_diff_of_a_users_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINE, encoding="utf-8")
    status, text = run("check", str(file))
    assert status == 0
    assert "mine.toml:7: line never is always false" in text
    assert "176 lines" in text
    file.write_text(MINE.replace('never = "veto & !veto"\n', ""), encoding="utf-8")
    status, text = run("diff", "exp16", str(file))
    assert status == 0
    assert text.splitlines() == [
        "- fss: t2 >= 1 & ts >= 2 & !veto",
        "~ lml6: ecl_lml_6 & !veto  ->  ecl_lml_6",
        "+ photon: ecl_lml_6 | ecl_lml_13",
    ]
    assert run("diff", "exp16", "exp16") == (0, "the same: inputs, conditions and prescales are equal\n")


def test_import_writes_a_menu_that_can_be_used_and_warns_of_constant_lines(tmp_path: Path) -> None:
    for suffix, text in {"inp": "0 veto\n1 ehigh\n", "alg": " 1 !0\n 0 !0\n", "oup": "0 hie\n1 never\n"}.items():
        (tmp_path / f"ftd.{suffix}").write_text(text, encoding="utf-8")
    out = tmp_path / "mine.toml"
    options = [f"--{name}" for name in ("inputs", "algorithm", "outputs")]
    files = [str(tmp_path / f"ftd.{suffix}") for suffix in ("inp", "alg", "oup")]
    arguments = [word for pair in zip(options, files, strict=True) for word in pair]
    status, text = run("import", *arguments, "--out", str(out))
    assert status == 0
    assert "line never is always false" in text
    assert f"2 lines -> {out}" in text
    assert 'hie = "ehigh & !veto"' in out.read_text(encoding="utf-8").splitlines()
    assert run("import", *arguments, "--out", str(out))[0] == 2, "an existing file is kept"


def test_import_of_bad_files_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "ftd.txt").write_text("0 veto\n", encoding="utf-8")
    file = str(tmp_path / "ftd.txt")
    status, text = run("import", "--inputs", file, "--algorithm", file, "--outputs", file, "--out", str(tmp_path / "m.toml"))
    assert status == 2
    assert "ftd.txt:1: a factor must be an input position" in text
    assert [path.name for path in tmp_path.iterdir()] == ["ftd.txt"]


@pytest.mark.parametrize("suffix", [".json", ".h"])
def test_registers_are_written_again_byte_for_byte(tmp_path: Path, suffix: str) -> None:
    one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
    for out in (one, other):
        status, text = run("registers", "--period", "e18r781", "--out", str(out))
        assert status == 0
        assert f"registers -> {out}; digest" in text
    assert one.read_bytes() == other.read_bytes()
    (tmp_path / "mine.toml").write_text("hie = 2.0\n", encoding="utf-8")
    assert run("registers", "--out", str(other), "--parameters", str(tmp_path / "mine.toml"), "--overwrite")[0] == 0
    assert one.read_bytes() != other.read_bytes()


def test_registers_refuse_other_suffixes_and_unknown_periods(tmp_path: Path) -> None:
    status, text = run("registers", "--out", str(tmp_path / "registers.txt"))
    assert status == 2
    assert "name must end in .json, .h" in text
    status, text = run("registers", "--out", str(tmp_path / "registers.h"), "--period", "e20")
    assert status == 2
    assert "no period 'e20'" in text
    assert list(tmp_path.iterdir()) == []
