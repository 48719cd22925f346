"""What formats of the displaced-vertex trigger cost: nothing without rounding, little as declared, more with fewer bits."""

import numpy as np
import pytest

from sim.studies import displaced_line_widths, displaced_vertex_widths, displaced_widths
from sim.studies.displaced_widths import DRIFT_CHAMBER_CM, fitted, tracks
from sim.studies.width_scan import DECLARED, FLOATS, matrix_rounded, rounded

STAGES = (displaced_widths, displaced_line_widths, displaced_vertex_widths)
FORMATS = [(stage, name) for stage in STAGES for name in stage.SCANNED]
LOST = {displaced_widths: "impact_90_cm", displaced_line_widths: "z_90_cm", displaced_vertex_widths: "error_90_cm"}
OWN = {(displaced_widths, "bend"): "bend_90_per_cm", (displaced_line_widths, "slope"): "slope_90"}
"""What a stage loses, and formats that show elsewhere."""


@pytest.fixture(scope="module")
def scanned():
    return {stage: stage.scan(400, 2) for stage in STAGES}


def test_numbers_are_rounded_to_the_nearest_upward_on_ties():
    assert rounded(np.array([0.24, 0.25, -0.25, -0.26]), 1).tolist() == [0.0, 0.5, 0.0, -0.5]
    assert rounded(np.array([0.3]), None).tolist() == [0.3]


def test_rows_of_a_matrix_have_their_own_power_of_two():
    """Mantissas of 4 bits: up to 7. 1 = 4 / 4 and 0.3 ~ 1 / 4; 0.01 ~ 5 / 512 and 0.003 ~ 2 / 512; with one scale they are 0."""
    matrix = np.array([[1.0, 0.3], [0.01, 0.003]])
    assert matrix_rounded(matrix, 4).tolist() == [[1.0, 0.25], [5 / 512, 2 / 512]]
    assert matrix_rounded(matrix, 4, scaled=False).tolist() == [[1.0, 0.25], [0.0, 0.0]]
    assert matrix_rounded(matrix, None) is matrix


def test_without_rounding_nothing_is_lost_and_the_track_is_found():
    given = tracks(np.random.default_rng(1), 300)
    found = displaced_widths.losses(given, displaced_widths.FLOAT)
    assert found["impact_median_cm"] == found["bend_90_per_cm"] == 0
    assert found["error_90_cm"] < 0.2
    bend, impact, phi = fitted(given, displaced_widths.FLOAT)
    assert np.median(np.abs(bend - given.bend)) < 2e-5
    assert np.median(np.abs(impact - given.impact)) < 0.03
    assert np.median(np.abs((phi - given.phi + np.pi) % (2 * np.pi) - np.pi)) < 1e-3


def test_line_finds_ideal_tracks():
    given = displaced_line_widths.lines(np.random.default_rng(1), 300)
    assert len(given.z0) == 300
    z, slope = displaced_line_widths.fitted(given, displaced_line_widths.FLOAT)
    assert np.median(np.abs(z - given.z0)) < 0.5
    assert np.median(np.abs(slope - given.slope)) < 0.01


def test_vertex_finds_ideal_pairs():
    given = displaced_vertex_widths.pairs(np.random.default_rng(1), 300)
    assert len(given.radius) == 300
    radius, _ = displaced_vertex_widths.found(given, displaced_vertex_widths.FLOAT)
    assert np.median(np.abs(radius - given.radius)) < 0.1


def test_declared_formats_lose_little(scanned):
    """Of what the chamber resolves, and of what vertices are off by."""
    fit, line, vertex = (scanned[stage].where(format=DECLARED).rows[0] for stage in STAGES)
    assert fit[3] < DRIFT_CHAMBER_CM / 2
    assert fit[4] < DRIFT_CHAMBER_CM
    assert line[3] < displaced_line_widths.VERTEX_Z_CM / 10
    assert vertex[3] < displaced_vertex_widths.VERTEX_CM / 3


@pytest.mark.parametrize(("stage", "name"), FORMATS)
def test_fewer_bits_lose_more(scanned, stage, name):
    part = scanned[stage].where(format=name)
    assert part.column("bits") == list(stage.SCANNED[name])
    loss = part.column(OWN.get((stage, name), LOST[stage]))
    assert loss[0] > 1.3 * loss[-1]
    assert part.column("declared").count(True) == 1
    (declared,) = part.where(declared=True).rows
    assert declared[1] == getattr(stage.Widths(), name)
    assert declared[3:] == scanned[stage].where(format=DECLARED).rows[0][3:]


def test_floats_lose_nothing(scanned):
    for stage in STAGES:
        (plain,) = scanned[stage].where(format=FLOATS).rows
        assert plain[3] == 0


def test_one_power_of_two_for_all_rows_is_worse(scanned):
    table = scanned[displaced_widths]
    (own,), (shared,) = table.where(format=DECLARED).rows, table.where(format="mantissa, one power of two for all").rows
    assert shared[4] > own[4]
