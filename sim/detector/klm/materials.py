"""Ranges of heavy charged particles in the materials before and in the KLM, from the mean ionisation loss.

Ref: Particle Data Group, "Passage of particles through matter": Bethe's formula with Sternheimer's density effect; constants
of its tables. A range depends on beta gamma and scales with the mass. Straggling is left out.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.detector.ecl import energy_loss as csi

_BETA_GAMMA = np.geomspace(0.02, 3000.0, 1200)
"""Grid of the tables; slower particles have stopped, faster ones are taken as the last."""
_MUON_GEV = 0.10565838
"""Mass for which the largest transfer is taken: it changes the mean loss by less than 1 % below 10 GeV."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """Density in g/cm3, Z/A, mean excitation energy in eV, Sternheimer's parameters (a, k, x0, x1, C)."""

    density: float
    z_over_a: float
    excitation_ev: float
    sternheimer: tuple[float, float, float, float, float]

    def loss_gev_per_cm(self, beta_gamma: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean ionisation loss."""
        electron = csi.ELECTRON_MASS_GEV
        squared = beta_gamma**2
        ratio = electron / _MUON_GEV
        largest = 2 * electron * squared / (1 + 2 * np.sqrt(1 + squared) * ratio + ratio**2)
        a, k, x0, x1, c = self.sternheimer
        x = np.log10(beta_gamma)
        delta = 2 * np.log(10) * x - c + a * np.maximum(x1 - x, 0.0) ** k
        delta = np.where(x < x0, 0.0, delta)
        beta2 = squared / (1 + squared)
        logarithm = np.log(2 * electron * squared * largest / (self.excitation_ev * 1e-9) ** 2)
        bracket = np.maximum(0.5 * logarithm - beta2 - delta / 2, 0.1)
        return csi.BETHE_GEV_CM2 * self.z_over_a * self.density / beta2 * bracket


CSI = Material(
    density=csi.DENSITY_G_CM3,
    z_over_a=csi.Z_OVER_A,
    excitation_ev=csi.EXCITATION_GEV * 1e9,
    sternheimer=(csi.STERNHEIMER_A, csi.STERNHEIMER_K, csi.STERNHEIMER_X0, csi.STERNHEIMER_X1, csi.STERNHEIMER_C),
)
QUARTZ = Material(density=2.2, z_over_a=0.49930, excitation_ev=139.2, sternheimer=(0.08408, 3.5064, 0.1500, 3.0140, 4.0560))
ALUMINIUM = Material(density=2.699, z_over_a=0.48181, excitation_ev=166.0, sternheimer=(0.08024, 3.6345, 0.1708, 3.0127, 4.2395))
IRON = Material(density=7.874, z_over_a=0.46557, excitation_ev=286.0, sternheimer=(0.14680, 2.9632, -0.0012, 3.1531, 4.2911))


@lru_cache(maxsize=8)
def _table(material: Material) -> NDArray[np.float64]:
    """Range over mass, cm per GeV, at the grid of beta gamma."""
    gamma = np.sqrt(1 + _BETA_GAMMA**2)
    per_gev = 1 / material.loss_gev_per_cm(_BETA_GAMMA)
    steps = np.diff(gamma) * (per_gev[1:] + per_gev[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])


def range_cm(material: Material, beta_gamma: NDArray[np.float64], mass_gev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the path in cm until a particle stops."""
    return mass_gev * np.interp(beta_gamma, _BETA_GAMMA, _table(material))


def slowed(
    material: Material, beta_gamma: NDArray[np.float64], mass_gev: NDArray[np.float64], path_cm: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return beta gamma after a path; 0 for a particle that stopped in it. A path of 0 changes nothing."""
    left = range_cm(material, beta_gamma, mass_gev) - path_cm
    after = np.interp(left / mass_gev, _table(material), _BETA_GAMMA)
    return np.where(np.asarray(path_cm) > 0, np.where(left > 0, after, 0.0), beta_gamma)
