"""The record of the cost of each block that is counted by module says the same in its rows, its sum and its verdicts."""

from pathlib import Path

import numpy as np
import pytest

from sim.studies.cost_gate import MAX_LEVELS
from sim.studies.module_costs import COLUMNS, WHOLE
from sim.studies.tables import read

RECORDS = sorted((Path(__file__).parents[3] / "docs" / "records").glob("*_costs.json"))


def test_the_displaced_vertex_trigger_has_a_record():
    assert "displaced_costs" in {path.stem for path in RECORDS}


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_record_adds_up(record):
    """There is a sum where every module has counts, and only there."""
    table = read(record)
    assert table.columns == COLUMNS
    names = ("lut", "ff", "dsp", "ramb18", "ramb36", "table_bits")
    counts = np.array([[dict(zip(COLUMNS, row, strict=True))[name] for name in names] for row in table.rows], np.float64)
    assert table.column("block")[-1] == WHOLE
    assert len(set(table.column("block"))) == len(table.rows)
    times = np.array(table.column("times")[:-1], np.float64)
    assert np.array_equal(counts[-1], times @ counts[:-1], equal_nan=True)
    assert np.isfinite(counts).any()


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_record_judges_by_the_gate(record):
    for levels, passes in zip(*(read(record).column(name) for name in ("levels", "passes_gate")), strict=True):
        assert passes is (None if levels is None else levels <= MAX_LEVELS)
