# Ref: Belle II, Phys. Rev. Lett. 130, 181803 (values recalled, unverified); public basf2 skim TauThrust.
"""tau -> l alpha with an invisible alpha: one lepton against three charged particles, one energy in the rest frame of the tau."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, Floats, inside
from sim.offline.tau_pairs import PION_MASS_GEV
from sim.offline.thrust import thrust
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration

TAU_MASS_GEV = 1.77693
"""Source: PDG 2024."""


@dataclass(frozen=True, kw_only=True)
class TauLAlphaCuts:
    """Values of the selection; GeV, cm, starred quantities in the CM frame. photon_min_e: our choice."""

    track_dr: float = 1.0
    track_dz: float = 3.0
    photon_min_e: float = 0.1
    thrust: tuple[float, float] = (0.9, 0.99)
    visible_e_star_max: float = 10.4
    three_prong_mass: tuple[float, float] = (0.5, 1.7)


_recalled = partial(Cut, source="Phys. Rev. Lett. 130, 181803, recalled", certainty=Certainty.UNVERIFIED)
CUTS = (
    _recalled(
        name="tracks_1x3",
        asks="four tracks with |dz| < 3 cm and dr < 1 cm, no charge, one and three on the sides of the thrust axis",
    ),
    _recalled(name="thrust", asks="thrust between 0.9 and 0.99"),
    Cut(name="visible_energy", asks="visible E* below 10.4 GeV", source="TauThrust skim", certainty=Certainty.SKIM),
    _recalled(name="three_prong_mass", asks="0.5 < M(3 tracks) < 1.7 GeV"),
    _recalled(name="lepton", asks="the single track an electron or a muon"),
)
LEFT_OUT = (LeftOut(name="networks and windows of E_vis", reason="not public; the upper edge of the skim stands for the window"),)


def select(arrays: Arrays, cuts: TauLAlphaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields; tracks and photons make the thrust axis.

    Values: `lepton_x`, energy of the lepton over half the mass of the tau, in the frame of a tau with half the CM energy that flies
    against the three tracks; NaN where the topology is another one.
    """
    cut = cuts or TauLAlphaCuts()
    tracks, photons = objects.tracks(arrays, PION_MASS_GEV, beams), objects.photons(arrays, beams)
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    seen = photons.lab[:, 0] > cut.photon_min_e
    offsets = tracks.offsets + photons.offsets
    event = np.concatenate([jagged.event_index(tracks.offsets), jagged.event_index(photons.offsets)])
    order = np.argsort(event, kind="stable")
    star = np.concatenate([tracks.star, photons.star])[order]
    used = np.concatenate([good, seen])[order]
    value, axis = thrust(offsets, np.where(used[:, None], star[:, 1:], 0.0))
    visible = jagged.total(offsets, np.where(used, star[:, 0], 0.0))
    ahead = np.sum(tracks.star[:, 1:] * axis[jagged.event_index(tracks.offsets)], axis=1) > 0
    in_front = jagged.count(tracks.offsets, good & ahead)
    one_in_front = (in_front == 1)[jagged.event_index(tracks.offsets)]
    alone, three = good & (ahead == one_in_front), good & (ahead != one_in_front)
    topology = (jagged.count(tracks.offsets, good) == 4) & (objects.charge(arrays, good) == 0) & ((in_front == 1) | (in_front == 3))
    is_electron, is_muon = (arrays[f"off_track_is_{name}"].astype(bool) for name in ("electron", "muon"))
    masks = (
        topology,
        inside(value, cut.thrust),
        visible < cut.visible_e_star_max,
        inside(objects.mass(tracks.total(three)), cut.three_prong_mass),
        jagged.count(tracks.offsets, alone & (is_electron | is_muon)) == 1,
    )
    mass = np.where(is_electron, objects.ELECTRON_MASS_GEV, objects.MUON_MASS_GEV)
    lepton = objects.total(tracks.offsets, objects.tracks(arrays, mass, beams).star, alone)
    against = objects.total(tracks.offsets, tracks.star, three)
    x = np.where(topology, lepton_x(lepton, against, objects.sqrt_s(beams)), np.nan)
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values={"lepton_x": x})


def lepton_x(lepton: Floats, three_prong: Floats, sqrt_s_gev: float) -> Floats:
    """2 E / m_tau of the lepton in the frame of a tau of energy sqrt(s)/2 against the three tracks; (n, 4) in the CM frame."""
    energy = sqrt_s_gev / 2
    size = np.sqrt(energy**2 - TAU_MASS_GEV**2)
    direction = -three_prong[:, 1:] / np.maximum(objects.momentum(three_prong), np.finfo(float).tiny)[:, None]
    along = np.sum(lepton[:, 1:] * direction, axis=1)
    return 2.0 * (energy * lepton[:, 0] - size * along) / TAU_MASS_GEV**2
