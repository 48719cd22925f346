"""e+e- -> e+e- gamma at wide angles: a hard photon, and both leptons in the detector, or one of them lost along its beam.

Exact first-order tree. Phase space is drawn from channels that follow the poles of the matrix element: leptons that hardly turn
from their beams, leptons along the photon, and light pairs.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.bhabha import ELECTRON, POSITRON
from sim.generators.electron_amplitude import ME2, beam_direction, squared_amplitude, turn_from, turning_scale
from sim.generators.frames import along, boost_from_rest, light, light_partner, partner_volume, product, turned
from sim.generators.particles import PHOTON, Particles
from sim.generators.photon_conversion import with_conversions
from sim.generators.process import check_between, check_range, collide
from sim.generators.sampling import log_density, log_flat
from sim.generators.unweighting import PilotSample, WeightedProcess

_SOFT_SHARE = 0.97
"""Share of photon energies drawn flat in ln(E); the others are flat in the logarithm of the pair's squared mass."""
_FLAT_SHARE = 0.02
"""Share of lepton directions drawn flat in the rest frame of the pair; of the others those drawn about the beams, rest about the
photon. Our choice: the smallest spread of the weights."""
_BOTH_TURN_SHARE, _ONE_TURN_SHARE = 0.12, 0.5


class Seen(enum.Enum):
    """How many of the two leptons are outside the beams."""

    BOTH = "both"
    ONE = "one"


@dataclass(frozen=True, kw_only=True)
class RadiativeBhabha(WeightedProcess):
    """Photon with E* above e_star_min_gev; it and the leptons that are seen lie at least theta_min_deg from the beams.

    seen: both leptons, or exactly one, whose partner is within theta_min_deg of its own beam. Angles in the CM frame; the default
    is a little wider than the drift chamber, which starts at 19 degrees there, so that the detector decides what is seen.
    mass_min_gev: of the lepton pair; lighter ones are photons that convert inside. The coupling runs with the smaller momentum
    transfer for all diagrams, also where annihilation matters; further photons and virtual corrections are missing. Source:
    `electron_amplitude`.
    """

    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 19, seed=20_260_107, above=3e-5)
    e_star_min_gev: float = 0.25
    theta_min_deg: float = 16.0
    seen: Seen = Seen.BOTH
    mass_min_gev: float = 0.02

    def __post_init__(self) -> None:
        sqrt_s = self.beams.sqrt_s_gev
        check_range("theta_min_deg", self.theta_min_deg, 90.0, 1.0, 90.0, "deg")
        check_between("mass_min_gev", self.mass_min_gev, 10.0 * qed.ELECTRON_MASS_GEV, sqrt_s, "GeV")
        limit = (sqrt_s**2 - self.mass_min_gev**2) / (2.0 * sqrt_s)
        check_range("e_star_min_gev", self.e_star_min_gev, limit, 1e-2, limit, "GeV")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of electron, positron and photon."""
        momenta, weight = self.sample(n, rng)
        return collide((ELECTRON, POSITRON, PHOTON), momenta, np.zeros(3), self.beams, rng, weight=weight)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n phase-space points (4, 3, n): electron, positron, photon; and their weights in nb, 0 outside the region."""
        photon, per_photon = _photons(self, n, rng)
        return _weighted(self, photon, per_photon, rng)


