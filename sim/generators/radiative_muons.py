"""e+e- -> mu+ mu- gamma, exact first-order tree: radiation from the initial state, the final state, and both together.

Phase space is drawn from two channels that follow the poles of the matrix element: photons along the beams with a light
muon pair (initial state), and photons along the muons (final state).
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.frames import along, boost_from_rest, turned
from sim.generators.muon_pair import ANTIMUON, MUON
from sim.generators.particles import PHOTON, Particles
from sim.generators.process import check_range, collide
from sim.generators.unweighting import PilotSample, WeightedProcess


class Radiator(enum.Enum):
    """Which currents radiate."""

    FULL = "full"
    INITIAL = "initial"


class MuonMass(enum.Enum):
    """Muon mass in the production amplitude; phase space and photon poles are massive in any case.

    EXACT: kept to all orders where the initial state radiates, which is where light pairs come from. LIGHT: neglected,
    as in the published light-fermion form; misses part of the rate of pairs lighter than about 1 GeV.
    """

    EXACT = "exact"
    LIGHT = "light"


@dataclass(frozen=True, kw_only=True)
class RadiativeMuons(WeightedProcess):
    """mu- mu+ gamma with a photon of E* above e_star_min_gev at any angle.

    weighted: keep the phase-space weights (mean 1) instead of unweighting. currents, muon_mass: for comparison with
    other calculations. Unweighted events have weight 1, save about one in 10^4 that exceeds the largest weight of the
    pilot sample and keeps the ratio. Source: SOURCES 1.3 item 4 (CALKUL form, massive momenta in the denominators); the
    mass term of `MuonMass.EXACT` is derived here from the electron tensor.
    """

    e_star_min_gev: float = 0.25
    currents: Radiator = Radiator.FULL
    muon_mass: MuonMass = MuonMass.EXACT
    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 18, seed=20_260_101)

    def __post_init__(self) -> None:
        s = self.beams.s_gev2
        limit = (s - 4.0 * qed.MUON_MASS_GEV**2) / (2.0 * math.sqrt(s))
        check_range("e_star_min_gev", self.e_star_min_gev, limit, 1e-3, limit, "GeV")

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of mu-, mu+ and photon."""
        point, weight = self.sample(n, rng)
        return self.place(point, weight, rng)

    def place(self, point: np.ndarray, weight: np.ndarray, rng: np.random.Generator) -> Particles:
        """Laboratory events of phase-space points (6, n), with beam energy spread and vertices."""
        masses = np.array([qed.MUON_MASS_GEV, qed.MUON_MASS_GEV, 0.0])
        return collide((MUON, ANTIMUON, PHOTON), momenta_of(point), masses, self.beams, rng, weight=weight)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n phase-space points (6, n), see `momenta_of`, and their weights in nb."""
        return _weighted(self, n, rng)


# A phase-space point: s' of the muon pair; y of the photon, with beta_e cos(theta) = tanh(y); its azimuth; z of the
# mu-, with beta' cos(chi) = tanh(z), chi its angle to the photon in the rest frame of the pair; azimuth about the photon.
def momenta_of(point: np.ndarray) -> np.ndarray:
    """Four-momenta (4, 3, n) of mu-, mu+, photon in the generator frame at the nominal energy, GeV.

    point: float64 (6, n): s, s', y, phi, z, psi.
    """
    s, s_left, y, phi, z, psi = point
    energy = (s - s_left) / (2.0 * np.sqrt(s))
    beta = np.sqrt(1.0 - 4.0 * qed.MUON_MASS_GEV**2 / s_left)
    half = 0.5 * np.sqrt(s_left)
    cos = np.clip(np.tanh(y) / _beta_electron(s), -1.0, 1.0)
    muon = along(half, half * beta, np.clip(np.tanh(z) / beta, -1.0, 1.0), psi)
    photon = along(energy, energy, cos, phi)
    muon = turned(muon, cos, phi)
    recoil = np.concatenate([(np.sqrt(s) - energy)[None], -photon[1:]])
    other = np.concatenate([muon[:1], -muon[1:]])
    pair = boost_from_rest(np.stack([muon, other], axis=1), recoil)
    return np.concatenate([pair, photon[:, None]], axis=1)


def _beta_electron(s: np.ndarray | float) -> np.ndarray:
    return np.sqrt(1.0 - 4.0 * qed.ELECTRON_MASS_GEV**2 / s)


def _weighted(process: RadiativeMuons, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """n phase-space points and their weights in nb, whose mean is the cross-section."""
    s, m2 = process.beams.s_gev2, qed.MUON_MASS_GEV**2
    high = s - 2.0 * math.sqrt(s) * process.e_star_min_gev
    low = 4.0 * m2
    initial, u_mass, u_y, u_phi, u_z, u_psi = rng.random((6, n))
    initial_share = 1.0 if process.currents is Radiator.INITIAL else 0.5
    from_beam = initial < initial_share

    # s': beam channel flat in ln(s' / (s - s')), muon channel flat in ln(s - s').
    beam_range = np.log(np.array([low / (s - low), high / (s - high)]))
    muon_range = np.log(np.array([s - low, s - high]))
    odds = np.exp(beam_range[0] + (beam_range[1] - beam_range[0]) * u_mass)
    s_left = np.where(from_beam, s * odds / (1.0 + odds), s - np.exp(muon_range[0] + (muon_range[1] - muon_range[0]) * u_mass))
    beta_e, beta = float(_beta_electron(s)), np.sqrt(1.0 - 4.0 * m2 / s_left)
    y_max, z_max = math.atanh(beta_e), np.arctanh(beta)
    y = np.where(from_beam, y_max * (2.0 * u_y - 1.0), np.arctanh(beta_e * (2.0 * u_y - 1.0)))
    z = np.where(from_beam, np.arctanh(beta * (2.0 * u_z - 1.0)), z_max * (2.0 * u_z - 1.0))
    point = np.stack([np.full(n, s), s_left, y, 2.0 * np.pi * u_phi, z, 2.0 * np.pi * u_psi])

    # Densities of both channels in (s', cos theta, cos chi); the pole factors are 1 - beta^2 cos^2.
    beam_pole, muon_pole = 1.0 / np.cosh(y) ** 2, 1.0 / np.cosh(z) ** 2
    beam = s / (s_left * (s - s_left)) / (beam_range[1] - beam_range[0]) * beta_e / (2.0 * y_max * beam_pole) / 2.0
    muon = 1.0 / (s - s_left) / (muon_range[0] - muon_range[1]) / 2.0 * beta / (2.0 * z_max * muon_pole)
    density = initial_share * beam + (1.0 - initial_share) * muon
    phase_space = (1.0 - s_left / s) * beta / ((2.0 * np.pi) * (8.0 * np.pi) ** 2 * 4.0)
    squared = squared_amplitude(point, process.currents, process.muon_mass)
    return point, squared * phase_space / density / (2.0 * s) * qed.GEV2_NB


def squared_amplitude(point: np.ndarray, currents: Radiator = Radiator.FULL, muon_mass: MuonMass = MuonMass.EXACT) -> np.ndarray:
    """Spin-averaged squared matrix element at phase-space points (6, n), GeV^-2.

    The photon couples with alpha(0), the exchange with alpha at the nominal energy.
    """
    s, s_left, y, _, z, _ = point
    minus, plus, photon = momenta_of(point).transpose(1, 0, 2)
    half = 0.5 * np.sqrt(s)
    beta_e = _beta_electron(s)
    # Photon times beam and muon momenta, from the variables whose poles they are.
    k_half = photon[0] * half
    pk = k_half * (2.0 / (1.0 + np.exp(2.0 * y)))
    pk_plus = k_half * (2.0 / (1.0 + np.exp(-2.0 * y)))
    qk = (s - s_left) / 4.0 * (2.0 / (1.0 + np.exp(2.0 * z)))
    qk_plus = (s - s_left) / 4.0 * (2.0 / (1.0 + np.exp(-2.0 * z)))
    t, u_swap = (-2.0 * half * (q[0] - beta_e * q[3]) for q in (minus, plus))
    t_swap, u = (-2.0 * half * (q[0] + beta_e * q[3]) for q in (plus, minus))

    me2, mm2 = qed.ELECTRON_MASS_GEV**2, qed.MUON_MASS_GEV**2
    light = t**2 + t_swap**2 + u**2 + u_swap**2
    initial = (s - 2.0 * me2) / (pk * pk_plus) - me2 / pk**2 - me2 / pk_plus**2
    squared = initial * light
    if muon_mass is MuonMass.EXACT:
        squared += initial * (2.0 * mm2 / s_left) * ((t + u_swap) ** 2 + (t_swap + u) ** 2)
    if currents is Radiator.FULL:
        final = (s_left - 2.0 * mm2) / (qk * qk_plus) - mm2 / qk**2 - mm2 / qk_plus**2
        # Interference 2 v_p.v_q; the dot products are the invariants.
        both = u / (pk_plus * qk) + u_swap / (pk * qk_plus) - t / (pk * qk) - t_swap / (pk_plus * qk_plus)
        squared += (final + both) * light
    coupling = (4.0 * np.pi) ** 3 * qed.ALPHA_0 * float(qed.alpha_s(s[0])) ** 2
    return coupling * squared / (s * s_left)
