"""The SuperKEKB beams: four-momenta, frames and the interaction point.

Frames. Laboratory: z along the detector axis, electrons towards +z, both beams tilted to +x. Generator frame: centre of
mass with the electron exactly along +z; a rotation about y and a pure boost lead from it to the laboratory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from trigger.geometry.beams import Y4S_BEAMS


@dataclass(frozen=True, kw_only=True)
class Beams:
    """Beam parameters of the Y(4S) run; sizes are standard deviations.

    Source of spreads and sizes: SIM section 0 (basf2 generators, beam parameters, read in public source).
    """

    electron_energy_gev: float = Y4S_BEAMS.electron_gev
    positron_energy_gev: float = Y4S_BEAMS.positron_gev
    half_crossing_rad: float = Y4S_BEAMS.half_crossing_rad
    electron_spread_gev: float = 5.13e-3
    positron_spread_gev: float = 2.375e-3
    electron_size_cm: tuple[float, float, float] = (10.2e-4, 59e-7, 0.6)
    positron_size_cm: tuple[float, float, float] = (7.75e-4, 59e-7, 0.5)

    def __post_init__(self) -> None:
        if min(self.electron_energy_gev, self.positron_energy_gev) <= 0:
            msg = f"beam energies must be positive, not {self.electron_energy_gev}, {self.positron_energy_gev} GeV"
            raise ValueError(msg)
        if min(self.electron_spread_gev, self.positron_spread_gev) < 0:
            msg = "beam energy spreads must not be negative"
            raise ValueError(msg)

    @property
    def total(self) -> tuple[float, float, float, float]:
        """Sum of the beam four-momenta (E, px, py, pz) in GeV; electron mass neglected."""
        energy, px, pz = _total(self, self.electron_energy_gev, self.positron_energy_gev)
        return energy, px, 0.0, pz

    @property
    def s_gev2(self) -> float:
        """Nominal squared centre-of-mass energy."""
        energy, px, _, pz = self.total
        return energy**2 - px**2 - pz**2

    @property
    def sqrt_s_gev(self) -> float:
        """Nominal centre-of-mass energy."""
        return math.sqrt(self.s_gev2)

    @property
    def axis_angle_rad(self) -> float:
        """Angle of the electron to z after a pure boost to the centre of mass; towards +x is positive."""
        sin, cos, e_minus = math.sin(self.half_crossing_rad), math.cos(self.half_crossing_rad), self.electron_energy_gev
        _, px, _, pz = boost_to_cm(self.total, e_minus, e_minus * sin, 0.0, e_minus * cos)
        return math.atan2(float(px), float(pz))


NOMINAL = Beams()


def _total(beams: Beams, electron_gev, positron_gev):  # type: ignore[no-untyped-def]
    """(E, px, pz) of the two beams, numbers or arrays; py is 0."""
    sin, cos = math.sin(beams.half_crossing_rad), math.cos(beams.half_crossing_rad)
    energy = electron_gev + positron_gev
    return energy, energy * sin, (electron_gev - positron_gev) * cos


def sample_total(beams: Beams, n: int, rng: np.random.Generator) -> np.ndarray:
    """(E, px, py, pz) of n collisions with beam energy spread, GeV, float64 (4, n)."""
    electron = rng.standard_normal(n) * beams.electron_spread_gev + beams.electron_energy_gev
    positron = rng.standard_normal(n) * beams.positron_spread_gev + beams.positron_energy_gev
    energy, px, pz = _total(beams, electron, positron)
    return np.stack([energy, px, np.zeros(n), pz])


def mass_of(total: np.ndarray) -> np.ndarray:
    """Invariant mass in GeV of four-momenta (4, n)."""
    return np.sqrt(total[0] ** 2 - total[1] ** 2 - total[2] ** 2 - total[3] ** 2)


def boost_to_cm(total, energy, px, py, pz):  # type: ignore[no-untyped-def]
    """(E, px, py, pz) in the rest frame of `total`, by a pure boost. Numbers or arrays that broadcast."""
    return _boost(total, -1.0, energy, px, py, pz)


def boost_to_lab(total, energy, px, py, pz):  # type: ignore[no-untyped-def]
    """(E, px, py, pz) in the frame in which the system has four-momentum `total`, by a pure boost."""
    return _boost(total, 1.0, energy, px, py, pz)


def _boost(total, sign, energy, px, py, pz):  # type: ignore[no-untyped-def]
    e_sum, x, y, z = total
    mass = np.sqrt(e_sum**2 - x**2 - y**2 - z**2)
    ux, uy, uz = sign * x / mass, sign * y / mass, sign * z / mass
    along = ux * px + uy * py + uz * pz
    factor = along / (e_sum / mass + 1.0) + energy
    return (e_sum * energy / mass + along, px + factor * ux, py + factor * uy, pz + factor * uz)


def energy_in_cm(beams: Beams, energy: np.ndarray, px: np.ndarray, py: np.ndarray, pz: np.ndarray) -> np.ndarray:
    """E* in GeV of laboratory four-momenta: energy in the rest frame of the nominal beams."""
    e_sum, x, _, z = beams.total
    return (e_sum * energy - x * px - z * pz) / beams.sqrt_s_gev


def generator_to_lab(momenta: np.ndarray, total: np.ndarray, beams: Beams = NOMINAL) -> np.ndarray:
    """Laboratory four-momenta of generator-frame ones.

    momenta: float64 (4, ..., n), (E, px, py, pz) in GeV. total: beam four-momenta (4, n) or (4,). The rotation is that
    of the nominal beams: the energy spread moves the electron's direction by microradians.
    """
    sin, cos = math.sin(beams.axis_angle_rad), math.cos(beams.axis_angle_rad)
    energy, px, py, pz = momenta
    return np.stack(boost_to_lab(total, energy, cos * px + sin * pz, py, cos * pz - sin * px))


def lab_to_generator(momenta: np.ndarray, beams: Beams = NOMINAL) -> np.ndarray:
    """Generator-frame four-momenta (nominal beams) of laboratory ones, float64 (4, ...)."""
    sin, cos = math.sin(beams.axis_angle_rad), math.cos(beams.axis_angle_rad)
    energy, px, py, pz = boost_to_cm(beams.total, *momenta)
    return np.stack([energy, cos * px - sin * pz, py, cos * pz + sin * px])


@cache
def _spot_factor(beams: Beams) -> np.ndarray:
    """Lower-triangular factor of the covariance of the interaction point, cm."""
    inverse = np.zeros((3, 3))
    for sizes, angle in (
        (beams.electron_size_cm, beams.half_crossing_rad),
        (beams.positron_size_cm, -beams.half_crossing_rad),
    ):
        sin, cos = math.sin(angle), math.cos(angle)
        rotation = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
        inverse += rotation @ np.diag(1.0 / np.square(sizes)) @ rotation.T
    return np.linalg.cholesky(np.linalg.inv(inverse))


def sample_vertices(beams: Beams, n: int, rng: np.random.Generator) -> np.ndarray:
    """Collision points (x, y, z) in cm, float64 (3, n), Gaussian in the overlap of the two bunches."""
    return _spot_factor(beams) @ rng.standard_normal((3, n))
