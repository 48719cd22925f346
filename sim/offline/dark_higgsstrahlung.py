# Ref: Belle II, Phys. Rev. Lett. 130, 071804, as described in collaboration talks; what is recalled is unverified.
"""Dark Higgsstrahlung with an invisible dark Higgs boson: two muons from the A', missing energy, nothing else."""

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
class DarkHiggsstrahlungCuts:
    """Values of the selection; GeV, degrees in the laboratory, cm."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    pair_pt: float = 0.1
    recoil_theta: tuple[float, float] = (32.2, 128.7)
    photon_from_recoil_deg: float = 15.0
    extra_energy: float = 0.4
    pair_mass: tuple[float, float] = (1.65, 10.51)


_talk = partial(Cut, source="collaboration talks", certainty=Certainty.TALK)
CUTS = (
    Cut(
        name="two_tracks",
        asks="exactly two tracks of opposite charge with |dr| < 0.5 cm and |dz| < 2 cm",
        source="Phys. Rev. Lett. 130, 071804, recalled",
        certainty=Certainty.UNVERIFIED,
    ),
    _talk(name="muons", asks="both identified as muons in the KLM"),
    _talk(name="pair_pt", asks="pT(mu mu) above 0.1 GeV"),
    _talk(name="recoil_angle", asks="recoil in the barrel of the calorimeter, 32.2 < theta < 128.7 deg"),
    Cut(
        name="no_photons",
        asks="no photon within 15 deg of the recoil, less than 0.4 GeV in photons",
        source="talks: no extra energy; the numbers are recalled",
        certainty=Certainty.UNVERIFIED,
    ),
    _talk(name="pair_mass", asks="1.65 < M(mu mu) < 10.51 GeV"),
)
LEFT_OUT = (
    LeftOut(name="elliptic mass windows", reason="9011 windows with their own backgrounds: they count events that fired already"),
    LeftOut(name="helicity angle", reason="its cut is optimised window by window; the angle is given, not cut on"),
)


def select(arrays: Arrays, cuts: DarkHiggsstrahlungCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields.

    Values, NaN where there are not two tracks: `pair_mass`, `recoil_mass` in GeV; `helicity`, cosine of the angle between the
    mu- in the frame of the pair and the pair in the CM frame.
    """
    cut = cuts or DarkHiggsstrahlungCuts()
    offsets = arrays["off_track_offsets"]
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    pair = lepton_pair(arrays, good, objects.MUON_MASS_GEV, beams)
    star = objects.tracks(arrays, objects.MUON_MASS_GEV, beams).star
    minus = objects.total(offsets, star, good & (arrays["off_track_charge"] < 0))
    masks = (
        pair.two,
        jagged.count(offsets, good & arrays["off_track_is_muon"].astype(bool)) == 2,
        objects.pt(pair.lab) > cut.pair_pt,
        inside(pair.recoil_theta_deg, cut.recoil_theta),
        pair.quiet(arrays, cut.photon_from_recoil_deg, cut.extra_energy),
        inside(pair.mass_gev, cut.pair_mass),
    )
    return Selected(
        flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT),
        values={
            "pair_mass": pair.mass_gev,
            "recoil_mass": pair.recoil_mass_gev,
            "helicity": np.where(pair.two, helicity(pair.star, minus), np.nan),
        },
    )


def helicity(parent: objects.Floats, daughter: objects.Floats) -> objects.Floats:
    """Cosine between the daughter in the rest frame of the parent and the parent's flight; both (n, 4) in one frame."""
    mass, flight = objects.mass(parent), objects.momentum(parent)
    tiny = np.finfo(float).tiny
    along = np.sum(parent[:, 1:] * daughter[:, 1:], axis=1) / np.maximum(flight, tiny)
    boosted = (parent[:, 0] * along - flight * daughter[:, 0]) / np.maximum(mass, tiny)
    across = np.sqrt(np.maximum(objects.momentum(daughter) ** 2 - along**2, 0.0))
    return boosted / np.maximum(np.hypot(boosted, across), tiny)
