"""e+e- -> e+e- of which hard radiation along the beam turns one lepton into the detector and leaves the other one outside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.bhabha import ELECTRON, POSITRON, Accept, Bhabha
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import collide
from sim.generators.unweighting import PilotSample, WeightedProcess


@dataclass(frozen=True, kw_only=True)
class OneSidedBhabha(WeightedProcess):
    """Exactly one of electron and positron between theta_min_deg and 180 - theta_min_deg from the beam, CM frame.

    The rest of what `Bhabha` with radiation counts as "either". Its radiator has the scale s; radiation at small angles knows the
    momentum transfer alone, so every event counts with the ratio of the logarithms, (ln(-t / m^2) - 1) / (ln(s / m^2) - 1).
    Collinear photon from the initial state only: leading logarithm. Source: textbook structure functions, scale of the t-channel.
    """

    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 18, seed=20_260_106)
    theta_min_deg: float = 10.0
    isr_mass_min_gev: float = 1.0

    def __post_init__(self) -> None:
        self._either()

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n points (4, 3, n): electron, positron, photon in the generator frame, GeV; and their weights in nb."""
        either = self._either()
        momenta, minus_t = either.radiative(n, rng)
        lepton = momenta[:, :2]
        inside = np.abs(lepton[3]) < math.cos(math.radians(self.theta_min_deg)) * lepton[0]
        log = np.log(np.maximum(minus_t, qed.ELECTRON_MASS_GEV**2) / qed.ELECTRON_MASS_GEV**2)
        full = math.log(self.beams.s_gev2 / qed.ELECTRON_MASS_GEV**2)
        ratio = np.clip((log - 1.0) / (full - 1.0), 0.0, 1.0)
        return momenta, np.where(inside.sum(axis=0) == 1, ratio, 0.0) * either.cross_section().nb

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of electron, positron and the radiated photon."""
        momenta, weight = self.sample(n, rng)
        keep = np.stack([np.ones(n, bool), np.ones(n, bool), momenta[0, 2] > 0.0])
        return collide((ELECTRON, POSITRON, PHOTON), momenta, np.zeros(3), self.beams, rng, weight=weight, keep=keep)

    def _either(self) -> Bhabha:
        return Bhabha(
            theta_min_deg=self.theta_min_deg,
            isr=True,
            accept=Accept.EITHER,
            isr_mass_min_gev=self.isr_mass_min_gev,
            beams=self.beams,
        )
