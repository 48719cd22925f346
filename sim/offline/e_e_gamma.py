# Ref: public basf2 skims SystematicsRadEE and EGammaControlDark.
"""Control samples of radiative Bhabhas: two electrons that predict a photon, and one electron with a photon."""

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
class RadiativeBhabhaCuts:
    """Values of the selections; GeV, degrees in the laboratory, cm."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    tight_e_cluster: float = 3.0
    recoil_p: float = 0.075
    theta: tuple[float, float] = (17.0, 150.0)
    single_dr: float = 1.0
    single_dz: float = 3.0
    single_pt: float = 0.15
    single_e_cluster: float = 2.0
    photon_e_star: float = 0.45


_pair = partial(Cut, source="SystematicsRadEE skim", certainty=Certainty.SKIM)
_single = partial(Cut, source="EGammaControlDark skim", certainty=Certainty.SKIM)
CUTS = (
    _pair(name="two_good_tracks", asks="exactly two tracks with |dz| < 2 cm and |dr| < 0.5 cm, of opposite charge"),
    _pair(name="electrons", asks="one identified electron with E_cluster > 3 GeV"),
    _pair(name="recoil_momentum", asks="recoil momentum above 0.075 GeV"),
    _pair(name="recoil_angle", asks="recoil at 17 < theta < 150 deg"),
)
SINGLE_CUTS = (
    _single(name="one_track", asks="exactly one track with pT > 0.15 GeV, |dr| < 1 cm, |dz| < 3 cm"),
    _single(name="electron", asks="its E_cluster above 2 GeV"),
    _single(name="photon", asks="exactly one photon with E* > 0.45 GeV at 17 < theta < 150 deg"),
)
LEFT_OUT = (LeftOut(name="loose identification of the other electron", reason="its threshold accepts all electrons here"),)


def select(arrays: Arrays, cuts: RadiativeBhabhaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks of the pair from the `off_track_*` fields; there is no cut on the photon itself.

    Values: `recoil_e_star`, CM momentum of what the pair leaves of the beams in GeV, and `recoil_theta` in degrees; NaN where
    there are not two tracks.
    """
    cut = cuts or RadiativeBhabhaCuts()
    offsets = arrays["off_track_offsets"]
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    pair = lepton_pair(arrays, good, objects.ELECTRON_MASS_GEV, beams)
    tight = good & arrays["off_track_is_electron"].astype(bool) & (arrays["off_track_e_cluster"] > cut.tight_e_cluster)
    theta = pair.recoil_theta_deg
    masks = (
        pair.two,
        jagged.count(offsets, tight) > 0,
        objects.momentum(pair.recoil) > cut.recoil_p,
        inside(theta, cut.theta),
    )
    values = {
        "recoil_e_star": np.where(pair.two, objects.momentum(objects.to_star(pair.recoil, beams)), np.nan),
        "recoil_theta": np.where(pair.two, theta, np.nan),
    }
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values=values)


def select_single(arrays: Arrays, cuts: RadiativeBhabhaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks of one electron with a photon; values: `photon_e_star` of the hardest photon in GeV, NaN without one."""
    cut = cuts or RadiativeBhabhaCuts()
    offsets = arrays["off_track_offsets"]
    transverse = np.hypot(arrays["off_track_px"], arrays["off_track_py"])
    good = objects.good_tracks(arrays, cut.single_dr, cut.single_dz) & (transverse > cut.single_pt)
    photons = objects.photons(arrays, beams)
    e_star = photons.star[:, 0]
    seen = (e_star > cut.photon_e_star) & inside(objects.theta_deg(photons.lab), cut.theta)
    masks = (
        jagged.count(offsets, good) == 1,
        jagged.count(offsets, good & (arrays["off_track_e_cluster"] > cut.single_e_cluster)) == 1,
        jagged.count(photons.offsets, seen) == 1,
    )
    hardest = objects.leading(photons.offsets, e_star, np.ones(e_star.size, bool), 1)[:, 0]
    flow = CutFlow(cuts=SINGLE_CUTS, masks=masks, left_out=())
    return Selected(flow=flow, values={"photon_e_star": objects.take(e_star, hardest)})
