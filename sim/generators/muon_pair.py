"""e+e- -> mu+ mu- with initial-state radiation (radiator), and the same for any lepton mass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams
from sim.generators.frames import along, boost_from_rest
from sim.generators.isr import Radiation
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import CrossSection, check_range, collide

MUON, ANTIMUON = 13, -13


@dataclass(frozen=True, kw_only=True)
class MuonPair:
    """Muon pair and one photon from the initial state, all angles; mass_min_gev is the smallest pair mass.

    The photon has the polar angle of first-order radiation, the pair the Born angles in its own rest frame about its
    boosted axis. For hard photons at large angle the exact tree (`RadiativeMuonPair`) is better.
    Source: SOURCES 1.3 item 3.
    """

    mass_min_gev: float = 2.0 * qed.MUON_MASS_GEV * 1.0001
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_range("mass_min_gev", self.mass_min_gev, self.beams.sqrt_s_gev, 2.0 * qed.MUON_MASS_GEV, math.inf, "GeV")

    def cross_section(self) -> CrossSection:
        """Radiatively corrected cross-section."""
        return CrossSection(nb=_radiation(self).table.integral, source="DERIVED: Born with initial-state radiator")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events: mu-, mu+, and the photon if there is one."""
        lost, photon_angle, photon_phi, muon_angle, muon_phi = rng.random((5, n))
        sqrt_s = self.beams.sqrt_s_gev
        x = _radiation(self).sample(lost, sqrt_s)
        s_left = self.beams.s_gev2 * (1.0 - x)
        cos = _photon_cos(x, photon_angle)
        energy = 0.5 * sqrt_s * x
        photon = along(energy, energy, cos, 2.0 * np.pi * photon_phi)
        muon = _muon(s_left, muon_angle, 2.0 * np.pi * muon_phi)
        recoil = np.concatenate([(sqrt_s - energy)[None], -photon[1:]])
        other = np.concatenate([muon[:1], -muon[1:]])
        pair = boost_from_rest(np.stack([muon, other], axis=1), recoil)
        momenta = np.concatenate([pair, photon[:, None]], axis=1)
        keep = np.stack([np.ones(n, bool), np.ones(n, bool), x > 0.0])
        masses = np.array([qed.MUON_MASS_GEV, qed.MUON_MASS_GEV, 0.0])
        return collide((MUON, ANTIMUON, PHOTON), momenta, masses, self.beams, rng, keep=keep)


def radiative_cross_section_nb(s_gev2: float, mass_gev: float, mass_min_gev: float) -> float:
    """Cross-section in nb of a lepton pair of any mass with initial-state radiation, pair mass above mass_min_gev."""
    return _spectrum(s_gev2, mass_gev, mass_min_gev).table.integral


@cache
def _spectrum(s_gev2: float, mass_gev: float, mass_min_gev: float) -> Radiation:
    x_max = 1.0 - max(mass_min_gev, 2.0 * mass_gev) ** 2 / s_gev2
    return Radiation.of(lambda x: qed.pair_cross_section(s_gev2 * (1.0 - x), mass_gev), s_gev2, x_max)


def _radiation(process: MuonPair) -> Radiation:
    return _spectrum(process.beams.s_gev2, qed.MUON_MASS_GEV, process.mass_min_gev)


def _photon_cos(x: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """cos(theta) of the photon: [1 + c^2 + 4 s s' / (s - s')^2] / (1 - beta^2 c^2), by Newton steps in artanh(beta c)."""
    beta2 = 1.0 - 4.0 * qed.ELECTRON_MASS_GEV**2 / NOMINAL.s_gev2
    beta = math.sqrt(beta2)
    y_max = math.atanh(beta)
    soft = np.maximum(x, 1e-9)
    constant = 1.0 + 4.0 * (1.0 - soft) / soft**2
    goal = (2.0 * uniform - 1.0) * (y_max * (constant + 1.0 / beta2) - beta / beta2)
    y = goal / (constant + 1.0 / beta2)
    for _ in range(6):
        tanh = np.tanh(y)
        y = y - (y * (constant + 1.0 / beta2) - tanh / beta2 - goal) / (constant + tanh * tanh / beta2)
    return np.clip(np.tanh(y) / beta, -1.0, 1.0)


def _muon(s_left: np.ndarray, uniform: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Four-momentum of the mu- in the rest frame of the pair, Born angles: 1 + c^2 + (1 - beta^2)(1 - c^2)."""
    beta2 = np.maximum(1.0 - 4.0 * qed.MUON_MASS_GEV**2 / s_left, 0.0)
    goal = (2.0 * uniform - 1.0) * (2.0 - 2.0 * beta2 / 3.0)
    cos = goal / (2.0 - beta2)
    for _ in range(4):
        cos = cos - (cos * (2.0 - beta2) + beta2 * cos**3 / 3.0 - goal) / (2.0 - beta2 + beta2 * cos * cos)
    half = 0.5 * np.sqrt(s_left)
    return along(half, half * np.sqrt(beta2), np.clip(cos, -1.0, 1.0), phi)
