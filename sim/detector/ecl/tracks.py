"""Energy that muons and hadrons leave in each trigger cell, along their path through the crystals.

Muons: ionisation with the full Vavilov tail, range-out. Hadrons: the same until they interact. The hadronic interaction is a GUESS
(good to 5-10 % in the trigger bits at best): a Beta-distributed fraction of the kinetic energy, spread over 8 cm. Decays in flight,
decays of stopped particles, multiple scattering and material before the crystals are left out.
"""

import numpy as np

from sim.detector.ecl.deposits import Deposits, Sheet
from sim.detector.ecl.energy_loss import (
    XI_GEV_PER_CM,
    draw_loss_gev,
    mean_loss_gev_per_cm,
    vavilov_deviates,
)
from sim.detector.ecl.flight import Flight
from sim.detector.ecl.geometry import SAWTOOTH_CM, CrystalMap, locate
from sim.detector.ecl.helix import SPEED_OF_LIGHT_CM_PER_NS, advance, path_to_front
from sim.detector.ecl.shower import MIN_DEPOSIT_GEV, add_to_cell, crystal_delay_ns, off_axis
from sim.detector.ecl.species import TrackKind
from trigger.compiled import kernel

STEP_CM = 0.5
MAX_PATH_CM = 80.0
LEAVE_AFTER_CM = 10.0  # path without crystal after which a particle that was inside has left
MAX_CELLS_PER_TRACK = 40
_LEAST_BETA_GAMMA = 0.02
# Guesses (unverified): fraction of the kinetic energy seen after an interaction (mean 1/3), reach of the hadron shower across and
# along, seen part of an annihilation (mean 1/2).
FRACTION_ALPHA, FRACTION_BETA = 1.2, 2.4
HADRON_RADIUS_CM, HADRON_LENGTH_CM = 8.0, 10.0
HADRON_SPOTS = 32
ANNIHILATION_ALPHA = 2.0


def deposit(rng: np.random.Generator, crystals: CrystalMap, flight: Flight, kind: TrackKind) -> Deposits:
    """Deposits of particles of one kind."""
    sheet = Sheet(flight.row.size * MAX_CELLS_PER_TRACK)
    written = _deposit_tracks(
        rng, crystals, vavilov_deviates(), kind, flight.start, flight.direction, flight.turn, flight.kinetic_gev,
        flight.mass_gev, flight.time_ns, sheet.row, sheet.cell, sheet.energy_gev, sheet.time_ns,
    )  # fmt: skip
    return sheet.filled(written, flight.row)


@kernel
def _deposit_tracks(
    rng, crystals, deviates, kind, start, direction, turn, kinetic_gev, mass_gev, time_ns,
    row, cell_out, energy_out, time_out,
):  # fmt: skip
    """Number of deposits written; the last four arrays hold MAX_CELLS_PER_TRACK lines per particle."""
    edges, rings, crystal_cells = crystals.edges, crystals.rings, crystals.cells
    front_r, planes_z = crystals.front_r, crystals.planes_z
    written = 0
    cells = np.empty(MAX_CELLS_PER_TRACK, np.int64)
    parts = np.empty(MAX_CELLS_PER_TRACK)
    for i in range(turn.size):
        x, y, z = start[i, 0], start[i, 1], start[i, 2]
        nx, ny, nz = direction[i, 0], direction[i, 1], direction[i, 2]
        path, _ = path_to_front(front_r, planes_z, x, y, z, nx, ny, nz, turn[i])
        if path < 0.0:
            continue
        x, y, z, nx, ny, nz = advance(x, y, z, nx, ny, nz, turn[i], path)
        found, depth = _walk(
            rng, edges, rings, crystal_cells, deviates, kind, x, y, z, nx, ny, nz, turn[i], kinetic_gev[i], mass_gev[i],
            cells, parts,
        )  # fmt: skip
        momentum = np.sqrt(kinetic_gev[i] * (kinetic_gev[i] + 2 * mass_gev[i]))
        speed = SPEED_OF_LIGHT_CM_PER_NS * momentum / (kinetic_gev[i] + mass_gev[i])
        at = time_ns[i] + (path + depth) / speed + crystal_delay_ns(depth)
        for k in range(found):
            if parts[k] >= MIN_DEPOSIT_GEV:
                row[written] = i
                cell_out[written] = cells[k]
                energy_out[written] = parts[k]
                time_out[written] = at
                written += 1
    return written


