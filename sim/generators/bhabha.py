"""Bhabha scattering e+e- -> e+e- at Born level with running couplings, with collinear radiation on request."""

from __future__ import annotations

import enum
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

ELECTRON, POSITRON = 11, -11
_NODES = 4001
_RUNNING_NODES = np.geomspace(1e-7, 200.0, 4001)
_X_NODES = 241
_V_PER_X = 400


class Accept(enum.Enum):
    """Which of the two leptons must lie inside the polar-angle cut."""

    BOTH = "both"
    EITHER = "either"


@dataclass(frozen=True, kw_only=True)
class Bhabha:
    """Electron and positron between theta_min_deg and 180 - theta_min_deg from the beam in the CM frame.

    isr: add one collinear photon with the s-channel radiator, which for small angles radiates too much (its scale is s,
    not t): a veto study with it is pessimistic. accept matters with radiation only. isr_mass_min_gev: smallest mass of
    the lepton pair with radiation. Source: SOURCES 1.3 items 1 and 3.
    """

    theta_min_deg: float = 10.0
    isr: bool = False
    accept: Accept = Accept.BOTH
    isr_mass_min_gev: float = 1.0
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_range("theta_min_deg", self.theta_min_deg, 90.0, 1e-2, 90.0, "deg")
        check_range("isr_mass_min_gev", self.isr_mass_min_gev, self.beams.sqrt_s_gev, 1e-3, math.inf, "GeV")

    def cross_section(self) -> CrossSection:
        """Born, or radiatively corrected, cross-section of the generated region."""
        if self.isr:
            return CrossSection(nb=_radiation(self).table.integral, source="DERIVED: Born with initial-state radiator")
        return CrossSection(nb=_angles(self).integral, source="DERIVED: Born with running couplings, quadrature")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events: electron, positron, and the radiated photon if there is one."""
        if not self.isr:
            shape, phi = rng.random((2, n))
            pair = _pair(self.beams.sqrt_s_gev, _angles(self).sample(shape), phi)
            return collide((ELECTRON, POSITRON), pair, np.zeros(2), self.beams, rng)
        momenta, _ = self.radiative(n, rng)
        keep = np.stack([np.ones(n, bool), np.ones(n, bool), momenta[0, 2] > 0.0])
        return collide((ELECTRON, POSITRON, PHOTON), momenta, np.zeros(3), self.beams, rng, keep=keep)

    def radiative(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Momenta (4, 3, n) of electron, positron and photon with radiation, generator frame, GeV; and -t of the pair, GeV^2.

        The photon has energy 0 where there is none.
        """
        lost, side, phi = rng.random((3, n))
        x = _radiation(self).sample(lost, self.beams.sqrt_s_gev)
        s_left = self.beams.s_gev2 * (1.0 - x)
        v = _sample_v(s_left, _limit(self, x), rng)
        pair = _pair(self.beams.sqrt_s_gev * np.sqrt(1.0 - x), v, phi)
        return with_photon(pair, x, side < 0.5, self.beams.sqrt_s_gev), s_left / (2.0 * v)


def density_nb(v: np.ndarray, s_gev2: np.ndarray | float) -> np.ndarray:
    """d(sigma)/dv in nb with v = 1 / (1 - cos(theta)), which has no pole at small angle; running couplings.

    Exchange at t runs with the space-like coupling, annihilation with that at the nominal energy.
    """
    s_coupling = float(qed.alpha_s(NOMINAL.s_gev2))
    return couplings_density_nb(v, s_gev2, s_coupling, _running(s_gev2 / (2.0 * v)))


def couplings_density_nb(v: np.ndarray, s_gev2: np.ndarray | float, alpha_s: float, alpha_t: np.ndarray | float) -> np.ndarray:
    """d(sigma)/dv in nb for given couplings of the two channels."""
    t = -0.5 / v
    u = -1.0 - t
    bracket = alpha_s**2 * (t * t + u * u) + alpha_t**2 * (1.0 + u * u) / (t * t) + 2.0 * alpha_s * alpha_t * u * u / t
    return math.pi / s_gev2 * bracket / (v * v) * qed.GEV2_NB


