"""Single-particle guns: a photon flat in E*, and any particle with a chosen momentum spectrum."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

import numpy as np

from sim.generators.beams import NOMINAL, Beams, generator_to_lab, sample_vertices
from sim.generators.particles import PHOTON, Particles, from_table
from sim.generators.process import check_range


class Frame(enum.Enum):
    """Frame in which a direction is drawn flat in cos(theta)."""

    LAB = "lab"
    CM = "cm"


class Spectrum(enum.Enum):
    """Variable in which a gun is flat: momentum, transverse momentum, or its inverse."""

    MOMENTUM = "p"
    TRANSVERSE = "pt"
    CURVATURE = "1/pt"


@dataclass(frozen=True, kw_only=True)
class PhotonGun:
    """One photon from the interaction point: flat in E* (nominal CM frame), flat in cos(theta), flat in phi.

    e_star_gev: range of E*. theta_deg: range of the polar angle in `frame`. Defaults: a little more than the
    calorimeter's acceptance and the kinematic range (our choice).
    """

    e_star_gev: tuple[float, float] = (0.1, 5.3)
    theta_deg: tuple[float, float] = (12.0, 156.0)
    frame: Frame = Frame.LAB
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_range("e_star_gev", *self.e_star_gev, 0.0, math.inf, "GeV")
        check_range("theta_deg", *self.theta_deg, 0.0, 180.0, "deg")

    def cross_section(self) -> None:
        """None: a gun has no cross-section."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events with one photon each."""
        e_star, cos, phi = rng.random((3, n))
        low, high = self.e_star_gev
        e_star = low + (high - low) * e_star
        direction = _direction(self.theta_deg, cos, phi)
        if self.frame is Frame.CM:
            lab = generator_to_lab(np.stack([e_star, *(e_star * direction)]), np.array(self.beams.total), self.beams)
        else:
            e_sum, x, _, z = self.beams.total
            energy = e_star * self.beams.sqrt_s_gev / (e_sum - x * direction[0] - z * direction[2])
            lab = np.stack([energy, *(energy * direction)])
        return from_table((PHOTON,), lab[:, None], sample_vertices(self.beams, n, rng))


@dataclass(frozen=True, kw_only=True)
class ParticleGun:
    """One particle with flat cos(theta) and phi in the laboratory.

    pdg: particle code. range_gev: range of the momentum or transverse momentum. both_charges: particle and antiparticle
    in equal numbers. z_cm: range of the vertex along z, flat; None for the interaction point. The defaults but `pdg`
    follow the training gun of the neuro trigger (SOURCES 1.3 item 14).
    """

    pdg: int = 13
    range_gev: tuple[float, float] = (0.3, 10.0)
    spectrum: Spectrum = Spectrum.CURVATURE
    theta_deg: tuple[float, float] = (23.0, 144.0)
    both_charges: bool = True
    z_cm: tuple[float, float] | None = None
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_range("range_gev", *self.range_gev, 1e-3, math.inf, "GeV")
        check_range("theta_deg", *self.theta_deg, 0.0, 180.0, "deg")
        if self.z_cm is not None:
            check_range("z_cm", *self.z_cm, -400.0, 400.0, "cm")
        mass_gev(self.pdg)

    def cross_section(self) -> None:
        """None: a gun has no cross-section."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events with one particle each."""
        size, cos, phi, sign, place = rng.random((5, n))
        direction = _direction(self.theta_deg, cos, phi)
        size = momentum_of(self.spectrum, self.range_gev, size, np.hypot(direction[0], direction[1]))
        momenta = np.stack([np.sqrt(size**2 + mass_gev(self.pdg) ** 2), *(size * direction)])
        vertices = sample_vertices(self.beams, n, rng)
        if self.z_cm is not None:
            vertices[2] = self.z_cm[0] + (self.z_cm[1] - self.z_cm[0]) * place
        particles = from_table((self.pdg,), momenta[:, None], vertices)
        if self.both_charges:
            particles.pdg[sign < 0.5] *= -1
        return particles


def mass_gev(pdg: int) -> float:
    """Mass of a particle in GeV, from the `particle` package; ValueError for an unknown code."""
    from particle import InvalidParticle, Particle, ParticleNotFound

    try:
        mass_mev = Particle.from_pdgid(pdg).mass
    except (InvalidParticle, ParticleNotFound):
        mass_mev = None
    if mass_mev is None:
        msg = f"pdg must be the code of a particle with a known mass, not {pdg}"
        raise ValueError(msg)
    return float(mass_mev) / 1000.0


def momentum_of(spectrum: Spectrum, range_gev: tuple[float, float], uniform: np.ndarray, sine: np.ndarray) -> np.ndarray:
    """Momenta (n,) in GeV, flat in the variable of the spectrum; sine: of the polar angles."""
    low, high = range_gev
    if spectrum is Spectrum.CURVATURE:
        size = 1.0 / (1.0 / high + (1.0 / low - 1.0 / high) * uniform)
    else:
        size = low + (high - low) * uniform
    return size if spectrum is Spectrum.MOMENTUM else size / sine


def _direction(theta_deg: tuple[float, float], cos_uniform: np.ndarray, phi_uniform: np.ndarray) -> np.ndarray:
    """Unit vectors (3, n), flat in cos(theta) and phi."""
    low, high = (math.cos(math.radians(theta)) for theta in theta_deg[::-1])
    cos = low + (high - low) * cos_uniform
    sin = np.sqrt(np.maximum(1.0 - cos * cos, 0.0))
    phi = 2.0 * np.pi * phi_uniform
    return np.stack([sin * np.cos(phi), sin * np.sin(phi), cos])
