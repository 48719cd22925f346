# Ref: public basf2 skim SinglePhotonDark; talks: clusters of the KLM veto photons that the gaps of the calorimeter lose.
"""Invisible dark photon: the single photon with the veto of the KLM."""

from __future__ import annotations

import numpy as np

from sim.offline import jagged, objects, single_photon
from sim.offline.cuts import Certainty, Cut, Selected
from sim.offline.objects import Arrays, Floats
from sim.offline.single_photon import SinglePhotonCuts
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration

KLM_DELTA_PHI_DEG = 160.0
"""Our choice, in the CM frame: a photon that radiation along the beams leaves opposite in azimuth, if not in polar angle."""
CUTS = (
    *single_photon.CUTS,
    Cut(
        name="no_klm",
        asks="no KLM cluster without a track more than 160 deg from the photon in azimuth, CM frame",
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
    star = objects.take(photons.star, found.candidate)
    has = found.candidate >= 0
    values = {
        "photon_e_star": star[:, 0],
        "photon_theta": np.where(has, np.degrees(objects.take(arrays["off_photon_theta"], found.candidate)), np.nan),
        "photon_phi": np.where(has, np.degrees(objects.take(arrays["off_photon_phi"], found.candidate)), np.nan),
        "recoil_m2": found.recoil_m2_gev2,
    }
    return Selected(flow=found.flow.also(CUTS[-1], klm_opposite(arrays, star, beams) == 0, LEFT_OUT), values=values)


def klm_opposite(arrays: Arrays, photon_star: Floats, beams: BeamDeclaration = Y4S_BEAMS) -> objects.Indices:
    """KLM clusters of each event more than `KLM_DELTA_PHI_DEG` in azimuth from a photon, (events, 4) in the CM frame; 0 for NaN."""
    offsets = arrays["off_klm_offsets"]
    direction = objects.unit(arrays["off_klm_theta"], arrays["off_klm_phi"])
    clusters = objects.group(offsets, np.ones(len(direction)), direction, beams)
    between = objects.delta_phi_deg(clusters.star, photon_star[jagged.event_index(offsets)])
    return jagged.count(offsets, between > KLM_DELTA_PHI_DEG)
