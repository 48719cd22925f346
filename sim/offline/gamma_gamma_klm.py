# Ref: public basf2 skim GammaGammaControlKLMDark.
"""Control sample of photon pairs: one energetic photon, another opposite to it where the calorimeter or the KLM may lose it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration

_CONE_DEG = 15.0
"""Our choice, a few times the angle of a KLM cluster."""


@dataclass(frozen=True, kw_only=True)
class GammaGammaCuts:
    """Values of the selection; GeV and degrees in the CM frame."""

    photon_e_star: tuple[float, float] = (0.1, 7.0)
    tag_e_star: float = 4.5
    delta_phi: float = 178.0
    theta_sum: tuple[float, float] = (178.0, 182.0)
    track_pt: float = 0.2


_skim = partial(Cut, source="GammaGammaControlKLMDark skim", certainty=Certainty.SKIM)
CUTS = (
    _skim(name="two_photons", asks="the two hardest photons with 0.1 < E* < 7 GeV"),
    _skim(name="tag", asks="the harder one with E* > 4.5 GeV"),
    _skim(name="back_to_back", asks="more than 178 deg between their azimuths in the CM frame"),
    _skim(name="opposite", asks="178 < theta1* + theta2* < 182 deg"),
    _skim(name="no_tracks", asks="no track with pT above 0.2 GeV"),
)
LEFT_OUT = (LeftOut(name="photons lost whole", reason="the skim needs the second photon, however small; so does this"),)


def select(arrays: Arrays, cuts: GammaGammaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_photon_*` and `off_track_*` fields.

    Values: `probe_e_star` in GeV and `probe_theta` in degrees in the laboratory, of the softer photon, NaN without one;
    `klm_clusters`, their number within 15 degrees of it.
    """
    cut = cuts or GammaGammaCuts()
    photons = objects.photons(arrays, beams)
    e_star = photons.star[:, 0]
    chosen = objects.leading(photons.offsets, e_star, inside(e_star, cut.photon_e_star), 2)
    star = objects.take(photons.star, chosen)
    theta = objects.theta_deg(star.reshape(-1, 4)).reshape(-1, 2)
    transverse = np.hypot(arrays["off_track_px"], arrays["off_track_py"])
    masks = (
        chosen[:, 1] >= 0,
        star[:, 0, 0] > cut.tag_e_star,
        objects.delta_phi_deg(star[:, 0], star[:, 1]) > cut.delta_phi,
        inside(theta.sum(axis=1), cut.theta_sum),
        jagged.count(arrays["off_track_offsets"], transverse > cut.track_pt) == 0,
    )
    lab = objects.take(photons.lab, chosen[:, 1])
    has = chosen[:, 1] >= 0
    values = {
        "probe_e_star": star[:, 1, 0],
        "probe_theta": np.where(has, objects.theta_deg(lab), np.nan),
        "klm_clusters": objects.near(arrays, "off_klm", lab[:, 1:], _CONE_DEG).astype(np.float64),
    }
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values=values)
