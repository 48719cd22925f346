# Ref: public basf2 skim LFVZpVisible.
"""Lepton-flavour-violating Z' -> e mu beside an electron and a muon: four, three, or two tracks of equal sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class LfvVisibleCuts:
    """Values of the selection; cm."""

    track_dr: float = 0.5
    track_dz: float = 2.0


CUTS = (
    Cut(
        name="tracks",
        asks="exactly four or three tracks with |dz| < 2 cm and |dr| < 0.5 cm, or two of equal charge",
        source="LFVZpVisible skim",
        certainty=Certainty.SKIM,
    ),
)
LEFT_OUT = (LeftOut(name="everything behind the skim", reason="no selection of an analysis is public"),)


def select(arrays: Arrays, cuts: LfvVisibleCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """The mask of the skim from the `off_track_*` fields.

    Values: `n_tracks`, the number of good tracks; `pair_mass`, the smallest mass in GeV of an identified electron and an identified
    muon of opposite charge, NaN without such a pair.
    """
    cut = cuts or LfvVisibleCuts()
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    offsets, charge = arrays["off_track_offsets"], arrays["off_track_charge"]
    n_good = jagged.count(offsets, good)
    mask = np.isin(n_good, (3, 4)) | (n_good == 2) & (np.abs(objects.charge(arrays, good)) == 2)
    is_electron, is_muon = (good & arrays[f"off_track_is_{name}"].astype(bool) for name in ("electron", "muon"))
    tracks = objects.tracks(arrays, np.where(is_electron, objects.ELECTRON_MASS_GEV, objects.MUON_MASS_GEV), beams)
    pairs = objects.pairs(offsets, is_electron | is_muon)
    mixed = is_electron[pairs.first] & is_muon[pairs.second] | is_muon[pairs.first] & is_electron[pairs.second]
    pairs = pairs.select(mixed & (charge[pairs.first] * charge[pairs.second] < 0))
    mass = objects.mass(tracks.lab[pairs.first] + tracks.lab[pairs.second])
    values = {"n_tracks": n_good.astype(float), "pair_mass": -pairs.largest(-mass, n_good.size, np.nan)}
    return Selected(flow=CutFlow(cuts=CUTS, masks=(mask,), left_out=LEFT_OUT), values=values)
