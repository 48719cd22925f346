"""Correlated background of the track trigger: tracks from along the beam line.

GUESS (unverified). The mixture in z follows the peaks of 5,000 real neuro-trigger tracks (public test data of experiment 20: 56 %
within 10 cm, 15 % at 50 to 60 cm, a shoulder between, few below -20 cm); momenta, species and multiplicity have no public source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from sim.generators.beams import NOMINAL, Beams, sample_vertices
from sim.generators.guns import _direction, mass_gev
from sim.generators.particles import Particles, merge
from sim.generators.process import check_range

PROTON, PION = 2212, 211


@dataclass(frozen=True, kw_only=True)
class BackgroundTracks:
    """Events of background alone: `multiplicity` tracks from one point on the beam line.

    peak, hump: (share, mean, sigma) of two Gaussians in z, share and cm; the rest is flat in flat_cm. pt_mean_gev: mean of the
    exponential transverse momentum, of which only what is above pt_min_gev is made. multiplicity: range, flat. proton_share:
    protons among the tracks, the others are pions of both charges: the sum is positive. theta_deg: flat in cos(theta).
    """

    peak: tuple[float, float, float] = (0.55, 0.0, 1.5)
    hump: tuple[float, float, float] = (0.15, 55.0, 4.0)
    flat_cm: tuple[float, float] = (-60.0, 60.0)
    pt_mean_gev: float = 0.25
    pt_min_gev: float = 0.15
    multiplicity: tuple[int, int] = (1, 2)
    proton_share: float = 0.5
    theta_deg: tuple[float, float] = (17.0, 150.0)
    beams: Beams = field(default=NOMINAL)

    def __post_init__(self) -> None:
        if not 0 <= self.peak[0] <= self.peak[0] + self.hump[0] <= 1:
            msg = f"shares of peak and hump must be within 0..1, together too, not {self.peak[0]} and {self.hump[0]}"
            raise ValueError(msg)
        check_range("flat_cm", *self.flat_cm, -400.0, 400.0, "cm")
        check_range("theta_deg", *self.theta_deg, 0.0, 180.0, "deg")
        if not (self.pt_mean_gev > 0 and self.pt_min_gev > 0):
            msg = f"pt_mean_gev and pt_min_gev must be positive, not {self.pt_mean_gev} and {self.pt_min_gev} GeV"
            raise ValueError(msg)
        if not 1 <= self.multiplicity[0] <= self.multiplicity[1]:
            msg = f"multiplicity must be a range from 1 on, not {self.multiplicity}"
            raise ValueError(msg)
        if not 0 <= self.proton_share <= 1:
            msg = f"proton_share must be within 0..1, not {self.proton_share}"
            raise ValueError(msg)

    def cross_section(self) -> None:
        """None: the rate is not known."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events."""
        counts = rng.integers(self.multiplicity[0], self.multiplicity[1], n, endpoint=True)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        m = int(offsets[-1])
        is_proton, is_negative, cos, phi = rng.random((4, m))
        pdg = np.where(is_proton < self.proton_share, PROTON, np.where(is_negative < 0.5, -PION, PION)).astype(np.int32)
        direction = _direction(self.theta_deg, cos, phi)
        pt = self.pt_min_gev + self.pt_mean_gev * rng.standard_exponential(m)
        momentum = pt / np.hypot(direction[0], direction[1])
        mass = np.where(pdg == PROTON, mass_gev(PROTON), mass_gev(PION))
        x, y, _ = sample_vertices(self.beams, n, rng)
        vertex = (np.repeat(column, counts) for column in (x, y, self._z_cm(n, rng)))
        px, py, pz = momentum * direction
        vx, vy, vz = vertex
        return Particles(
            offsets=offsets, pdg=pdg, px=px, py=py, pz=pz, energy=np.hypot(momentum, mass),
            vx=vx, vy=vy, vz=vz, t=np.zeros(m), weight=np.ones(n),
        )  # fmt: skip

    def _z_cm(self, n: int, rng: np.random.Generator) -> np.ndarray:
        choice, place, normal = rng.random(n), rng.random(n), rng.standard_normal(n)
        low, high = self.flat_cm
        in_peak, in_hump = choice < self.peak[0], choice < self.peak[0] + self.hump[0]
        flat = low + (high - low) * place
        return np.select([in_peak, in_hump], [self.peak[1] + self.peak[2] * normal, self.hump[1] + self.hump[2] * normal], flat)


def with_background(particles: Particles, background: BackgroundTracks, mean_events: float, rng: np.random.Generator) -> Particles:
    """The same events, each with a Poisson number of background events of this mean on top, in time with it.

    Weights are those of `particles`. ValueError for a negative mean.
    """
    if not 0 <= mean_events < math.inf:
        msg = f"mean_events must be a number from 0 on, not {mean_events}"
        raise ValueError(msg)
    counts = rng.poisson(mean_events, particles.n_events)
    drawn = background.generate(int(counts.sum()), rng)
    ends = np.concatenate([[0], np.cumsum(counts)])
    grouped = replace(drawn, offsets=drawn.offsets[ends], weight=np.ones(particles.n_events))
    return merge(particles, grouped)
