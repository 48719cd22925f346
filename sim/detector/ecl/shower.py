"""Energy that an electromagnetic shower leaves in each trigger cell.

Ref: Grindhammer and Peters, hep-ex/0001020 (homogeneous parametrisation); CsI constants of the Particle Data Group.

Two methods with one profile: a closed form in the barrel, for directions that nearly point away from the origin; equal-energy
spots everywhere else (endcaps, gaps, displaced or bent particles). Below 0.2 GeV the shape is that of 0.2 GeV. The remainder of
the closed form outside the 3x3 cells (below 1 %) is lost.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import gammainc, gammaincinv

from sim.detector.ecl.deposits import Deposits, Sheet
from sim.detector.ecl.flight import Flight
from sim.detector.ecl.geometry import (
    BARREL_PHI_TILT_DEG_PER_CM,
    CRYSTAL_LENGTH_CM,
    REFERENCE_R_CM,
    SAWTOOTH_CM,
    CrystalMap,
    locate,
)
from sim.detector.ecl.helix import SPEED_OF_LIGHT_CM_PER_NS, advance, path_to_front
from sim.detector.ecl.tables import read_table
from trigger.compiled import kernel

RADIATION_LENGTH_CM = 1.86
CRITICAL_ENERGY_GEV = 0.0112
EFFECTIVE_Z = 54.0
N_SPOTS = 64  # sharing noise sqrt(p (1 - p) / 64) stands for shower fluctuations
MAX_CELLS_PER_SHOWER = 24
MIN_DEPOSIT_GEV = 0.0005  # our choice: smaller pieces are dropped
# Our choice: where the closed form holds. The rest goes through spots.
CLOSED_FORM_MAX_ANGLE = 0.12  # sine of the angle between flight direction and radius vector at the face
CLOSED_FORM_EDGE_CM = 8.0  # least distance to the ends of the barrel
# Energy resolution of a contained shower: a/E, b/E^(1/4) and c (E in GeV), in quadrature, relative to E.
# Source: PAPER, Ikeda et al., NIM A441 (2000) 401, as in the Belle II technical design report (not re-read: unverified).
RESOLUTION_NOISE, RESOLUTION_ROOT4, RESOLUTION_CONSTANT = 0.00066, 0.0081, 0.0134
LEAST_RESOLUTION_GEV = 0.01  # our choice: below, the relative resolution no longer grows
_N_ENERGIES = 48
_N_QUANTILES = 256
_LOWEST_GEV, _HIGHEST_GEV = 0.2, 12.0


class ShowerTables(NamedTuple):
    """Profile against ln(energy) on a regular grid, for the compiled kernels."""

    log_energy0: float
    log_energy_step: float
    core_fraction: np.ndarray
    core_cm: np.ndarray
    tail_cm: np.ndarray
    containment: np.ndarray  # energy before the rear face
    mean_depth_cm: np.ndarray
    depth_cm: np.ndarray  # (energies, quantiles) inverse of the longitudinal profile


def longitudinal(energy_gev: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape and rate (per radiation length) of the gamma law of the longitudinal profile."""
    log_y = np.log(energy_gev / CRITICAL_ENERGY_GEV)
    alpha = 0.21 + (0.492 + 2.38 / EFFECTIVE_Z) * log_y
    return alpha, (alpha - 1) / (log_y - 0.858)


@lru_cache(maxsize=1)
def shower_tables() -> ShowerTables:
    """Tables from 0.2 to 12 GeV; the radial profile above 5 GeV is that of 5 GeV."""
    log_energy = np.linspace(np.log(_LOWEST_GEV), np.log(_HIGHEST_GEV), _N_ENERGIES)
    alpha, beta = longitudinal(np.exp(log_energy))
    profile = read_table("shower_profile")
    nodes = np.log(profile["energy_gev"])
    quantiles = np.minimum(np.arange(_N_QUANTILES) / (_N_QUANTILES - 1), 0.9999)
    return ShowerTables(
        log_energy0=float(log_energy[0]),
        log_energy_step=float(log_energy[1] - log_energy[0]),
        core_fraction=np.interp(log_energy, nodes, profile["core_fraction"]),
        core_cm=np.interp(log_energy, nodes, profile["core_cm"]),
        tail_cm=np.interp(log_energy, nodes, profile["tail_cm"]),
        containment=gammainc(alpha, beta * CRYSTAL_LENGTH_CM / RADIATION_LENGTH_CM),
        mean_depth_cm=alpha / beta * RADIATION_LENGTH_CM,
        depth_cm=gammaincinv(alpha[:, None], quantiles) / beta[:, None] * RADIATION_LENGTH_CM,
    )


