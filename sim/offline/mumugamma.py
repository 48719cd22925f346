# Ref: public basf2 skim SystematicsRadMuMu; trigger documentation for the reference lines.
"""Control sample e+e- -> mu+ mu- gamma: two muons that predict a photon, with no cut on the photon itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.offline import jagged
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut
from sim.offline.single_photon import inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, boost_to_cm, total_momentum

MUON_MASS_GEV = 0.1056583755
"""Source: PDG 2024."""


@dataclass(frozen=True, kw_only=True)
class MuMuGammaCuts:
    """Values of the selection; GeV, degrees in the laboratory, cm.

    Our choices, not part of the published selection: ``quiet_muon_e_cluster``, both muon clusters below it, so that after the
    trigger's coarser energy measurement neither passes the 300 MeV of "no other cluster"; ``isolation_deg``, tracks
    and predicted photon at least so far from each other, so that no two of them share the 3x3 trigger cells of a cluster.
    """

    track_dr: float = 0.5
    track_dz: float = 2.0
    muon_e_cluster: float = 1.0
    recoil_p: float = 0.075
    recoil_theta: tuple[float, float] = (17.0, 150.0)
    quiet_muon_e_cluster: float = 0.25
    isolation_deg: float = 30.0


CUTS = (
    Cut(
        name="two_good_tracks",
        asks="exactly two tracks with |dz| < 2 cm and |dr| < 0.5 cm",
        source="SystematicsRadMuMu skim",
        certainty=Certainty.SKIM,
    ),
    Cut(
        name="opposite_charge",
        asks="charges of opposite sign",
        source="implied by the pair of the skim",
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(
        name="muon_clusters",
        asks="both E_cluster < 1 GeV, at least one with a cluster",
        source="SystematicsRadMuMu skim",
        certainty=Certainty.SKIM,
    ),
    Cut(
        name="recoil_momentum",
        asks="recoil momentum above 0.075 GeV",
        source="SystematicsRadMuMu skim",
        certainty=Certainty.SKIM,
    ),
    Cut(
        name="recoil_angle",
        asks="recoil within 17 < theta < 150 deg",
        source="SystematicsRadMuMu skim",
        certainty=Certainty.SKIM,
    ),
)

LEFT_OUT = (
    LeftOut(
        name="CDC reference trigger", reason="every selected event is used; `study mu-mu-gamma` shows the efficiency by reference"
    ),
    LeftOut(name="CDC hits > 0", reason="true for every reconstructed track here"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class MuMuGammaSelection:
    """Cut flow with, per event, the photon that the muons predict (NaN where there are not two good tracks).

    Not part of ``flow``: ``quiet_muons`` marks events in which both muons' own clusters are small, ``isolated`` those in
    which muons and predicted photon fly apart from each other.
    """

    flow: CutFlow
    recoil_e_star_gev: NDArray[np.float64]
    recoil_theta_rad: NDArray[np.float64]
    recoil_phi_rad: NDArray[np.float64]
    quiet_muons: NDArray[np.bool_]
    isolated: NDArray[np.bool_]


def select(
    arrays: Mapping[str, np.ndarray], cuts: MuMuGammaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS
) -> MuMuGammaSelection:
    """Masks of the control sample from the ``off_track_*`` fields.

    The predicted photon takes the momentum that the two tracks (muon mass) leave of the beams; its CM energy is the size of
    that momentum in the CM frame.
    """
    cut = cuts or MuMuGammaCuts()
    offsets = arrays["off_track_offsets"]
    good = (np.abs(arrays["off_track_dz"]) < cut.track_dz) & (np.abs(arrays["off_track_dr"]) < cut.track_dr)
    e_cluster = arrays["off_track_e_cluster"]
    two = jagged.count(offsets, good) == 2
    momentum = np.stack([arrays[f"off_track_p{axis}"] for axis in "xyz"], axis=1)
    energy = np.sqrt(np.sum(momentum**2, axis=1) + MUON_MASS_GEV**2)
    charge = jagged.total(offsets, np.where(good, arrays["off_track_charge"], 0))
    recoil, p_recoil, e_star = _recoil(offsets, good, momentum, energy, beams)
    with np.errstate(invalid="ignore"):
        theta = np.where(two, np.arctan2(np.hypot(recoil[:, 0], recoil[:, 1]), recoil[:, 2]), np.nan)
    masks = (
        two,
        charge == 0,
        (jagged.count(offsets, good & (e_cluster >= cut.muon_e_cluster)) == 0)
        & (jagged.count(offsets, good & (e_cluster > 0)) > 0),
        p_recoil > cut.recoil_p,
        inside(np.degrees(theta), cut.recoil_theta),
    )
    direction = recoil / np.maximum(np.linalg.norm(recoil, axis=1), np.finfo(float).tiny)[:, None]
    along = np.sum(momentum * direction[jagged.event_index(offsets)], axis=1)
    cosine = np.cos(np.radians(cut.isolation_deg))
    close = good & (along > cosine * np.linalg.norm(momentum, axis=1))
    apart = two & (_cosine_of_two(offsets, np.where(good[:, None], momentum, 0.0)) < cosine)
    loud = good & (e_cluster >= cut.quiet_muon_e_cluster)
    return MuMuGammaSelection(
        flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT),
        recoil_e_star_gev=np.where(two, e_star, np.nan),
        recoil_theta_rad=theta,
        recoil_phi_rad=np.where(two, np.arctan2(recoil[:, 1], recoil[:, 0]), np.nan),
        quiet_muons=jagged.count(offsets, loud) == 0,
        isolated=apart & (jagged.count(offsets, close) == 0),
    )


def _recoil(
    offsets: NDArray[np.int64],
    good: NDArray[np.bool_],
    momentum: NDArray[np.float64],
    energy: NDArray[np.float64],
    beams: BeamDeclaration,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Momentum vector and size in the laboratory, and size in the CM frame, of what the good tracks leave of the beams."""
    beam_energy, *beam_momentum = total_momentum(beams)
    left = np.stack([jagged.total(offsets, np.where(good, momentum[:, i], 0.0)) for i in range(3)], axis=1)
    recoil = np.asarray(beam_momentum) - left
    left_energy = beam_energy - jagged.total(offsets, np.where(good, energy, 0.0))
    _, cm = boost_to_cm(left_energy, recoil, beams)
    return recoil, np.linalg.norm(recoil, axis=1), np.linalg.norm(cm, axis=1)


def _cosine_of_two(offsets: NDArray[np.int64], momentum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine between the two momenta of each event, others being zero vectors; meaningless for any other number."""
    size = np.linalg.norm(momentum, axis=1)
    squares = jagged.total(offsets, size**2)
    total = np.stack([jagged.total(offsets, momentum[:, i]) for i in range(3)], axis=1)
    product = jagged.total(offsets, size) ** 2 - squares
    return (np.sum(total**2, axis=1) - squares) / np.maximum(product, np.finfo(float).tiny)
