"""Collinear initial-state radiation: energy loss of the initial state, and the boost that it causes.

One photon with energy fraction x of the beam energy flies along the electron or the positron; the rest frame of what
is left (squared energy s (1 - x)) moves along the beam axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.generators import qed
from sim.generators.sampling import Table

SOFTEST_PHOTON_GEV = 1e-6
"""Photons below this energy are not put into the event (our choice: no detector sees a keV)."""

_N_SOFT, _N_HARD = 4000, 4000


@dataclass(frozen=True, eq=False)
class Radiation:
    """Spectrum of x for one process: table in y = x^b, with the process' own cross-section folded in.

    `integral` of the table is the radiative cross-section in the unit of the folded function.
    """

    table: Table
    power: float

    @staticmethod
    def of(born: Callable[[np.ndarray], np.ndarray], s_gev2: float, x_max: float) -> Radiation:
        """Spectrum radiator(x) born(x), 0 <= x <= x_max; born takes an array of x."""
        if not 0.0 < x_max < 1.0:
            msg = f"x_max must be between 0 and 1, not {x_max}"
            raise ValueError(msg)
        power = qed.radiator_power(s_gev2)
        y_max = x_max**power
        hard = (1.0 - np.geomspace(1.0, 1.0 - x_max, _N_HARD)[1:-1]) ** power
        nodes = np.unique(np.concatenate([np.linspace(0.0, y_max, _N_SOFT), hard]))

        def density(y: np.ndarray) -> np.ndarray:
            x = y ** (1.0 / power)
            return qed.radiator(x, s_gev2) * born(x)

        return Radiation(Table.of(density, nodes), power)

    def sample(self, uniform: np.ndarray, sqrt_s_gev: float) -> np.ndarray:
        """Energy fractions x; 0 where the photon would be softer than `SOFTEST_PHOTON_GEV`."""
        x = self.table.sample(uniform) ** (1.0 / self.power)
        return np.where(x * sqrt_s_gev / 2.0 < SOFTEST_PHOTON_GEV, 0.0, x)


def boost_along_z(momenta: np.ndarray, rapidity: np.ndarray) -> np.ndarray:
    """Four-momenta (4, k, n) after a boost along z by `rapidity` (n,)."""
    cosh, sinh = np.cosh(rapidity), np.sinh(rapidity)
    energy, px, py, pz = momenta
    return np.stack([cosh * energy + sinh * pz, px, py, cosh * pz + sinh * energy])


def with_photon(momenta: np.ndarray, x: np.ndarray, forward: np.ndarray, sqrt_s_gev: float) -> np.ndarray:
    """Final state (4, k, n) of the reduced frame, boosted, and the photon as particle k (4, k + 1, n).

    forward: bool (n,), the photon flies along +z (radiated by the electron).
    """
    side = np.where(forward, 1.0, -1.0)
    rest = boost_along_z(momenta, side * 0.5 * np.log1p(-x))
    energy = 0.5 * sqrt_s_gev * x
    photon = np.stack([energy, np.zeros_like(x), np.zeros_like(x), side * energy])
    return np.concatenate([rest, photon[:, None]], axis=1)
