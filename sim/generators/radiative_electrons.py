"""e+e- -> e+e- gamma with a hard photon at large angles, in the shape of mu mu gamma; its photon may convert."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from sim.generators.muon_pair import ANTIMUON, MUON
from sim.generators.particles import Particles
from sim.generators.photon_conversion import with_conversions
from sim.generators.radiative_muons import RadiativeMuons

ELECTRON, POSITRON = 11, -11


@dataclass(frozen=True, kw_only=True)
class RadiativeElectrons:
    """Events of `muons` with electrons in place of the muons.

    converts: the photon becomes a pair of electrons where it meets material before the drift chamber, in every event. An
    approximation for the trigger on these topologies: radiation in the exchange of a photon between the beams, which dominates
    Bhabhas, is missing, so there is no cross-section and spectra are those of mu mu gamma.
    """

    muons: RadiativeMuons = field(default_factory=RadiativeMuons)
    converts: bool = False

    def cross_section(self) -> None:
        """None: that of the muons is not the one of this process."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of electron, positron and photon, or the pair that the photon became."""
        particles = self.muons.generate(n, rng)
        pdg = np.where(particles.pdg == MUON, ELECTRON, np.where(particles.pdg == ANTIMUON, POSITRON, particles.pdg))
        electrons = replace(particles, pdg=pdg.astype(np.int32))
        return with_conversions(electrons, rng, forced=True) if self.converts else electrons
