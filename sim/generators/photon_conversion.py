"""Photons that convert to electron pairs in the beam pipe, the vertex detector and the inner wall of the drift chamber."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import replace_rows
from sim.generators.guns import PhotonGun
from sim.generators.material import CONVERSION, MATERIAL, Cylinder, encounters, ending_events, share_of_gun
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import check_range
from sim.generators.qed import ELECTRON_MASS_GEV
from sim.generators.readers import C_CM_PER_NS
from sim.generators.sampling import Table

_NODES = 401


@dataclass(frozen=True, kw_only=True)
class PhotonConversion:
    """One photon as in `PhotonGun` that has converted; those that do not are left out.

    They are the part `conversion_share` of the photons of the gun. material: cylinders around the beam line.
    """

    e_star_gev: tuple[float, float] = (0.1, 5.3)
    theta_deg: tuple[float, float] = (17.0, 150.0)
    material: tuple[Cylinder, ...] = MATERIAL
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_range("e_star_gev", *self.e_star_gev, 0.01, math.inf, "GeV")
        _ = self._gun

    @property
    def _gun(self) -> PhotonGun:
        return PhotonGun(e_star_gev=self.e_star_gev, theta_deg=self.theta_deg, beams=self.beams)

    def cross_section(self) -> None:
        """None: a gun has no cross-section."""

    def conversion_share(self) -> float:
        """Share of the photons of the gun that these events stand for."""
        return share_of_gun(_lengths(self.material), self.theta_deg)

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of one electron and one positron."""
        gun = self._gun
        photons = ending_events(lambda trials: gun.generate(trials, rng), self.theta_deg, _lengths(self.material), n, rng)
        return with_conversions(photons, rng, self.material, forced=True)


def with_conversions(
    particles: Particles, rng: np.random.Generator, material: tuple[Cylinder, ...] = MATERIAL, *, forced: bool = False
) -> Particles:
    """The same events, with photons that convert replaced, in their places, by electron and positron.

    The pair flies along the photon, whose nucleus takes what momentum is missing, less than a MeV; the electron's share of the
    energy follows 1 - 4/3 x (1 - x). Photons of low energy convert as often as those of high energy: 20 % too often at 0.1 GeV.
    forced: every photon that meets material converts.
    """
    rows = np.flatnonzero((particles.pdg == PHOTON) & (particles.energy > 2.0 * ELECTRON_MASS_GEV))
    found = encounters(particles, rows, material, _lengths(material), rng, forced=forced)
    photon = np.stack([column[found.rows] for column in (particles.energy, particles.px, particles.py, particles.pz)])
    direction = photon[1:] / photon[0]
    share = _shares().sample(rng.random(len(found.rows)))
    kinetic = photon[0] - 2.0 * ELECTRON_MASS_GEV
    energy = ELECTRON_MASS_GEV + kinetic * np.stack([share, 1.0 - share])
    momentum = np.sqrt(np.maximum(energy**2 - ELECTRON_MASS_GEV**2, 0.0))
    pair = np.concatenate([energy[None], momentum * direction[:, None]])
    path = np.stack([found.path_cm / C_CM_PER_NS, *(found.path_cm * direction)])
    return replace_rows(particles, found.rows, (11, -11), pair, path)


def _lengths(material: tuple[Cylinder, ...]) -> np.ndarray:
    return CONVERSION * np.array([cylinder.radiation_lengths for cylinder in material])


@cache
def _shares() -> Table:
    """Share of the energy that the electron takes, complete screening. Source: Particle Data Group, passage of particles."""
    return Table.of(lambda x: 1.0 - 4.0 / 3.0 * x * (1.0 - x), np.linspace(0.0, 1.0, _NODES))
