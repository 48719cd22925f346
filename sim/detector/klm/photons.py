"""Layers of the KLM that photons hit which fly through a gap of the calorimeter.

Ref: Particle Data Group, "Passage of particles through matter": longitudinal profile of cascades (t^(a-1) e^(-bt) with
b = 0.5 and the maximum at ln(E / Ec) + 0.5 radiation lengths), critical energy and radiation length of iron and aluminium.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from sim.detector.klm.config import KlmResponse
from sim.detector.klm.flight import legs
from sim.detector.klm.geometry import Crossings, crossings
from trigger.geometry.klm import N_BARREL_SECTIONS

IRON_X0_CM, ALUMINIUM_X0_CM = 1.757, 8.897
IRON_CRITICAL_GEV = 0.0217
"""Source: Particle Data Group, atomic and nuclear properties."""
SCINTILLATOR_LAYERS = 2
"""Inner barrel layers with scintillators; the endcaps have nothing else. Source: basf2 bklm/data/BKLM.xml [SIM]."""
_B = 0.5
_LEAST_SINE = 0.1
"""Our choice: the coil is at most ten times as thick as at normal incidence."""
LEAST_LOST = 0.5
"""Least part of a photon's energy that misses the crystals. Our choice: tails of contained showers are not followed."""


def charged_particles(energy_gev: NDArray[np.float64], depth_x0: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean number of charged particles of an electromagnetic cascade at a depth: its energy loss per radiation length over the
    critical energy of iron, which is what one of them loses. 0 for no energy and at no depth."""
    ratio = np.maximum(energy_gev / IRON_CRITICAL_GEV, 1.0)
    a = 1.0 + _B * (np.log(ratio) + 0.5)
    bt = np.maximum(_B * depth_x0, np.finfo(float).tiny)
    density = _B * np.exp((a - 1.0) * np.log(bt) - bt - gammaln(a))
    return np.where((energy_gev > 0) & (depth_x0 > 0), energy_gev / IRON_CRITICAL_GEV * density, 0.0)


def photon_hits(
    start: NDArray[np.float64],
    direction: NDArray[np.float64],
    energy_gev: NDArray[np.float64],
    lost_gev: NDArray[np.float64],
    rng: np.random.Generator,
    config: KlmResponse,
) -> Crossings:
    """Layers that n photons hit; the rows of the answer are numbers of photons.

    start (n, 3) cm, direction (n, 3) unit vectors, energy_gev (n,), lost_gev (n,): what the crystals did not take. The cascade of
    that energy begins at the coil, or at the first plate of an endcap. A layer is hit with the chance 1 - exp(-efficiency N), N the
    mean number of charged particles there. As many numbers are drawn as layers lie ahead.
    """
    paths = legs(start, direction, np.zeros(len(energy_gev)))
    leaves = np.flatnonzero(paths.leaves & (lost_gev >= LEAST_LOST * energy_gev) & (lost_gev > 0))
    found = crossings(paths.start[leaves], paths.direction[leaves])
    row = leaves[found.row]
    sine = np.maximum(np.hypot(paths.direction[row, 0], paths.direction[row, 1]), _LEAST_SINE)
    coil = np.where(paths.through_coil[row], config.coil_aluminium_cm / ALUMINIUM_X0_CM / sine, 0.0)
    mean = charged_particles(lost_gev[row], coil + found.iron_before_cm() / IRON_X0_CM)
    hit = rng.random(len(row)) < -np.expm1(-layer_efficiency(found.section, found.layer, config) * mean)
    return replace(found, row=row).select(hit)


def layer_efficiency(section: NDArray, layer: NDArray, config: KlmResponse) -> NDArray[np.float64]:
    """Efficiency of each layer for one particle: resistive plates in the outer barrel, scintillators elsewhere."""
    is_rpc = (section < N_BARREL_SECTIONS) & (layer >= SCINTILLATOR_LAYERS)
    return np.where(is_rpc, config.rpc_efficiency, config.scintillator_efficiency)
