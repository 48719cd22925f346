# Ref: Belle NIM A 479 (2002) 117, performance table; Belle II TDR 1011.0352; muon identification 2503.11351.
"""What analyses see of an event: photons, tracks and muons, made from truth particles with stated resolutions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.detector.klm import KlmResponse
from sim.detector.klm.photons import photon_hits
from sim.offline import jagged
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, boost_to_cm
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM, layers

PHOTON, ELECTRON, MUON, KAON = 22, 11, 13, 321
NEUTRAL_HADRONS = (130, 2112, -2112)
CHARGED = {11: -1, -11: 1, 13: -1, -13: 1, 211: 1, -211: -1, 321: 1, -321: -1, 2212: 1, -2212: -1}
"""Charge of the particles that leave a track, by PDG code. Source: PDG."""

_LIGHT_CM_PER_NS = 29.9792458


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """Resolutions and acceptances of the offline reconstruction; each value with its source.

    There is no calorimeter clustering here: a photon is found where it meets the shower maximum, with a Gaussian energy, so losses
    offline (conversions, shower tails, crystal gaps inside the barrel) are not simulated, and no two photons merge. Tracks are
    straight to first order at the interaction point. There are no wrong tracks and no wrong vertices.
    """

    # sigma_E / E = a/E + b/E^(1/4) + c in quadrature, E in GeV. Source: Ikeda et al., NIM A 441 (2000) 401: unverified.
    energy_noise: float = 0.00066
    energy_stochastic: float = 0.0081
    energy_constant: float = 0.0134
    # Shower position 0.5 cm / sqrt(E / GeV). Source: Belle NIM A 479, performance table.
    position_cm: float = 0.5
    # Distance at which a position becomes an angle. Source: radius of the barrel's shower maximum, DERIVED.
    radius_cm: float = 134.0
    # Planes of the shower maximum in the endcaps, cm. Source: front planes of the crystals and the same depth, DERIVED.
    endcap_z_cm: tuple[float, float] = (-111.0, 204.0)
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
    # Least number of CDC layers that a track crosses. Source: our choice; tracks from the origin have more.
    track_min_layers: int = 10
    # Origin of a track as a vertex fit gives it, in cm: inside and outside the radius of the vertex detector. Source: unverified.
    vertex_cm: tuple[float, float] = (0.005, 0.3)
    vertex_detector_cm: float = 14.0
    # Identification, of the wanted kind and of others: electrons, kaons. Source: unverified, near the experiment's working points.
    electron_efficiency: float = 0.90
    electron_fake: float = 0.01
    kaon_efficiency: float = 0.87
    kaon_fake: float = 0.08
    # KLM cluster of a neutral: least layers; chance of a K_L or neutron of at least this momentum in GeV; angle in rad. Source:
    # unverified.
    klm_min_layers: int = 2
    klm_hadron_efficiency: float = 0.6
    klm_hadron_min_p: float = 0.3
    klm_angle: float = 0.03
    # KLM: smallest momentum in GeV, efficiency of muons, fakes of others. Source: 2503.11351, abstract.
    muon_min_p: float = 0.7
    muon_efficiency: float = 0.90
    muon_fake: float = 0.041
    # KLM theta range in degrees. Source: KLM acceptance in a talk.
    muon_theta: tuple[float, float] = (25.0, 145.0)


FIELDS = {
    "off_photon": ("estar", "e", "theta", "phi", "time"),
    "off_track": (
        *("px", "py", "pz", "charge", "dr", "dz", "is_muon", "e_cluster"),
        *("is_electron", "is_kaon", "n_cdc", "vx", "vy", "vz"),
    ),
    "off_klm": ("theta", "phi"),
}
"""The groups of what is reconstructed, with their fields; each has `<group>_offsets` too."""


def nothing(n: int = 0) -> dict[str, np.ndarray]:
    """The `off_*` fields of n events in which nothing was found."""
    fields = {f"{name}_{field}": np.zeros(0) for name, own in FIELDS.items() for field in own}
    return fields | {f"{name}_offsets": np.zeros(n + 1, np.int64) for name in FIELDS}


def reconstruct(
    arrays: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    reco: Reconstruction | None = None,
    beams: BeamDeclaration = Y4S_BEAMS,
) -> dict[str, np.ndarray]:
    """The ``off_*`` fields of these events.

    arrays: the ``true_particle_*`` fields. The energy that a particle left in the crystals, ``true_particle_ecl_e``, becomes
    its track's cluster, so that offline and trigger see the same deposit. rng: of this block and stage; as many numbers
    are drawn for a particle whatever its kind; identification and the KLM have streams of their own.
    Photons without a crystal in their way and tracks outside the CDC are not found. Energies in GeV, angles in rad.
    """
    r = reco or Reconstruction()
    pdg = arrays["true_particle_pdg"]
    momentum = np.stack([arrays[f"true_particle_p{axis}"] for axis in "xyz"], axis=1)
    normal, uniform = rng.standard_normal((pdg.size, 5)), rng.random((pdg.size, 2))
    later, klm_rng = rng.spawn(2)
    offsets = arrays["true_particle_offsets"]
    photons = _photons(pdg, momentum, arrays, normal, r, beams)
    found, fields = _tracks(pdg, momentum, arrays, normal, uniform, r)
    identity = _identity(pdg, arrays, later, r)
    clusters = klm_clusters(pdg, momentum, arrays, klm_rng, r)
    return (
        _group("off_photon", offsets, *photons)
        | _group("off_track", offsets, found & (identity["n_cdc"] >= r.track_min_layers), fields | identity)
        | _group("off_klm", offsets, *clusters)
    )


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
    start = np.stack([arrays[f"true_particle_v{axis}"] for axis in "xyz"], axis=1)
    place, path = _shower_place(start, momentum / true_e[:, None], r)
    true_theta, true_phi = _angles(place)
    angle = r.position_cm / np.sqrt(safe_e) / r.radius_cm
    theta = np.clip(true_theta + angle * normal[:, 1], 0.0, np.pi)
    phi = _wrap(true_phi + angle / np.maximum(np.sin(true_theta), angle) * normal[:, 2])
    direction = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    e_star, _ = boost_to_cm(energy, energy[:, None] * direction, beams)
    degrees = np.degrees(true_theta)
    seen = np.any([(degrees > low) & (degrees < high) for low, high in r.photon_theta], axis=0)
    later_cm = path - np.linalg.norm(place, axis=1)
    time = arrays["true_particle_t"] + later_cm / _LIGHT_CM_PER_NS + r.time_ns_gev / safe_e * normal[:, 3]
    kept = kind & seen & (path > 0) & (energy > r.photon_min_e)
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


def _shower_place(
    start: NDArray[np.float64], direction: NDArray[np.float64], r: Reconstruction
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where straight flights meet the surface of the shower maximum, (n, 3) cm, and the path to it; 0 for a start beyond."""
    across = np.maximum(np.sum(direction[:, :2] ** 2, axis=1), np.finfo(float).tiny)
    half = np.sum(start[:, :2] * direction[:, :2], axis=1)
    excess = np.sum(start[:, :2] ** 2, axis=1) - r.radius_cm**2
    to_barrel = (np.sqrt(np.maximum(half**2 - across * excess, 0.0)) - half) / across
    low, high = r.endcap_z_cm
    along = np.where(np.abs(direction[:, 2]) > np.finfo(float).eps, direction[:, 2], np.finfo(float).eps)
    to_endcap = (np.where(along > 0, high, low) - start[:, 2]) / along
    inside = (excess < 0) & (start[:, 2] > low) & (start[:, 2] < high)
    path = np.where(inside, np.minimum(to_barrel, to_endcap), 0.0)
    return start + path[:, None] * direction, path


