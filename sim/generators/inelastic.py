"""Inelastic dark matter: an A' that decays to chi1 chi2, and a long-lived chi2 that decays to chi1 and a pair of leptons.

The A' decays isotropically and chi2 by flat phase space: approximations. ctau is free. Source: SOURCES 1.3 items 10 and 11
(arXiv 1911.03176, 2012.08595).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.generators.beams import NOMINAL, Beams
from sim.generators.dark_higgs import DARK_HIGGS, DarkHiggsstrahlung
from sim.generators.dark_photon import DarkPhoton
from sim.generators.decays import decay_particles, flat_phase_space, isotropic
from sim.generators.long_lived import Daughters
from sim.generators.particles import INVISIBLE_DARK_PHOTON, Particles
from sim.generators.process import CrossSection, check_between, check_ctau
from trigger.errors import InputError

CHI_1 = 52
"""Particle code of the stable dark fermion (PDG numbering); detectors ignore it."""
_CHI_2 = 57
"""Particle code of the excited one while it lives: our choice, none is foreseen."""
_LEPTONS = (Daughters.ELECTRONS, Daughters.MUONS)


@dataclass(frozen=True, kw_only=True)
class DarkStates:
    """Masses in GeV of chi1 and the splitting to chi2, the decay length of chi2 in cm, and its leptons."""

    chi_mass_gev: float
    splitting_gev: float
    ctau_cm: float
    leptons: Daughters

    def check(self, mediator_gev: float) -> None:
        """InputError for what an A' of this mass cannot do."""
        if self.leptons not in _LEPTONS:
            raise InputError(f"decay must be {' or '.join(pair.value for pair in _LEPTONS)}, not {self.leptons.value}")
        check_between("chi_mass_gev", self.chi_mass_gev, 0.0, (mediator_gev - self.splitting_gev) / 2.0, "GeV")
        check_between("splitting_gev", self.splitting_gev, 2.0 * self.leptons.mass_gev, mediator_gev, "GeV")
        check_ctau(self.ctau_cm)

    def decayed(self, particles: Particles, mediator_gev: float, rng: np.random.Generator, beams: Beams) -> Particles:
        """Events whose A' are replaced, in their places, by chi1 and by the chi1, lepton and antilepton of chi2."""
        excited_gev = self.chi_mass_gev + self.splitting_gev
        rows = np.flatnonzero(particles.pdg == INVISIBLE_DARK_PHOTON)
        pair = isotropic(np.full(len(rows), mediator_gev), (self.chi_mass_gev, excited_gev), rng)
        split = decay_particles(particles, rows, (CHI_1, _CHI_2), pair, mass_gev=mediator_gev, rng=rng, beams=beams)
        rows = np.flatnonzero(split.pdg == _CHI_2)
        masses = (self.chi_mass_gev, self.leptons.mass_gev, self.leptons.mass_gev)
        three = flat_phase_space(np.full(len(rows), excited_gev), masses, rng)
        return decay_particles(
            split, rows, (CHI_1, *self.leptons.codes), three, mass_gev=excited_gev, ctau_cm=self.ctau_cm, rng=rng, beams=beams
        )


@dataclass(frozen=True, kw_only=True)
class IdmPhoton:
    """e+e- -> gamma A', A' -> chi1 chi2, chi2 -> chi1 l l: photon as in `DarkPhoton`, a pair that does not point back.

    mass_gev: of the A'. The defaults follow the benchmark m(A') = 3 m(chi1), splitting 0.4 m(chi1) (arXiv 1911.03176). epsilon
    scales the cross-section only; the branching fractions are taken as one.
    """

    mass_gev: float = 3.0
    chi_mass_gev: float = 1.0
    splitting_gev: float = 0.4
    ctau_cm: float = 10.0
    decay: Daughters = Daughters.ELECTRONS
    epsilon: float = 1.0
    theta_min_deg: float = 10.0
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        self._states.check(self.mass_gev)
        _ = self._production

    @property
    def _states(self) -> DarkStates:
        return DarkStates(
            chi_mass_gev=self.chi_mass_gev, splitting_gev=self.splitting_gev, ctau_cm=self.ctau_cm, leptons=self.decay
        )

    @property
    def _production(self) -> DarkPhoton:
        return DarkPhoton(mass_gev=self.mass_gev, epsilon=self.epsilon, theta_min_deg=self.theta_min_deg, beams=self.beams)

    def cross_section(self) -> CrossSection:
        """Tree-level cross-section of gamma A' at this epsilon."""
        return self._production.cross_section()

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of the photon, chi1, and from the place of the decay chi1, lepton and antilepton."""
        return self._states.decayed(self._production.generate(n, rng), self.mass_gev, rng, self.beams)


@dataclass(frozen=True, kw_only=True)
class IdmDarkHiggs:
    """e+e- -> A' h': A' -> chi1 chi2, chi2 -> chi1 l l, a pair that does not point back, and h' -> x x, a pair that does.

    mass_gev: of the A'; the defaults follow the search of arXiv 2505.09705 (m(A') = 3 m(chi1), splitting 0.4 m(chi1)). decay and
    ctau_cm: of chi2; higgs_decay and higgs_ctau_cm: of the h'. Couplings scale the cross-section only.
    """

    mass_gev: float = 3.0
    chi_mass_gev: float = 1.0
    splitting_gev: float = 0.4
    ctau_cm: float = 10.0
    decay: Daughters = Daughters.ELECTRONS
    higgs_mass_gev: float = 1.0
    higgs_ctau_cm: float = 10.0
    higgs_decay: Daughters = Daughters.PIONS
    epsilon: float = 1e-3
    dark_coupling: float = 0.1
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        self._states.check(self.mass_gev)
        _ = self._production
        if self.higgs_decay not in (Daughters.MUONS, Daughters.PIONS, Daughters.KAONS):
            raise InputError(f"higgs_decay must be a pair of muons, pions or kaons, not {self.higgs_decay.value}")
        check_between("higgs_mass_gev", self.higgs_mass_gev, 2.0 * self.higgs_decay.mass_gev, self.beams.sqrt_s_gev, "GeV")
        check_ctau(self.higgs_ctau_cm)

    @property
    def _states(self) -> DarkStates:
        return DarkStates(
            chi_mass_gev=self.chi_mass_gev, splitting_gev=self.splitting_gev, ctau_cm=self.ctau_cm, leptons=self.decay
        )

    @property
    def _production(self) -> DarkHiggsstrahlung:
        return DarkHiggsstrahlung(
            mass_gev=self.mass_gev, higgs_mass_gev=self.higgs_mass_gev,
            epsilon=self.epsilon, dark_coupling=self.dark_coupling, beams=self.beams,
        )  # fmt: skip

    def cross_section(self) -> CrossSection:
        """Tree-level cross-section of A' h' at these couplings; all branching fractions are taken as one."""
        return self._production.cross_section()

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of chi1, then chi1, lepton and antilepton of chi2, then the daughters of the h'."""
        made = self._states.decayed(self._production.generate(n, rng), self.mass_gev, rng, self.beams)
        rows = np.flatnonzero(made.pdg == DARK_HIGGS)
        pair = isotropic(np.full(n, self.higgs_mass_gev), (self.higgs_decay.mass_gev,) * 2, rng)
        return decay_particles(
            made, rows, self.higgs_decay.codes, pair,
            mass_gev=self.higgs_mass_gev, ctau_cm=self.higgs_ctau_cm, rng=rng, beams=self.beams,
        )  # fmt: skip
