# Ref: public basf2 skim RadBhabhaV0Control.
"""Control sample of converted photons: a Bhabha whose radiated photon became an electron pair away from the beams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, inside
from sim.offline.vertices import vertices
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class V0Cuts:
    """Values of the selection; GeV, degrees in the laboratory, cm, rad where it says so."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    track_pt: float = 0.2
    track_p: float = 1.0
    e_over_p: tuple[float, float] = (0.8, 1.2)
    barrel_theta: tuple[float, float] = (32.2, 128.7)
    pair_mass: tuple[float, float] = (4.0, 10.0)
    recoil_theta_rad: tuple[float, float] = (0.5, 2.25)
    v0_p: float = 3.0
    v0_radius: float = 0.5
    photon_p: float = 1.0


_skim = partial(Cut, source="RadBhabhaV0Control skim", certainty=Certainty.SKIM)
CUTS = (
    _skim(
        name="bhabha",
        asks="exactly two tracks of opposite charge: |dr| < 0.5 cm, |dz| < 2 cm, pT > 0.2, p > 1 GeV, 0.8 < E/p < 1.2, barrel",
    ),
    _skim(name="pair_mass", asks="4 < M(e e) < 10 GeV"),
    _skim(name="recoil_angle", asks="0.5 < theta(recoil) < 2.25 rad"),
    _skim(name="v0", asks="two tracks of opposite charge from a common origin beyond 0.5 cm, together below 3 GeV"),
    _skim(name="no_photon", asks="no photon above 1 GeV"),
)
LEFT_OUT = (LeftOut(name="mass of the V0", reason="the skim has no window for it"),)


def select(arrays: Arrays, cuts: V0Cuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields; values: `v0_radius` of the farthest pair in cm, NaN without one."""
    cut = cuts or V0Cuts()
    tracks = objects.tracks(arrays, objects.ELECTRON_MASS_GEV, beams)
    offsets, events = tracks.offsets, arrays["off_track_offsets"].size - 1
    theta = objects.theta_deg(tracks.lab)
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz) & (objects.pt(tracks.lab) > cut.track_pt)
    good &= (objects.momentum(tracks.lab) > cut.track_p) & inside(objects.e_over_p(arrays), cut.e_over_p)
    good &= inside(theta, cut.barrel_theta)
    pair = tracks.total(good)
    recoil_theta = np.radians(objects.theta_deg(objects.recoil(pair, beams)))
    found = vertices(arrays, ~good, objects.ELECTRON_MASS_GEV)
    is_v0 = (found.radius_cm > cut.v0_radius) & (objects.momentum(found.momentum) < cut.v0_p)
    masks = (
        (jagged.count(offsets, good) == 2) & (objects.charge(arrays, good) == 0),
        inside(objects.mass(pair), cut.pair_mass),
        inside(recoil_theta, cut.recoil_theta_rad),
        found.pairs.any(is_v0, events),
        jagged.count(arrays["off_photon_offsets"], arrays["off_photon_e"] > cut.photon_p) == 0,
    )
    values = {"v0_radius": found.select(is_v0).farthest(events)}
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values=values)
