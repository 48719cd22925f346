"""e+e- -> e+e- l+l- by two quasi-real photons, the beam leptons lost along the beams.

Equivalent photons overshoot the total cross-section, worst for electrons, and are adequate where a lepton of the pair is seen.
Pairs of hadrons and radiation are missing. More than half of what a detector sees comes from pairs lighter than 0.5 GeV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.frames import along
from sim.generators.isr import boost_along_z
from sim.generators.particles import Particles
from sim.generators.process import check_range, collide_part
from sim.generators.tau_decays import TAU, decay_taus
from sim.generators.unweighting import PilotSample, WeightedProcess


@dataclass(frozen=True, kw_only=True)
class TwoPhotonLeptons(WeightedProcess):
    """Lepton pair of mass mass_min_gev..mass_max_gev; the momentum transfers reach up to the pair mass.

    Subclasses name the lepton. The beam leptons, which keep the rest of the energy, are not in the event. Source: SOURCES 1.4.
    """

    lepton: ClassVar[int]
    lepton_mass_gev: ClassVar[float]
    mass_min_gev: float = 0.22
    mass_max_gev: float = 10.0

    def __post_init__(self) -> None:
        limit = 0.99 * self.beams.sqrt_s_gev
        lowest = 2.0 * self.lepton_mass_gev
        check_range("mass_min_gev and mass_max_gev", self.mass_min_gev, self.mass_max_gev, lowest, limit, "GeV")

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n points (4, n): mass of the pair in GeV, its rapidity, cos(theta) and azimuth of l- in its frame; and weights in nb."""
        s, mass2 = self.beams.s_gev2, self.lepton_mass_gev**2
        u_mass, u_rapidity, u_cos, u_phi = rng.random((4, n))
        log_low, log_high = math.log(self.mass_min_gev), math.log(self.mass_max_gev)
        w = np.exp(log_low + (log_high - log_low) * u_mass)
        rapidity_max = np.log(math.sqrt(s) / w)
        rapidity = rapidity_max * (2.0 * u_rapidity - 1.0)
        # Angles flat in artanh(beta cos): the poles of the t- and u-channel.
        beta = np.sqrt(1.0 - 4.0 * mass2 / w**2)
        y_max = np.arctanh(beta)
        beta_cos = np.tanh(y_max * (2.0 * u_cos - 1.0))
        x = w / math.sqrt(s) * np.exp(np.stack([rapidity, -rapidity]))
        flux = np.prod(equivalent_photons(x, w), axis=0)
        # dx1 dx2 = 2 x1 x2 dln(W) dy; dcos = (1 - beta^2 cos^2) / beta dartanh(beta cos).
        width = (log_high - log_low) * 2.0 * rapidity_max * 2.0 * np.prod(x, axis=0)
        angle = 2.0 * y_max * (1.0 - beta_cos**2) / beta
        weight = flux * width * angle * _pair_per_cos(w, beta, beta_cos) * qed.GEV2_NB
        return np.stack([w, rapidity, beta_cos / beta, 2.0 * np.pi * u_phi]), weight

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of l- and l+."""
        (w, rapidity, cos, phi), weight = self.sample(n, rng)
        half = 0.5 * w
        momentum = np.sqrt(half**2 - self.lepton_mass_gev**2)
        lepton = along(half, momentum, np.clip(cos, -1.0, 1.0), phi)
        other = np.concatenate([lepton[:1], -lepton[1:]])
        pair = boost_along_z(np.stack([lepton, other], axis=1), rapidity)
        return collide_part((self.lepton, -self.lepton), pair, self.beams, rng, weight=weight)


class TwoPhotonMuons(TwoPhotonLeptons):
    """e+e- -> e+e- mu+mu-."""

    lepton: ClassVar[int] = 13
    lepton_mass_gev: ClassVar[float] = qed.MUON_MASS_GEV
    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 20, seed=20_260_104, above=1e-4)


class TwoPhotonElectrons(TwoPhotonLeptons):
    """e+e- -> e+e- e+e-; the total is far too large (see the module), only visible parts mean something."""

    lepton: ClassVar[int] = 11
    lepton_mass_gev: ClassVar[float] = qed.ELECTRON_MASS_GEV
    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 20, seed=20_260_105, above=1e-4)


@dataclass(frozen=True, kw_only=True)
class TwoPhotonTaus(TwoPhotonLeptons):
    """e+e- -> e+e- tau+ tau-; Pythia decays the taus, without their spins. Needs the extra `pythia`."""

    lepton: ClassVar[int] = TAU
    lepton_mass_gev: ClassVar[float] = qed.TAU_MASS_GEV
    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 17, seed=20_260_106, above=1e-4)
    mass_min_gev: float = 3.56

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of the final particles of both taus."""
        return decay_taus(super().generate(n, rng), rng)


def equivalent_photons(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Equivalent photons per unit of the energy fraction x, momentum transfers up to the pair mass w."""
    x = np.minimum(x, 1.0 - 1e-12)
    lowest = qed.ELECTRON_MASS_GEV**2 * x**2 / (1.0 - x)
    ratio = np.maximum(w**2 / lowest, 1.0)
    density = (1.0 - x + 0.5 * x**2) * np.log(ratio) - (1.0 - x) * (1.0 - 1.0 / ratio)
    return qed.ALPHA_0 / (math.pi * x) * np.maximum(density, 0.0)


def _pair_per_cos(w: np.ndarray, beta: np.ndarray, beta_cos: np.ndarray) -> np.ndarray:
    """d sigma(gamma gamma -> l+l-) / d cos(theta) in GeV^-2."""
    b2c2 = beta_cos**2
    numerator = 1.0 - b2c2**2 + 2.0 * (1.0 - beta**2) * (beta**2 - b2c2)
    return 2.0 * math.pi * qed.ALPHA_0**2 * beta / w**2 * numerator / (1.0 - b2c2) ** 2
