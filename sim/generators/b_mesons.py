"""B -> K S and B -> K a at the Y(4S): one B decays to a kaon and a new neutral particle, the other one by Pythia.

The pair of B mesons has the angles sin^2(theta) of two scalars from a vector; no beam energy spread, which the B mesons near
threshold would hardly survive. All decays of the signal are isotropic. The signal comes first in each event: the kaon (or kaon
and pion of the K*0), then the daughters of the new particle. Source: SOURCES 1.3 item 12.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import breakup_momentum, decay_particles, isotropic
from sim.generators.frames import boost_from_rest
from sim.generators.long_lived import CHARGED_KAON_MASS_GEV, LONG_LIVED, Daughters
from sim.generators.particles import Particles, merge
from sim.generators.process import back_to_back, check_between, check_ctau, collide_part
from sim.generators.pythia import decayed
from sim.generators.vector_decays import CHARGED_PION_MASS_GEV
from trigger.errors import InputError


class Kaon(enum.Enum):
    """What goes with the new particle: a charged kaon of a charged B, or K*0 -> K+ pi- of a neutral one."""

    CHARGED = "k"
    EXCITED = "k-star"


B_CHARGED, B_CHARGED_MASS_GEV, B_CHARGED_CTAU_CM = 521, 5.27934, 0.0491
B_NEUTRAL, B_NEUTRAL_MASS_GEV, B_NEUTRAL_CTAU_CM = 511, 5.27965, 0.0455
K_STAR_MASS_GEV, K_STAR_WIDTH_GEV = 0.89555, 0.0473
"""Masses, lifetimes, width: Particle Data Group, Review of Particle Physics 2024."""
K_STAR_WINDOW_GEV = (0.75, 1.05)
"""Our choice: the tails of the resonance are cut off."""


@dataclass(frozen=True, kw_only=True)
class RareB(ABC):
    """Y(4S) -> B Bbar with B -> K X, X of mass_gev and mean proper decay length ctau_cm; both charges in equal numbers.

    kaon: which decay of which B. A sample has no cross-section: it scales with the branching fraction.
    """

    mass_gev: float = 1.0
    ctau_cm: float = 10.0
    kaon: Kaon = Kaon.CHARGED
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        heaviest = CHARGED_KAON_MASS_GEV if self.kaon is Kaon.CHARGED else K_STAR_WINDOW_GEV[1]
        check_between("mass_gev", self.mass_gev, 2.0 * self.daughters.mass_gev, self._b[1] - heaviest, "GeV")
        check_ctau(self.ctau_cm)

    @property
    @abstractmethod
    def daughters(self) -> Daughters:
        """What X decays to."""

    @property
    def _b(self) -> tuple[int, float, float]:
        """Code, mass in GeV and mean proper decay length in cm of the B that decays to the signal."""
        if self.kaon is Kaon.CHARGED:
            return B_CHARGED, B_CHARGED_MASS_GEV, B_CHARGED_CTAU_CM
        return B_NEUTRAL, B_NEUTRAL_MASS_GEV, B_NEUTRAL_CTAU_CM

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events: the signal in the order of the module, then what the other B decays to."""
        code, mass, ctau_cm = self._b
        u_cos, u_phi, u_sign = rng.random((3, n))
        half = 0.5 * self.beams.sqrt_s_gev
        momentum = breakup_momentum(2.0 * half, mass, mass)
        cos = 2.0 * np.sin(np.arcsin(2.0 * u_cos - 1.0) / 3.0)
        pair = back_to_back(half, momentum, cos, 2.0 * np.pi * u_phi)
        sign = np.where(u_sign < 0.5, -1, 1)
        both = collide_part((code, -code), pair, self.beams, rng, weight=np.ones(n))
        is_signal = both.pdg == code
        signal = self._signal(both.only(is_signal), sign, mass, ctau_cm, rng)
        other = both.only(~is_signal)
        momenta = np.stack([other.energy, other.px, other.py, other.pz])
        rest = decayed(-code * sign, momenta, mass, np.stack([other.vx, other.vy, other.vz]), rng)
        return merge(signal, rest)

    def _signal(self, mothers: Particles, sign: np.ndarray, mass: float, ctau_cm: float, rng: np.random.Generator) -> Particles:
        """Events of one B each, decayed; sign: 1 for B+ and B0, -1 for their antiparticles."""
        n = mothers.n_events
        rest_mass = np.full(n, mass)
        if self.kaon is Kaon.CHARGED:
            daughters = isotropic(rest_mass, (CHARGED_KAON_MASS_GEV, self.mass_gev), rng)
            codes = np.stack([321 * sign, np.full(n, LONG_LIVED)])
        else:
            joint = _k_star_masses(rng.random(n))
            pair = isotropic(rest_mass, (joint, self.mass_gev), rng)
            within = isotropic(joint, (CHARGED_KAON_MASS_GEV, CHARGED_PION_MASS_GEV), rng)
            daughters = np.concatenate([boost_from_rest(within, pair[:, 0]), pair[:, 1:]], axis=1)
            codes = np.stack([321 * sign, -211 * sign, np.full(n, LONG_LIVED)])
        every = np.arange(n)
        made = decay_particles(mothers, every, codes, daughters, mass_gev=mass, ctau_cm=ctau_cm, rng=rng, beams=self.beams)
        rows = np.flatnonzero(made.pdg == LONG_LIVED)
        last = isotropic(np.full(n, self.mass_gev), (self.daughters.mass_gev,) * 2, rng)
        return decay_particles(
            made, rows, self.daughters.codes, last, mass_gev=self.mass_gev, ctau_cm=self.ctau_cm, rng=rng, beams=self.beams
        )


@dataclass(frozen=True, kw_only=True)
class BToKS(RareB):
    """B+ -> K+ S or B0 -> K*0 S with a long-lived scalar S that always decays to `decay`."""

    decay: Daughters = Daughters.MUONS

    def __post_init__(self) -> None:
        if self.decay is Daughters.PHOTONS:
            raise InputError(f"decay must be a pair of charged particles, not {self.decay.value}")
        super().__post_init__()

    def cross_section(self) -> None:
        """None: the branching fraction is not known."""

    @property
    def daughters(self) -> Daughters:
        """What S decays to."""
        return self.decay


@dataclass(frozen=True, kw_only=True)
class BToKAlp(RareB):
    """B+ -> K+ a or B0 -> K*0 a with an axion-like particle a -> gamma gamma, prompt by default."""

    ctau_cm: float = 0.0

    def cross_section(self) -> None:
        """None: the branching fraction is not known."""

    @property
    def daughters(self) -> Daughters:
        """Two photons."""
        return Daughters.PHOTONS


def _k_star_masses(uniform: np.ndarray) -> np.ndarray:
    """Masses of the K*0 in GeV: Breit-Wigner inside the window."""
    low, high = np.arctan(2.0 * (np.array(K_STAR_WINDOW_GEV) - K_STAR_MASS_GEV) / K_STAR_WIDTH_GEV)
    return K_STAR_MASS_GEV + 0.5 * K_STAR_WIDTH_GEV * np.tan(low + (high - low) * uniform)
