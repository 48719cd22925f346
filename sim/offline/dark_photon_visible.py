# Ref: collaboration talks (two opposite leptons, photon above 200 MeV, reduced mass); the network of the analysis is not public.
"""Visible dark photon: a photon and two leptons of opposite charge that hold all the energy of the beams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.lepton_pair import lepton_pair
from sim.offline.objects import Arrays
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class VisibleDarkPhotonCuts:
    """Values of the selection; GeV, cm."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    photon_e: float = 0.2
    missing_mass: float = 1.0
    pair_mass: tuple[float, float] = (0.02, 10.2)


_talk = partial(Cut, source="collaboration talks", certainty=Certainty.TALK)
_ours = partial(Cut, source="our choice", certainty=Certainty.OURS)
CUTS = (
    _ours(name="two_tracks", asks="exactly two tracks of opposite charge (talks) with |dr| < 0.5 cm and |dz| < 2 cm"),
    _ours(name="leptons", asks="both electrons; or one a muon in the KLM and none an electron"),
    _talk(name="photon", asks="a photon above 0.2 GeV"),
    _ours(name="whole_event", asks="M(l l gamma) within 1 GeV of the CM energy, hardest photon"),
    _talk(name="pair_mass", asks="0.02 < M(l l) < 10.2 GeV"),
)
LEFT_OUT = (LeftOut(name="neural network", reason="neither the network nor its inputs' definitions are public"),)


def select_electrons(arrays: Arrays) -> Selected:
    """Masks of A' -> e+ e- from the `off_track_*` and `off_photon_*` fields; values as `_select`."""
    return _select(arrays, electrons=True)


def select_muons(arrays: Arrays) -> Selected:
    """Masks of A' -> mu+ mu- from the `off_track_*` and `off_photon_*` fields; values as `_select`."""
    return _select(arrays, electrons=False)


def _select(
    arrays: Arrays, *, electrons: bool, cuts: VisibleDarkPhotonCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS
) -> Selected:
    """Values: `pair_mass` and `reduced_mass`, sqrt(M^2 - 4 m^2), in GeV, NaN where there are not two tracks; `photon_e_star` of the
    hardest photon in GeV, NaN without one."""
    cut = cuts or VisibleDarkPhotonCuts()
    mass = objects.ELECTRON_MASS_GEV if electrons else objects.MUON_MASS_GEV
    offsets = arrays["off_track_offsets"]
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    is_electron, is_muon = (good & arrays[f"off_track_is_{name}"].astype(bool) for name in ("electron", "muon"))
    n_electrons = jagged.count(offsets, is_electron)
    pair = lepton_pair(arrays, good, mass, beams)
    photons = objects.photons(arrays, beams)
    energetic = photons.lab[:, 0] > cut.photon_e
    hardest = objects.leading(photons.offsets, photons.star[:, 0], energetic, 1)[:, 0]
    whole = objects.mass(pair.lab + objects.take(photons.lab, hardest, 0.0))
    masks = (
        pair.two,
        (n_electrons == 2) if electrons else (jagged.count(offsets, is_muon) > 0) & (n_electrons == 0),
        hardest >= 0,
        np.abs(whole - objects.sqrt_s(beams)) < cut.missing_mass,
        objects.inside(pair.mass_gev, cut.pair_mass),
    )
    return Selected(
        flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT),
        values={
            "pair_mass": pair.mass_gev,
            "reduced_mass": np.sqrt(np.maximum(pair.mass_gev**2 - 4.0 * mass**2, 0.0)),
            "photon_e_star": objects.take(photons.star[:, 0], hardest),
        },
    )
