"""A user's menu file: what it can change, and one clear error with file and line for what it cannot."""

from pathlib import Path

import numpy as np
import pytest

from trigger.errors import InputError
from trigger.menu import ConstantLineWarning, Menu, load_menu

SMALL = """\
name = "small"
n_inputs = 6

[inputs.t2]
bits = [0, 1, 2, 3]
encoding = "one-hot"

[inputs.veto]
bits = [4]

[lines]
ff = "t2 >= 2 & !veto"
f = "t2 >= 1"

[periods.p.prescales]
f = 10
"""


def load(tmp_path: Path, text: str) -> Menu:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_menu(file)


def test_small_menu(tmp_path: Path) -> None:
    menu = load(tmp_path, SMALL)
    bits = np.array([[0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0]], dtype=bool)
    np.testing.assert_array_equal(menu.evaluate(bits), [[True, True], [False, True], [False, True]])
    assert menu.period("p").prescales == (1, 10)
    assert menu.input_names == ("t2_0", "t2_1", "t2_2", "t2_3", "veto", "")


def test_digest_follows_meaning_not_prose(tmp_path: Path) -> None:
    menu = load(tmp_path, SMALL)
    assert load(tmp_path, 'description = "other words"\n' + SMALL).digest == menu.digest
    assert load(tmp_path, SMALL.replace("f = 10", "f = 11")).digest != menu.digest
    assert load(tmp_path, SMALL.replace("t2 >= 1", "t2 >= 2")).digest != menu.digest


def test_extending_a_shipped_menu(tmp_path: Path) -> None:
    text = """\
name = "mine"
base = "exp16"
remove = ["fss"]
[inputs.dvt]
bits = [151]
[lines]
lml6 = "ecl_lml_6"
dvt = "dvt & !bha_veto & !veto"
"""
    menu, base = load(tmp_path, text), load_menu("exp16")
    assert menu.line_names == (*(name for name in base.line_names if name != "fss"), "dvt")
    assert menu.line("lml6").text == "ecl_lml_6"
    assert menu.input_names[151] == "dvt"
    at = menu.line_names.index
    assert menu.period("e16r1062").prescales[at("fff")] == 100
    assert menu.period("e16r1062").prescales[at("dvt")] == 1


def test_bases_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('name = "other"\nbase = "mine.toml"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.toml:2: base mine\.toml leads back to itself"):
        load(tmp_path, 'name = "mine"\nbase = "other.toml"\n')


def test_base_by_path(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(SMALL, encoding="utf-8")
    menu = load(tmp_path, 'name = "second"\nbase = "first.toml"\n[lines]\nv = "veto"\n')
    assert menu.line_names == ("ff", "f", "v")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("t2 >= 2 & !veto", "t2 >= 2 & !vetto", r"mine\.toml:12: line ff: column 12: unknown bit 'vetto'; did you mean 'veto'"),
        ("t2 >= 1", "t2 >= 7", r"mine\.toml:13: line f: column 7: t2 reaches 4, not 7"),
        ('\nf = "t2', '\nff = "t2', r"mine\.toml:13: given twice: ff = "),
        ("encoding =", "encodin =", r"mine\.toml:6: unknown key 'encodin'; did you mean 'encoding'"),
        ("one-hot", "onehot", r"mine\.toml:6: encoding must be one of flag, one-hot, binary, not 'onehot'"),
        ("f = 10", "f = -1", r"mine\.toml:16: prescale of f must be a whole number 0\.\.16777215, not -1"),
        ("f = 10", "f = 16777216", "prescale of f must be"),
        ("f = 10", "f = 1.5", "prescale of f must be"),
        ("f = 10", "fg = 10", r"mine\.toml:16: unknown key 'fg'; did you mean 'f"),
        ("bits = [4]", "bits = [3]", r"mine\.toml:8: input veto uses bit 3, which belongs to t2"),
        ("bits = [4]", "bits = [6]", r"bit of veto must be a whole number 0\.\.5, not 6"),
        ("bits = [4]", "bits = 4", r"needs bits = \[positions\]"),
        ("n_inputs = 6", "n_inputs = 0", r"n_inputs must be a whole number 1\.\.320"),
        ('name = "small"', 'nam = "small"', r"mine\.toml:1: unknown key 'nam'; did you mean 'name'"),
        ('name = "small"', "name = 5", "name must be text, not 5"),
        ('"t2 >= 1"', "1", "line f must be a condition in quotes"),
        ("[lines]", "[lines", r"^\S*mine\.toml:11: [^()]+: \[lines$"),
        ('name = "small"', 'name = "small"\nremove = ["x"]', "no line 'x'"),
        ('name = "small"', 'name = "small"\nremove = 5', r"mine\.toml:2: remove must be a list of lines, not 5"),
        ('name = "small"', 'name = "small"\nbase = "mine.toml"', r"mine\.toml:2: base mine\.toml leads back to itself"),
        ("[periods.p.prescales]\nf = 10", "[periods.p]\nprescales = 5", r"mine\.toml:16: prescales must be a table, not 5"),
        ("[inputs.veto]", '[inputs."the veto"]', "name of an input must be letters, digits and _, not 'the veto'"),
        ("bits = [4]", 'bits = [4]\ndriver = "eclipse"', r"mine\.toml:10: driver must be one of ecl, tracks, .*, not 'eclipse'"),
        (
            "!veto",
            "(" * 60 + "veto" + ")" * 60,
            r"mine\.toml:12: line ff: column \d+: more than 50 brackets and ! inside each other",
        ),
        ("t2 >= 1", "t2 >= " + 5000 * "9", "t2 reaches 4, not a number of 5000 digits"),
        ('name = "small"', 'name = "small"\nbase = "exp99"', "no shipped menu 'exp99'|not a readable menu"),
    ],
)
def test_bad_files(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert old in SMALL
    with pytest.raises(InputError, match=reason):
        load(tmp_path, SMALL.replace(old, new, 1))


def test_no_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one line"):
        load(tmp_path, 'name = "x"\nn_inputs = 1\n')


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: not a readable menu file: No such file or directory$"):
        load_menu(tmp_path / "none.toml")
    with pytest.raises(InputError, match="no shipped menu 'exp61'; there are .*exp16"):
        load_menu("exp61")


@pytest.mark.parametrize(("condition", "value"), [("veto & !veto", "false"), ("t2 >= 0", "true"), ("t2 == 1 & t2 == 2", "false")])
def test_constant_lines_are_named(tmp_path: Path, condition: str, value: str) -> None:
    with pytest.warns(ConstantLineWarning, match=f"mine.toml:13: line f is always {value}"):
        load(tmp_path, SMALL.replace("t2 >= 1", condition))
