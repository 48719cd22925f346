"""e+e- -> P gamma with a pi0, eta or eta' that decays to two photons: background of three photons and of one merged one."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

import numpy as np

from sim.generators import qed
from sim.generators.alp import photon_and_pseudoscalar
from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import decay_particles, isotropic
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import CrossSection


@dataclass(frozen=True, kw_only=True)
class Pseudoscalar:
    """Code, mass in GeV and branching fraction to two photons (Particle Data Group, Review of Particle Physics 2024), and the
    time-like form factor times s, in GeV, at 10.58 GeV."""

    pdg: int
    mass_gev: float
    branching: float
    form_factor_gev: float
    source: str


class Meson(enum.Enum):
    """The pseudoscalar meson."""

    PION = "pi0"
    ETA = "eta"
    ETA_PRIME = "eta-prime"

    @property
    def properties(self) -> Pseudoscalar:
        """What is known of it."""
        return _MESONS[self]


_MEASURED = "PAPER: BaBar, Phys. Rev. D 74 (2006) 012002"
_MESONS = {
    Meson.PION: Pseudoscalar(
        pdg=111, mass_gev=0.1349768, branching=0.98823, form_factor_gev=math.sqrt(2.0) * 0.1304,
        source="DERIVED: asymptotic limit sqrt(2) f_pi, not measured at this energy",
    ),
    Meson.ETA: Pseudoscalar(pdg=221, mass_gev=0.547862, branching=0.3936, form_factor_gev=0.229, source=_MEASURED),
    Meson.ETA_PRIME: Pseudoscalar(pdg=331, mass_gev=0.95778, branching=0.02307, form_factor_gev=0.251, source=_MEASURED),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PseudoscalarPhoton:
    """Photon and meson, all angles, 1 + cos^2(theta); the meson decays to two photons at its birth.

    The photon from production comes first. Left out: radiation, other decays. Source: sigma = 2 pi^2 alpha alpha(s)^2 / 3
    (1 - m^2 / s)^3 F^2, form factor F as measured (see `Meson`).
    """

    meson: Meson = Meson.ETA
    beams: Beams = field(default=NOMINAL)

    def cross_section(self) -> CrossSection:
        """Cross-section times the branching fraction to two photons."""
        meson = self.meson.properties
        return CrossSection(nb=meson.branching * production_nb(self.meson, self.beams), source=meson.source)

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of three photons."""
        meson = self.meson.properties
        produced = photon_and_pseudoscalar(meson.pdg, meson.mass_gev, self.beams, n, rng)
        photons = isotropic(np.full(n, meson.mass_gev), (0.0, 0.0), rng)
        rows = np.flatnonzero(produced.pdg == meson.pdg)
        return decay_particles(produced, rows, (PHOTON, PHOTON), photons, mass_gev=meson.mass_gev, rng=rng, beams=self.beams)


def production_nb(meson: Meson, beams: Beams = NOMINAL) -> float:
    """Cross-section of e+e- -> P gamma in nb; F falls as 1 / s from the energy of the measurement."""
    properties, s = meson.properties, beams.s_gev2
    couplings = 2.0 * math.pi**2 * qed.ALPHA_0 * float(qed.alpha_s(s)) ** 2 / 3.0
    return couplings * (1.0 - properties.mass_gev**2 / s) ** 3 * (properties.form_factor_gev / s) ** 2 * qed.GEV2_NB
