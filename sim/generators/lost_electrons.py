"""e+e- -> e+e- gamma with both leptons lost along the beams: one photon and nothing else, the background of single photons.

Exact first-order tree with the electron mass where a lepton hardly turns. Phase space is drawn from two channels, one for
each lepton as the one that turns least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.bhabha import ELECTRON, POSITRON
from sim.generators.frames import light, light_partner, partner_volume, product
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import check_range, collide
from sim.generators.unweighting import PilotSample, WeightedProcess

_ME2 = qed.ELECTRON_MASS_GEV**2


@dataclass(frozen=True, kw_only=True)
class LostElectrons(WeightedProcess):
    """Photon with E* above e_star_min_gev, more than theta_min_deg from the beams; leptons within lost_deg of their beams.

    All angles in the CM frame; lost_deg must be smaller than theta_min_deg (collinear final-state photons belong to Bhabha
    scattering). Defaults: a little wider than the gaps of the calorimeter at the beams, which are 16 and 19 degrees in this
    frame, so that the detector decides what is lost. weighted: keep the phase-space weights (mean 1).
    Source: SOURCES 1.3 item 5 (CALKUL form); mass term of the equivalent-photon spectrum (SOURCES 1.4).
    """

    e_star_min_gev: float = 0.25
    theta_min_deg: float = 22.0
    lost_deg: float = 19.0
    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 20, seed=20_260_102, above=1e-4)

    def __post_init__(self) -> None:
        half = 0.5 * self.beams.sqrt_s_gev
        check_range("e_star_min_gev", self.e_star_min_gev, half, 1e-2, half, "GeV")
        check_range("lost_deg and theta_min_deg", self.lost_deg, self.theta_min_deg, 0.1, 89.0, "deg")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of electron, positron and photon."""
        momenta, weight = self.sample(n, rng)
        return collide((ELECTRON, POSITRON, PHOTON), momenta, np.zeros(3), self.beams, rng, weight=weight)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n phase-space points (4, 3, n): electron, positron, photon; and their weights in nb, 0 outside the region."""
        return weighted_momenta(self, n, rng)


def weighted_momenta(process: LostElectrons, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """n phase-space points (4, 3, n): electron, positron, photon; and their weights in nb, mean the cross-section.

    Points outside the region have weight 0.
    """
    sqrt_s = process.beams.sqrt_s_gev
    beam = 0.5 * sqrt_s
    u_energy, u_cos, phi, u_side, u_lepton, phi_lepton = rng.random((6, n))
    photon_range = math.log(beam / process.e_star_min_gev)
    energy = process.e_star_min_gev * np.exp(photon_range * u_energy)
    y_max = math.atanh(math.cos(math.radians(process.theta_min_deg)))
    cos = np.tanh(y_max * (2.0 * u_cos - 1.0))
    photon = light(energy, cos, 1.0 - cos, 2.0 * np.pi * phi)
    rest = np.concatenate([(sqrt_s - energy)[None], -photon[1:]])
    mass2 = sqrt_s * (sqrt_s - 2.0 * energy)

    # One lepton turns by an angle with 1 - cos drawn flat in ln(a + 1 - cos); the other one takes the recoil.
    reach = 1.0 - math.cos(math.radians(process.lost_deg))
    positron_first = u_side < 0.5
    side = np.where(positron_first, -1.0, 1.0)
    soft = _turning_scale(mass2, rest, side, beam)
    turned = soft * np.expm1(np.log1p(reach / soft) * u_lepton)
    first = light_partner(mass2, rest, light(np.ones(n), side * (1.0 - turned), turned, 2.0 * np.pi * phi_lepton))
    second = rest - first
    other_turned = _turn_from_beam(second, -side)
    other_soft = _turning_scale(mass2, rest, -side, beam)
    inside = (other_turned < reach) & (mass2 > 0.0)

    density = np.zeros(n)
    for lepton, scale, angle in ((first, soft, turned), (second, other_soft, other_turned)):
        density += 0.5 / ((scale + angle) * np.log1p(reach / scale) * 2.0 * np.pi) / partner_volume(rest, lepton)
    photon_density = 1.0 / (energy * photon_range) / (2.0 * y_max * (1.0 - cos * cos)) / (2.0 * np.pi)
    phase_space = 0.5 * energy / (2.0 * np.pi) ** 5 / density / photon_density
    electron, positron = np.where(positron_first, second, first), np.where(positron_first, first, second)
    turns = np.where(positron_first, other_turned, turned), np.where(positron_first, turned, other_turned)
    squared = squared_amplitude(electron, positron, photon, turns, sqrt_s**2)
    weight = np.where(inside, squared * phase_space / (2.0 * sqrt_s**2) * qed.GEV2_NB, 0.0)
    return np.stack([electron, positron, photon], axis=1), weight


def squared_amplitude(
    electron: np.ndarray, positron: np.ndarray, photon: np.ndarray, turns: tuple[np.ndarray, np.ndarray], s: float
) -> np.ndarray:
    """Spin-averaged squared matrix element, GeV^-2.

    electron, positron, photon: four-momenta (4, n) of the final state. turns: 1 - cos of the angle of electron and positron
    to their own beam, given apart because it is lost in the momenta. Radiation couples with alpha(0), everything else with
    alpha at the smaller momentum transfer, whose exchange dominates.
    """
    beam = 0.5 * math.sqrt(s)
    pk, pk_plus = beam * (photon[0] - photon[3]), beam * (photon[0] + photon[3])
    qk, qk_plus = (product(lepton, photon) for lepton in (electron, positron))
    s_left = 2.0 * product(electron, positron)
    (t, t_mass), (t_swap, t_swap_mass) = (
        _exchange(lepton[0], turn, beam) for lepton, turn in zip((electron, positron), turns, strict=True)
    )
    u = -2.0 * beam * (electron[0] + electron[3])
    u_swap = -2.0 * beam * (positron[0] - positron[3])
    radiated = s / (pk * pk_plus) + s_left / (qk * qk_plus)
    radiated += u / (pk_plus * qk) + u_swap / (pk * qk_plus) - t / (pk * qk) - t_swap / (pk_plus * qk_plus)
    numerator = s * s_left * (s**2 + s_left**2) + t * t_swap * (t**2 + t_swap**2) + u * u_swap * (u**2 + u_swap**2)
    # Below 1e-9 GeV^2 nothing runs.
    coupling = (4.0 * np.pi) ** 3 * qed.ALPHA_0 * qed.alpha_t(np.minimum(np.maximum(t, t_swap), -1e-9)) ** 2
    return coupling * radiated * numerator / (s * s_left * t * t_swap) * t_mass * t_swap_mass


def _exchange(energy: np.ndarray, turn: np.ndarray, beam: float) -> tuple[np.ndarray, np.ndarray]:
    """Momentum transfer squared of a lepton, mass included, and the factor by which the mass lowers its pole.

    The factor is that of the equivalent-photon spectrum, whose numerator is 1 + (1-x)^2 - 2 m^2 x^2 / |t|.
    """
    x = np.clip(1.0 - energy / beam, 0.0, 1.0 - 1e-9)
    t = -_ME2 * x**2 / (1.0 - x) - 2.0 * beam * energy * turn
    return t, 1.0 - 2.0 * _ME2 * x**2 / ((1.0 + (1.0 - x) ** 2) * np.maximum(-t, 1e-300))


def _turning_scale(mass2: np.ndarray, rest: np.ndarray, side: np.ndarray, beam: float) -> np.ndarray:
    """1 - cos below which the electron mass ends the pole, for a lepton along the beam on its side."""
    energy = mass2 / (2.0 * (rest[0] - side * rest[3]))
    lost = np.abs(1.0 - energy / beam) + 1e-6
    return _ME2 * lost**2 / (2.0 * energy**2) + 1e-30


def _turn_from_beam(lepton: np.ndarray, side: np.ndarray) -> np.ndarray:
    """1 - cos of the angle to the beam on its side, without cancellation."""
    transverse2 = lepton[1] ** 2 + lepton[2] ** 2
    along = side * lepton[3]
    return np.where(along > 0.0, transverse2 / (lepton[0] * (lepton[0] + np.abs(along))), 1.0 - along / lepton[0])
