"""Visible dark photon: A' -> mu+ mu- with a photon."""

from __future__ import annotations

from sim.generators.dark_photon_visible import LightPair
from sim.offline import dark_photon_visible
from sim.studies.searches._shared import ENERGY, MUON_PAIR, PHOTON_1, PHOTON_2
from sim.studies.searches._visible_dark_photon import visible_dark_photon

CHANNEL = visible_dark_photon(
    LightPair.MUONS, "mu+ mu-", dark_photon_visible.select_muons, (*MUON_PAIR, ENERGY, PHOTON_2, PHOTON_1)
)
