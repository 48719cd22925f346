"""SuperKEKB: radio frequency, beams and the boost between laboratory and CM frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RADIO_FREQUENCY_MHZ = 508.887
"""Of the accelerator: all clocks of the trigger are fractions of it. Source: basf2 cdc/data/CDC.xml [SIM], SuperKEKB [PAPER]."""


@dataclass(frozen=True, kw_only=True)
class BeamDeclaration:
    """Beam energies [GeV] and the angle of each beam to the z axis [rad], both tilted to +x, electrons toward +z."""

    electron_gev: float
    positron_gev: float
    half_crossing_rad: float

    def __post_init__(self) -> None:
        if self.electron_gev <= 0 or self.positron_gev <= 0:
            msg = f"beam energies must be positive, not {self.electron_gev} and {self.positron_gev} GeV"
            raise ValueError(msg)
        if not 0 <= self.half_crossing_rad < 0.5:
            msg = f"half_crossing_rad must be in [0, 0.5) rad, not {self.half_crossing_rad}"
            raise ValueError(msg)


Y4S_BEAMS = BeamDeclaration(electron_gev=7.004, positron_gev=4.002, half_crossing_rad=0.0415)
"""Source: basf2 generators/scripts/beamparameters.py, Y(4S) (read in public source); full crossing 83 mrad."""


def total_momentum(beams: BeamDeclaration) -> tuple[float, float, float, float]:
    """Return (E, px, py, pz) [GeV] of the two beams in the laboratory; the electron mass is neglected (1e-8 of the energy)."""
    sin, cos = np.sin(beams.half_crossing_rad), np.cos(beams.half_crossing_rad)
    energy = beams.electron_gev + beams.positron_gev
    return energy, energy * float(sin), 0.0, (beams.electron_gev - beams.positron_gev) * float(cos)


def boost_to_cm(
    energy: NDArray[np.float64], momentum: NDArray[np.float64], beams: BeamDeclaration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (E, p) in the CM frame whose +z is the electron's direction.

    Args:
        energy: (n,) laboratory energy, GeV.
        momentum: (n, 3) laboratory momentum, GeV.
        beams: the beams that define the frame.

    Pure boost by minus the CM velocity, then a rotation about y that brings the electron onto +z.
    """
    total, px, py, pz = total_momentum(beams)
    beta = np.array([px, py, pz]) / total
    beta_squared = float(beta @ beta)
    gamma = 1.0 / np.sqrt(1.0 - beta_squared)

    def boosted(e: NDArray[np.float64], p: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        along = p @ beta
        shift = (gamma - 1.0) / beta_squared * along - gamma * e
        return gamma * (e - along), p + shift[:, None] * beta

    half = beams.half_crossing_rad
    electron = beams.electron_gev * np.array([[np.sin(half), 0.0, np.cos(half)]])
    _, direction = boosted(np.array([beams.electron_gev]), electron)
    angle = np.arctan2(direction[0, 0], direction[0, 2])
    cm_energy, cm = boosted(np.asarray(energy, dtype=np.float64), np.asarray(momentum, dtype=np.float64))
    sin, cos = np.sin(angle), np.cos(angle)
    rotated = np.stack([cos * cm[:, 0] - sin * cm[:, 2], cm[:, 1], sin * cm[:, 0] + cos * cm[:, 2]], axis=1)
    return cm_energy, rotated


def cm_direction_and_energy(
    x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64], beams: BeamDeclaration
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return CM (theta [rad], phi [rad], energy [GeV]) of photons with 1 GeV in the laboratory that fly toward (x, y, z)."""
    position = np.stack([x, y, z], axis=1)
    unit = position / np.linalg.norm(position, axis=1, keepdims=True)
    energy, p = boost_to_cm(np.ones(len(unit)), unit, beams)
    return np.arctan2(np.hypot(p[:, 0], p[:, 1]), p[:, 2]), np.arctan2(p[:, 1], p[:, 0]), energy
