"""Y(2S) or Y(3S) -> pi+ pi- Y(1S): slow pions that tag a Y(1S) which leaves nothing, or a photon and a light Higgs boson."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from sim.generators.alp import ALP
from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import decay_particles, isotropic, two_body, weighted_phase_space
from sim.generators.muon_pair import ANTIMUON, MUON
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import check_between, collide_part
from sim.generators.qed import MUON_MASS_GEV
from sim.generators.unweighting import Pilot, unweighted
from sim.generators.vector_decays import CHARGED_PION_MASS_GEV
from sim.generators.z_prime import one_plus_square

UPSILON_1S, NEUTRINO = 553, 12
UPSILON_1S_MASS_GEV = 9.46040
"""Source: Particle Data Group, Review of Particle Physics 2024."""
_PILOT_EVENTS, _PILOT_SEED = 1 << 15, 20_260_203


@dataclass(frozen=True, kw_only=True)
class Parent:
    """Mass in GeV, and the ratio B / A of the two terms of the decay amplitude."""

    mass_gev: float
    ratio: complex


class Upsilon(enum.Enum):
    """The resonance at whose energy the collider runs."""

    TWO_S = "2s"
    THREE_S = "3s"

    @property
    def parent(self) -> Parent:
        """Its properties. Sources: Particle Data Group 2024; CLEO, Phys. Rev. D 76 (2007) 072001, fits without a third term."""
        return _PARENTS[self]


_PARENTS = {
    Upsilon.TWO_S: Parent(mass_gev=10.0234, ratio=complex(-0.753, 0.0)),
    Upsilon.THREE_S: Parent(mass_gev=10.3551, ratio=complex(-2.523, 1.189)),
}


class UpsilonDecay(enum.Enum):
    """What becomes of the Y(1S): neutrinos; photon and a light Higgs boson that leaves nothing, or that decays to muons."""

    INVISIBLE = "invisible"
    PHOTON = "gamma-a"
    PHOTON_MUONS = "gamma-a-mu-mu"


@dataclass(frozen=True, kw_only=True)
class UpsilonDipion:
    """pi+ and pi- and what comes of the Y(1S), at a collider whose beam energies are scaled to the resonance.

    mass_gev: of the light Higgs boson A0, where there is one. The pions have the matrix element of CLEO, A (q^2 - 2 m_pi^2) +
    B E1 E2, which describes the mass of the pair, double hump of the Y(3S) included; its direction is flat. The Y(1S) keeps the
    spin of the parent: photon and A0, and the neutrinos, have 1 + cos^2(theta) about the beams. Left out: radiation, the spread of
    the beam energies, the D-wave of the dipion system.
    """

    upsilon: Upsilon = Upsilon.THREE_S
    decay: UpsilonDecay = UpsilonDecay.INVISIBLE
    mass_gev: float = 1.0

    def __post_init__(self) -> None:
        lowest = 2.0 * MUON_MASS_GEV if self.decay is UpsilonDecay.PHOTON_MUONS else 0.0
        check_between("mass_gev", self.mass_gev, lowest, UPSILON_1S_MASS_GEV, "GeV")

    @property
    def beams(self) -> Beams:
        """Beams at the resonance: both energies in the ratio that they have at the Y(4S) (our choice)."""
        factor = self.upsilon.parent.mass_gev / NOMINAL.sqrt_s_gev
        return Beams(
            electron_energy_gev=NOMINAL.electron_energy_gev * factor, positron_energy_gev=NOMINAL.positron_energy_gev * factor
        )

    def cross_section(self) -> None:
        """None: what is produced depends on the energy spread of the machine."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of pi+, pi-, and what comes of the Y(1S)."""
        momenta, weight = unweighted(lambda trials: dipion(self.upsilon, trials, rng), _pilot(self.upsilon), n, rng)
        events = collide_part((211, -211, UPSILON_1S), momenta, self.beams, rng, weight=weight)
        rows = np.flatnonzero(events.pdg == UPSILON_1S)
        u_cos, u_phi = rng.random((2, n))
        invisible = self.decay is UpsilonDecay.INVISIBLE
        masses = (0.0, 0.0) if invisible else (0.0, self.mass_gev)
        codes = (NEUTRINO, -NEUTRINO) if invisible else (PHOTON, ALP)
        pair = two_body(UPSILON_1S_MASS_GEV, masses, one_plus_square(u_cos), 2.0 * np.pi * u_phi)
        events = decay_particles(events, rows, codes, pair, mass_gev=UPSILON_1S_MASS_GEV, rng=rng, beams=self.beams)
        if self.decay is not UpsilonDecay.PHOTON_MUONS:
            return events
        rows = np.flatnonzero(events.pdg == ALP)
        muons = isotropic(np.full(n, self.mass_gev), (MUON_MASS_GEV, MUON_MASS_GEV), rng)
        return decay_particles(events, rows, (MUON, ANTIMUON), muons, mass_gev=self.mass_gev, rng=rng, beams=self.beams)


def dipion(upsilon: Upsilon, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """n points (4, 3, n) of pi+, pi- and Y(1S) in the rest frame of the parent, and their weights (n,) at A = 1."""
    parent = upsilon.parent
    masses = (CHARGED_PION_MASS_GEV, CHARGED_PION_MASS_GEV, UPSILON_1S_MASS_GEV)
    momenta, volume = weighted_phase_space(np.full(n, parent.mass_gev), masses, rng)
    pair = momenta[:, 0] + momenta[:, 1]
    q2 = pair[0] ** 2 - np.square(pair[1:]).sum(axis=0)
    amplitude = q2 - 2.0 * CHARGED_PION_MASS_GEV**2 + parent.ratio * momenta[0, 0] * momenta[0, 1]
    return momenta, volume * np.square(np.abs(amplitude))


def _pilot(upsilon: Upsilon) -> Pilot:
    rng = np.random.Generator(np.random.Philox(_PILOT_SEED))
    return Pilot.of(dipion(upsilon, _PILOT_EVENTS, rng)[1], 1e-4)
