# Ref: public basf2 skim InelasticDarkMatter; Duerr et al., 1911.03176 (displaced pair, as quoted in talks).
"""Inelastic dark matter: a photon, a displaced pair of leptons, missing energy."""

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
class IdmPhotonCuts:
    """Values of the selection; GeV, degrees in the laboratory, cm."""

    barrel_theta: tuple[float, float] = (32.2, 128.7)
    barrel_e_star: float = 1.0
    endcap_e_star: float = 2.0
    prompt_dr: float = 0.05
    fast_track_p_star: float = 3.0
    other_photon_e_star: float = 0.6
    counted_photon_e: float = 0.5
    photons_below: int = 4
    vertex_radius: float = 0.2


_skim = partial(Cut, source="InelasticDarkMatter skim", certainty=Certainty.SKIM)
CUTS = (
    _skim(name="photon", asks="exactly one photon with E* > 1 GeV in the barrel or E* > 2 GeV elsewhere"),
    _skim(name="one_energetic", asks="exactly one photon with E* > 0.6 GeV"),
    _skim(name="few_photons", asks="fewer than four photons above 0.5 GeV"),
    _skim(name="no_prompt_track", asks="no track with |dr| < 0.05 cm"),
    _skim(name="no_fast_track", asks="no track with p* > 3 GeV"),
    Cut(
        name="displaced_pair",
        asks="two tracks of opposite charge from a common origin more than 0.2 cm from the beams",
        source="our choice; Duerr et al. and talks: a displaced pair",
        certainty=Certainty.OURS,
    ),
)
LEFT_OUT = (LeftOut(name="conversions", reason="photons that convert before the calorimeter leave no tracks in the simulation"),)


def select(arrays: Arrays, cuts: IdmPhotonCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_photon_*` and `off_track_*` fields.

    Values, NaN where there is none: `photon_e_star` of the hardest photon in GeV, `radius` of the farthest pair in cm.
    """
    cut = cuts or IdmPhotonCuts()
    photons = objects.photons(arrays, beams)
    energy, e_star = photons.lab[:, 0], photons.star[:, 0]
    barrel = inside(objects.theta_deg(photons.lab), cut.barrel_theta)
    radiated = (barrel & (e_star > cut.barrel_e_star)) | (e_star > cut.endcap_e_star)
    tracks = objects.tracks(arrays, objects.PION_MASS_GEV, beams)
    fast = objects.momentum(tracks.star) > cut.fast_track_p_star
    events = tracks.offsets.size - 1
    found = vertices(arrays, np.ones(tracks.lab.shape[0], bool))
    masks = (
        jagged.count(photons.offsets, radiated) == 1,
        jagged.count(photons.offsets, e_star > cut.other_photon_e_star) == 1,
        jagged.count(photons.offsets, energy > cut.counted_photon_e) < cut.photons_below,
        jagged.count(tracks.offsets, np.abs(arrays["off_track_dr"]) < cut.prompt_dr) == 0,
        jagged.count(tracks.offsets, fast) == 0,
        found.pairs.any(found.radius_cm > cut.vertex_radius, events),
    )
    hardest = objects.leading(photons.offsets, e_star, np.ones(e_star.size, bool), 1)[:, 0]
    values = {"photon_e_star": objects.take(e_star, hardest), "radius": found.farthest(events)}
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values=values)
