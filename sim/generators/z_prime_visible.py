"""e+e- -> mu+ mu- X with a new particle X that decays to muons or to taus: Z' of L_mu - L_tau, muonphilic scalar, or ALP."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.decays import decay_particles, isotropic
from sim.generators.frames import boost_from_rest
from sim.generators.muon_mediator import Mediator, points, squared_amplitude
from sim.generators.muon_pair import ANTIMUON, MUON
from sim.generators.particles import Particles
from sim.generators.process import check_between, collide
from sim.generators.tau_decays import TAU, decay_taus
from sim.generators.unweighting import PilotSample, WeightedProcess
from sim.generators.z_prime import Z_PRIME


@dataclass(frozen=True, kw_only=True)
class MuonMediator(WeightedProcess):
    """mu- mu+ X, X of mass_gev always decaying to the leptons that a subclass names; exact tree amplitude, spin of X included.

    coupling: of X to the muon, scales the cross-section only. mediator: what X is. Left out: radiation from the initial state, the
    width of X, and the exchange of identical muons between X and the rest, which the width makes small.
    """

    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 17, seed=20_260_201, above=1e-4)
    daughter: ClassVar[int]
    daughter_gev: ClassVar[float]
    mass_gev: float = 1.0
    mediator: Mediator = Mediator.VECTOR
    coupling: float = 1.0

    def __post_init__(self) -> None:
        # A tenth of a GeV of room keeps the muons away from rest, whatever the beam energy of the event.
        limit = self.beams.sqrt_s_gev - 2.0 * qed.MUON_MASS_GEV - 0.1
        check_between("mass_gev", self.mass_gev, 2.0 * self.daughter_gev, limit, "GeV")
        check_between("coupling", self.coupling, 0.0, math.inf, "")

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n points (4, 4, n): mu-, mu+, X in the generator frame and the negative daughter in the frame of X; weights, nb."""
        momenta, volume = points(self.mass_gev, self.beams.sqrt_s_gev, n, rng)
        rest = isotropic(np.full(n, self.mass_gev), (self.daughter_gev, self.daughter_gev), rng)
        squared = squared_amplitude(
            self.mediator, momenta, self.mass_gev, daughters=boost_from_rest(rest, momenta[:, 2]), daughter_gev=self.daughter_gev
        )
        weight = self.coupling**2 * squared * volume / (2.0 * self.beams.s_gev2) * qed.GEV2_NB
        return np.concatenate([momenta, rest[:, :1]], axis=1), weight

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of mu-, mu+, and the daughters of X, the negative one first."""
        point, weight = self.sample(n, rng)
        masses = np.array([qed.MUON_MASS_GEV, qed.MUON_MASS_GEV, self.mass_gev])
        produced = collide((MUON, ANTIMUON, Z_PRIME), point[:, :3], masses, self.beams, rng, weight=weight)
        rows = np.flatnonzero(produced.pdg == Z_PRIME)
        daughters = np.stack([point[:, 3], np.concatenate([point[:1, 3], -point[1:, 3]])], axis=1)
        codes = (self.daughter, -self.daughter)
        return decay_particles(produced, rows, codes, daughters, mass_gev=self.mass_gev, rng=rng, beams=self.beams)


class ZPrimeMuMu(MuonMediator):
    """e+e- -> mu+ mu- X, X -> mu+ mu-."""

    daughter: ClassVar[int] = MUON
    daughter_gev: ClassVar[float] = qed.MUON_MASS_GEV


@dataclass(frozen=True, kw_only=True)
class ZPrimeTauTau(MuonMediator):
    """e+e- -> mu+ mu- X, X -> tau+ tau-; Pythia decays the taus, without their spins. Needs the extra `pythia`."""

    daughter: ClassVar[int] = TAU
    daughter_gev: ClassVar[float] = qed.TAU_MASS_GEV
    mass_gev: float = 5.0

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of mu-, mu+, and the final particles of both taus."""
        return decay_taus(super().generate(n, rng), rng)
