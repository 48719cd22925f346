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
from sim.generators.electron_amplitude import beam_direction, squared_amplitude, turn_from, turning_scale
from sim.generators.frames import light, light_partner, partner_volume
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import check_range, collide
from sim.generators.sampling import log_density, log_flat
from sim.generators.unweighting import PilotSample, WeightedProcess


@dataclass(frozen=True, kw_only=True)
class LostElectrons(WeightedProcess):
    """Photon with E* above e_star_min_gev, more than theta_min_deg from the beams; leptons within lost_deg of their beams.

    All angles in the CM frame; lost_deg must be smaller than theta_min_deg (collinear final-state photons belong to Bhabha
    scattering). Defaults: a little wider than the gaps of the calorimeter at the beams, which are 16 and 19 degrees in this
    frame, so that the detector decides what is lost. weighted: keep the phase-space weights (mean 1).
    Source: `electron_amplitude`.
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
    soft = turning_scale(mass2 / (2.0 * (rest[0] - side * rest[3])), beam)
    turned = log_flat(u_lepton, soft, reach)
    first = light_partner(mass2, rest, light(np.ones(n), side * (1.0 - turned), turned, 2.0 * np.pi * phi_lepton))
    second = rest - first
    other_turned = turn_from(second, beam_direction(-side))
    other_soft = turning_scale(mass2 / (2.0 * (rest[0] + side * rest[3])), beam)
    inside = (other_turned < reach) & (mass2 > 0.0)

    density = np.zeros(n)
    for lepton, scale, angle in ((first, soft, turned), (second, other_soft, other_turned)):
        density += 0.5 * log_density(angle, scale, reach) / (2.0 * np.pi) / partner_volume(rest, lepton)
    photon_density = 1.0 / (energy * photon_range) / (2.0 * y_max * (1.0 - cos * cos)) / (2.0 * np.pi)
    phase_space = 0.5 * energy / (2.0 * np.pi) ** 5 / density / photon_density
    electron, positron = np.where(positron_first, second, first), np.where(positron_first, first, second)
    turns = np.where(positron_first, other_turned, turned), np.where(positron_first, turned, other_turned)
    apart = turn_from(electron, photon), turn_from(positron, photon)
    squared = squared_amplitude(electron, positron, photon, turns, apart, sqrt_s**2)
    weight = np.where(inside, squared * phase_space / (2.0 * sqrt_s**2) * qed.GEV2_NB, 0.0)
    return np.stack([electron, positron, photon], axis=1), weight
