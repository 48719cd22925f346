# Ref: Belle II, Phys. Rev. Lett. 130, 231801 (values recalled, unverified); basf2 skim DimuonPlusMissingEnergy; talks.
"""Z' -> invisible in the data of 2019 and 2020: two muons, missing energy, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.lepton_pair import lepton_pair
from sim.offline.objects import Arrays, inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class ZPrime2023Cuts:
    """Values of the selection; GeV, degrees in the laboratory, cm. Recalled ones are unverified."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    track_pt: float = 0.4
    pair_pt: float = 0.5
    recoil_theta: tuple[float, float] = (32.2, 128.7)
    photon_from_recoil_deg: float = 15.0
    extra_energy: float = 0.5
    loose_track_dr: float = 2.0
    loose_track_dz: float = 5.0
    loose_tracks_below: int = 4


_recalled = partial(Cut, source="Phys. Rev. Lett. 130, 231801, recalled", certainty=Certainty.UNVERIFIED)
CUTS = (
    _recalled(name="two_tracks", asks="exactly two tracks of opposite charge, |dr| < 0.5 cm, |dz| < 2 cm, pT > 0.4 GeV"),
    Cut(
        name="loose_tracks",
        asks="fewer than four tracks with |dr| < 2 cm and |dz| < 5 cm",
        source="DimuonPlusMissingEnergy skim",
        certainty=Certainty.SKIM,
    ),
    _recalled(name="muons", asks="both identified as muons in the KLM"),
    _recalled(name="pair_pt", asks="pT(mu mu) above 0.5 GeV"),
    _recalled(name="recoil_angle", asks="recoil in the barrel of the calorimeter, 32.2 < theta < 128.7 deg"),
    _recalled(name="no_photons", asks="no photon within 15 deg of the recoil, less than 0.5 GeV in photons"),
)
LEFT_OUT = (LeftOut(name="Punzi-net", reason="the network is not public; it acts on events that fired already"),)


def select(arrays: Arrays, cuts: ZPrime2023Cuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields; values: `recoil_mass` in GeV, NaN where there are not two tracks."""
    cut = cuts or ZPrime2023Cuts()
    offsets = arrays["off_track_offsets"]
    transverse = np.hypot(arrays["off_track_px"], arrays["off_track_py"])
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz) & (transverse > cut.track_pt)
    loose = objects.good_tracks(arrays, cut.loose_track_dr, cut.loose_track_dz)
    pair = lepton_pair(arrays, good, objects.MUON_MASS_GEV, beams)
    masks = (
        pair.two,
        jagged.count(offsets, loose) < cut.loose_tracks_below,
        jagged.count(offsets, good & arrays["off_track_is_muon"].astype(bool)) == 2,
        objects.pt(pair.lab) > cut.pair_pt,
        inside(pair.recoil_theta_deg, cut.recoil_theta),
        pair.quiet(arrays, cut.photon_from_recoil_deg, cut.extra_energy),
    )
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values={"recoil_mass": pair.recoil_mass_gev})
