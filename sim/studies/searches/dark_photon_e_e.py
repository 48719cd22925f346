"""Visible dark photon: A' -> e+ e- with a photon."""

from __future__ import annotations

from sim.generators.dark_photon_visible import LightPair
from sim.offline import dark_photon_visible
from sim.studies.searches._shared import ENERGY, PHOTON_1, PHOTON_2, SINGLE_TRACK, TWO_TRACKS, TWO_TRACKS_NEURO
from sim.studies.searches._visible_dark_photon import visible_dark_photon

CHANNEL = visible_dark_photon(
    LightPair.ELECTRONS,
    "e+ e-",
    dark_photon_visible.select_electrons,
    (TWO_TRACKS, TWO_TRACKS_NEURO, SINGLE_TRACK, ENERGY, PHOTON_2, PHOTON_1),
)
