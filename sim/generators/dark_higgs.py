"""e+e- -> A' h': a dark photon and a dark Higgs boson, before they decay.

Ref: Batell, Pospelov, Ritz, arXiv 0903.0363 (SOURCES 1.3 item 10): tree level, width of the A' left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import breakup_momentum
from sim.generators.particles import INVISIBLE_DARK_PHOTON, Particles
from sim.generators.process import CrossSection, back_to_back, check_between, collide
from trigger.errors import InputError

DARK_HIGGS = 54
"""Particle code of a dark Higgs boson (PDG numbering: scalar mediator to dark matter); detectors ignore it."""
_MARGIN = 10.0
"""Standard deviations of sqrt(s) that the pair stays below it."""


@dataclass(frozen=True, kw_only=True)
class DarkHiggsstrahlung:
    """A' of mass_gev and h' of higgs_mass_gev, all angles; epsilon and dark_coupling (alpha_D) scale the cross-section only.

    The production that processes with their decays share; both particles leave no signal.
    """

    mass_gev: float = 3.0
    higgs_mass_gev: float = 1.0
    epsilon: float = 1e-3
    dark_coupling: float = 0.1
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        spread = math.hypot(self.beams.electron_spread_gev, self.beams.positron_spread_gev)
        limit = self.beams.sqrt_s_gev - _MARGIN * spread
        check_between("mass_gev", self.mass_gev, 0.0, limit, "GeV")
        check_between("higgs_mass_gev", self.higgs_mass_gev, 0.0, limit - self.mass_gev, "GeV")
        if not (self.epsilon > 0.0 and self.dark_coupling > 0.0):
            raise InputError(f"epsilon and dark_coupling must be positive, not {self.epsilon} and {self.dark_coupling}")

    @property
    def _parts(self) -> tuple[float, float]:
        """Parts 1 - cos^2 and flat of the angular distribution: the phase-space factor, and 12 m^2 / s."""
        s = self.beams.s_gev2
        momentum = breakup_momentum(self.beams.sqrt_s_gev, self.mass_gev, self.higgs_mass_gev)
        return float(4.0 * momentum**2 / s), 12.0 * self.mass_gev**2 / s

    def cross_section(self) -> CrossSection:
        """Tree-level cross-section at these couplings."""
        s = self.beams.s_gev2
        phase_space, flat = self._parts
        pole = (1.0 - self.mass_gev**2 / s) ** -2
        couplings = math.pi * qed.ALPHA_0 * self.dark_coupling * self.epsilon**2
        nb = couplings / (3.0 * s) * pole * math.sqrt(phase_space) * (phase_space + flat) * qed.GEV2_NB
        return CrossSection(nb=nb, source="PAPER: arXiv 0903.0363, tree level")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of the A' and the h'."""
        u_part, u_cos, phi = rng.random((3, n))
        phase_space, flat = self._parts
        goal = 2.0 * u_cos - 1.0
        # c (3 - c^2) / 2 = goal has the solution 2 sin(asin(goal) / 3).
        cos = np.where(u_part * (phase_space + flat) < flat, goal, 2.0 * np.sin(np.arcsin(goal) / 3.0))
        masses = np.array([self.mass_gev, self.higgs_mass_gev])
        momentum = breakup_momentum(self.beams.sqrt_s_gev, *masses)
        pair = back_to_back(np.hypot(momentum, masses)[:, None], momentum, cos, 2.0 * np.pi * phi)
        return collide((INVISIBLE_DARK_PHOTON, DARK_HIGGS), pair, masses, self.beams, rng)
