# Ref: Belle II, Phys. Rev. Lett. 124, 141801 (values recalled, unverified); basf2 skim DimuonPlusMissingEnergy; talks.
"""Z' -> invisible in the data of 2018: two muons, missing energy, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.offline import jagged
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, boost_to_cm, total_momentum

MUON_MASS_GEV = 0.1056583755
"""Source: PDG 2024."""


@dataclass(frozen=True, kw_only=True)
class ZPrime2018Cuts:
    """Values of the selection; GeV, degrees in the laboratory, cm. Recalled ones are unverified."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    muon_e_cluster: tuple[float, float] = (0.15, 0.40)
    muon_e_over_p: float = 0.4
    muon_theta: tuple[float, float] = (37.0, 120.0)
    recoil_theta: tuple[float, float] = (33.0, 128.0)
    recoil_theta_below_mass: float = 3.0
    photon_from_recoil_deg: float = 15.0
    extra_energy: float = 0.4
    pair_pt_star: float = 0.2


_RECALLED = "Phys. Rev. Lett. 124, 141801, recalled"
CUTS = (
    Cut(
        name="two_tracks",
        asks="exactly two tracks of opposite charge with |dr| < 0.5 cm and |dz| < 2 cm",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(
        name="muons",
        asks="both with 0.15 < E_cluster < 0.40 GeV and E/p < 0.4",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(name="muon_angle", asks="both at 37 < theta < 120 deg", source=_RECALLED, certainty=Certainty.UNVERIFIED),
    Cut(
        name="recoil_angle",
        asks="recoil at 33 < theta < 128 deg where its mass is below 3 GeV",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(
        name="no_photons",
        asks="no photon within 15 deg of the recoil, less than 0.4 GeV in photons",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(name="pair_pt", asks="pT*(mu mu) above 0.2 GeV", source="DimuonPlusMissingEnergy skim", certainty=Certainty.SKIM),
)
LEFT_OUT = (
    LeftOut(name="tau suppression", reason="its values per recoil mass are not public; it acts on events that fired already"),
    LeftOut(name="muonID > 0.3", reason="the cluster cuts stand for it, as in 2018"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ZPrime2018Selection:
    """Cut flow with the recoil mass of every event in GeV (NaN where there are not two good tracks)."""

    flow: CutFlow
    recoil_mass_gev: NDArray[np.float64]


def select(
    arrays: Mapping[str, np.ndarray], cuts: ZPrime2018Cuts | None = None, beams: BeamDeclaration = Y4S_BEAMS
) -> ZPrime2018Selection:
    """Masks from the `off_track_*` and `off_photon_*` fields."""
    cut = cuts or ZPrime2018Cuts()
    offsets = arrays["off_track_offsets"]
    good = (np.abs(arrays["off_track_dz"]) < cut.track_dz) & (np.abs(arrays["off_track_dr"]) < cut.track_dr)
    momentum = np.stack([arrays[f"off_track_p{axis}"] for axis in "xyz"], axis=1)
    size = np.linalg.norm(momentum, axis=1)
    cluster = arrays["off_track_e_cluster"]
    theta = np.degrees(np.arccos(np.clip(momentum[:, 2] / np.maximum(size, np.finfo(float).tiny), -1, 1)))
    muon = _inside(cluster, cut.muon_e_cluster) & (cluster < cut.muon_e_over_p * size)
    two = (jagged.count(offsets, good) == 2) & (jagged.total(offsets, np.where(good, arrays["off_track_charge"], 0)) == 0)
    pair = np.stack([jagged.total(offsets, np.where(good, momentum[:, k], 0.0)) for k in range(3)], axis=1)
    pair_e = jagged.total(offsets, np.where(good, np.hypot(size, MUON_MASS_GEV), 0.0))
    _, pair_star = boost_to_cm(pair_e, pair, beams)
    beam_e, *beam_p = total_momentum(beams)
    recoil, recoil_e = np.asarray(beam_p) - pair, beam_e - pair_e
    recoil_p = np.linalg.norm(recoil, axis=1)
    mass = np.sqrt(np.maximum(recoil_e**2 - recoil_p**2, 0.0))
    direction = recoil / np.maximum(recoil_p, np.finfo(float).tiny)[:, None]
    recoil_theta = np.degrees(np.arccos(np.clip(direction[:, 2], -1, 1)))
    masks = (
        two,
        jagged.count(offsets, good & muon) == 2,
        jagged.count(offsets, good & _inside(theta, cut.muon_theta)) == 2,
        (mass >= cut.recoil_theta_below_mass) | _inside(recoil_theta, cut.recoil_theta),
        _quiet(arrays, direction, cut),
        np.hypot(pair_star[:, 0], pair_star[:, 1]) > cut.pair_pt_star,
    )
    return ZPrime2018Selection(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), recoil_mass_gev=np.where(two, mass, np.nan))


def _quiet(arrays: Mapping[str, np.ndarray], direction: NDArray[np.float64], cut: ZPrime2018Cuts) -> NDArray[np.bool_]:
    offsets, theta, phi = (arrays[f"off_photon_{name}"] for name in ("offsets", "theta", "phi"))
    photon = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    along = np.sum(photon * direction[jagged.event_index(offsets)], axis=1)
    close = along > np.cos(np.radians(cut.photon_from_recoil_deg))
    return (jagged.count(offsets, close) == 0) & (jagged.total(offsets, arrays["off_photon_e"]) < cut.extra_energy)


def _inside(value: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (value > limits[0]) & (value < limits[1])