def _photons(process: RadiativeBhabha, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Photons (4, n), and d3k / (2 E) over their density."""
    s, sqrt_s = process.beams.s_gev2, process.beams.sqrt_s_gev
    u_channel, u_mass, u_cos, phi = rng.random((4, n))
    low, high = process.mass_min_gev**2, s - 2.0 * sqrt_s * process.e_star_min_gev
    soft_range, light_range = math.log((s - low) / (s - high)), math.log(high / low)
    soft = s - (s - high) * np.exp(soft_range * u_mass)
    s_left = np.where(u_channel < _SOFT_SHARE, soft, low * np.exp(light_range * u_mass))
    density = _SOFT_SHARE / ((s - s_left) * soft_range) + (1.0 - _SOFT_SHARE) / (s_left * light_range)
    energy = (s - s_left) / (2.0 * sqrt_s)
    y_max = math.atanh(math.cos(math.radians(process.theta_min_deg)))
    cos = np.tanh(y_max * (2.0 * u_cos - 1.0))
    density *= 2.0 * sqrt_s / (2.0 * y_max * (1.0 - cos * cos)) / (2.0 * np.pi)
    return along(energy, energy, cos, 2.0 * np.pi * phi), 0.5 * energy / density


def _weighted(
    process: RadiativeBhabha, photon: np.ndarray, per_photon: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Leptons beside the photons: momenta (4, 3, n) and weights in nb."""
    sqrt_s = process.beams.sqrt_s_gev
    rest = np.concatenate([(sqrt_s - photon[0])[None], -photon[1:]])
    poles = _Poles.of(process, photon, rest)
    leptons = _draw_leptons(poles, photon, rest, rng)
    turns = turn_from(leptons[0], beam_direction(1.0)), turn_from(leptons[1], beam_direction(-1.0))
    apart = turn_from(leptons[0], photon), turn_from(leptons[1], photon)
    phase_space = per_photon / _density(poles, leptons, turns, apart, rest) / (2.0 * np.pi) ** 5
    squared = squared_amplitude(*leptons, photon, turns, apart, sqrt_s**2)
    edge = 1.0 - math.cos(math.radians(process.theta_min_deg))
    electron_seen, positron_seen = ((turn > edge) & (turn < 2.0 - edge) for turn in turns)
    if process.seen is Seen.BOTH:
        inside = electron_seen & positron_seen
    else:
        inside = electron_seen & (turns[1] < edge) | positron_seen & (turns[0] < edge)
    weight = squared * phase_space / (2.0 * sqrt_s**2) * qed.GEV2_NB
    return np.stack([*leptons, photon], axis=1), np.where(inside, weight, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Poles:
    """Where leptons like to be: 1 - cos to their beams, flat in ln(scale + turn) up to `reach`; and the same to the photon.

    share: part drawn about the beams. scales: of electron and positron, each a number or (n,).
    """

    share: float
    reach: float
    scales: tuple[np.ndarray | float, np.ndarray | float]
    near_scale: np.ndarray

    @classmethod
    def of(cls, process: RadiativeBhabha, photon: np.ndarray, rest: np.ndarray) -> _Poles:
        """Those of a region, for each photon."""
        beam = 0.5 * process.beams.sqrt_s_gev
        edge = 1.0 - math.cos(math.radians(process.theta_min_deg))
        # A lepton along the photon has what the beam has left.
        near_scale = 0.5 * ME2 / (beam - photon[0]) ** 2
        if process.seen is Seen.BOTH:
            return cls(share=_BOTH_TURN_SHARE, reach=2.0, scales=(edge, edge), near_scale=near_scale)
        energies = (2.0 * beam * (beam - photon[0]) / (rest[0] - side * rest[3]) for side in (1.0, -1.0))
        electron, positron = (turning_scale(energy, beam) for energy in energies)
        return cls(share=_ONE_TURN_SHARE, reach=edge, scales=(electron, positron), near_scale=near_scale)


def _draw_leptons(poles: _Poles, photon: np.ndarray, rest: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Electron and positron, massless (4, n): one is drawn, the other one takes the recoil."""
    n = photon.shape[1]
    u_channel, u_side, u_turn, phi = rng.random((4, n))
    phi *= 2.0 * np.pi
    positron_first = u_side < 0.5
    side = np.where(positron_first, -1.0, 1.0)
    turn = log_flat(u_turn, np.where(positron_first, poles.scales[1], poles.scales[0]), poles.reach)
    near = log_flat(u_turn, poles.near_scale, 2.0)
    about_beam = light(np.ones(n), side * (1.0 - turn), turn, phi)
    about_photon = turned(light(np.ones(n), 1.0 - near, near, phi), photon[3] / photon[0], np.arctan2(photon[2], photon[1]))
    mass2 = product(rest, rest)
    first = light_partner(mass2, rest, np.where(u_channel < poles.share, about_beam, about_photon))
    half = 0.5 * np.sqrt(mass2)
    flat = boost_from_rest(along(half, half, 2.0 * u_turn - 1.0, phi), rest)
    first = np.where(u_channel < 1.0 - _FLAT_SHARE, first, flat)
    second = rest - first
    return np.where(positron_first, second, first), np.where(positron_first, first, second)


def _density(
    poles: _Poles,
    leptons: tuple[np.ndarray, np.ndarray],
    turns: tuple[np.ndarray, np.ndarray],
    apart: tuple[np.ndarray, np.ndarray],
    rest: np.ndarray,
) -> np.ndarray:
    """Density of `_draw_leptons` in the two-body phase space of massless leptons, whose whole volume is pi / 2."""
    density = np.full(rest.shape[1], 2.0 / np.pi * _FLAT_SHARE)
    for lepton, scale, turn, opening in zip(leptons, poles.scales, turns, apart, strict=True):
        each = poles.share * np.where(turn < poles.reach, log_density(turn, scale, poles.reach), 0.0)
        each += (1.0 - poles.share - _FLAT_SHARE) * log_density(opening, poles.near_scale, 2.0)
        density += 0.5 * each / (2.0 * np.pi) / partner_volume(rest, lepton)
    return density


@dataclass(frozen=True, kw_only=True)
class ConvertedBhabha:
    """Events of `bhabha` whose photon becomes a pair of electrons where it meets material before the drift chamber, always."""

    bhabha: RadiativeBhabha = field(default_factory=RadiativeBhabha)

    def cross_section(self) -> None:
        """None: photons that would not convert are not counted."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of electron, positron and the pair; a photon that meets no material stays one."""
        return with_conversions(self.bhabha.generate(n, rng), rng, forced=True)
