"""e+e- -> e mu Z' with a Z' whose coupling changes the flavour of a lepton, invisible or to e mu; exact tree amplitude."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.beams import NOMINAL, Beams
from sim.generators.decays import decay_particles, isotropic
from sim.generators.particles import Particles
from sim.generators.process import CrossSection, check_between, check_range, collide
from sim.generators.recoil_channels import RecoilChannel, draw_mixed
from sim.generators.spinors import (
    bar,
    by_slices,
    current,
    joined,
    on_axis,
    polarisations,
    propagated,
    row_propagated,
    row_slash,
    slash,
    spinor_u,
    spinor_v,
)
from sim.generators.unweighting import PilotSample, WeightedProcess
from sim.generators.z_prime import Z_PRIME

_DAUGHTERS_GEV = (qed.ELECTRON_MASS_GEV, qed.MUON_MASS_GEV)
# Spin axes of the arrays below: beam electron, beam positron, e-, mu+, Z'.
_AXES = 5


@dataclass(frozen=True, kw_only=True)
class ZPrimeEMu(WeightedProcess):
    """e- mu+ Z' and e+ mu- Z' in equal parts, the electron more than theta_min_deg from the beams in the CM frame.

    mass_gev: above the muon mass, below which muons would decay to e Z'. coupling: g in g Z'.(e gamma mu) + conjugate, scales the
    cross-section only. All four tree diagrams: Z' radiated after annihilation, and by the beam lepton that a photon scatters, which
    is the larger part. The Z' stays in the truth and leaves no signal. Left out: radiation. Source: DERIVED, tree amplitude by
    spinors.
    """

    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 17, seed=20_260_202, above=1e-4)
    mass_gev: float = 1.0
    coupling: float = 1.0
    theta_min_deg: float = 10.0

    def __post_init__(self) -> None:
        check_between("mass_gev", self.mass_gev, qed.MUON_MASS_GEV, self.beams.sqrt_s_gev - 0.3, "GeV")
        check_between("coupling", self.coupling, 0.0, math.inf, "")
        check_range("theta_min_deg", self.theta_min_deg, 90.0, 0.5, 90.0, "deg")

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n phase-space points (4, 3, n) of e-, mu+, Z' in the generator frame and their weights in nb, 0 outside the region."""
        masses = (qed.ELECTRON_MASS_GEV, qed.MUON_MASS_GEV, self.mass_gev)
        cos_max = math.cos(math.radians(self.theta_min_deg))
        sqrt_s = self.beams.sqrt_s_gev
        after = RecoilChannel(sqrt_s=sqrt_s, masses=masses, single=1, first=0, second=2, pole_gev=qed.MUON_MASS_GEV)
        before = RecoilChannel(sqrt_s=sqrt_s, masses=masses, single=0, first=1, second=2, pole_gev=qed.ELECTRON_MASS_GEV)
        scattered = replace(before, forward_turn=1.0 - cos_max)
        channels = (after, before, scattered, replace(scattered, exchange=True), replace(before, exchange=True))
        momenta, volume = draw_mixed(channels, n, rng)
        inside = np.abs(momenta[3, 0]) < cos_max * np.sqrt(np.square(momenta[1:, 0]).sum(axis=0))
        squared = np.zeros(n)
        squared[inside] = squared_amplitude(momenta[..., inside], self.mass_gev)
        # Both charges.
        return momenta, 2.0 * self.coupling**2 * squared * volume / (2.0 * self.beams.s_gev2) * qed.GEV2_NB

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of the electron, the muon and the Z'."""
        momenta, weight = self.sample(n, rng)
        other_charge = rng.random(n) < 0.5
        # Charge conjugation, and half a turn about x that puts the beams back.
        momenta = np.where(other_charge, momenta * np.array([1.0, 1.0, -1.0, -1.0])[:, None, None], momenta)
        masses = np.array([qed.ELECTRON_MASS_GEV, qed.MUON_MASS_GEV, self.mass_gev])
        particles = collide((11, -13, Z_PRIME), momenta, masses, self.beams, rng, weight=weight)
        particles.pdg.reshape(n, 3)[other_charge, :2] *= -1
        return particles