@kernel
def _walk(
    rng, edges, rings, crystal_cells, deviates, kind, x, y, z, nx, ny, nz, turn, kinetic, mass, cells, parts
):  # fmt: skip
    """(cells found, mean depth in cm) of one particle from the calorimeter's face on; its energies go to cells and parts.

    The mean loss is summed step by step; the loss in one cell is drawn when the particle leaves the cell. It stops when the mean
    loss of a step exceeds what is left.
    """
    found, this_cell, steps = 0, 0, 0
    mean, xi, depth_sum, outside = 0.0, 0.0, 0.0, 0.0
    to_interaction = -np.log(1.0 - rng.random()) * kind.lambda_cm
    beta_gamma = np.sqrt(kinetic * (kinetic + 2 * mass)) / mass
    cosine, sine = np.cos(turn * STEP_CM), np.sin(turn * STEP_CM)
    for _ in range(int(MAX_PATH_CM / STEP_CM)):
        x, y, z = x + nx * STEP_CM, y + ny * STEP_CM, z + nz * STEP_CM
        nx, ny = nx * cosine - ny * sine, ny * cosine + nx * sine
        cell, depth = locate(edges, rings, crystal_cells, x, y, z, 0.0)
        if cell != this_cell:
            found, kinetic = _close(rng, deviates, cells, parts, found, this_cell, mean, xi, beta_gamma, kinetic, mass)
            mean, xi, this_cell = 0.0, 0.0, cell
        if cell == 0:
            outside += STEP_CM
            if steps > 0 and outside > LEAVE_AFTER_CM:
                break
            continue
        outside = 0.0
        steps += 1
        depth_sum += depth
        stopped = False
        if kind.ionises:
            left = max(kinetic - mean, 0.0)
            beta_gamma = max(np.sqrt(left * (left + 2 * mass)) / mass, _LEAST_BETA_GAMMA)
            loss = mean_loss_gev_per_cm(beta_gamma, mass) * STEP_CM
            stopped = loss >= left
            mean += loss
            xi += XI_GEV_PER_CM * STEP_CM * (1.0 + 1.0 / (beta_gamma * beta_gamma))
        if stopped:
            found, kinetic = _close(rng, deviates, cells, parts, found, cell, kinetic, 0.0, beta_gamma, kinetic, mass)
        elif steps * STEP_CM >= to_interaction:
            found, kinetic = _close(rng, deviates, cells, parts, found, cell, mean, xi, beta_gamma, kinetic, mass)
        else:
            continue
        if not stopped or kind.annihilates_gev > 0.0:
            energy = kinetic * rng.beta(FRACTION_ALPHA, FRACTION_BETA)
            energy += kind.annihilates_gev * rng.beta(ANNIHILATION_ALPHA, ANNIHILATION_ALPHA)
            found = _hadron_shower(rng, edges, rings, crystal_cells, x, y, z, nx, ny, nz, energy, cells, parts, found)
        break
    return found, depth_sum / max(steps, 1)


@kernel
def _close(rng, deviates, cells, parts, found, cell, mean, xi, beta_gamma, kinetic, mass):
    """(cells found, kinetic energy left) after the ionisation of one stay in one cell was drawn."""
    if cell == 0 or mean <= 0.0:
        return found, kinetic
    loss = min(draw_loss_gev(rng, deviates, mean, xi, beta_gamma, mass), kinetic)
    return add_to_cell(cells, parts, found, cell, loss), kinetic - loss


@kernel
def _hadron_shower(rng, edges, rings, crystal_cells, x, y, z, nx, ny, nz, energy, cells, parts, found):
    """Number of cells after equal spots behind the point of interaction, wide and long as hadron showers are."""
    for _ in range(HADRON_SPOTS):
        depth = -np.log(1.0 - rng.random()) * HADRON_LENGTH_CM
        sx, sy, sz = off_axis(rng, x, y, z, nx, ny, nz, depth, HADRON_RADIUS_CM)
        cell, _ = locate(edges, rings, crystal_cells, sx, sy, sz, SAWTOOTH_CM)
        found = add_to_cell(cells, parts, found, cell, energy / HADRON_SPOTS)
    return found
