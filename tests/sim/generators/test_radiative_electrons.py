"""Radiative Bhabhas in the shape of mu mu gamma: the same momenta with other names, and converted photons."""

import numpy as np

from sim.generators.radiative_electrons import RadiativeElectrons
from sim.generators.radiative_muons import RadiativeMuons


def test_momenta_are_those_of_the_muons():
    electrons, muons = (process.generate(50, np.random.default_rng(4)) for process in (RadiativeElectrons(), RadiativeMuons()))
    assert electrons.offsets.tolist() == muons.offsets.tolist()
    assert np.array_equal(electrons.px, muons.px)
    assert set(electrons.pdg) == {11, -11, 22}
    assert RadiativeElectrons().cross_section() is None


def test_converted_photons_are_pairs_of_electrons_away_from_the_beams():
    made = RadiativeElectrons(converts=True).generate(200, np.random.default_rng(4))
    converted = np.diff(made.offsets) == 4
    assert converted.any()
    radius = np.hypot(made.vx, made.vy)
    event = made.event_index()
    far = np.bincount(event, weights=radius > 0.5, minlength=200)
    assert far[converted].tolist() == [2.0] * int(converted.sum())
    assert not far[~converted].any()
    charge = np.bincount(event, weights=np.where(made.pdg == 22, 0, np.sign(made.pdg)), minlength=200)
    assert not charge.any()
