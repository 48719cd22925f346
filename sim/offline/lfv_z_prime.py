# Ref: Belle II, Phys. Rev. Lett. 124, 141801 (values recalled, unverified); basf2 skim ElectronMuonPlusMissingEnergy; talks.
"""Z' -> invisible with lepton-flavour violation: an electron, a muon, missing energy, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.lepton_pair import lepton_pair
from sim.offline.objects import Arrays, inside
from sim.offline.z_prime_2018 import ZPrime2018Cuts
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class LfvCuts(ZPrime2018Cuts):
    """Values of the selection beyond those of the Z' of 2018; GeV, degrees in the laboratory, cm. Recalled ones are unverified."""

    electron_e_over_p: tuple[float, float] = (0.75, 1.25)
    electron_e_cluster: float = 1.5
    electron_theta: tuple[float, float] = (22.2, 138.7)
    loose_track_dr: float = 2.0
    loose_track_dz: float = 5.0
    loose_tracks_below: int = 4


_skim = partial(Cut, source="ElectronMuonPlusMissingEnergy skim", certainty=Certainty.SKIM)
_recalled = partial(Cut, source="Phys. Rev. Lett. 124, 141801, recalled", certainty=Certainty.UNVERIFIED)
CUTS = (
    _recalled(name="two_tracks", asks="exactly two tracks of opposite charge with |dr| < 0.5 cm and |dz| < 2 cm"),
    _skim(name="loose_tracks", asks="fewer than four tracks with |dr| < 2 cm and |dz| < 5 cm"),
    _recalled(name="electron", asks="one identified electron with 0.75 < E/p < 1.25 and E_cluster > 1.5 GeV"),
    _skim(name="electron_angle", asks="the electron at 22.2 < theta < 138.7 deg"),
    _recalled(name="muon", asks="the other with 0.15 < E_cluster < 0.40 GeV, E/p < 0.4, 37 < theta < 120 deg"),
    _recalled(name="recoil_angle", asks="recoil at 33 < theta < 128 deg where its mass is below 3 GeV"),
    _recalled(name="no_photons", asks="no photon within 15 deg of the recoil, less than 0.4 GeV in photons"),
    _skim(name="pair_pt", asks="pT*(e mu) above 0.2 GeV"),
)
LEFT_OUT = (LeftOut(name="tau suppression", reason="its values are not public; it acts on events that fired already"),)


def select(arrays: Arrays, cuts: LfvCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields; values: `recoil_mass` in GeV, NaN where there are not two tracks."""
    cut = cuts or LfvCuts()
    offsets, cluster = arrays["off_track_offsets"], arrays["off_track_e_cluster"]
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    ratio = objects.e_over_p(arrays)
    theta = objects.theta_deg(objects.tracks(arrays, 0.0, beams).lab)
    electron = good & arrays["off_track_is_electron"].astype(bool) & inside(ratio, cut.electron_e_over_p)
    electron &= cluster > cut.electron_e_cluster
    muon = good & ~electron & inside(cluster, cut.muon_e_cluster) & (ratio < cut.muon_e_over_p) & inside(theta, cut.muon_theta)
    masses = np.where(electron, objects.ELECTRON_MASS_GEV, objects.MUON_MASS_GEV)
    pair = lepton_pair(arrays, good, masses, beams)
    loose = objects.good_tracks(arrays, cut.loose_track_dr, cut.loose_track_dz)
    light = pair.recoil_mass_gev < cut.recoil_theta_below_mass
    masks = (
        pair.two,
        jagged.count(offsets, loose) < cut.loose_tracks_below,
        jagged.count(offsets, electron) == 1,
        jagged.count(offsets, electron & inside(theta, cut.electron_theta)) > 0,
        jagged.count(offsets, muon) == 1,
        ~light | inside(pair.recoil_theta_deg, cut.recoil_theta),
        pair.quiet(arrays, cut.photon_from_recoil_deg, cut.extra_energy),
        pair.pt_star > cut.pair_pt_star,
    )
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values={"recoil_mass": pair.recoil_mass_gev})
