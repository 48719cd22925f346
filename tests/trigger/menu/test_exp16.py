"""The shipped menus against the published sums of products."""

import csv
from pathlib import Path

import numpy as np
import pytest

from trigger.menu import load_menu, shipped_menus
from trigger.menu.condition import positions

REFERENCE = Path(__file__).parents[2] / "reference"
EXHAUSTIVE_BITS = 16


def read(name: str) -> list[dict[str, str]]:
    lines = (REFERENCE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


PUBLISHED = read("gdl_lines_dnf.csv")


def literals(terms: str) -> list[list[tuple[int, bool]]]:
    return [[(int(item.lstrip("!")), not item.startswith("!")) for item in term.split()] for term in terms.split(" + ")]


def sum_of_products(terms: str, columns: np.ndarray) -> np.ndarray:
    result = np.zeros(columns.shape[1], dtype=bool)
    for term in literals(terms):
        result |= np.logical_and.reduce([columns[bit] == wanted for bit, wanted in term])
    return result


def test_published_order() -> None:
    menu = load_menu("exp16")
    assert menu.line_names == tuple(row["line"] for row in PUBLISHED)
    assert menu.input_names == tuple(row["name"] for row in read("gdl_input_names.csv"))
    assert (menu.n_inputs, len(menu.lines)) == (162, 175)


def test_lines_equal_the_published_sums_of_products_on_random_inputs() -> None:
    menu = load_menu("exp16")
    rng = np.random.default_rng(36)
    for density in np.linspace(0.02, 0.98, 20):
        bits = rng.random((50_000, 162), dtype=np.float32) < density
        lines = menu.evaluate(bits)
        columns = np.ascontiguousarray(bits.T)
        for place, row in enumerate(PUBLISHED):
            wrong = np.flatnonzero(lines[:, place] != sum_of_products(row["terms"], columns))
            assert not wrong.size, f"{row['line']}: {np.flatnonzero(bits[wrong[0]])}"


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["line"])
def test_lines_on_every_combination_of_their_own_inputs(row: dict[str, str]) -> None:
    menu = load_menu("exp16")
    published = {bit for term in literals(row["terms"]) for bit, _ in term}
    own = sorted(published | positions(menu.line(row["line"]).condition))
    assert len(own) <= EXHAUSTIVE_BITS
    values = np.arange(1 << len(own))
    bits = np.zeros((values.size, 162), dtype=bool)
    bits[:, own] = (values[:, None] >> np.arange(len(own))) & 1
    result = menu.evaluate(bits)[:, int(row["bit"])]
    np.testing.assert_array_equal(result, sum_of_products(row["terms"], np.ascontiguousarray(bits.T)))


@pytest.mark.parametrize(
    ("menu_name", "period", "column"),
    [
        ("exp16", "e16r1062", "e16r1062"),
        ("exp16", "e18r66", "e18r66"),
        ("exp16", "e18r781", "e18r781"),
        ("exp16_early", "e16r21", "e16r21"),
        ("exp14", "e14r2056", "e14r2056"),
        ("exp7", "e7r920", "e7r920"),
    ],
)
def test_recorded_prescales(menu_name: str, period: str, column: str) -> None:
    menu = load_menu(menu_name)
    expected = {row["line"]: int(row[column]) for row in PUBLISHED if row[column]}
    assert dict(zip(menu.line_names, menu.period(period).prescales, strict=True)) == expected


def test_every_shipped_menu_loads() -> None:
    assert {load_menu(name).name for name in shipped_menus()} == set(shipped_menus())


def test_bad_input_bits() -> None:
    menu = load_menu("exp16")
    with pytest.raises(TypeError, match="bool, not int64"):
        menu.evaluate(np.zeros((1, 162), dtype=np.int64))
    with pytest.raises(ValueError, match=r"\(n, 162\).*\(1, 161\)"):
        menu.evaluate(np.zeros((1, 161), dtype=bool))
    assert menu.evaluate(np.zeros((0, 162), dtype=bool)).shape == (0, 175)


def test_unknown_line_and_period() -> None:
    menu = load_menu("exp16")
    with pytest.raises(KeyError, match="no line"):
        menu.line("fffx")
    with pytest.raises(KeyError, match="e16r1062"):
        menu.period("e20")