def _identity(
    pdg: NDArray[np.int32], arrays: Mapping[str, np.ndarray], rng: np.random.Generator, r: Reconstruction
) -> dict[str, np.ndarray]:
    """What displaced tracks and particle identification need: kind, crossed layers of the CDC, fitted origin."""
    uniform, normal = rng.random((pdg.size, 2)), rng.standard_normal((pdg.size, 3))
    origin = np.stack([arrays[f"true_particle_v{axis}"] for axis in "xyz"], axis=1)
    radius = np.hypot(origin[:, 0], origin[:, 1])
    fitted = origin + np.where(radius < r.vertex_detector_cm, *r.vertex_cm)[:, None] * normal
    electron, kaon = np.abs(pdg) == ELECTRON, np.abs(pdg) == KAON
    return {
        "is_electron": uniform[:, 0] < np.where(electron, r.electron_efficiency, r.electron_fake),
        "is_kaon": uniform[:, 1] < np.where(kaon, r.kaon_efficiency, r.kaon_fake),
        "n_cdc": layers_crossed(origin, np.stack([arrays[f"true_particle_p{axis}"] for axis in "xyz"], axis=1)),
        **{f"v{axis}": fitted[:, k] for k, axis in enumerate("xyz")},
    }


def layers_crossed(origin: NDArray[np.float64], momentum: NDArray[np.float64]) -> NDArray[np.int16]:
    """CDC layers that charged particles cross on their way out, int16; origin (n, 3) cm, momentum (n, 3) GeV.

    A layer counts between its end plates and within the turn of the track; the path to it is straight across and along z.
    """
    chamber = layers()
    radius = np.hypot(origin[:, 0], origin[:, 1])[:, None]
    across = np.maximum(np.hypot(momentum[:, 0], momentum[:, 1]), np.finfo(float).tiny)
    reach = radius + 2.0 * (across / PT_RADIUS_GEV_PER_CM)[:, None]
    z = origin[:, 2, None] + (chamber.radius_cm - radius) * (momentum[:, 2] / across)[:, None]
    met = (chamber.radius_cm > radius) & (chamber.radius_cm < reach) & (z > chamber.z_bwd_cm) & (z < chamber.z_fwd_cm)
    return met.sum(axis=1).astype(np.int16)


