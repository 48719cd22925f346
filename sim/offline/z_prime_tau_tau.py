# Ref: Belle II, Phys. Rev. Lett. 131, 121802, as described in collaboration talks.
"""Z', scalar or axion-like particle -> tau tau beside a pair of muons: four tracks, missing energy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class MuMuTauTauCuts:
    """Values of the selection; GeV, cm."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    mass_below: float = 9.5


_talk = partial(Cut, source="collaboration talks", certainty=Certainty.TALK)
CUTS = (
    _talk(name="four_tracks", asks="exactly four tracks of no charge; |dr| < 0.5 cm and |dz| < 2 cm are our choice"),
    _talk(name="muons", asks="two of opposite charge identified as muons in the KLM"),
    _talk(name="one_prongs", asks="the other two no kaons: electron, muon or pion"),
    _talk(name="mass", asks="M(4 tracks) below 9.5 GeV"),
)
LEFT_OUT = (LeftOut(name="eight networks by mass", reason="not public; they act on events that fired already"),)


def select(arrays: Arrays, cuts: MuMuTauTauCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` fields; all tracks have the mass of the muon.

    Values: `recoil_mass` in GeV, of the fastest identified muons of either charge, NaN without both.
    """
    cut = cuts or MuMuTauTauCuts()
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    tracks = objects.tracks(arrays, objects.MUON_MASS_GEV, beams)
    is_muon = good & arrays["off_track_is_muon"].astype(bool)
    size = objects.momentum(tracks.star)
    fastest = [
        objects.leading(tracks.offsets, size, is_muon & (arrays["off_track_charge"] * sign > 0), 1)[:, 0] for sign in (1, -1)
    ]
    both = (fastest[0] >= 0) & (fastest[1] >= 0)
    other = good & arrays["off_track_is_kaon"].astype(bool)
    for chosen in fastest:
        other[chosen[both]] = False
    masks = (
        (jagged.count(tracks.offsets, good) == 4) & (objects.charge(arrays, good) == 0),
        both,
        jagged.count(tracks.offsets, other) == 0,
        objects.mass(tracks.total(good)) < cut.mass_below,
    )
    pair = objects.take(tracks.lab, fastest[0]) + objects.take(tracks.lab, fastest[1])
    recoil = np.where(both, objects.mass(objects.recoil(pair, beams)), np.nan)
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values={"recoil_mass": recoil})
