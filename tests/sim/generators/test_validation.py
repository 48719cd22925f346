"""The table of cross-sections agrees with the published numbers, and can disagree."""

from dataclasses import replace

import pytest

from sim.generators import validation
from sim.generators.comparison import Comparison
from sim.generators.validation import validate_generators


@pytest.fixture(scope="module")
def table() -> dict[str, Comparison]:
    return {row.name: row for row in validate_generators(seed=11, n_events=1 << 19)}


def test_all_numbers_agree(table):
    wrong = [row for row in table.values() if not row.agrees]
    assert not wrong
    assert len(table) == 52


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("Bhabha 10-170 deg, running couplings", 298.8),
        ("gamma gamma 10-170 deg, Born", 4.525),
        ("mu mu, with radiation", 1.153),
        ("tau tau, with radiation", 0.916),
        ("gamma A', m = 8 GeV, epsilon = 1, 10-170 deg", 34.2),
        ("mu mu gamma, E* > 0.25 GeV, all", 0.495),
        ("mu mu gamma selected", 93.3),
        ("gamma gamma gamma 10-170 deg, E* > 1 GeV", 0.117),
    ],
)
def test_published_numbers_are_in_the_table(table, name, reference):
    assert table[name].reference == reference
    assert table[name].ours == pytest.approx(reference, rel=0.01)


def test_errors_are_those_of_the_samples(table):
    """Half a million weighted events give the selected cross-section to 0.3 %."""
    row = table["mu mu gamma selected"]
    assert 0.0005 < row.error / row.ours < 0.005
    assert table["gamma gamma 10-170 deg, Born"].error == 0


def test_a_wrong_number_is_noticed(table):
    for row in table.values():
        off = row.tolerance + 4 * row.error
        assert not replace(row, ours=row.reference + 1.001 * off + 1e-12).agrees
        assert replace(row, ours=row.reference - 0.999 * off).agrees


def test_the_folded_cross_section_knows_the_muon_mass(table, monkeypatch):
    """The convolution test is sharp enough to see the muon mass in the matrix element."""
    row = table["mu mu gamma from the initial state, 10-170 deg, against gamma A' folded"]
    light = validation.RadiativeMuons
    monkeypatch.setattr(validation, "RadiativeMuons", lambda **options: light(muon_mass=validation.MuonMass.LIGHT, **options))
    assert not validation._convolution(11, 1 << 19).agrees
    assert row.agrees