def deposit(rng: np.random.Generator, crystals: CrystalMap, flight: Flight) -> Deposits:
    """Deposits of photons and electrons, resolution included."""
    energy = flight.kinetic_gev
    floor = np.maximum(energy, LEAST_RESOLUTION_GEV)
    relative = np.sqrt((RESOLUTION_NOISE / floor) ** 2 + RESOLUTION_ROOT4**2 / np.sqrt(floor) + RESOLUTION_CONSTANT**2)
    measured = energy * np.maximum(1 + relative * rng.standard_normal(energy.size), 0.0)
    sheet = Sheet(energy.size * MAX_CELLS_PER_SHOWER)
    written = _deposit_showers(
        rng, crystals, shower_tables(), flight.start, flight.direction, flight.turn, measured, flight.time_ns,
        sheet.row, sheet.cell, sheet.energy_gev, sheet.time_ns,
    )  # fmt: skip
    return sheet.filled(written, flight.row)


@kernel
def quadrant(x, y, radius):
    """Integral of radius^2 / (pi (r^2 + radius^2)^2) over the rectangle from (0, 0) to (x, y); odd in x and in y."""
    hx = np.sqrt(x * x + radius * radius)
    hy = np.sqrt(y * y + radius * radius)
    return (x / hx * np.arctan(y / hx) + y / hy * np.arctan(x / hy)) / (2 * np.pi)


@kernel
def two_component(x, y, fraction, core, tail):
    """The same for the core plus tail profile."""
    return fraction * quadrant(x, y, core) + (1 - fraction) * quadrant(x, y, tail)


@kernel
def crystal_delay_ns(depth_cm):
    """Light collection delay of a deposit. Source: SIM, basf2 trg/ecl TrgEclDigitizer (read in public source)."""
    return 6.05 + 0.0749 * depth_cm - 0.00112 * depth_cm * depth_cm


@kernel
def _deposit_showers(
    rng, crystals, tables, start, direction, turn, energy_gev, time_ns, row, cell_out, energy_out, time_out
):  # fmt: skip
    """Number of deposits written; the last four arrays hold MAX_CELLS_PER_SHOWER lines per shower."""
    edges, rings, crystal_cells, row_edges, gap_z = (
        crystals.edges, crystals.rings, crystals.cells, crystals.row_edges_z, crystals.gap_z,
    )  # fmt: skip
    front_r, planes_z = crystals.front_r, crystals.planes_z
    core_fraction, core_cm, tail_cm = tables.core_fraction, tables.core_cm, tables.tail_cm
    containment, mean_depth_cm, depth_cm = tables.containment, tables.mean_depth_cm, tables.depth_cm
    written = 0
    cells = np.empty(MAX_CELLS_PER_SHOWER, np.int64)
    parts = np.empty(MAX_CELLS_PER_SHOWER)
    for i in range(energy_gev.size):
        x, y, z = start[i, 0], start[i, 1], start[i, 2]
        nx, ny, nz = direction[i, 0], direction[i, 1], direction[i, 2]
        path, barrel = path_to_front(front_r, planes_z, x, y, z, nx, ny, nz, turn[i])
        if path < 0.0 or energy_gev[i] <= 0.0:
            continue
        x, y, z, nx, ny, nz = advance(x, y, z, nx, ny, nz, turn[i], path)
        place = (np.log(energy_gev[i]) - tables.log_energy0) / tables.log_energy_step
        node = int(min(max(place + 0.5, 0.0), core_cm.size - 1.0))
        fraction, core, tail = core_fraction[node], core_cm[node], tail_cm[node]
        n_cells = -1
        # The closed form starts every shower at the face; one that begins in or behind the crystals goes through spots.
        if barrel and path > 0.0:
            n_cells = _closed_form(row_edges, gap_z, fraction, core, tail, x, y, z, nx, ny, nz, cells, parts)
            for k in range(n_cells):
                parts[k] *= containment[node]
        if n_cells < 0:
            n_cells = _spots(
                rng, edges, rings, crystal_cells, depth_cm[node], fraction, core, tail, x, y, z, nx, ny, nz, cells, parts
            )
        depth = mean_depth_cm[node]
        at = time_ns[i] + (path + depth) / SPEED_OF_LIGHT_CM_PER_NS + crystal_delay_ns(depth)
        for k in range(n_cells):
            piece = parts[k] * energy_gev[i]
            if piece >= MIN_DEPOSIT_GEV:
                row[written] = i
                cell_out[written] = cells[k]
                energy_out[written] = piece
                time_out[written] = at
                written += 1
    return written


