"""e+e- -> gamma A' with an A' that decays to a pair of electrons, muons or charged pions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.generators.beams import NOMINAL, Beams, lab_to_generator
from sim.generators.dark_photon import DarkPhoton
from sim.generators.decays import decay_particles
from sim.generators.particles import INVISIBLE_DARK_PHOTON, Particles
from sim.generators.process import CrossSection, check_between, check_ctau
from sim.generators.vector_decays import LightPair, pair_of_vector


@dataclass(frozen=True, kw_only=True)
class DarkPhotonVisible:
    """Photon as in `DarkPhoton`, and the A' as a pair; all of them decay to the pair that `decay` says.

    mass_gev: above twice the mass of a daughter. epsilon scales the cross-section only; ctau_cm, the mean proper decay length,
    is free (0: prompt). Photon and pair are correlated as at tree level. Left out: the mass of the electron, radiation, the
    hadrons other than two pions. Source: SOURCES 1.3 item 7; `sim.generators.vector_decays`.
    """

    mass_gev: float = 1.0
    decay: LightPair = LightPair.MUONS
    epsilon: float = 1.0
    ctau_cm: float = 0.0
    theta_min_deg: float = 10.0
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        check_between("mass_gev", self.mass_gev, 2.0 * self.decay.pair.mass_gev, self.beams.sqrt_s_gev, "GeV")
        check_ctau(self.ctau_cm)
        _ = self._production

    @property
    def _production(self) -> DarkPhoton:
        return DarkPhoton(
            mass_gev=self.mass_gev, epsilon=self.epsilon, theta_min_deg=self.theta_min_deg, beams=self.beams
        )  # fmt: skip

    def cross_section(self) -> CrossSection:
        """Tree-level cross-section of gamma A' at this epsilon, for a branching fraction of one."""
        return self._production.cross_section()

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of the photon, the negative and the positive daughter."""
        produced = self._production.generate(n, rng)
        rows = np.flatnonzero(produced.pdg == INVISIBLE_DARK_PHOTON)
        lab = np.stack([column[rows] for column in (produced.energy, produced.px, produced.py, produced.pz)])
        pair = self.decay.pair
        daughters = pair_of_vector(pair, lab_to_generator(lab, self.beams), self.mass_gev, rng)
        return decay_particles(
            produced, rows, (pair.negative, -pair.negative), daughters,
            mass_gev=self.mass_gev, ctau_cm=self.ctau_cm, rng=rng, beams=self.beams,
        )  # fmt: skip
