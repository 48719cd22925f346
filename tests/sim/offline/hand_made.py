"""Tracks and photons written by hand in the CM frame, for the tests of the selections."""

from dataclasses import dataclass, field

import numpy as np

from sim.offline import objects
from trigger.geometry.beams import Y4S_BEAMS

SQRT_S = objects.sqrt_s()
HALF = SQRT_S / 2
MU = objects.MUON_MASS_GEV


def lab(star, beams=Y4S_BEAMS):
    """Laboratory four-momentum of one in the CM frame: the inverse of what `to_star` does to the four unit vectors."""
    return np.linalg.inv(objects.to_star(np.eye(4), beams).T) @ np.asarray(star, float)


def star(p, theta, phi, mass=0.0):
    """Four-momentum of this size, angles in degrees."""
    direction = objects.unit(np.radians([theta]), np.radians([phi]))[0]
    return np.array([np.hypot(p, mass), *(p * direction)])


def photon(four, beams=Y4S_BEAMS, **changes):
    """A photon of this four-momentum in the CM frame, as the builder takes it."""
    e, *p = lab(four, beams)
    theta = np.degrees(np.arctan2(np.hypot(p[0], p[1]), p[2]))
    return {"e": e, "estar": four[0], "theta": theta, "phi": np.arctan2(p[1], p[0])} | changes


def track(four, charge, beams=Y4S_BEAMS, **changes):
    """A track of this four-momentum in the CM frame, a muon with a small cluster unless changed."""
    px, py, pz = lab(four, beams)[1:]
    return {"px": px, "py": py, "pz": pz, "charge": charge, "is_muon": True, "e_cluster": 0.2} | changes


def electron(four, charge, beams=Y4S_BEAMS, **changes):
    """An electron that leaves all its energy in the crystals."""
    energy = float(lab(four, beams)[0])
    return track(four, charge, beams, is_muon=False, is_electron=True, e_cluster=energy) | changes


def decay(parent, mass, theta=80.0, phi=30.0):
    """Two four-momenta of equal mass that a parent (n four-momentum, any frame) decays to, along these angles in its frame."""
    m = np.sqrt(max(parent[0] ** 2 - np.sum(parent[1:] ** 2), 0.0))
    half = star(np.sqrt(max(m**2 / 4 - mass**2, 0.0)), theta, phi, mass)
    beta = parent[1:] / parent[0]
    gamma = 1 / np.sqrt(1 - beta @ beta)
    answer = []
    for sign in (1, -1):
        p = sign * half[1:]
        along = p @ beta
        shift = (gamma - 1) / max(beta @ beta, 1e-300) * along + gamma * half[0]
        answer.append(np.array([gamma * (half[0] + along), *(p + shift * beta)]))
    return answer


def against(four):
    """What a four-momentum leaves of the CM energy."""
    return np.array([SQRT_S, 0, 0, 0]) - four


def named(flow):
    """Names of the cuts that the only event fails."""
    return {cut.name for cut, mask in zip(flow.cuts, flow.masks, strict=True) if not mask[0]}


@dataclass
class Case:
    """A selection, its cuts, an event that passes, and events that fail: (photons, tracks) or (photons, tracks, klm)."""

    select: object
    cuts: tuple
    good: tuple
    bad: dict
    values: dict = field(default_factory=dict)


def mass(four):
    """Invariant mass."""
    return np.sqrt(four[0] ** 2 - np.sum(four[1:] ** 2))


def displaced(tracks, place):
    """The tracks with this origin in cm, and impact parameters that say so."""
    return [t | {"vx": place[0], "vy": place[1], "vz": place[2], "dr": 1.0} for t in tracks]


def changed(entries, index, **changes):
    """The list with one entry changed."""
    return [entry | changes if i == index else entry for i, entry in enumerate(entries)]