@kernel
def _closed_form(row_edges, gap_z, fraction, core, tail, x, y, z, nx, ny, nz, cells, parts):
    """Number of cells with their energy fractions in the 3x3 neighbourhood; -1 where the closed form does not hold."""
    r = np.sqrt(x * x + y * y)
    distance = np.sqrt(r * r + z * z)
    cosine = (x * nx + y * ny + z * nz) / distance
    if cosine < np.sqrt(1.0 - CLOSED_FORM_MAX_ANGLE * CLOSED_FORM_MAX_ANGLE):
        return -1
    sine = np.sqrt(nx * nx + ny * ny)
    depth = (REFERENCE_R_CM - r) / ((x * nx + y * ny) / r)
    z += nz * depth
    phi = np.arctan2(y + ny * depth, x + nx * depth)
    last = row_edges.size - 1
    if z > row_edges[0] - CLOSED_FORM_EDGE_CM or z < row_edges[last] + CLOSED_FORM_EDGE_CM:
        return -1
    line = 1
    while z < row_edges[line]:
        line += 1
    pitch = 2 * np.pi / 36
    origin = pitch / 4 + BARREL_PHI_TILT_DEG_PER_CM * (REFERENCE_R_CM - r) * (np.pi / 180)
    column = int(np.floor((phi - origin) / pitch))
    first_row, end_row = max(line - 2, 0), min(line + 1, last)
    corner = np.empty((6, 4))
    n_lines = end_row - first_row + 1
    for b in range(4):
        side = REFERENCE_R_CM * ((column - 1 + b) * pitch + origin - phi)
        for a in range(n_lines):
            corner[a, b] = two_component((row_edges[first_row + a] - z) * sine, side, fraction, core, tail)
        for a in range(2):
            corner[4 + a, b] = two_component((gap_z[a] - z) * sine, side, fraction, core, tail)
    found = 0
    for a in range(end_row - first_row):
        upper, lower = row_edges[first_row + a], row_edges[first_row + a + 1]
        for b in range(3):
            share = corner[a, b + 1] - corner[a, b] - corner[a + 1, b + 1] + corner[a + 1, b]
            if lower < gap_z[1] and gap_z[0] < upper:
                share -= corner[4, b + 1] - corner[4, b] - corner[5, b + 1] + corner[5, b]
            cells[found] = 81 + first_row + a + 12 * ((column - 1 + b) % 36)
            parts[found] = share
            found += 1
    return found


@kernel
def _spots(rng, edges, rings, crystal_cells, depth_cm, fraction, core, tail, x, y, z, nx, ny, nz, cells, parts):
    """Number of cells with their energy fractions, from N_SPOTS equal spots around the direction."""
    found = 0
    for _ in range(N_SPOTS):
        place = rng.random() * (_N_QUANTILES - 1)
        low = int(place)
        depth = depth_cm[low] + (place - low) * (depth_cm[low + 1] - depth_cm[low])
        scale = core if rng.random() < fraction else tail
        sx, sy, sz = off_axis(rng, x, y, z, nx, ny, nz, depth, scale)
        cell, _ = locate(edges, rings, crystal_cells, sx, sy, sz, SAWTOOTH_CM)
        found = add_to_cell(cells, parts, found, cell, 1.0 / N_SPOTS)
    return found


@kernel
def off_axis(rng, x, y, z, nx, ny, nz, depth, scale):
    """Random point at `depth` along the unit direction, off it by the radial profile 2 r scale^2 / (r^2 + scale^2)^2."""
    while True:
        a, b = 2 * rng.random() - 1, 2 * rng.random() - 1
        u = a * a + b * b  # flat in 0..1 and independent of the azimuth
        if 0.0 < u < 1.0:
            break
    stretch = scale / np.sqrt(1.0 - u)
    a, b = a * stretch, b * stretch
    sine = np.sqrt(nx * nx + ny * ny)
    ux, uy = 1.0, 0.0
    if sine > 1e-9:
        ux, uy = -ny / sine, nx / sine
    # Across the direction: (ux, uy, 0) and direction x (ux, uy, 0).
    return (
        x + depth * nx + a * ux - b * nz * uy,
        y + depth * ny + a * uy + b * nz * ux,
        z + depth * nz + b * (nx * uy - ny * ux),
    )


@kernel
def add_to_cell(cells, parts, found, cell, share):
    """Number of cells in the list after `share` was added to `cell`; cell 0 and an overflow of the list are lost."""
    if cell == 0:
        return found
    for k in range(found):
        if cells[k] == cell:
            parts[k] += share
            return found
    if found < cells.size:
        cells[found] = cell
        parts[found] = share
        return found + 1
    return found
