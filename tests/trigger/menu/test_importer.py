"""`menu import`: the published FTDL version 36, written in the experiment's format and read back, and files that are refused."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from trigger.errors import InputError
from trigger.menu import Driver, load_menu
from trigger.menu.importer import PERIOD, FtdlFiles, import_menu

REFERENCE = Path(__file__).parents[2] / "reference"
SMALL = {"inp": "0 t2_0\n1 t2_1\n2 t2_2\n3 t2_3\n4 veto\n5 mine\n", "alg": " 1 !4 + 2*!4\n 5\n", "oup": "0 ff\n1 new\n", "psn": ""}


def read(name: str) -> list[dict[str, str]]:
    rows = (REFERENCE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(row for row in rows if not row.startswith("#")))


def write(folder: Path, texts: dict[str, str]) -> FtdlFiles:
    for suffix, text in texts.items():
        (folder / f"ftd.{suffix}").write_text(text, encoding="utf-8")
    prescales = folder / "ftd.psn" if texts["psn"] else None
    return FtdlFiles(inputs=folder / "ftd.inp", algorithm=folder / "ftd.alg", outputs=folder / "ftd.oup", prescales=prescales)


def test_version_36_comes_back_equal(tmp_path: Path) -> None:
    """All 175 lines on random vectors, all prescales, all inputs but the reserved spares with their encodings."""
    published, lines = load_menu("exp16"), read("gdl_lines_dnf.csv")
    files = write(
        tmp_path,
        {
            "inp": "".join(f"{row['bit']} {row['name']}\n" for row in read("gdl_input_names.csv")),
            "alg": "".join(f" {row['terms']}\n" for row in lines),
            "oup": "".join(f"{row['bit']} {row['line']}\n" for row in lines),
            "psn": "".join(f"{row['line']} {row['e18r781']}\n" for row in lines),
        },
    )
    (tmp_path / "mine.toml").write_text(import_menu(files, "mine", published), encoding="utf-8")
    menu = load_menu(tmp_path / "mine.toml")
    assert menu.line_names == published.line_names
    assert menu.inputs == published.inputs
    assert menu.period(PERIOD).prescales == published.period("e18r781").prescales
    rng = np.random.default_rng(36)
    for density in (0.05, 0.3, 0.5, 0.9):
        bits = rng.random((20_000, menu.n_inputs), dtype=np.float32) < density
        np.testing.assert_array_equal(menu.evaluate(bits), published.evaluate(bits))


def test_unknown_bits_are_passed_through_and_known_counts_keep_their_encoding(tmp_path: Path) -> None:
    text = import_menu(write(tmp_path, SMALL), "small", load_menu("exp16"))
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    menu = load_menu(tmp_path / "small.toml")
    assert [item.name for item in menu.inputs] == ["t2", "veto", "mine"]
    assert menu.inputs[2].driver is Driver.EXTERNAL
    assert menu.periods == ()
    assert menu.line("ff").text == "t2_1 & !veto | t2_2 & !veto"
    bits = np.array([[0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1], [1, 0, 0, 0, 0, 0]], dtype=bool)
    np.testing.assert_array_equal(menu.evaluate(bits), [[True, False], [False, False], [True, True], [False, False]])


@pytest.mark.parametrize(
    ("suffix", "text", "reason"),
    [
        ("alg", " 1 !4 + 2\n", "ftd.alg: must have a row for each of the 2 outputs, not 1"),
        ("alg", " 1 !4 +\n 5\n", "ftd.alg:1: a product without factors"),
        ("alg", "\n 5\n", "ftd.alg:1: empty: a line without products would be always true"),
        ("alg", " 1 !6\n 5\n", "ftd.alg:1: input 6 does not exist; the list ends at 5"),
        ("alg", " 1 !4\n veto\n", "ftd.alg:2: a factor must be an input position, with ! for its complement, not 'veto'"),
        ("alg", " 1 ~4\n 5\n", "ftd.alg:1: a factor must be"),
        ("inp", "0 t2_0\n2 t2_1\n", "ftd.inp:2: must be '1 NAME', not '2 t2_1'"),
        ("inp", "0 t2_0\n1 t2_0\n", "ftd.inp:2: t2_0 is at position 0 already"),
        ("inp", "0 t2-0\n", "ftd.inp:1: must be '0 NAME'"),
        ("oup", "0 ff\n1 ff\n", "ftd.oup:2: ff is at position 0 already"),
        ("oup", "ff\n", "ftd.oup:1: must be '0 NAME', not 'ff'"),
        ("psn", "ff 1\n", "ftd.psn: no prescale for new; every one of the 2 lines needs one"),
        ("psn", "ff 1\nnew -1\n", "ftd.psn:2: must be 'LINE PRESCALE', not 'new -1'"),
        ("psn", "ff 1\nnew 16777216\n", "ftd.psn:2: prescale of new must be 0..16777215, not 16777216"),
        ("psn", "ff 1\nnw 2\n", "ftd.psn:2: unknown line 'nw'; did you mean 'new'?"),
        ("psn", "ff 1\nff 2\n", "ftd.psn:2: ff has a prescale already"),
    ],
)
def test_bad_files_are_named_with_their_row(tmp_path: Path, suffix: str, text: str, reason: str) -> None:
    files = write(tmp_path, SMALL | {suffix: text})
    with pytest.raises(InputError, match=re.escape(reason)):
        import_menu(files, "small", load_menu("exp16"))


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    files = write(tmp_path, SMALL)
    files.inputs.unlink()
    with pytest.raises(InputError, match=r"ftd\.inp: not a readable text file"):
        import_menu(files, "small", load_menu("exp16"))
    files.inputs.write_bytes(b"\xff\xfe0 x")
    with pytest.raises(InputError, match=r"ftd\.inp: not a readable text file"):
        import_menu(files, "small", load_menu("exp16"))
