"""Floating-point versions of the single-photon cuts: what the LSB and the 4-bit CM look-up cost. For studies only."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from sim.studies.lines import Line
from trigger.compiled import kernel
from trigger.ecl.decision import EclDecision
from trigger.ecl.parameters import ADC_LSB_GEV, EclParameters
from trigger.ecl.tables import cell_tables
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, cm_direction_and_energy
from trigger.geometry.ecl import cells


class Variant(Enum):
    """How far a decision is from the hardware's."""

    HARDWARE = "counts, look-up"
    ENERGY = "energy, look-up"
    CELL = "energy, exact boost of the cell centre"
    DIRECTION = "energy, exact boost of the photon"


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Hits of the chosen windows, CSR, cells ascending: what the trigger decided on."""

    offsets: NDArray[np.int64]
    tc_id: NDArray[np.int16]
    adc: NDArray[np.int16]


def cluster_sums(window: Window, values: NDArray[np.float64], centre: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Sum of ``values`` (one per hit) over the 3x3 cells of each centre, float64 (n, 6); 0 for an empty place."""
    return _sums(window.offsets, window.tc_id, values, centre, cell_tables().slots)


@kernel
def _sums(offsets, tc_id, values, centre, slots):
    n, places = centre.shape
    out = np.zeros((n, places))
    cell = np.zeros(slots.shape[0])
    for i in range(n):
        for h in range(offsets[i], offsets[i + 1]):
            cell[tc_id[h]] = values[h]
        for k in range(places):
            if centre[i, k] > 0:
                for s in range(slots.shape[1]):
                    out[i, k] += cell[slots[centre[i, k], s]]
        for h in range(offsets[i], offsets[i + 1]):
            cell[tc_id[h]] = 0.0
    return out


def lab_per_cm(theta_rad: NDArray[np.float64], phi_rad: NDArray[np.float64], beams: BeamDeclaration = Y4S_BEAMS) -> NDArray:
    """Laboratory energy of a photon along these directions that has 1 GeV in the CM frame."""
    sin = np.sin(theta_rad)
    _, _, energy = cm_direction_and_energy(sin * np.cos(phi_rad), sin * np.sin(phi_rad), np.cos(theta_rad), beams)
    return 1 / energy


def decide(
    variant: Variant,
    line: Line,
    decision: EclDecision,
    sums_gev: NDArray[np.float64],
    photon_cell: NDArray[np.int64],
    photon_lab_per_cm: NDArray[np.float64],
    parameters: EclParameters,
) -> NDArray[np.bool_]:
    """The bit of ``line`` with energies in GeV, bool (n,).

    sums_gev (n, 6): un-truncated energies of the stored clusters. DIRECTION takes the boost of the true photon for clusters
    whose 3x3 holds the cell that the photon flies into, that of the cell centre for others. HARDWARE is the bit itself.
    Cluster finding, the six-cluster limit and the 3D Bhabha veto stay the hardware's.
    """
    if variant is Variant.HARDWARE:
        return line.fired(decision.ecl_lml)
    centre = decision.ecl_cluster_tc.astype(np.int64)
    stored = centre > 0
    factor = cell_tables().cm[centre, 2] / 10 if variant is Variant.ENERGY else _exact_factor()[centre]
    if variant is Variant.DIRECTION:
        near = (cell_tables().slots[centre] == photon_cell[:, None, None]).any(axis=2) & (photon_cell > 0)[:, None]
        factor = np.where(near, photon_lab_per_cm[:, None], factor)
    theta = cell_tables().theta_id[centre]
    above = stored & line.inside(theta) & (sums_gev > line.threshold_gev * factor)
    n300 = np.sum(stored & (sums_gev > float(parameters["lml_cl_e_lab_2"])), axis=1)
    allowed = (decision.ecl_bhabha3d_veto == 0) | (not line.vetoed)
    if line.exclusive:
        return allowed & (above.sum(axis=1) == 1) & (n300 == 1)
    return allowed & above.any(axis=1)


def _exact_factor() -> NDArray[np.float64]:
    """E_lab / E* at the centre of each cell, float64 (577,); 1 for cell 0."""
    c = cells()
    theta, phi = np.arctan2(np.hypot(c.x_cm, c.y_cm), c.z_cm), np.arctan2(c.y_cm, c.x_cm)
    return np.concatenate([[1.0], lab_per_cm(theta, phi)])


def untruncated_gev(adc: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.float64]:
    """Energies in GeV before truncation to counts, drawn flat inside each count.

    The spectrum is flat over one LSB, so these are distributed as the fitted energies were.
    """
    return (adc + rng.random(adc.size)) * float(ADC_LSB_GEV)
