"""tau -> l alpha with an invisible alpha: a lepton of one energy in the rest frame of the tau; the other tau decays by Pythia."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import decay_particles, isotropic
from sim.generators.particles import Particles, merge
from sim.generators.process import CrossSection, check_range
from sim.generators.pythia import StableTauPair, TauPair, decayed
from sim.generators.vector_decays import Pair

TAU, TAU_CTAU_CM = 15, 0.008703
"""Code and mean proper decay length. Source: Particle Data Group, Review of Particle Physics 2024."""
ALPHA = 36
"""Particle code of the alpha (PDG numbering: pseudoscalar boson); detectors ignore it."""


class Lepton(enum.Enum):
    """The lepton that goes with the alpha."""

    ELECTRON = "e"
    MUON = "mu"

    @property
    def pair(self) -> Pair:
        """The lepton and its antiparticle."""
        return _LEPTONS[self]


_LEPTONS = {
    Lepton.ELECTRON: Pair(negative=11, mass_gev=qed.ELECTRON_MASS_GEV),
    Lepton.MUON: Pair(negative=13, mass_gev=qed.MUON_MASS_GEV),
}


@dataclass(frozen=True, kw_only=True)
class TauToLeptonAlpha:
    """Tau pairs as in `TauPair`, one tau of either charge gone to a lepton and an alpha of mass_gev that leaves no signal.

    Isotropic in the rest frame of the tau. The lepton and the alpha come first in each event.
    """

    mass_gev: float = 0.5
    decay: Lepton = Lepton.ELECTRON
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        limit = qed.TAU_MASS_GEV - self.decay.pair.mass_gev
        check_range("mass_gev", self.mass_gev, limit, 0.0, limit, "GeV")

    def cross_section(self) -> CrossSection:
        """That of tau pairs, for a branching fraction of one in one of the two taus."""
        return TauPair(beams=self.beams).cross_section()

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events: lepton, alpha, what the other tau decays to, and photons of the initial state."""
        pairs = StableTauPair(beams=self.beams).generate(n, rng)
        sign = np.where(rng.random(n) < 0.5, -1, 1)
        signal_code = np.repeat(TAU * sign, np.diff(pairs.offsets))
        signal = pairs.only(pairs.pdg == signal_code)
        other = pairs.only(pairs.pdg == -signal_code)
        photons = pairs.only(np.abs(pairs.pdg) != TAU)
        lepton = self.decay.pair
        daughters = isotropic(np.full(n, qed.TAU_MASS_GEV), (lepton.mass_gev, self.mass_gev), rng)
        codes = np.stack([lepton.negative * sign, np.full(n, ALPHA)])
        made = decay_particles(
            signal, np.arange(n), codes, daughters,
            mass_gev=qed.TAU_MASS_GEV, ctau_cm=TAU_CTAU_CM, rng=rng, beams=self.beams,
        )  # fmt: skip
        momenta = np.stack([other.energy, other.px, other.py, other.pz])
        rest = decayed(-TAU * sign, momenta, qed.TAU_MASS_GEV, np.stack([other.vx, other.vy, other.vz]), rng)
        return merge(merge(made, rest), photons)
