# Ref: Belle II, Phys. Rev. D 109, 112015, as described in collaboration talks; what is recalled is unverified. Skim AA2uuuu.
"""Z' or muonphilic scalar -> mu mu beside a pair of muons: four tracks that hold all the energy of the beams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class FourMuonCuts:
    """Values of the selection; GeV, cm."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    least_muons: int = 3
    mass: tuple[float, float] = (10.0, 11.0)
    extra_energy: float = 0.4


_PAPER = "talks; the number is recalled from Phys. Rev. D 109, 112015"
CUTS = (
    Cut(
        name="four_tracks",
        asks="exactly four tracks with |dr| < 0.5 cm and |dz| < 2 cm, no charge",
        source="AA2uuuu skim for dr and dz; four of no charge from talks",
        certainty=Certainty.TALK,
    ),
    Cut(name="muons", asks="at least three identified as muons in the KLM", source=_PAPER, certainty=Certainty.UNVERIFIED),
    Cut(name="mass", asks="10 < M(4 tracks) < 11 GeV", source=_PAPER, certainty=Certainty.UNVERIFIED),
    Cut(name="no_photons", asks="less than 0.4 GeV in photons", source=_PAPER, certainty=Certainty.UNVERIFIED),
)
LEFT_OUT = (LeftOut(name="neural networks", reason="not public; they act on events that fired already"),)


def select(arrays: Arrays, cuts: FourMuonCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields.

    Values in GeV: `four_mass`, of all good tracks; `light_pair_mass`, the smallest mass of two good tracks of opposite charge, NaN
    without such a pair.
    """
    cut = cuts or FourMuonCuts()
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    tracks = objects.tracks(arrays, objects.MUON_MASS_GEV, beams)
    is_muon = good & arrays["off_track_is_muon"].astype(bool)
    mass = objects.mass(tracks.total(good))
    masks = (
        (jagged.count(tracks.offsets, good) == 4) & (objects.charge(arrays, good) == 0),
        jagged.count(tracks.offsets, is_muon) >= cut.least_muons,
        inside(mass, cut.mass),
        objects.extra_energy(arrays) < cut.extra_energy,
    )
    pairs = objects.pairs(tracks.offsets, good)
    pairs = pairs.select(arrays["off_track_charge"][pairs.first] * arrays["off_track_charge"][pairs.second] < 0)
    pair_mass = objects.mass(tracks.lab[pairs.first] + tracks.lab[pairs.second])
    lightest = -pairs.largest(-pair_mass, tracks.offsets.size - 1, np.nan)
    return Selected(
        flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values={"four_mass": mass, "light_pair_mass": lightest}
    )
