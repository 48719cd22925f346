"""e+e- -> mu+ mu- Z' with an invisible Z' radiated by a muon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.frames import along, turned
from sim.generators.muon_pair import ANTIMUON, MUON
from sim.generators.particles import Particles
from sim.generators.process import check_between, check_range, collide
from sim.generators.unweighting import PilotSample, WeightedProcess

Z_PRIME = 32
"""Particle code of the Z' (PDG numbering); detectors ignore it."""


@dataclass(frozen=True, kw_only=True)
class ZPrime(WeightedProcess):
    """mu- mu+ Z' of mass_gev; the Z' stays in the truth and leaves no signal. coupling scales the cross-section only.

    Energies as in the radiation of a massive vector from massless muons, good above twice the muon mass. The faster muon has the
    angles 1 + cos^2(theta) of the pair, the plane about it is flat: an approximation. No radiation from the initial state.
    Source: SOURCES 1.3 item 9 (recalled, unverified).
    """

    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 18, seed=20_260_107)
    mass_gev: float = 1.0
    coupling: float = 1.0

    def __post_init__(self) -> None:
        check_range("mass_gev", self.mass_gev, self.beams.sqrt_s_gev - 0.5, 0.1, self.beams.sqrt_s_gev - 0.4, "GeV")
        check_between("coupling", self.coupling, 0.0, math.inf, "")

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n points (5, n) and their weights in nb: energy fractions of mu- and mu+, cos(theta) and azimuth of the faster muon, and
        the azimuth of the plane."""
        share = self.mass_gev**2 / self.beams.s_gev2
        u_first, u_second, u_cos, u_phi, u_plane = rng.random((5, n))
        low = math.log(share)
        left = np.exp(low * u_first)
        right = np.exp(low * u_second)
        inside = (left * right >= share) & (left + right <= 1.0 + share)
        x1, x2 = 1.0 - left, 1.0 - right
        density = ((x1 + share) ** 2 + (x2 + share) ** 2) / (left * right) - share / left**2 - share / right**2
        born = float(qed.pair_cross_section(np.asarray(self.beams.s_gev2), qed.MUON_MASS_GEV))
        weight = born * self.coupling**2 / (8.0 * math.pi**2) * density * low**2 * left * right
        angles = (one_plus_square(u_cos), 2.0 * np.pi * u_phi, 2.0 * np.pi * u_plane)
        return np.stack([x1, x2, *angles]), np.where(inside & (x1 > 0) & (x2 > 0), weight, 0.0)

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of mu-, mu+ and Z'."""
        (x1, x2, cos, phi, plane), weight = self.sample(n, rng)
        share, half = self.mass_gev**2 / self.beams.s_gev2, 0.5 * self.beams.sqrt_s_gev
        between = np.clip(1.0 - 2.0 * (x1 + x2 - 1.0 + share) / (x1 * x2), -1.0, 1.0)
        fast, slow = np.maximum(x1, x2) * half, np.minimum(x1, x2) * half
        first = turned(along(fast, fast, np.ones(n), np.zeros(n)), cos, phi)
        second = turned(along(slow, slow, between, plane), cos, phi)
        minus, plus = np.where(x1 >= x2, first, second), np.where(x1 >= x2, second, first)
        momenta = np.stack([minus, plus, np.concatenate([np.zeros((1, n)), -(minus + plus)[1:]])], axis=1)
        masses = np.array([qed.MUON_MASS_GEV, qed.MUON_MASS_GEV, self.mass_gev])
        momenta[0] = np.sqrt(np.square(momenta[1:]).sum(axis=0) + masses[:, None] ** 2)
        return collide((MUON, ANTIMUON, Z_PRIME), momenta, masses, self.beams, rng, weight=weight)


def one_plus_square(uniform: np.ndarray) -> np.ndarray:
    """cos(theta) with density 1 + cos^2, by Cardano's formula."""
    half = 4.0 * uniform - 2.0
    root = np.cbrt(half + np.sqrt(half**2 + 1.0))
    return root - 1.0 / root