def fixed_coupling_nb(theta_min_deg: float, alpha: float, beams: Beams = NOMINAL) -> float:
    """Born cross-section in nb between theta_min_deg and 180 - theta_min_deg with one coupling for both channels."""
    limit = -math.log(math.tan(math.radians(theta_min_deg) / 2.0))
    nodes = v_of(np.linspace(-limit, limit, _NODES))
    return Table.of(lambda v: couplings_density_nb(v, beams.s_gev2, alpha, alpha), nodes).integral


def v_of(pseudorapidity: np.ndarray) -> np.ndarray:
    """v = 1 / (1 - cos(theta)) of a pseudorapidity."""
    return 0.5 * (1.0 + np.exp(2.0 * pseudorapidity))


@cache
def _running_table() -> np.ndarray:
    return qed.alpha_t(-_RUNNING_NODES)


def _running(minus_t_gev2: np.ndarray) -> np.ndarray:
    return np.interp(np.log(minus_t_gev2), np.log(_RUNNING_NODES), _running_table())


def _pair(mass: np.ndarray | float, v: np.ndarray, phi: np.ndarray) -> np.ndarray:
    half = 0.5 * mass
    return back_to_back(half, half, 1.0 - 1.0 / v, 2.0 * np.pi * phi)


def _eta_max(process: Bhabha) -> float:
    return -math.log(math.tan(math.radians(process.theta_min_deg) / 2.0))


def _limit(process: Bhabha, x: np.ndarray) -> np.ndarray:
    """Largest pseudorapidity in the reduced frame that can pass the cut after the boost."""
    shift = -0.5 * np.log1p(-x)
    return _eta_max(process) + (shift if process.accept is Accept.EITHER else -shift)


@cache
def _angles(process: Bhabha) -> Table:
    eta = np.linspace(-_eta_max(process), _eta_max(process), _NODES)
    return Table.of(lambda v: density_nb(v, process.beams.s_gev2), v_of(eta))


@cache
def _radiation(process: Bhabha) -> Radiation:
    s = process.beams.s_gev2
    log_min = math.log(max(process.isr_mass_min_gev**2 / s, math.exp(-2.0 * _eta_max(process))))
    # Born cross-section against ln(1 - x): smooth, so that a coarse table in it is exact enough.
    log_left = np.linspace(log_min, 0.0, _X_NODES)
    born = np.array([_born_nb(process, log) for log in log_left])
    return Radiation.of(lambda x: np.interp(np.log1p(-x), log_left, born), s, 1.0 - math.exp(log_min))


def _born_nb(process: Bhabha, log_left: float) -> float:
    limit = float(_limit(process, np.asarray(-math.expm1(log_left))))
    if limit <= 0.0:
        return 0.0
    s = process.beams.s_gev2 * math.exp(log_left)
    return Table.of(lambda v: density_nb(v, s), v_of(np.linspace(-limit, limit, _V_PER_X))).integral


def _sample_v(s_gev2: np.ndarray, limit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """v of each event between the pseudorapidities -limit and limit, by rejection from a flat density."""
    low, high = v_of(-limit), v_of(limit)
    v = np.empty_like(limit)
    left = np.arange(len(limit))
    # With one coupling the density is largest at both ends of v, 8 pi alpha^2 / s; the margin covers the running.
    bound = 8.0 * math.pi * qed.GEV2_NB * 1.02
    s_coupling = float(qed.alpha_s(NOMINAL.s_gev2))
    while len(left):
        trial, level = rng.random((2, len(left)))
        trial = low[left] + (high - low)[left] * trial
        s = s_gev2[left]
        largest = bound * np.maximum(_running(s / (2.0 * low[left])), s_coupling) ** 2 / s
        density = density_nb(trial, s)
        assert np.all(density <= largest), "the bound of the Bhabha density must hold"
        accepted = level * largest < density
        v[left[accepted]] = trial[accepted]
        left = left[~accepted]
    return v
