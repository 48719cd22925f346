"""Tables that the compiled loops read: against the published neighbour list, and hand-counted memberships."""

import csv
from pathlib import Path

import numpy as np
import pytest

from trigger.ecl import EclParameters, EclThresholds
from trigger.ecl.tables import bhabha2d_rings, cell_tables, theta_mask, threshold_record
from trigger.geometry.ecl import cells

REFERENCE = Path(__file__).parents[2] / "reference"


def test_seed_rule_of_every_cell() -> None:
    """OR and AND cells as sets, from the hand-built list of tests/reference."""
    lines = (REFERENCE / "ecl_neighbors.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(rows) == 576
    for row in rows:
        seed = cell_tables().seed[int(row["tc_id"])]
        assert set(seed[:3].tolist()) - {0} == {int(row[f"icn_or{k}"]) for k in (1, 2, 3)} - {0}, row["tc_id"]
        assert seed[3:].tolist() == [int(row[f"icn_and{k}"]) for k in (1, 2)], row["tc_id"]


def test_rows_of_no_cell_are_zero_and_tables_read_only() -> None:
    tables = cell_tables()
    for table in (tables.slots, tables.seed, tables.theta_id, tables.region, tables.cm, tables.quadrants):
        assert not table[0].any()
        assert not table.flags.writeable
        assert len(table) == 577


def test_tables_follow_the_geometry() -> None:
    tables, c = cell_tables(), cells()
    assert np.array_equal(tables.slots[1:, 0], np.arange(1, 577))
    assert np.array_equal(tables.slots[1:, 1:], c.neighbours)
    assert np.array_equal(tables.cm[1:], np.column_stack([c.cm_theta_deg, c.cm_phi_deg, c.cm_energy_e]))
    assert np.array_equal(tables.theta_id[1:], c.theta_id)


def test_quadrant_sizes() -> None:
    """Forward: 10 phi ids of two rings each; barrel: 11 of twelve rings each (36-10, 9-19, 18-28, 27-1)."""
    quadrants = cell_tables().quadrants
    assert [int((quadrants >> k & 1).sum()) for k in range(8)] == [20, 20, 20, 20, 132, 132, 132, 132]
    assert not (quadrants[513:]).any()


def test_ring_table() -> None:
    rings = bhabha2d_rings()
    assert rings.shape == (2, 14, 3)
    assert rings[0, 0].tolist() == [1, 2, 3]
    assert rings[1, 13].tolist() == [9, 10, 0]
    assert not rings.flags.writeable


def test_theta_mask_is_that_of_the_parameter() -> None:
    assert theta_mask(range(6, 12)) == 2016
    assert theta_mask((1, 17)) == 0x10001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("elow_min", 96), ("bhabha3d_veto_pair_phi_first", 161), ("bhabha3d_veto_pair_theta_last", 189),
        ("intrack_theta_first", 3), ("lml10_theta_sum_last", 199), ("lml13_theta_mask", 2016), ("lml4_theta_mask", 0x10001),
    ],
)  # fmt: skip
def test_threshold_record(name: str, value: int) -> None:
    record = threshold_record(EclThresholds.from_parameters(EclParameters.default()))
    assert record.shape == (1,)
    assert record[name][0] == value
    assert record["bhabha2d_forward_min"][0].tolist() == [762] * 12 + [572, 667]
