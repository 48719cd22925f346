"""Charged hadrons that interact in the material before the drift chamber.

GUESS (unverified). A hadron meets one proton or neutron at rest, in equal numbers: both leave, alone, with two charged pions or
with a neutral one, by flat phase space. Momentum in the nucleus, its break-up, charge exchange and absorption are left out: use it
for the shape of displaced vertices, not for a rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import flat_phase_space, isotropic, replace_rows
from sim.generators.frames import boost_from_rest
from sim.generators.guns import ParticleGun, Spectrum
from sim.generators.long_lived import CHARGED_KAON_MASS_GEV, PROTON_MASS_GEV
from sim.generators.material import MATERIAL, Cylinder, encounters, ending_events, share_of_gun
from sim.generators.particles import Particles
from sim.generators.process import check_range
from sim.generators.readers import C_CM_PER_NS
from sim.generators.vector_decays import CHARGED_PION_MASS_GEV
from trigger.errors import InputError

NEUTRON_MASS_GEV, NEUTRAL_PION_MASS_GEV = 0.93956542, 0.1349768
"""Masses: Particle Data Group, Review of Particle Physics 2024."""
PROJECTILES = {211: CHARGED_PION_MASS_GEV, 321: CHARGED_KAON_MASS_GEV, 2212: PROTON_MASS_GEV}
"""Mass in GeV by code; antiparticles too."""
_TARGETS = ((2212, PROTON_MASS_GEV), (2112, NEUTRON_MASS_GEV))


@dataclass(frozen=True, kw_only=True)
class _Channel:
    """What is made besides the two: codes in the event, and masses in GeV before a neutral pion goes to its photons."""

    probability: float
    codes: tuple[int, ...] = ()
    masses: tuple[float, ...] = ()


_CHANNELS = (
    _Channel(probability=0.4),
    _Channel(probability=0.35, codes=(211, -211), masses=(CHARGED_PION_MASS_GEV, CHARGED_PION_MASS_GEV)),
    _Channel(probability=0.25, codes=(22, 22), masses=(NEUTRAL_PION_MASS_GEV,)),
)
"""GUESS; where the energy is too low for pions none is made."""
_MOST, _ABSENT = 4, 0
_SPARE_GEV = 1e-6


@dataclass(frozen=True, kw_only=True)
class SecondaryInteractions:
    """One charged hadron as in `ParticleGun` that has interacted in the material; the others are left out. A GUESS.

    pdg: 211, 321 or 2212, with their antiparticles in equal numbers. They are the part `interaction_share` of the hadrons of the
    gun. material: cylinders around the beam line.
    """

    pdg: int = 211
    range_gev: tuple[float, float] = (0.3, 4.0)
    spectrum: Spectrum = Spectrum.MOMENTUM
    theta_deg: tuple[float, float] = (17.0, 150.0)
    material: tuple[Cylinder, ...] = MATERIAL
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        if self.pdg not in PROJECTILES:
            raise InputError(f"pdg must be one of {', '.join(map(str, PROJECTILES))}, not {self.pdg}")
        check_range("range_gev", *self.range_gev, 0.05, math.inf, "GeV")
        _ = self._gun

    @property
    def _gun(self) -> ParticleGun:
        return ParticleGun(
            pdg=self.pdg, range_gev=self.range_gev, spectrum=self.spectrum, theta_deg=self.theta_deg, beams=self.beams
        )  # fmt: skip

    def cross_section(self) -> None:
        """None: a gun has no cross-section."""

    def interaction_share(self) -> float:
        """Share of the hadrons of the gun that these events stand for."""
        return share_of_gun(_lengths(self.material), self.theta_deg)

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of the products: the hadron, the nucleon, and what was made."""
        gun = self._gun
        hadrons = ending_events(lambda trials: gun.generate(trials, rng), self.theta_deg, _lengths(self.material), n, rng)
        return with_interactions(hadrons, rng, self.material, forced=True)


def with_interactions(
    particles: Particles, rng: np.random.Generator, material: tuple[Cylinder, ...] = MATERIAL, *, forced: bool = False
) -> Particles:
    """The same events, with charged hadrons that interact replaced, in their places, by the products. A GUESS.

    Hadrons fly straight to the material, before the drift chamber could see them bend. forced: all that meet material interact.
    """
    rows = np.flatnonzero(np.isin(np.abs(particles.pdg), list(PROJECTILES)))
    found = encounters(particles, rows, material, _lengths(material), rng, forced=forced)
    lab = np.stack([column[found.rows] for column in (particles.energy, particles.px, particles.py, particles.pz)])
    codes, momenta = _products(particles.pdg[found.rows], lab, rng)
    length = found.path_cm / np.sqrt(np.square(lab[1:]).sum(axis=0))
    path = np.stack([length * lab[0] / C_CM_PER_NS, *(length * lab[1:])])
    padded = replace_rows(particles, found.rows, codes, momenta, path)
    return padded.only(padded.pdg != _ABSENT)


def _products(code: np.ndarray, lab: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Codes (4, m), `_ABSENT` where there is nothing, and laboratory four-momenta (4, 4, m) of what m hadrons make."""
    m = len(code)
    hadron_gev = np.array([PROJECTILES[abs(each)] for each in code.tolist()])
    target = rng.integers(len(_TARGETS), size=m)
    nucleon_gev = np.array([mass for _, mass in _TARGETS])[target]
    total = lab + np.stack([nucleon_gev, *np.zeros((3, m))])
    joint = np.sqrt(total[0] ** 2 - np.square(total[1:]).sum(axis=0))
    channel = rng.choice(len(_CHANNELS), m, p=[each.probability for each in _CHANNELS])
    made_gev = np.array([sum(each.masses) for each in _CHANNELS])[channel]
    channel[joint < hadron_gev + nucleon_gev + made_gev + _SPARE_GEV] = 0
    codes, momenta = np.full((_MOST, m), _ABSENT, np.int32), np.zeros((4, _MOST, m))
    for hadron, (place, (nucleon, nucleon_mass)), (number, made) in product(PROJECTILES, enumerate(_TARGETS), enumerate(_CHANNELS)):
        own = np.flatnonzero((np.abs(code) == hadron) & (target == place) & (channel == number))
        masses = (PROJECTILES[hadron], nucleon_mass, *made.masses)
        found = boost_from_rest(flat_phase_space(joint[own], masses, rng), total[:, own])
        if made.masses == (NEUTRAL_PION_MASS_GEV,):
            photons = isotropic(np.full(len(own), NEUTRAL_PION_MASS_GEV), (0.0, 0.0), rng)
            found = np.concatenate([found[:, :2], boost_from_rest(photons, found[:, 2])], axis=1)
        k = found.shape[1]
        momenta[:, :k, own] = found
        codes[0, own], codes[1, own] = code[own], nucleon
        codes[2:k, own] = np.array(made.codes, np.int32)[:, None]
    return codes, momenta


def _lengths(material: tuple[Cylinder, ...]) -> np.ndarray:
    return np.array([cylinder.interaction_lengths for cylinder in material])
