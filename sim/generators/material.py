"""Material inside the drift chamber, as thin cylinders around z: what converts photons and stops hadrons.

Beam pipe: DERIVED from its published build, beryllium of 1.0 mm, 1 mm of paraffin and 10 um of gold. Layers of the vertex
detector: 0.2 % of a radiation length for pixels and 0.7 % for strips (recalled, unverified). Inner wall of the chamber: GUESS.
Interaction lengths follow from the same thicknesses. Cylinders have no end, and the cables in front of the endcaps are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.generators.particles import Particles, concatenate
from trigger.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Cylinder:
    """A thin cylinder: radius in cm, thickness at normal incidence in radiation and in nuclear interaction lengths."""

    name: str
    radius_cm: float
    radiation_lengths: float
    interaction_lengths: float

    def __post_init__(self) -> None:
        if not (self.radius_cm > 0 and 0 <= self.radiation_lengths < 1 and 0 <= self.interaction_lengths < 1):
            raise InputError(f"{self.name}: the radius must be positive, thicknesses from 0 to below 1, not {self}")


MATERIAL = (
    Cylinder(name="beam pipe", radius_cm=1.1, radiation_lengths=0.0079, interaction_lengths=0.0037),
    Cylinder(name="pixels 1", radius_cm=1.4, radiation_lengths=0.002, interaction_lengths=0.0004),
    Cylinder(name="pixels 2", radius_cm=2.2, radiation_lengths=0.002, interaction_lengths=0.0004),
    Cylinder(name="strips 3", radius_cm=3.9, radiation_lengths=0.007, interaction_lengths=0.0018),
    Cylinder(name="strips 4", radius_cm=8.0, radiation_lengths=0.007, interaction_lengths=0.0018),
    Cylinder(name="strips 5", radius_cm=10.4, radiation_lengths=0.007, interaction_lengths=0.0018),
    Cylinder(name="strips 6", radius_cm=13.5, radiation_lengths=0.007, interaction_lengths=0.0018),
    Cylinder(name="inner wall of the chamber", radius_cm=16.0, radiation_lengths=0.005, interaction_lengths=0.0025),
)
"""From the inside out; 4.5 % of a radiation length in all. Radii: public detector parameters."""
CONVERSION = 7.0 / 9.0
"""Conversions per radiation length of a photon of high energy. Source: Particle Data Group, passage of particles through matter."""
_LEAST_SINE = 0.1
"""Our choice: a cylinder is at most ten times as thick as at normal incidence."""
_POINTS = 2000
_CHUNK = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Encounters:
    """Where particles meet their end: rows (m,), ascending; cylinder (m,), its place in the material; path_cm (m,)."""

    rows: np.ndarray
    cylinder: np.ndarray
    path_cm: np.ndarray


def share_of_gun(lengths: np.ndarray, theta_deg: tuple[float, float]) -> float:
    """Share of particles from the beam line, flat in cos(theta), that end in cylinders of these mean numbers of encounters."""
    low, high = (math.cos(math.radians(theta)) for theta in theta_deg[::-1])
    cosine = low + (high - low) * (np.arange(_POINTS) + 0.5) / _POINTS
    return float(_chance(lengths, np.sqrt(1.0 - cosine**2)).mean())


def _chance(lengths: np.ndarray, sine: np.ndarray) -> np.ndarray:
    return -np.expm1(-lengths.sum() / np.maximum(sine, _LEAST_SINE))


def ending_events(
    gun: Callable[[int], Particles], theta_deg: tuple[float, float], lengths: np.ndarray, n: int, rng: np.random.Generator
) -> Particles:
    """n of the events of a gun with one particle each from the beam line, as often as they end in the material.

    lengths (cylinders,): mean numbers of encounters at normal incidence; InputError if all are 0.
    """
    if not lengths.sum() > 0:
        raise InputError("material must have some thickness, not none")
    largest = float(_chance(lengths, np.sin(np.radians(theta_deg))).max())
    share = share_of_gun(lengths, theta_deg) / largest
    parts, missing = [gun(0)], n
    while missing > 0:
        trial = gun(min(_CHUNK, int(1.1 * missing / share) + 100))
        sine = np.hypot(trial.px, trial.py) / np.sqrt(trial.px**2 + trial.py**2 + trial.pz**2)
        parts.append(trial.select(rng.random(trial.n_events) * largest < _chance(lengths, sine)))
        missing -= parts[-1].n_events
    return concatenate(parts).first(n)


def encounters(
    particles: Particles,
    rows: np.ndarray,
    material: tuple[Cylinder, ...],
    lengths: np.ndarray,
    rng: np.random.Generator,
    *,
    forced: bool = False,
) -> Encounters:
    """Which of the particles `rows` end in the material, flying straight, and in which cylinder they do.

    lengths (cylinders,): mean numbers of encounters in each at normal incidence. A cylinder that a particle meets twice counts
    where it is met first. forced: all that meet some material end in it. InputError without cylinders.
    """
    if not material or len(material) != len(lengths):
        raise InputError(f"material must be cylinders, one per length, not {len(material)} for {len(lengths)}")
    momentum = np.stack([column[rows] for column in (particles.px, particles.py, particles.pz)])
    start = np.stack([column[rows] for column in (particles.vx, particles.vy, particles.vz)])
    direction = momentum / np.maximum(np.sqrt(np.square(momentum).sum(axis=0)), np.finfo(float).tiny)
    path = np.stack([_path_to(cylinder.radius_cm, start, direction) for cylinder in material])
    met = np.isfinite(path)
    crossing = start + np.where(met, path, 0.0)[:, None] * direction
    radius = np.array([cylinder.radius_cm for cylinder in material])[:, None]
    cosine = np.abs(crossing[:, 0] * direction[0] + crossing[:, 1] * direction[1]) / radius
    mean = np.where(met, lengths[:, None] / np.maximum(cosine, _LEAST_SINE), 0.0)
    order = np.argsort(path, axis=0, kind="stable")
    depth = np.cumsum(np.take_along_axis(mean, order, axis=0), axis=0)
    ticket = rng.random(len(rows))
    end = -np.log1p(ticket * np.expm1(-depth[-1])) if forced else -np.log1p(-ticket)
    place = np.minimum((depth <= end).sum(axis=0), len(material) - 1)
    cylinder = np.take_along_axis(order, place[None], axis=0)[0]
    ends = depth[-1] > 0 if forced else depth[-1] > end
    length = np.take_along_axis(path, cylinder[None], axis=0)[0]
    return Encounters(rows=rows[ends], cylinder=cylinder[ends], path_cm=length[ends])


def _path_to(radius_cm: float, start: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Straight path (n,) in cm to the first crossing of a cylinder around z; infinite if there is none."""
    across = np.square(direction[:2]).sum(axis=0)
    half = (start[:2] * direction[:2]).sum(axis=0)
    excess = np.square(start[:2]).sum(axis=0) - radius_cm**2
    root2 = half**2 - across * excess
    possible = (across > 0) & (root2 >= 0)
    root, across = np.sqrt(np.where(possible, root2, 0.0)), np.where(across > 0, across, 1.0)
    near, far = (-half - root) / across, (-half + root) / across
    path = np.where(near > 0, near, far)
    return np.where(possible & (path > 0), path, np.inf)
