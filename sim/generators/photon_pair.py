"""e+e- -> gamma gamma at Born level, with collinear initial-state radiation on request."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams
from sim.generators.isr import Radiation, with_photon
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import CrossSection, back_to_back, check_range, collide
from sim.generators.sampling import Table

_NODES = 4001


@dataclass(frozen=True, kw_only=True)
class PhotonPair:
    """Two photons, both between theta_min_deg and 180 - theta_min_deg from the electron in the CM frame.

    isr: add one collinear photon; the cut then holds in the CM frame of the beams, for both photons. isr_mass_min_gev:
    smallest mass of the pair with radiation. Source: SOURCES 1.3 items 2 and 3.
    """

    theta_min_deg: float = 10.0
    isr: bool = False
    isr_mass_min_gev: float = 1.0
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_range("theta_min_deg", self.theta_min_deg, 90.0, 1e-3, 90.0, "deg")
        check_range("isr_mass_min_gev", self.isr_mass_min_gev, self.beams.sqrt_s_gev, 1e-3, math.inf, "GeV")

    def cross_section(self) -> CrossSection:
        """Born, or radiatively corrected, cross-section of the generated region."""
        if self.isr:
            return CrossSection(nb=_radiation(self).table.integral, source="DERIVED: Born with initial-state radiator")
        return CrossSection(nb=float(born_nb(self.beams.s_gev2, _y_max(self))), source="DERIVED: Born, analytic")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events: two photons, and the radiated one if there is one."""
        shape, phi = rng.random((2, n))
        if not self.isr:
            cos = np.tanh(_angles(_y_max(self)).sample(shape))
            half = self.beams.sqrt_s_gev / 2.0
            return collide((PHOTON, PHOTON), back_to_back(half, half, cos, 2.0 * np.pi * phi), np.zeros(2), self.beams, rng)
        lost, side = rng.random((2, n))
        x = _radiation(self).sample(lost, self.beams.sqrt_s_gev)
        limit = _y_max(self) + 0.5 * np.log1p(-x)
        cos = np.tanh(_invert(limit, shape))
        halves = 0.5 * self.beams.sqrt_s_gev * np.sqrt(1.0 - x)
        pair = back_to_back(halves, halves, cos, 2.0 * np.pi * phi)
        momenta = with_photon(pair, x, side < 0.5, self.beams.sqrt_s_gev)
        keep = np.stack([np.ones(n, bool), np.ones(n, bool), x > 0.0])
        return collide((PHOTON, PHOTON, PHOTON), momenta, np.zeros(3), self.beams, rng, keep=keep)


def born_nb(s_gev2: np.ndarray | float, y_max: np.ndarray | float) -> np.ndarray:
    """Cross-section in nb for |cos(theta)| < tanh(y_max), identical photons counted once; 0 where y_max <= 0."""
    y = np.maximum(y_max, 0.0)
    return 2.0 * math.pi * qed.ALPHA_0**2 / s_gev2 * (2.0 * y - np.tanh(y)) * qed.GEV2_NB


def _y_max(process: PhotonPair) -> float:
    """Largest pseudorapidity, artanh(cos(theta_min))."""
    return -math.log(math.tan(math.radians(process.theta_min_deg) / 2.0))


@cache
def _angles(y_max: float) -> Table:
    return Table.of(lambda y: 1.0 + np.tanh(y) ** 2, np.linspace(-y_max, y_max, _NODES))


@cache
def _radiation(process: PhotonPair) -> Radiation:
    s, y_max = process.beams.s_gev2, _y_max(process)
    x_max = 1.0 - max(process.isr_mass_min_gev**2 / s, math.exp(-2.0 * y_max))
    return Radiation.of(lambda x: born_nb(s * (1.0 - x), y_max + 0.5 * np.log1p(-x)), s, x_max)


def _invert(limit: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """y in -limit..limit with density 1 + tanh^2(y), by Newton steps on its integral 2y - tanh(y)."""
    goal = (2.0 * uniform - 1.0) * (2.0 * limit - np.tanh(limit))
    y = goal / 2.0 + np.tanh(goal) / 2.0
    for _ in range(4):
        tanh = np.tanh(y)
        y = y - (2.0 * y - tanh - goal) / (1.0 + tanh * tanh)
    return y
