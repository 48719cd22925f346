"""What formats of the displaced-vertex fit cost: nothing without rounding, little as declared, more with fewer bits."""

import numpy as np
import pytest

from sim.studies.displaced_widths import DRIFT_CHAMBER_CM, FLOAT, SCANNED, Widths, fitted, losses, scan, tracks


@pytest.fixture(scope="module")
def table():
    return scan(400, 2)


def test_without_rounding_nothing_is_lost_and_the_track_is_found():
    given = tracks(np.random.default_rng(1), 300)
    found = losses(given, FLOAT)
    assert found["impact_median_cm"] == found["bend_90_per_cm"] == 0
    assert found["error_90_cm"] < 0.2
    bend, impact, phi = fitted(given, FLOAT)
    assert np.median(np.abs(bend - given.bend)) < 2e-5
    assert np.median(np.abs(impact - given.impact)) < 0.03
    assert np.median(np.abs((phi - given.phi + np.pi) % (2 * np.pi) - np.pi)) < 1e-3


def test_declared_formats_lose_less_than_the_chamber_resolves(table):
    (row,) = table.where(format="declared").rows
    assert row[3] < DRIFT_CHAMBER_CM / 2
    assert row[4] < DRIFT_CHAMBER_CM


@pytest.mark.parametrize("name", SCANNED)
def test_fewer_bits_lose_more(table, name):
    part = table.where(format=name)
    assert part.column("bits") == list(SCANNED[name])
    column = "bend_90_per_cm" if name == "bend" else "impact_90_cm"
    loss = part.column(column)
    assert loss[0] > 2 * loss[-1]
    assert part.column("declared").count(True) == 1
    (declared,) = part.where(declared=True).rows
    assert declared[1] == getattr(Widths(), name)


def test_one_power_of_two_for_all_rows_is_worse(table):
    (own,), (shared,) = table.where(format="declared").rows, table.where(format="mantissa, one power of two for all").rows
    assert shared[4] > own[4]
