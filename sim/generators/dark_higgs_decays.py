"""e+e- -> A' h' with an A' that decays to a pair, and an h' that is invisible or decays to two more A'.

The daughters are correlated as at tree level: those of the A' that is made with the h' know the beams, those of the two A' from the
h' know each other. Source: DERIVED by traces of the currents from the couplings A'.J and h' A'.A' of arXiv 0903.0363.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sim.generators.beams import NOMINAL, Beams, lab_to_generator
from sim.generators.dark_higgs import DARK_HIGGS, DarkHiggsstrahlung
from sim.generators.decays import decay_particles, isotropic
from sim.generators.frames import boost_from_rest, product
from sim.generators.particles import INVISIBLE_DARK_PHOTON, Particles
from sim.generators.process import CrossSection, check_between
from sim.generators.vector_decays import LightPair, Pair


class HiggsDecay(enum.Enum):
    """What becomes of the h'."""

    INVISIBLE = "invisible"
    DARK_PHOTONS = "a-a"


@dataclass(frozen=True, kw_only=True)
class DarkHiggsstrahlungDecays:
    """A' of mass_gev and h' of higgs_mass_gev; each A' decays to the pair that `decay` says, at its birth.

    higgs_decay: an invisible h' stays in the truth; one that decays to A' A' gives six particles in all and needs
    higgs_mass_gev > 2 mass_gev. epsilon and dark_coupling scale the cross-section only. Left out: radiation, the width of the A',
    the exchange of identical particles among the pairs.
    """

    mass_gev: float = 3.0
    higgs_mass_gev: float = 1.0
    decay: LightPair = LightPair.MUONS
    higgs_decay: HiggsDecay = HiggsDecay.INVISIBLE
    epsilon: float = 1e-3
    dark_coupling: float = 0.1
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        _ = self._production
        check_between("mass_gev", self.mass_gev, 2.0 * self.decay.pair.mass_gev, self.beams.sqrt_s_gev, "GeV")
        if self.higgs_decay is HiggsDecay.DARK_PHOTONS:
            check_between("higgs_mass_gev", self.higgs_mass_gev, 2.0 * self.mass_gev, self.beams.sqrt_s_gev, "GeV")

    @property
    def _production(self) -> DarkHiggsstrahlung:
        return DarkHiggsstrahlung(
            mass_gev=self.mass_gev, higgs_mass_gev=self.higgs_mass_gev, epsilon=self.epsilon, dark_coupling=self.dark_coupling,
            beams=self.beams,
        )  # fmt: skip

    def cross_section(self) -> CrossSection:
        """That of A' h' at these couplings, for branching fractions of one."""
        return self._production.cross_section()

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events: the daughters of the A' that is made with the h', then the h' or the daughters of its two A'."""
        events = self._production.generate(n, rng)
        pair, mass = self.decay.pair, self.mass_gev
        codes = (pair.negative, -pair.negative)
        rows = np.flatnonzero(events.pdg == INVISIBLE_DARK_PHOTON)
        daughters = about_the_beams(pair, mass, self._momenta(events, rows), rng)
        events = decay_particles(events, rows, codes, daughters, mass_gev=mass, rng=rng, beams=self.beams)
        if self.higgs_decay is HiggsDecay.INVISIBLE:
            return events
        rows = np.flatnonzero(events.pdg == DARK_HIGGS)
        vectors = isotropic(np.full(n, self.higgs_mass_gev), (mass, mass), rng)
        both = about_each_other(pair, mass, vectors, rng)
        four = np.concatenate([boost_from_rest(both[:, :2], vectors[:, 0]), boost_from_rest(both[:, 2:], vectors[:, 1])], axis=1)
        return decay_particles(events, rows, codes * 2, four, mass_gev=self.higgs_mass_gev, rng=rng, beams=self.beams)

    def _momenta(self, events: Particles, rows: np.ndarray) -> np.ndarray:
        lab = np.stack([column[rows] for column in (events.energy, events.px, events.py, events.pz)])
        return lab_to_generator(lab, self.beams)


def about_the_beams(pair: Pair, mass_gev: float, vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Four-momenta (4, 2, n) of the negative and the positive daughter in the rest frames of vectors (4, n), generator frame.

    The vectors come from a virtual photon that gave them its spin. With D the difference of the daughters and T the part across
    the beams: scalars follow D_T^2, leptons Q_T^2 + 2 m^2 - D_T^2.
    """

    def share(momenta: np.ndarray, which: np.ndarray) -> np.ndarray:
        vector = vectors[:, which]
        born = boost_from_rest(momenta, vector)
        across = np.square(born[1:3, 0] - born[1:3, 1]).sum(axis=0)
        transverse = np.square(vector[1:3]).sum(axis=0)
        if pair.scalars:
            return across / (mass_gev**2 + transverse)
        return 1.0 - across / (transverse + 2.0 * mass_gev**2)

    return _by_rejection(vectors.shape[1], lambda m: _pairs(pair, mass_gev, m, rng), share, rng)


def about_each_other(pair: Pair, mass_gev: float, vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Four-momenta (4, 4, n) of both pairs, each one in the rest frame of its vector; vectors (4, 2, n) from a scalar at rest.

    The scalar couples to the product of both vectors, so that the weight is the product of both tensors of the daughters.
    """
    m2 = mass_gev**2

    def share(momenta: np.ndarray, which: np.ndarray) -> np.ndarray:
        first, second = vectors[:, 0, which], vectors[:, 1, which]
        one, two = boost_from_rest(momenta[:, :2], first), boost_from_rest(momenta[:, 2:], second)
        d1, d2 = one[:, 0] - one[:, 1], two[:, 0] - two[:, 1]
        between = product(first, second)
        largest = np.maximum(between / m2, 1.0) ** 2
        if pair.scalars:
            return product(d1, d2) ** 2 / (product(d1, d1) ** 2 * largest)
        # Tensor of leptons: (Q Q - m^2 g - D D) / 2, trace with -g: m^2 + 2 m_l^2, largest eigenvalue m^2 / 2.
        bound = 0.5 * m2 * (m2 + 2.0 * pair.mass_gev**2)
        both = between**2 + 2.0 * m2**2 - product(first, d2) ** 2 - product(second, d1) ** 2
        both = both + m2 * (product(d1, d1) + product(d2, d2)) + product(d1, d2) ** 2
        return 0.25 * both / (bound * largest)

    def draw(m: int) -> np.ndarray:
        return np.concatenate([_pairs(pair, mass_gev, m, rng), _pairs(pair, mass_gev, m, rng)], axis=1)

    return _by_rejection(vectors.shape[2], draw, share, rng)


def _pairs(pair: Pair, mass_gev: float, n: int, rng: np.random.Generator) -> np.ndarray:
    return isotropic(np.full(n, mass_gev), (pair.mass_gev, pair.mass_gev), rng)


def _by_rejection(
    n: int,
    draw: Callable[[int], np.ndarray],
    share: Callable[[np.ndarray, np.ndarray], np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Candidates (..., n), each event's own accepted with the probability `share` of (candidates, events)."""
    missing = np.arange(n)
    out = np.zeros((*draw(1).shape[:-1], n))
    while len(missing):
        candidates = draw(len(missing))
        accepted = rng.random(len(missing)) < share(candidates, missing)
        out[..., missing[accepted]] = candidates[..., accepted]
        missing = missing[~accepted]
    return out
