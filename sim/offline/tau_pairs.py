# Ref: public basf2 skims TauThrust and TauGeneric.
"""Tau pairs with one and three charged particles: the control sample of the trigger paper's tau figure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.offline import jagged
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut
from sim.offline.thrust import thrust
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, boost_to_cm

PION_MASS_GEV = 0.13957039
"""Source: PDG 2024. Every track counts as a pion."""


@dataclass(frozen=True, kw_only=True)
class TauCuts:
    """Values of the selection; GeV, degrees, cm, starred quantities in the CM frame. photon_min_e: our choice."""

    track_dr: float = 1.0
    track_dz: float = 3.0
    photon_min_e: float = 0.1
    thrust_min: float = 0.8
    visible_e_star_max: float = 10.4
    tracks_e_cluster_max: float = 6.0
    visible_e_star_min: float = 3.0
    or_pt_min: float = 1.0
    opening_max_deg: float = 178.0
    tag_mass_max: float = 1.8
    signal_mass_max: float = 2.3


_THRUST, _GENERIC = "TauThrust skim", "TauGeneric skim"
CUTS = (
    Cut(
        name="tracks_1x3",
        asks="four tracks with |dz| < 3 cm and dr < 1 cm, zero charge, one and three on the sides of the thrust axis",
        source=_THRUST,
        certainty=Certainty.SKIM,
    ),
    Cut(name="thrust", asks="thrust above 0.8", source=_THRUST, certainty=Certainty.SKIM),
    Cut(name="visible_energy", asks="visible E* below 10.4 GeV", source=_THRUST, certainty=Certainty.SKIM),
    Cut(name="track_clusters", asks="clusters of the tracks below 6 GeV together", source=_GENERIC, certainty=Certainty.SKIM),
    Cut(
        name="energy_or_pt", asks="visible E* above 3 GeV or a track with pT above 1 GeV", source=_GENERIC, certainty=Certainty.SKIM
    ),
    Cut(
        name="opening_angle",
        asks="no two tracks more than 178 degrees apart",
        source=f"{_GENERIC}; that the CM frame is meant is unverified",
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(
        name="masses",
        asks="mass of the side with one track below 1.8 GeV, of the other below 2.3 GeV, photons included",
        source=_GENERIC,
        certainty=Certainty.SKIM,
    ),
)
LEFT_OUT = (LeftOut(name="two and six tracks", reason="the skim allows them, the 1x3 topology does not"),)


@dataclass(frozen=True, kw_only=True, eq=False)
class TauSelection:
    """Cut flow with the visible energy in the CM frame of every event, GeV, tracks as pions."""

    flow: CutFlow
    visible_e_star_gev: NDArray[np.float64]


def select(arrays: Mapping[str, np.ndarray], cuts: TauCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> TauSelection:
    """Masks from the `off_track_*` and `off_photon_*` fields; the thrust axis is made of tracks and photons."""
    cut = cuts or TauCuts()
    tracks, photons = arrays["off_track_offsets"], arrays["off_photon_offsets"]
    good = (np.abs(arrays["off_track_dz"]) < cut.track_dz) & (np.abs(arrays["off_track_dr"]) < cut.track_dr)
    seen = arrays["off_photon_e"] > cut.photon_min_e
    charged = np.stack([arrays[f"off_track_p{axis}"] for axis in "xyz"], axis=1)
    track_e, track_p = boost_to_cm(np.sqrt(np.sum(charged**2, axis=1) + PION_MASS_GEV**2), charged, beams)
    photon_e, photon_p = boost_to_cm(arrays["off_photon_e"], _photon_momentum(arrays), beams)
    offsets = tracks + photons
    event = np.concatenate([jagged.event_index(tracks), jagged.event_index(photons)])
    order = np.argsort(event, kind="stable")
    momentum = np.concatenate([track_p, photon_p])[order]
    energy = np.concatenate([track_e, photon_e])[order]
    used = np.concatenate([good, seen])[order]
    is_track = np.concatenate([np.ones(len(track_e), bool), np.zeros(len(photon_e), bool)])[order]
    value, axis = thrust(offsets, np.where(used[:, None], momentum, 0.0))
    ahead = np.sum(momentum * axis[event[order]], axis=1) > 0
    in_front = jagged.count(offsets, used & is_track & ahead)
    n_tracks = jagged.count(offsets, used & is_track)
    charge = jagged.total(tracks, np.where(good, arrays["off_track_charge"], 0))
    topology = (n_tracks == 4) & ((in_front == 1) | (in_front == 3)) & (charge == 0)
    visible = jagged.total(offsets, np.where(used, energy, 0.0))
    pt = np.where(good, np.hypot(charged[:, 0], charged[:, 1]), 0.0)
    front = _mass(offsets, energy, momentum, used & ahead)
    back = _mass(offsets, energy, momentum, used & ~ahead)
    masks = (
        topology,
        value > cut.thrust_min,
        visible < cut.visible_e_star_max,
        jagged.total(tracks, np.where(good, arrays["off_track_e_cluster"], 0.0)) < cut.tracks_e_cluster_max,
        (visible > cut.visible_e_star_min) | (jagged.count(tracks, pt > cut.or_pt_min) > 0),
        _smallest_cosine(tracks, track_p, good) > np.cos(np.radians(cut.opening_max_deg)),
        (np.where(in_front == 1, front, back) < cut.tag_mass_max) & (np.where(in_front == 1, back, front) < cut.signal_mass_max),
    )
    return TauSelection(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), visible_e_star_gev=visible)


def _photon_momentum(arrays: Mapping[str, np.ndarray]) -> NDArray[np.float64]:
    theta, phi = arrays["off_photon_theta"], arrays["off_photon_phi"]
    direction = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    return np.asarray(arrays["off_photon_e"][:, None] * direction)


def _mass(
    offsets: NDArray[np.int64], energy: NDArray[np.float64], momentum: NDArray[np.float64], which: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Invariant mass of the marked particles of each event, GeV."""
    total = jagged.total(offsets, np.where(which, energy, 0.0))
    square = total**2
    for axis in range(3):
        square -= jagged.total(offsets, np.where(which, momentum[:, axis], 0.0)) ** 2
    return np.sqrt(np.maximum(square, 0.0))


def _smallest_cosine(offsets: NDArray[np.int64], momentum: NDArray[np.float64], good: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cosine of the largest angle between two good tracks of each event; 1 for fewer than two."""
    unit = momentum / np.maximum(np.linalg.norm(momentum, axis=1), np.finfo(float).tiny)[:, None]
    smallest = np.ones(len(offsets) - 1)
    event, last = jagged.event_index(offsets), offsets[1:]
    rows = np.arange(len(unit))
    for step in range(1, int(np.diff(offsets).max(initial=0))):
        other = rows + step
        inside = other < last[event]
        pair = np.flatnonzero(inside)[good[rows[inside]] & good[other[inside]]]
        np.minimum.at(smallest, event[pair], np.sum(unit[pair] * unit[pair + step], axis=1))
    return smallest
