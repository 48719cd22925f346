"""FTDL version 11 of spring 2019: the importer reads it, and the shipped menu `exp7` has its conditions."""

import csv
from pathlib import Path

import numpy as np

from trigger.menu import load_menu
from trigger.menu.importer import PERIOD, FtdlFiles, import_menu

REFERENCE = Path(__file__).parents[2] / "reference"
ONE_FOR_THREE = {"klmb2b_0": "klmb2b"}
"""Inputs of version 11 that the inputs of version 36 have under another name; those that these do not have read 0."""


def read(name: str) -> list[dict[str, str]]:
    rows = (REFERENCE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(row for row in rows if not row.startswith("#")))


INPUTS = [row["name"] for row in read("gdl_ftd_0011_inputs.csv")]
LINES = read("gdl_ftd_0011_lines.csv")


def sums_of_products(bits: np.ndarray) -> np.ndarray:
    """The published algorithm on bits (n, 131), bool (n, 134)."""
    result = np.zeros((len(bits), len(LINES)), dtype=bool)
    for place, row in enumerate(LINES):
        for product in row["terms"].split(" + "):
            factors = [bits[:, int(factor.lstrip("!"))] != factor.startswith("!") for factor in product.split()]
            result[:, place] |= np.logical_and.reduce(factors)
    return result


def random_bits(n: int) -> np.ndarray:
    rng = np.random.default_rng(11)
    return rng.random((n, len(INPUTS))) < rng.uniform(0.02, 0.9, (n, 1))


def test_importer_reads_it(tmp_path: Path) -> None:
    texts = {
        "inp": "".join(f"{place} {name}\n" for place, name in enumerate(INPUTS)),
        "alg": "".join(f" {row['terms']}\n" for row in LINES),
        "oup": "".join(f"{row['bit']} {row['line']}\n" for row in LINES),
        "psn": "".join(f"{row['line']} {row['e7r920']}\n" for row in LINES),
    }
    for suffix, text in texts.items():
        (tmp_path / f"ftd.{suffix}").write_text(text, encoding="utf-8")
    inputs, algorithm, outputs, prescales = (tmp_path / f"ftd.{suffix}" for suffix in texts)
    files = FtdlFiles(inputs=inputs, algorithm=algorithm, outputs=outputs, prescales=prescales)
    (tmp_path / "mine.toml").write_text(import_menu(files, "mine", load_menu("exp16")), encoding="utf-8")
    menu, bits = load_menu(tmp_path / "mine.toml"), random_bits(20_000)
    assert (menu.n_inputs, len(menu.lines)) == (131, 134)
    np.testing.assert_array_equal(menu.evaluate(bits), sums_of_products(bits))
    assert menu.period(PERIOD).prescales == tuple(int(row["e7r920"]) for row in LINES)


def test_exp7_has_its_conditions_and_prescales() -> None:
    menu, bits = load_menu("exp7"), random_bits(50_000)
    mapped = np.zeros((len(bits), menu.n_inputs), dtype=bool)
    for place, name in enumerate(INPUTS):
        name = ONE_FOR_THREE.get(name, name)
        if name in menu.input_names:
            mapped[:, menu.input_names.index(name)] = bits[:, place]
        else:
            bits[:, place] = False
    expected, found = sums_of_products(bits), menu.evaluate(mapped)
    published = {row["line"]: place for place, row in enumerate(LINES)}
    assert len(menu.lines) == 112
    for place, name in enumerate(menu.line_names):
        np.testing.assert_array_equal(found[:, place], expected[:, published[name]], err_msg=name)
        assert menu.period("e7r920").prescales[place] == int(LINES[published[name]]["e7r920"])
