"""Axion-like particles that couple to photons: e+e- -> gamma a, and e+e- -> e+e- a by two quasi-real photons; a -> gamma gamma."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import decay_particles, isotropic
from sim.generators.frames import along
from sim.generators.isr import boost_along_z
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import CrossSection, back_to_back, check_between, collide, collide_part
from sim.generators.sampling import Table
from sim.generators.two_photon import equivalent_photons
from sim.generators.z_prime import one_plus_square

ALP = 36
"""Particle code of an ALP (PDG numbering: pseudoscalar boson) where it is left undecayed; detectors ignore it."""
HBAR_C_GEV_CM = 1.973269804e-14
"""Source: CODATA 2018."""
_NODES = 4001
_WEAKEST = 1e-12
"""Smallest coupling in 1/GeV (our choice: such an ALP leaves any detector)."""


def width_gev(mass_gev: float, coupling: float) -> float:
    """Width of a -> gamma gamma, g^2 m^3 / (64 pi); coupling g in 1/GeV. Source: SOURCES 1.3 item 8."""
    return coupling**2 * mass_gev**3 / (64.0 * math.pi)


def ctau_cm(mass_gev: float, coupling: float) -> float:
    """Mean proper decay length in cm."""
    return HBAR_C_GEV_CM / width_gev(mass_gev, coupling)


@dataclass(frozen=True, kw_only=True)
class AlpThreeGamma:
    """e+e- -> gamma a, a -> gamma gamma, a of mass_gev.

    coupling: g in 1/GeV; it scales the cross-section and sets the lifetime: the two photons are resolved, merged where the ALP is
    light, or displaced; an ALP that outlives the detector decays behind it. The photon from production comes first. Left out:
    radiation, other decays. Source: SOURCES 1.3 item 8 (Dolan et al., arXiv:1709.00009).
    """

    mass_gev: float = 1.0
    coupling: float = 1e-3
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        limit = self.beams.sqrt_s_gev - 10.0 * math.hypot(self.beams.electron_spread_gev, self.beams.positron_spread_gev)
        check_between("mass_gev", self.mass_gev, 1e-3, limit, "GeV")
        check_between("coupling", self.coupling, _WEAKEST, math.inf, "1/GeV")

    def cross_section(self) -> CrossSection:
        """Tree-level cross-section, alpha g^2 / 24 (1 - m^2 / s)^3, alpha(0) as in the source."""
        nb = qed.ALPHA_0 * self.coupling**2 / 24.0 * (1.0 - self.mass_gev**2 / self.beams.s_gev2) ** 3 * qed.GEV2_NB
        return CrossSection(nb=nb, source="DERIVED: tree level, analytic")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of three photons; the angles of the first one follow 1 + cos^2(theta)."""
        produced = photon_and_pseudoscalar(ALP, self.mass_gev, self.beams, n, rng)
        return _to_photons(produced, self.mass_gev, self.coupling, self.beams, rng)


@dataclass(frozen=True, kw_only=True)
class AlpFusion:
    """e+e- -> e+e- a by two quasi-real photons, a -> gamma gamma, the beam leptons lost along the beams and not in the event.

    coupling: g in 1/GeV, as in `AlpThreeGamma`. Approximation of equivalent photons (transverse momenta of the ALP neglected) with
    momentum transfers up to the mass of the ALP, as in `TwoPhotonLeptons`: the total depends on that limit by tens of per cent, the
    shape hardly. Source: SOURCES 1.4 with sigma = 8 pi^2 Gamma / m delta(W^2 - m^2).
    """

    mass_gev: float = 1.0
    coupling: float = 1e-3
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_between("mass_gev", self.mass_gev, 0.01, 0.99 * self.beams.sqrt_s_gev, "GeV")
        check_between("coupling", self.coupling, _WEAKEST, math.inf, "1/GeV")

    def cross_section(self) -> CrossSection:
        """Cross-section of equivalent photons, by quadrature."""
        resonance = 8.0 * math.pi**2 * width_gev(self.mass_gev, self.coupling) / (self.mass_gev * self.beams.s_gev2)
        nb = resonance * _rapidities(self.mass_gev, self.beams).integral * qed.GEV2_NB
        return CrossSection(nb=nb, source="DERIVED: equivalent photons, momentum transfers up to the mass of the ALP")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of two photons."""
        rapidity = _rapidities(self.mass_gev, self.beams).sample(rng.random(n))
        rest = along(np.full(n, self.mass_gev), np.zeros(n), np.ones(n), np.zeros(n))
        made = collide_part((ALP,), boost_along_z(rest[:, None], rapidity), self.beams, rng, weight=np.ones(n))
        return _to_photons(made, self.mass_gev, self.coupling, self.beams, rng)


@cache
def _rapidities(mass_gev: float, beams: Beams) -> Table:
    """Luminosity of the photons at the mass of the ALP: density in its rapidity."""
    sqrt_s = beams.sqrt_s_gev
    limit = math.log(sqrt_s / mass_gev)

    def density(rapidity: np.ndarray) -> np.ndarray:
        x = mass_gev / sqrt_s * np.exp(np.stack([rapidity, -rapidity]))
        return np.prod(equivalent_photons(x, np.full(len(rapidity), mass_gev)), axis=0)

    return Table.of(density, np.linspace(-limit, limit, _NODES))


def photon_and_pseudoscalar(code: int, mass_gev: float, beams: Beams, n: int, rng: np.random.Generator) -> Particles:
    """n events of a photon with the angles 1 + cos^2(theta) in the CM frame and the pseudoscalar that it recoils against."""
    shape, phi = rng.random((2, n))
    sqrt_s = beams.sqrt_s_gev
    momentum = (sqrt_s**2 - mass_gev**2) / (2.0 * sqrt_s)
    energies = np.array([[momentum], [math.hypot(momentum, mass_gev)]])
    pair = back_to_back(energies, np.full(n, momentum), one_plus_square(shape), 2.0 * np.pi * phi)
    return collide((PHOTON, code), pair, np.array([0.0, mass_gev]), beams, rng)


def _to_photons(produced: Particles, mass_gev: float, coupling: float, beams: Beams, rng: np.random.Generator) -> Particles:
    rows = np.flatnonzero(produced.pdg == ALP)
    photons = isotropic(np.full(len(rows), mass_gev), (0.0, 0.0), rng)
    return decay_particles(
        produced, rows, (PHOTON, PHOTON), photons, mass_gev=mass_gev, ctau_cm=ctau_cm(mass_gev, coupling), rng=rng, beams=beams
    )
