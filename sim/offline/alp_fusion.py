# Ref: public HLT filter code (photon pair back to back in azimuth); collaboration talks.
"""Axion-like particle from photon fusion: two photons back to back in azimuth, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class AlpFusionCuts:
    """Values of the selection; GeV, degrees (theta in the laboratory, phi in the CM frame), cm."""

    photon_e: float = 0.1
    theta: tuple[float, float] = (17.0, 150.0)
    delta_phi: float = 165.0
    energetic: float = 4.0
    missing_theta_star: float = 20.0
    track_dr: float = 0.5
    track_dz: float = 2.0


_ours = partial(Cut, source="our choice; talks give no number", certainty=Certainty.OURS)
CUTS = (
    Cut(
        name="both_in_calorimeter",
        asks="two photons above 0.05 GeV that meet crystals",
        source="talks: both photons in the calorimeter",
        certainty=Certainty.TALK,
    ),
    Cut(
        name="two_photons",
        asks="exactly two photons above 0.1 GeV at 17 < theta < 150 deg",
        source="theta: HLT FilterCalculator; 0.1 GeV: per-cluster threshold in a talk",
        certainty=Certainty.SKIM,
    ),
    _ours(name="back_to_back", asks="more than 165 deg between their azimuths in the CM frame"),
    Cut(name="not_energetic", asks="no photon with E* above 4 GeV", source="HLT FilterCalculator", certainty=Certainty.SKIM),
    _ours(name="missing_momentum", asks="missing momentum within 20 deg of the beams in the CM frame"),
    _ours(name="no_tracks", asks="no track with |dr| < 0.5 cm and |dz| < 2 cm"),
)
LEFT_OUT = (LeftOut(name="Zernike moment > 0.5", reason="needs shower shapes by crystal, which are not simulated"),)


def select(arrays: Arrays, cuts: AlpFusionCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_photon_*` and `off_track_*` fields.

    Values of the two hardest photons (E*), NaN where there are not two: `pair_mass`, `soft_e` (laboratory energy of the
    softer) in GeV.
    """
    cut = cuts or AlpFusionCuts()
    photons = objects.photons(arrays, beams)
    offsets = photons.offsets
    every = np.ones(photons.lab.shape[0], bool)
    used = (photons.lab[:, 0] > cut.photon_e) & inside(objects.theta_deg(photons.lab), cut.theta)
    chosen = objects.leading(offsets, photons.star[:, 0], every, 2)
    lab, star = objects.take(photons.lab, chosen), objects.take(photons.star, chosen)
    has_two = chosen[:, 1] >= 0
    pair = np.where(has_two[:, None], lab.sum(axis=1), 0.0)
    missing = objects.theta_deg(objects.to_star(objects.recoil(pair, beams), beams))
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    masks = (
        has_two,
        (jagged.count(offsets, used) == 2) & (jagged.count(offsets, photons.lab[:, 0] > cut.photon_e) == 2),
        objects.delta_phi_deg(star[:, 0], star[:, 1]) > cut.delta_phi,
        jagged.count(offsets, photons.star[:, 0] > cut.energetic) == 0,
        (missing < cut.missing_theta_star) | (missing > 180.0 - cut.missing_theta_star),
        jagged.count(arrays["off_track_offsets"], good) == 0,
    )
    values = {
        "pair_mass": np.where(has_two, objects.mass(pair), np.nan),
        "soft_e": np.where(has_two, lab[:, :, 0].min(axis=1), np.nan),
    }
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values=values)
