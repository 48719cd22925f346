# Ref: Belle NIM A 479 (2002) 117, performance table; Belle II TDR 1011.0352; muon identification 2503.11351.
"""What analyses see of an event: photons, tracks and muons, made from truth particles with stated resolutions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.offline import jagged
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, boost_to_cm

PHOTON, ELECTRON, MUON = 22, 11, 13
CHARGED = {11: -1, -11: 1, 13: -1, -13: 1, 211: 1, -211: -1, 321: 1, -321: -1, 2212: 1, -2212: -1}
"""Charge of the particles that leave a track, by PDG code. Source: PDG."""


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """Resolutions and acceptances of the offline reconstruction; each value with its source.

    There is no calorimeter clustering here: a photon is found where it flies, with a Gaussian energy, so losses offline
    (conversions, shower tails, crystal gaps inside the barrel) are not simulated. Tracks are straight to first order at the
    interaction point. Both are replaced when the full chain lands.
    """

    # sigma_E / E = a/E + b/E^(1/4) + c in quadrature, E in GeV. Source: Ikeda et al., NIM A 441 (2000) 401: unverified.
    energy_noise: float = 0.00066
    energy_stochastic: float = 0.0081
    energy_constant: float = 0.0134
    # Shower position 0.5 cm / sqrt(E / GeV). Source: Belle NIM A 479, performance table.
    position_cm: float = 0.5
    # Distance at which a position becomes an angle. Source: radius of the barrel's shower maximum, DERIVED.
    radius_cm: float = 134.0
    # Time resolution of a cluster, ns GeV / E. Source: unverified, taken equal to the trigger cell's.
    time_ns_gev: float = 1.79
    # Theta ranges in degrees with crystals; the spaces between are the gaps. Source: ECL acceptance in a talk.
    photon_theta: tuple[tuple[float, float], ...] = ((12.4, 31.4), (32.2, 128.7), (130.7, 155.1))
    # Smallest photon energy in GeV that is kept. Source: our choice, below every cut of the selections.
    photon_min_e: float = 0.05
    # sigma_pT / pT = a pT + b / beta in quadrature, pT in GeV. Source: Belle II TDR: unverified.
    momentum_slope: float = 0.001
    momentum_constant: float = 0.003
    # Angle of a track in rad, impact parameters in cm. Source: unverified.
    track_angle: float = 0.001
    track_dr_cm: float = 0.002
    track_dz_cm: float = 0.003
    # Theta range of tracks in degrees. Source: CDC acceptance in a talk.
    track_theta: tuple[float, float] = (17.0, 150.0)
    # Smallest transverse momentum of a track in GeV, and the efficiency above it. Source: unverified.
    track_min_pt: float = 0.1
    track_efficiency: float = 0.99
    # KLM: smallest momentum in GeV, efficiency of muons, fakes of others. Source: 2503.11351, abstract.
    muon_min_p: float = 0.7
    muon_efficiency: float = 0.90
    muon_fake: float = 0.041
    # KLM theta range in degrees. Source: KLM acceptance in a talk.
    muon_theta: tuple[float, float] = (25.0, 145.0)


def reconstruct(
    arrays: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    reco: Reconstruction | None = None,
    beams: BeamDeclaration = Y4S_BEAMS,
) -> dict[str, np.ndarray]:
    """The ``off_*`` fields of these events.

    arrays: the ``true_particle_*`` fields. The energy that a particle left in the crystals, ``true_particle_ecl_e``, becomes
    its track's cluster, so that offline and trigger see the same deposit. rng: of this block and stage; as many numbers
    are drawn for a particle whatever its kind.
    Photons without a crystal in their way and tracks outside the CDC are not found. Energies in GeV, angles in rad.
    """
    r = reco or Reconstruction()
    pdg = arrays["true_particle_pdg"]
    momentum = np.stack([arrays[f"true_particle_p{axis}"] for axis in "xyz"], axis=1)
    normal, uniform = rng.standard_normal((pdg.size, 5)), rng.random((pdg.size, 2))
    offsets = arrays["true_particle_offsets"]
    photons = _photons(pdg, momentum, arrays, normal, r, beams)
    tracks = _tracks(pdg, momentum, arrays, normal, uniform, r)
    return _group("off_photon", offsets, *photons) | _group("off_track", offsets, *tracks)


def _group(name: str, offsets: NDArray[np.int64], kept: NDArray[np.bool_], fields: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {f"{name}_{field}": values[kept] for field, values in fields.items()}
    return {f"{name}_offsets": jagged.select(offsets, kept), **found}


def _photons(
    pdg: NDArray[np.int32],
    momentum: NDArray[np.float64],
    arrays: Mapping[str, np.ndarray],
    normal: NDArray[np.float64],
    r: Reconstruction,
    beams: BeamDeclaration,
) -> tuple[NDArray[np.bool_], dict[str, np.ndarray]]:
    true_e = np.maximum(np.linalg.norm(momentum, axis=1), np.finfo(float).tiny)
    kind = pdg == PHOTON
    safe_e = np.where(kind, true_e, 1.0)
    resolution = np.sqrt((r.energy_noise / safe_e) ** 2 + (r.energy_stochastic / safe_e**0.25) ** 2 + r.energy_constant**2)
    energy = safe_e * np.maximum(1 + resolution * normal[:, 0], 0.0)
    true_theta, true_phi = _angles(momentum)
    angle = r.position_cm / np.sqrt(safe_e) / r.radius_cm
    theta = np.clip(true_theta + angle * normal[:, 1], 0.0, np.pi)
    phi = _wrap(true_phi + angle / np.maximum(np.sin(true_theta), angle) * normal[:, 2])
    direction = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    e_star, _ = boost_to_cm(energy, energy[:, None] * direction, beams)
    degrees = np.degrees(true_theta)
    seen = np.any([(degrees > low) & (degrees < high) for low, high in r.photon_theta], axis=0)
    time = arrays["true_particle_t"] + r.time_ns_gev / safe_e * normal[:, 3]
    kept = kind & seen & (energy > r.photon_min_e)
    return kept, {"estar": e_star, "e": energy, "theta": theta, "phi": phi, "time": time}


def _tracks(
    pdg: NDArray[np.int32],
    momentum: NDArray[np.float64],
    arrays: Mapping[str, np.ndarray],
    normal: NDArray[np.float64],
    uniform: NDArray[np.float64],
    r: Reconstruction,
) -> tuple[NDArray[np.bool_], dict[str, np.ndarray]]:
    charge = np.zeros(pdg.size, np.int8)
    for code, sign in CHARGED.items():
        charge[pdg == code] = sign
    p = np.linalg.norm(momentum, axis=1)
    beta = np.clip(p / np.maximum(arrays["true_particle_e"], np.finfo(float).tiny), np.finfo(float).eps, 1.0)
    true_theta, true_phi = _angles(momentum)
    true_pt = np.hypot(momentum[:, 0], momentum[:, 1])
    resolution = np.hypot(r.momentum_slope * true_pt, r.momentum_constant / beta)
    pt = true_pt * np.maximum(1 + resolution * normal[:, 0], 0.0)
    phi = true_phi + r.track_angle * normal[:, 1]
    theta = np.clip(true_theta + r.track_angle * normal[:, 2], r.track_angle, np.pi - r.track_angle)
    along = arrays["true_particle_vx"] * np.cos(true_phi) + arrays["true_particle_vy"] * np.sin(true_phi)
    across = arrays["true_particle_vy"] * np.cos(true_phi) - arrays["true_particle_vx"] * np.sin(true_phi)
    at_origin = arrays["true_particle_vz"] - along / np.tan(theta)
    degrees = np.degrees(true_theta)
    kept = (
        (charge != 0)
        & (degrees > r.track_theta[0])
        & (degrees < r.track_theta[1])
        & (true_pt > r.track_min_pt)
        & (uniform[:, 0] < r.track_efficiency)
    )
    in_klm = (p > r.muon_min_p) & (degrees > r.muon_theta[0]) & (degrees < r.muon_theta[1])
    rate = np.where(np.abs(pdg) == MUON, r.muon_efficiency, np.where(np.abs(pdg) == ELECTRON, 0.0, r.muon_fake))
    return kept, {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt / np.tan(theta),
        "charge": charge,
        "dr": across + r.track_dr_cm * normal[:, 3],
        "dz": at_origin + r.track_dz_cm * normal[:, 4],
        "is_muon": in_klm & (uniform[:, 1] < rate),
        "e_cluster": arrays["true_particle_ecl_e"],
    }


def _angles(momentum: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    theta = np.arctan2(np.hypot(momentum[:, 0], momentum[:, 1]), momentum[:, 2])
    return theta, np.arctan2(momentum[:, 1], momentum[:, 0])


def _wrap(phi: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same angle in -pi..pi."""
    return np.remainder(phi + np.pi, 2 * np.pi) - np.pi