def klm_clusters(
    pdg: NDArray[np.int32],
    momentum: NDArray[np.float64],
    arrays: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    r: Reconstruction,
) -> tuple[NDArray[np.bool_], dict[str, np.ndarray]]:
    """KLM clusters without a track: photons that missed the crystals, K_L and neutrons."""
    normal, uniform = rng.standard_normal((pdg.size, 2)), rng.random(pdg.size)
    size = np.maximum(np.linalg.norm(momentum, axis=1), np.finfo(float).tiny)
    direction = momentum / size[:, None]
    photons = np.flatnonzero(pdg == PHOTON)
    start = np.stack([arrays[f"true_particle_v{axis}"] for axis in "xyz"], axis=1)
    lost = size - arrays["true_particle_ecl_e"]
    layers = photon_hits(start[photons], direction[photons], size[photons], lost[photons], rng, KlmResponse())
    hit = np.bincount(photons[layers.row], minlength=pdg.size)
    theta, phi = _angles(direction)
    degrees = np.degrees(theta)
    hadron = np.isin(pdg, NEUTRAL_HADRONS) & (size > r.klm_hadron_min_p) & (uniform < r.klm_hadron_efficiency)
    kept = (hit >= r.klm_min_layers) | (hadron & (degrees > r.muon_theta[0]) & (degrees < r.muon_theta[1]))
    smeared = np.clip(theta + r.klm_angle * normal[:, 0], 0.0, np.pi)
    return kept, {"theta": smeared, "phi": _wrap(phi + r.klm_angle / np.maximum(np.sin(theta), r.klm_angle) * normal[:, 1])}


def _angles(momentum: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    theta = np.arctan2(np.hypot(momentum[:, 0], momentum[:, 1]), momentum[:, 2])
    return theta, np.arctan2(momentum[:, 1], momentum[:, 0])


def _wrap(phi: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same angle in -pi..pi."""
    return np.remainder(phi + np.pi, 2 * np.pi) - np.pi
