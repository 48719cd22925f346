"""Numbers of the calorimeter response, each file with its source in the first lines."""

import csv
from importlib.resources import files

import numpy as np


def read_table(name: str) -> dict[str, np.ndarray]:
    """Columns of `tables/<name>.csv` by header name.

    Lines that start with "#" are source notes. A column is float64 when every entry is a number, otherwise text.
    """
    text = files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    header, body = rows[0], rows[1:]
    return {key: _column([row[i] for row in body]) for i, key in enumerate(header)}


def _column(entries: list[str]) -> np.ndarray:
    try:
        return np.array([float(entry) for entry in entries])
    except ValueError:
        return np.array(entries)