@dataclass(frozen=True, kw_only=True)
class ZPrimeEMuVisible:
    """e- mu+ Z' and e+ mu- Z' whose Z' decays to e- mu+ or e+ mu- in equal parts: half of the pairs of leptons have equal signs.

    Options as of `ZPrimeEMu`, for a branching fraction of one to e mu. Left out: radiation, the spin of the Z', the exchange of
    equal leptons between Z' and the rest.
    """

    mass_gev: float = 1.0
    coupling: float = 1.0
    theta_min_deg: float = 10.0
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        _ = self._production
        check_between("mass_gev", self.mass_gev, sum(_DAUGHTERS_GEV), self.beams.sqrt_s_gev, "GeV")

    @property
    def _production(self) -> ZPrimeEMu:
        return ZPrimeEMu(mass_gev=self.mass_gev, coupling=self.coupling, theta_min_deg=self.theta_min_deg, beams=self.beams)

    def cross_section(self) -> CrossSection:
        """That of e mu Z'."""
        return self._production.cross_section()

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of the electron, the muon, and the electron and the muon of the Z'."""
        events = self._production.generate(n, rng)
        codes = np.where(rng.random(n) < 0.5, 1, -1) * np.array([[11], [-13]])
        daughters = isotropic(np.full(n, self.mass_gev), _DAUGHTERS_GEV, rng)
        rows = np.flatnonzero(events.pdg == Z_PRIME)
        return decay_particles(events, rows, codes, daughters, mass_gev=self.mass_gev, rng=rng, beams=self.beams)


def squared_amplitude(momenta: np.ndarray, mass_gev: float) -> np.ndarray:
    """Spin-averaged squared amplitude (n,) at unit coupling, GeV^-2; momenta (4, 3, n) of e-, mu+, Z', generator frame."""

    def squared(momenta: np.ndarray) -> np.ndarray:
        annihilation, scattering = amplitudes(momenta, mass_gev)
        return 0.25 * np.square(np.abs(annihilation + scattering)).sum(axis=(0, 1, 2, 3, 4))

    return by_slices(squared, momenta)


def amplitudes(momenta: np.ndarray, mass_gev: float, muon_gev: float = qed.MUON_MASS_GEV) -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes (2, 2, 2, 2, 3, n) of annihilation and of scattering at unit coupling, GeV^-1.

    Running couplings at s and at the momentum transfer. The beams and the lines between photon and electron are massless but for
    the muon.
    """
    electron, muon, boson = momenta.transpose(1, 0, 2)
    n = momenta.shape[2]
    half = 0.5 * momenta[0].sum(axis=0)
    zero = np.zeros(n)
    beam, antibeam = np.stack([half, zero, zero, half]), np.stack([half, zero, zero, -half])
    incoming = on_axis(spinor_u(beam, 0.0), 0, _AXES)
    antiincoming = on_axis(bar(spinor_v(antibeam, 0.0)), 1, _AXES)
    outgoing = on_axis(bar(spinor_u(electron, qed.ELECTRON_MASS_GEV)), 2, _AXES)
    antimuon = on_axis(spinor_v(muon, muon_gev), 3, _AXES)
    waves = polarisations(boson, mass_gev).reshape(4, 1, 1, 1, 1, 3, n)

    def line(row: np.ndarray, leaves: np.ndarray, photon: np.ndarray) -> np.ndarray:
        """Row that leaves with this momentum; photon and Z' on the line to the muon, in both orders."""
        with_muon, with_electron = (q.reshape(4, *([1] * _AXES), n) for q in (leaves + boson, -(muon + boson)))
        first = joined(row_propagated(row_slash(row, waves), with_muon, muon_gev), slash(photon, antimuon))
        second = joined(row_slash(row, photon), propagated(with_electron, qed.ELECTRON_MASS_GEV, slash(waves, antimuon)))
        return first + second

    s = 4.0 * half**2
    difference = beam - electron
    t = difference[0] ** 2 - np.square(difference[1:]).sum(axis=0)
    annihilation = 4.0 * np.pi * float(qed.alpha_s(s[0])) / s * line(outgoing, electron, current(antiincoming, incoming))
    scattering = -4.0 * np.pi * qed.alpha_t(np.minimum(t, -1e-9)) / t * line(antiincoming, -antibeam, current(outgoing, incoming))
    return annihilation, scattering
