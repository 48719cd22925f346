"""e+e- -> gamma A' with an invisible A': one photon and nothing else in the detector."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams
from sim.generators.particles import INVISIBLE_DARK_PHOTON, PHOTON, Particles
from sim.generators.process import CrossSection, back_to_back, check_between, check_range, collide
from sim.generators.sampling import Table

_NODES = 4001


@dataclass(frozen=True, kw_only=True)
class DarkPhoton:
    """One photon between theta_min_deg and 180 - theta_min_deg (CM frame) recoiling against an A' of mass_gev.

    The A' stays in the truth with the code `INVISIBLE_DARK_PHOTON` and leaves no signal. epsilon scales the
    cross-section only. Source: SOURCES 1.3 item 7.
    """

    mass_gev: float = 1.0
    epsilon: float = 1.0
    theta_min_deg: float = 10.0
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        # A margin of ten standard deviations of sqrt(s) keeps the photon energy positive.
        limit = self.beams.sqrt_s_gev - 10.0 * math.hypot(self.beams.electron_spread_gev, self.beams.positron_spread_gev)
        check_range("mass_gev", self.mass_gev, limit, 0.0, limit, "GeV")
        check_range("theta_min_deg", self.theta_min_deg, 90.0, 1e-3, 90.0, "deg")
        check_between("epsilon", self.epsilon, 0.0, math.inf, "")

    @property
    def e_star_gev(self) -> float:
        """Photon energy in the CM frame at the nominal beam energy."""
        return (self.beams.s_gev2 - self.mass_gev**2) / (2.0 * self.beams.sqrt_s_gev)

    def cross_section(self) -> CrossSection:
        """Tree-level cross-section of the generated region at this epsilon, analytic."""
        y = _y_max(self)
        s, m2 = self.beams.s_gev2, self.mass_gev**2
        integral = 2.0 * y * (2.0 + _mass_term(s, m2)) - 2.0 * math.tanh(y)
        nb = 2.0 * math.pi * qed.ALPHA_0**2 * self.epsilon**2 / s * (1.0 - m2 / s) * integral * qed.GEV2_NB
        return CrossSection(nb=nb, source="DERIVED: tree level, analytic")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of one photon and one A'."""
        shape, phi = rng.random((2, n))
        momentum = self.e_star_gev
        energies = np.array([[momentum], [math.hypot(momentum, self.mass_gev)]])
        pair = back_to_back(energies, np.full(n, momentum), np.tanh(_angles(self).sample(shape)), 2.0 * np.pi * phi)
        masses = np.array([0.0, self.mass_gev])
        return collide((PHOTON, INVISIBLE_DARK_PHOTON), pair, masses, self.beams, rng)


def _y_max(process: DarkPhoton) -> float:
    return -math.log(math.tan(math.radians(process.theta_min_deg) / 2.0))


def _mass_term(s_gev2: float, mass2_gev2: float) -> float:
    """What the mass adds to 1 + cos^2(theta) in the numerator of the angular distribution."""
    return 4.0 * s_gev2 * mass2_gev2 / (s_gev2 - mass2_gev2) ** 2


@cache
def _angles(process: DarkPhoton) -> Table:
    """Density in y = artanh(cos(theta)) of the photon."""
    y_max = _y_max(process)
    term = _mass_term(process.beams.s_gev2, process.mass_gev**2)
    return Table.of(lambda y: 1.0 + term + np.tanh(y) ** 2, np.linspace(-y_max, y_max, _NODES))
