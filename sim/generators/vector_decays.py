"""Decays of a vector that e+e- made together with a photon: the angles of its daughters, production and decay correlated.

For massless electrons the tensor of e+e- -> gamma V splits exactly into two axes, the directions of electron and positron in
the rest frame of V: the daughters have the angles of an annihilation about one of them, chosen in proportion to the square of
the beam particle's energy in that frame. Source: DERIVED from the electron tensor of initial-state radiation; equal, point by
point, to the squared tree amplitude of mu mu gamma.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from sim.generators import qed
from sim.generators.decays import breakup_momentum, two_body
from sim.generators.frames import boost_from_rest, turned

CHARGED_PION_MASS_GEV = 0.13957039
"""Mass of the charged pion: Particle Data Group, Review of Particle Physics 2024."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Particle and antiparticle: code of the negative one, mass in GeV, and whether the two are scalars (else leptons)."""

    negative: int
    mass_gev: float
    scalars: bool = False


class LightPair(enum.Enum):
    """Pairs to which a light vector decays."""

    ELECTRONS = "e-e"
    MUONS = "mu-mu"
    PIONS = "pi-pi"

    @property
    def pair(self) -> Pair:
        """Its particles."""
        return _PAIRS[self]


_PAIRS = {
    LightPair.ELECTRONS: Pair(negative=11, mass_gev=qed.ELECTRON_MASS_GEV),
    LightPair.MUONS: Pair(negative=13, mass_gev=qed.MUON_MASS_GEV),
    LightPair.PIONS: Pair(negative=-211, mass_gev=CHARGED_PION_MASS_GEV, scalars=True),
}


def annihilation_cos(pair: Pair, mass_gev: np.ndarray | float, uniform: np.ndarray) -> np.ndarray:
    """cos(theta) of a daughter about the axis of the annihilation: leptons 1 + c^2 + (1 - beta^2)(1 - c^2), scalars 1 - c^2."""
    beta2 = (2.0 * breakup_momentum(mass_gev, pair.mass_gev, pair.mass_gev) / mass_gev) ** 2
    goal = 2.0 * uniform - 1.0
    if pair.scalars:
        # c (3 - c^2) / 2 = goal: a cubic with three real roots.
        return np.clip(2.0 * np.sin(np.arcsin(goal) / 3.0), -1.0, 1.0)
    # c (2 - beta^2) + beta^2 c^3 / 3 = goal (2 - 2 beta^2 / 3): a depressed cubic with one real root.
    third = beta2 / 3.0
    half = 0.5 * goal * (2.0 - 2.0 * third) / third
    root = np.cbrt(np.abs(half) + np.sqrt(half**2 + ((2.0 - beta2) / (3.0 * third)) ** 3))
    return np.clip(np.sign(half) * (root - (2.0 - beta2) / (3.0 * third) / root), -1.0, 1.0)


def beam_axes(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Four-vectors (4, 2, n) of electron and positron of unit energy in the rest frame of `vector` (4, n), and the squared
    share (2, n) of each: the probability of its axis."""
    n = vector.shape[1]
    ones, zeros = np.ones(n), np.zeros(n)
    beams = np.stack([np.stack([ones, zeros, zeros, side * ones]) for side in (1.0, -1.0)], axis=1)
    axes = boost_from_rest(beams, np.concatenate([vector[:1], -vector[1:]]))
    square = axes[0] ** 2
    return axes, square / square.sum(axis=0)


def pair_of_vector(pair: Pair, vector: np.ndarray, mass_gev: float, rng: np.random.Generator) -> np.ndarray:
    """Four-momenta (4, 2, n) of the negative and the positive daughter in the rest frame of the vector, axes of the generator.

    vector: four-momenta (4, n) in the generator frame, produced with one photon. mass_gev: its mass, above threshold.
    """
    u_axis, u_cos, u_phi = rng.random((3, vector.shape[1]))
    axes, share = beam_axes(vector)
    axis = np.where(u_axis < share[0], axes[:, 0], axes[:, 1])
    cos_axis = axis[3] / np.sqrt(np.square(axis[1:]).sum(axis=0))
    phi_axis = np.arctan2(axis[2], axis[1])
    rest = two_body(mass_gev, (pair.mass_gev, pair.mass_gev), annihilation_cos(pair, mass_gev, u_cos), 2.0 * np.pi * u_phi)
    return np.stack([turned(rest[:, k], cos_axis, phi_axis) for k in range(2)], axis=1)
