"""Guns of long-lived neutral particles that decay in flight to two, and the final states of such decays."""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams, sample_vertices
from sim.generators.decays import flight, isotropic, replace_rows
from sim.generators.frames import boost_from_rest
from sim.generators.guns import Spectrum, _direction, momentum_of
from sim.generators.particles import Particles, from_table
from sim.generators.process import check_between, check_ctau, check_range
from sim.generators.readers import C_CM_PER_NS
from sim.generators.vector_decays import CHARGED_PION_MASS_GEV
from trigger.errors import InputError

LONG_LIVED = 54
"""Particle code of a long-lived scalar (PDG numbering: mediator to dark matter)."""
CHARGED_KAON_MASS_GEV = 0.493677
PROTON_MASS_GEV = 0.93827209
K_SHORT, K_SHORT_MASS_GEV, K_SHORT_CTAU_CM = 310, 0.497611, 2.6844
LAMBDA, LAMBDA_MASS_GEV, LAMBDA_CTAU_CM = 3122, 1.115683, 7.89
"""Masses and lifetimes: Particle Data Group, Review of Particle Physics 2024."""
_MAX_RADIUS_CM = 300.0
"""Our choice: beyond the muon system's inner half nothing is left to find."""


class Daughters(enum.Enum):
    """What a long-lived particle decays to."""

    ELECTRONS = "e-e"
    MUONS = "mu-mu"
    PIONS = "pi-pi"
    KAONS = "k-k"
    PHOTONS = "gamma-gamma"

    @property
    def codes(self) -> tuple[int, int]:
        """Particle codes: the negative daughter first."""
        return _DAUGHTERS[self][0]

    @property
    def mass_gev(self) -> float:
        """Mass of each."""
        return _DAUGHTERS[self][1]


_DAUGHTERS = {
    Daughters.ELECTRONS: ((11, -11), qed.ELECTRON_MASS_GEV),
    Daughters.MUONS: ((13, -13), qed.MUON_MASS_GEV),
    Daughters.PIONS: ((-211, 211), CHARGED_PION_MASS_GEV),
    Daughters.KAONS: ((-321, 321), CHARGED_KAON_MASS_GEV),
    Daughters.PHOTONS: ((22, 22), 0.0),
}


@dataclass(frozen=True, kw_only=True)
class NeutralGun(ABC):
    """One neutral particle per event from the interaction point, gone to two daughters; they alone are in the event.

    range_gev, spectrum: momenta as in `ParticleGun`. theta_deg: range of the polar angle, flat in cos(theta). flat_radius_cm:
    range of the transverse distance of decay from the interaction point, flat, instead of the exponential of the lifetime: for
    maps of efficiency against radius. The decay is isotropic.
    """

    range_gev: tuple[float, float] = (0.5, 4.0)
    spectrum: Spectrum = Spectrum.MOMENTUM
    theta_deg: tuple[float, float] = (17.0, 150.0)
    flat_radius_cm: tuple[float, float] | None = None
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_range("range_gev", *self.range_gev, 1e-3, math.inf, "GeV")
        check_range("theta_deg", *self.theta_deg, 1.0, 179.0, "deg")
        if self.flat_radius_cm is not None:
            check_range("flat_radius_cm", *self.flat_radius_cm, 0.0, _MAX_RADIUS_CM, "cm")

    @abstractmethod
    def kind(self, sign: np.ndarray) -> tuple[float, float, np.ndarray, tuple[float, float]]:
        """(mass in GeV, mean proper decay length in cm, daughters' codes int (2, n), daughters' masses in GeV); sign: uniform
        numbers (n,) that choose between particle and antiparticle."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of two daughters, born where and when the particle decayed."""
        size, cos, phi, sign, place = rng.random((5, n))
        direction = _direction(self.theta_deg, cos, phi)
        sine = np.hypot(direction[0], direction[1])
        size = momentum_of(self.spectrum, self.range_gev, size, sine)
        mass, ctau_cm, codes, masses = self.kind(sign)
        lab = np.stack([np.hypot(size, mass), *(size * direction)])
        mothers = from_table((LONG_LIVED,), lab[:, None], sample_vertices(self.beams, n, rng))
        daughters = boost_from_rest(isotropic(np.full(n, mass), masses, rng), lab)
        if self.flat_radius_cm is None:
            path = flight(lab, mass, ctau_cm, rng)
        else:
            low, high = self.flat_radius_cm
            length_cm = (low + (high - low) * place) / sine
            path = np.stack([length_cm * lab[0] / (size * C_CM_PER_NS), *(length_cm * direction)])
        return replace_rows(mothers, np.arange(n), codes, daughters, path)


@dataclass(frozen=True, kw_only=True)
class LongLivedGun(NeutralGun):
    """A new neutral particle of mass_gev and mean proper decay length ctau_cm that always decays to `decay`."""

    mass_gev: float = 1.0
    ctau_cm: float = 10.0
    decay: Daughters = Daughters.MUONS

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("mass_gev", self.mass_gev, 2.0 * self.decay.mass_gev, math.inf, "GeV")
        check_ctau(self.ctau_cm)

    def cross_section(self) -> None:
        """None: a gun has no cross-section."""

    def kind(self, sign: np.ndarray) -> tuple[float, float, np.ndarray, tuple[float, float]]:
        """The particle that was asked for."""
        codes = np.repeat(np.array(self.decay.codes)[:, None], len(sign), axis=1)
        return self.mass_gev, self.ctau_cm, codes, (self.decay.mass_gev, self.decay.mass_gev)


@dataclass(frozen=True, kw_only=True)
class NeutralStrangeGun(NeutralGun):
    """K_S -> pi+ pi- (pdg 310) or Lambda -> p pi- with its antiparticle in equal numbers (3122): charged decays alone."""

    pdg: int = K_SHORT

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pdg not in (K_SHORT, LAMBDA):
            raise InputError(f"pdg must be {K_SHORT} or {LAMBDA}, not {self.pdg}")

    def cross_section(self) -> None:
        """None: a gun has no cross-section."""

    def kind(self, sign: np.ndarray) -> tuple[float, float, np.ndarray, tuple[float, float]]:
        """The particle that was asked for."""
        charge = np.where(sign < 0.5, -1, 1)
        if self.pdg == K_SHORT:
            return K_SHORT_MASS_GEV, K_SHORT_CTAU_CM, np.stack([-211 * charge, 211 * charge]), (CHARGED_PION_MASS_GEV,) * 2
        codes = np.stack([2212 * charge, -211 * charge])
        return LAMBDA_MASS_GEV, LAMBDA_CTAU_CM, codes, (PROTON_MASS_GEV, CHARGED_PION_MASS_GEV)
