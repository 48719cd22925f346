"""e+e- -> gamma gamma gamma, exact first-order tree with all photons away from the beams."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.frames import light, light_partner, partner_volume
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import check_range, collide
from sim.generators.unweighting import PilotSample, WeightedProcess

_IDENTICAL = 6


@dataclass(frozen=True, kw_only=True)
class ThreePhotons(WeightedProcess):
    """Three photons, each with E* above e_star_min_gev and more than theta_min_deg from the beams in the CM frame.

    The electron mass is neglected, hence the lowest angle. weighted: keep the phase-space weights (mean 1).
    Source: SOURCES 1.3 item 6.
    """

    e_star_min_gev: float = 0.15
    theta_min_deg: float = 10.0
    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 18, seed=20_260_103)

    def __post_init__(self) -> None:
        check_range("theta_min_deg", self.theta_min_deg, 90.0, 0.5, 90.0, "deg")
        limit = self.beams.sqrt_s_gev / 3.0
        check_range("e_star_min_gev", self.e_star_min_gev, limit, 1e-2, limit, "GeV")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of three photons."""
        momenta, weight = self.sample(n, rng)
        return collide((PHOTON,) * 3, momenta, np.zeros(3), self.beams, rng, weight=weight)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n phase-space points (4, 3, n) of the photons and their weights in nb, 0 outside the region."""
        return weighted_momenta(self, n, rng)


def weighted_momenta(process: ThreePhotons, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """n phase-space points (4, 3, n) and their weights in nb, mean the cross-section; weight 0 outside the region.

    The first photon is drawn with the soft pole, the directions of the first two with the pole at the beams; the density
    counts every order in which the three could have been drawn.
    """
    sqrt_s = process.beams.sqrt_s_gev
    u_energy, u_first, phi_first, u_second, phi_second = rng.random((5, n))
    energy_range = math.log(0.5 * sqrt_s / process.e_star_min_gev)
    cos_max = math.cos(math.radians(process.theta_min_deg))
    y_max = math.atanh(cos_max)
    energy = process.e_star_min_gev * np.exp(energy_range * u_energy)
    first = _photon(energy, np.tanh(y_max * (2.0 * u_first - 1.0)), phi_first)
    rest = _rest(first, sqrt_s)
    direction = _photon(np.ones(n), np.tanh(y_max * (2.0 * u_second - 1.0)), phi_second)
    second = light_partner(sqrt_s * (sqrt_s - 2.0 * energy), rest, direction)
    photons = (first, second, rest - second)

    density = np.zeros(n)
    for one, two, _ in permutations(photons):
        soft = 1.0 / (one[0] * energy_range) / (0.5 * one[0])
        angles = [photon[0] ** 2 / ((photon[1] ** 2 + photon[2] ** 2) * 4.0 * np.pi * y_max) for photon in (one, two)]
        density += soft * angles[0] * angles[1] / partner_volume(_rest(one, sqrt_s), two) / _IDENTICAL
    inside = np.ones(n, bool)
    for photon in photons:
        inside &= (photon[0] > process.e_star_min_gev) & (np.abs(photon[3]) < cos_max * photon[0])
    squared = squared_amplitude(photons, sqrt_s**2)
    weight = squared / (_IDENTICAL * (2.0 * np.pi) ** 5 * density * 2.0 * sqrt_s**2) * qed.GEV2_NB
    return np.stack(photons, axis=1), np.where(inside, weight, 0.0)


def squared_amplitude(photons: tuple[np.ndarray, ...], s: float) -> np.ndarray:
    """Spin-averaged squared matrix element, GeV^-2, massless electrons; all couplings alpha(0)."""
    beam = 0.5 * math.sqrt(s)
    pairs = [(beam * (k[0] - k[3]), beam * (k[0] + k[3])) for k in photons]
    numerator = sum(a * b * (a * a + b * b) for a, b in pairs)
    poles = math.prod(a * b for a, b in pairs)  # type: ignore[type-var]
    return (4.0 * np.pi * qed.ALPHA_0) ** 3 * s * numerator / poles


def _photon(energy: np.ndarray, cos: np.ndarray, uniform_phi: np.ndarray) -> np.ndarray:
    return light(energy, cos, 1.0 - np.abs(cos), 2.0 * np.pi * uniform_phi)


def _rest(photon: np.ndarray, sqrt_s: float) -> np.ndarray:
    return np.concatenate([(sqrt_s - photon[0])[None], -photon[1:]])
