"""Trigger cells: numbering and look-up against the published tables."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, boost_to_cm, total_momentum
from trigger.geometry.ecl import N_CELLS, Region, cells, theta_phi_of

REFERENCE = Path(__file__).parents[2] / "reference"


def read(name: str) -> list[dict[str, str]]:
    lines = (REFERENCE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_cm_lookup_equals_the_published_words() -> None:
    published = np.array([int(row["lut_word"]) for row in read("ecl_cm_lookup.csv")])
    assert published.size == N_CELLS
    np.testing.assert_array_equal(cells().cm_word, published)


def test_cm_lookup_of_other_beams_differs() -> None:
    # energies of the machine's parameter table instead of the simulation's: 16 thetas and 3 nibbles move
    other = cells(BeamDeclaration(electron_gev=7.007, positron_gev=4.000, half_crossing_rad=0.0415))
    assert int((other.cm_theta_deg != cells().cm_theta_deg).sum()) == 16
    assert int((other.cm_energy_e != cells().cm_energy_e).sum()) == 3


def test_numbering_equals_the_published_table() -> None:
    for row in read("ecl_cm_lookup.csv"):
        tc_id = int(row["tc_id"])
        assert theta_phi_of(tc_id) == (int(row["theta_id"]), int(row["phi_id"]))
        assert Region(cells().region[tc_id - 1]).name == row["region"]


def test_cells_per_ring() -> None:
    counts = Counter(cells().theta_id.tolist())
    assert counts == {1: 16, 2: 32, 3: 32, **dict.fromkeys(range(4, 16), 36), 16: 32, 17: 32}
    assert int(cells().n_crystals.sum()) == 8736


@pytest.mark.parametrize(
    ("tc_id", "theta", "phi"), [(1, 1, 1), (80, 2, 32), (81, 4, 1), (512, 15, 36), (513, 17, 2), (576, 17, 31)]
)
def test_region_edges(tc_id: int, theta: int, phi: int) -> None:
    assert theta_phi_of(tc_id) == (theta, phi)


@pytest.mark.parametrize("tc_id", [0, 577, -1])
def test_ids_out_of_range(tc_id: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.576"):
        theta_phi_of(tc_id)


def test_neighbours_equal_the_hand_built_table() -> None:
    expected = np.array([[int(row[f"slot{k}"]) for k in range(1, 9)] for row in read("ecl_neighbors.csv")])
    np.testing.assert_array_equal(cells().neighbours, expected)


def test_neighbourhood_is_symmetric_and_stays_in_its_region() -> None:
    c = cells()
    for index, slots in enumerate(c.neighbours):
        present = slots[slots > 0]
        assert len(set(present.tolist())) == present.size
        for other in present:
            assert index + 1 in c.neighbours[other - 1]
            assert c.region[other - 1] == c.region[index]


def test_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        cells().theta_id[0] = 1


def test_boost_brings_the_beams_to_rest() -> None:
    energy, px, py, pz = total_momentum(Y4S_BEAMS)
    assert (energy, px, pz) == pytest.approx((11.006, 0.4566, 2.9994), abs=1e-4)
    cm_energy, p = boost_to_cm(np.array([energy]), np.array([[px, py, pz]]), Y4S_BEAMS)
    assert cm_energy[0] == pytest.approx(10.579, abs=1e-3)
    np.testing.assert_allclose(p, 0, atol=1e-12)


def test_boost_brings_the_electron_onto_z() -> None:
    half = Y4S_BEAMS.half_crossing_rad
    electron = 7.004 * np.array([[np.sin(half), 0, np.cos(half)]])
    energy, p = boost_to_cm(np.array([7.004]), electron, Y4S_BEAMS)
    np.testing.assert_allclose(p[0], [0, 0, energy[0]], atol=1e-12)


def test_bad_beams() -> None:
    with pytest.raises(ValueError, match="positive"):
        BeamDeclaration(electron_gev=0, positron_gev=4, half_crossing_rad=0.04)
    with pytest.raises(ValueError, match="half_crossing_rad"):
        BeamDeclaration(electron_gev=7, positron_gev=4, half_crossing_rad=1.0)
