"""Cosmic muons that cross the drift chamber.

Ref: Guan et al., arXiv 1509.06176: Gaisser's formula with the curvature of the Earth (abstract read; constants recalled,
unverified).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.generators.particles import Particles
from sim.generators.process import check_range

MUON, MUON_GEV = 13, 0.1056583755
ENTRY_RADIUS_CM = 113.0
"""Muons start where their straight line enters this cylinder around z: the outer wall of the chamber (unverified)."""
_STAR = (0.102573, -0.068287, 0.958633, 0.0407253, 0.817285)
_GAISSER = 0.14
_N_GRID = (240, 120)
_N_AZIMUTHS = 64


def intensity(energy_gev: np.ndarray, cosine: np.ndarray) -> np.ndarray:
    """Muons per cm^2, s, sr and GeV at sea level; cosine: of the angle to the vertical."""
    p1, p2, p3, p4, p5 = _STAR
    star = np.sqrt((cosine**2 + p1**2 + p2 * cosine**p3 + p4 * cosine**p5) / (1 + p1**2 + p2 + p4))
    low = energy_gev * (1 + 3.64 / (energy_gev * star**1.29))
    terms = 1 / (1 + 1.1 * energy_gev * star / 115) + 0.054 / (1 + 1.1 * energy_gev * star / 850)
    return _GAISSER * low**-2.7 * terms


@dataclass(frozen=True, kw_only=True)
class Cosmics:
    """One muon per event, from above, that would cross the chamber on a straight line.

    energy_gev: range of the energy; what stands above the chamber is left out but for `overburden`, a factor on the rate.
    zenith_deg: largest angle to the vertical. charge_ratio: positive over negative. time_ns: flat time of the entry into the
    chamber. z_cm: range in which the line is nearest to the beam line.
    """

    energy_gev: tuple[float, float] = (1.0, 500.0)
    zenith_deg: float = 75.0
    charge_ratio: float = 1.28
    overburden: float = 1.0
    time_ns: tuple[float, float] = (-500.0, 500.0)
    z_cm: tuple[float, float] = (-100.0, 180.0)

    def __post_init__(self) -> None:
        check_range("energy_gev", *self.energy_gev, 0.2, math.inf, "GeV")
        check_range("time_ns", *self.time_ns, -1e5, 1e5, "ns")
        check_range("z_cm", *self.z_cm, -400.0, 400.0, "cm")
        if not 0 < self.zenith_deg <= 85:
            msg = f"zenith_deg must be above 0 and at most 85, not {self.zenith_deg}"
            raise ValueError(msg)
        if not (self.charge_ratio > 0 and self.overburden > 0):
            msg = f"charge_ratio and overburden must be positive, not {self.charge_ratio} and {self.overburden}"
            raise ValueError(msg)

    def cross_section(self) -> None:
        """None: cosmics have a rate, `plane_rate_hz_per_m2`."""

    def plane_rate_hz_per_m2(self) -> float:
        """Muons per second through a horizontal square metre, within the ranges of energy and angle."""
        energy, cosine, cell = self._grid()
        return float(2 * np.pi * (intensity(energy, cosine) * cosine * cell).sum() * 1e4 * self.overburden)

    def rate_hz(self) -> float:
        """Muons per second that the generated events stand for: lines that pass the beam line within the radius of the chamber, at
        z_cm. A line of one direction sees the area of these places times the component of its direction across the beam line."""
        energy, cosine, cell = self._grid()
        azimuth = (np.arange(_N_AZIMUTHS) + 0.5) * 2 * np.pi / _N_AZIMUTHS
        sine2 = 1 - cosine[0] ** 2
        across = np.sqrt(cosine[0][:, None] ** 2 + sine2[:, None] * np.cos(azimuth) ** 2).mean(axis=1)
        low, high = self.z_cm
        area_cm2 = 2 * ENTRY_RADIUS_CM * (high - low)
        return float(2 * np.pi * area_cm2 * (intensity(energy, cosine) * across * cell).sum() * self.overburden)

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events. Lines are drawn by direction, distance from the beam line, and z of the nearest point: the same lines as those
        through points on a horizontal plane above, if directions count with their component across the beam line."""
        energy, cosine, cell = self._grid()
        edges = np.cumsum((intensity(energy, cosine) * cell).ravel())
        kept = [np.zeros((4, 0))]
        while sum(part.shape[1] for part in kept) < n:
            kept.append(self._directions(2 * (n + 16), edges / edges[-1], rng))
        size, ux, uy, uz = np.concatenate(kept, axis=1)[:, :n]
        place, nearest, sign, time = rng.random((4, n))
        across = np.hypot(ux, uy)
        distance = ENTRY_RADIUS_CM * (2 * place - 1)
        back = np.sqrt(ENTRY_RADIUS_CM**2 - distance**2) / across
        low, high = self.z_cm
        early, late = self.time_ns
        positive = sign < self.charge_ratio / (1 + self.charge_ratio)
        momentum = np.sqrt(size**2 - MUON_GEV**2)
        return Particles(
            offsets=np.arange(n + 1, dtype=np.int64),
            pdg=np.where(positive, -MUON, MUON).astype(np.int32),
            px=momentum * ux,
            py=momentum * uy,
            pz=momentum * uz,
            energy=size,
            vx=-distance * uy / across - back * ux,
            vy=distance * ux / across - back * uy,
            vz=low + (high - low) * nearest - back * uz,
            t=early + (late - early) * time,
            weight=np.ones(n),
        )

    def _grid(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(energy, cosine of the zenith angle, size in GeV times cosine) of the middles of cells, logarithmic in energy."""
        log_energy, cosine = self._edges()
        middle = np.exp((log_energy[1:] + log_energy[:-1]) / 2)
        size = (middle * np.diff(log_energy))[:, None] * np.diff(cosine)
        return np.broadcast_to(middle[:, None], size.shape), np.broadcast_to((cosine[1:] + cosine[:-1]) / 2, size.shape), size

    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        n_energy, n_cosine = _N_GRID
        low, high = np.log(self.energy_gev)
        return np.linspace(low, high, n_energy + 1), np.linspace(math.cos(math.radians(self.zenith_deg)), 1.0, n_cosine + 1)

    def _directions(self, n: int, cumulative: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(energy, unit vector) of at most n muons, float64 (4, kept): flat inside a cell of the grid, component across z kept."""
        choice, in_energy, in_cosine, azimuth, ticket = rng.random((5, n))
        row, column = np.divmod(np.minimum(np.searchsorted(cumulative, choice, side="right"), cumulative.size - 1), _N_GRID[1])
        log_energy, cosine = self._edges()
        energy = np.exp(log_energy[row] + in_energy * (log_energy[1] - log_energy[0]))
        down = cosine[column] + in_cosine * (cosine[1] - cosine[0])
        sine = np.sqrt(np.maximum(1 - down * down, 0.0))
        ux, uz = sine * np.cos(2 * np.pi * azimuth), sine * np.sin(2 * np.pi * azimuth)
        keep = ticket < np.hypot(ux, down)
        return np.stack([energy, ux, -down, uz])[:, keep]
