# Ref: public basf2 skim SinglePhotonDark; talks: clusters of the KLM veto photons that the gaps of the calorimeter lose.
"""Invisible dark photon: the single photon with the veto of the KLM."""

from __future__ import annotations

import numpy as np

from sim.offline import objects, single_photon
from sim.offline.cuts import Certainty, Cut, Selected
from sim.offline.objects import Arrays, Floats
from sim.offline.single_photon import SinglePhotonCuts
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, total_momentum

KLM_CONE_DEG = 25.0
"""Our choice: a lost photon flies where the beams and the seen one leave it, a third photon bends that a little."""
CUTS = (
    *single_photon.CUTS,
    Cut(
        name="no_klm",
        asks="no KLM cluster without a track within 25 deg of a massless particle that recoils against the photon",
        source="talks: KLM clusters opposite to the photon; the angle is our choice",
        certainty=Certainty.TALK,
    ),
)
LEFT_OUT = tuple(item for item in single_photon.LEFT_OUT if item.name != "KLM veto")


def select(arrays: Arrays, cuts: SinglePhotonCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_photon_*`, `off_track_*` and `off_klm_*` fields.

    Values of the candidate, NaN without one: `photon_e_star` in GeV, `photon_theta` and `photon_phi` in degrees in the laboratory,
    `recoil_m2` in GeV^2.
    """
    found = single_photon.select(arrays, cuts, beams)
    photons = objects.photons(arrays, beams)
    lab, e_star = objects.take(photons.lab, found.candidate), objects.take(photons.star[:, 0], found.candidate)
    near = objects.near(arrays, "off_klm", opposite(lab, e_star, beams), KLM_CONE_DEG)
    has = found.candidate >= 0
    values = {
        "photon_e_star": e_star,
        "photon_theta": np.where(has, np.degrees(objects.take(arrays["off_photon_theta"], found.candidate)), np.nan),
        "photon_phi": np.where(has, np.degrees(objects.take(arrays["off_photon_phi"], found.candidate)), np.nan),
        "recoil_m2": found.recoil_m2_gev2,
    }
    return Selected(flow=found.flow.also(CUTS[-1], near == 0, LEFT_OUT), values=values)


def opposite(lab: Floats, e_star_gev: Floats, beams: BeamDeclaration = Y4S_BEAMS) -> Floats:
    """Momenta (n, 3) in the laboratory of massless particles opposite in the CM frame to photons of lab (n, 4); NaN stays NaN.

    The two together are at rest in the CM frame: they have the momentum of the beams, scaled by their share of the CM energy.
    """
    share = 2.0 * e_star_gev / objects.sqrt_s(beams)
    return share[:, None] * np.asarray(total_momentum(beams)[1:]) - lab[:, 1:]
