"""Energy that muons and hadrons leave in each trigger cell, along their path through the crystals.

Muons: ionisation with the full Vavilov tail, range-out. Hadrons: the same until they interact. The hadronic interaction is a GUESS
(good to 5-10 % in the trigger bits at best): a Beta-distributed fraction of the kinetic energy, spread over 8 cm. Decays in flight,
decays of stopped particles, multiple scattering and material before the crystals are left out.
"""

import numba
import numpy as np

from sim.detector.ecl.deposits import Deposits, Sheet
from sim.detector.ecl.energy_loss import (
    XI_GEV_PER_CM,
    draw_loss_gev,
    loss_tables,
    mean_loss_gev_per_cm,
)
from sim.detector.ecl.flight import Flight
from sim.detector.ecl.geometry import SAWTOOTH_CM, CrystalMap, locate
from sim.detector.ecl.helix import SPEED_OF_LIGHT_CM_PER_NS, advance, path_to_front
from sim.detector.ecl.shower import MIN_DEPOSIT_GEV, add_to_cell, crystal_delay_ns, off_axis
from sim.detector.ecl.species import TrackKind

STEP_CM = 0.5
MAX_PATH_CM = 80.0
LEAVE_AFTER_CM = 12.0  # path without crystal after which the particle has left
MAX_CELLS_PER_TRACK = 40
# Guesses (unverified): fraction of the kinetic energy seen after an interaction, its spread, annihilation energy seen.
FRACTION_ALPHA, FRACTION_BETA = 1.2, 2.4
HADRON_RADIUS_CM = 8.0
HADRON_LENGTH_CM = 10.0
HADRON_SPOTS = 32
ANNIHILATION_ALPHA = 2.0


def deposit(rng: np.random.Generator, crystals: CrystalMap, flight: Flight, kind: TrackKind) -> Deposits:
    """Deposits of particles of one kind."""
    sheet = Sheet(flight.row.size * MAX_CELLS_PER_TRACK)
    written = _deposit_tracks(
        rng, crystals, loss_tables(), kind, flight.start, flight.direction, flight.turn, flight.kinetic_gev, flight.mass_gev,
        flight.time_ns, sheet.row, sheet.cell, sheet.energy_gev, sheet.time_ns,
    )  # fmt: skip
    return sheet.filled(written, flight.row)


@numba.njit(cache=True)
def _deposit_tracks(
    rng, crystals, tables, kind, start, direction, turn, kinetic_gev, mass_gev, time_ns,
    row, cell_out, energy_out, time_out,
):  # fmt: skip
    written = 0
    cells = np.empty(MAX_CELLS_PER_TRACK, np.int64)
    parts = np.empty(MAX_CELLS_PER_TRACK)
    for i in range(turn.size):
        x, y, z = start[i, 0], start[i, 1], start[i, 2]
        path, _ = path_to_front(crystals, x, y, z, direction[i, 0], direction[i, 1], direction[i, 2], turn[i])
        if path < 0.0:
            continue
        x, y, z, nx, ny, nz = advance(x, y, z, direction[i, 0], direction[i, 1], direction[i, 2], turn[i], path)
        found, depth = _walk(rng, crystals, tables, kind, x, y, z, nx, ny, nz, turn[i], kinetic_gev[i], mass_gev[i], cells, parts)
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


@numba.njit(cache=True)
def _walk(rng, crystals, tables, kind, x, y, z, nx, ny, nz, turn, kinetic, mass, cells, parts):
    """(cells found, mean depth in cm) of one particle from the face of the calorimeter on."""
    found, this_cell = 0, 0
    mean, xi, inside, outside, depth_sum = 0.0, 0.0, 0.0, 0.0, 0.0
    to_interaction = -np.log(1.0 - rng.random()) * kind.lambda_cm
    n_steps = int(MAX_PATH_CM / STEP_CM)
    stopped = False
    beta_gamma = np.sqrt(kinetic * (kinetic + 2 * mass)) / mass
    path = -STEP_CM / 2
    for _ in range(n_steps):
        path += STEP_CM
        sx, sy, sz, mx, my, mz = advance(x, y, z, nx, ny, nz, turn, path)
        cell, depth = locate(crystals, sx, sy, sz, 0.0)
        if cell != this_cell:
            found, kinetic = _close(rng, tables, cells, parts, found, this_cell, mean, xi, beta_gamma, kinetic, mass)
            mean, xi, this_cell = 0.0, 0.0, cell
        if cell == 0:
            outside += STEP_CM
            if inside > 0.0 and outside > LEAVE_AFTER_CM:
                break
            continue
        outside = 0.0
        inside += STEP_CM
        depth_sum += depth
        if inside >= to_interaction or stopped:
            found, kinetic = _close(rng, tables, cells, parts, found, this_cell, mean, xi, beta_gamma, kinetic, mass)
            mean, xi = 0.0, 0.0
            found = _interact(rng, crystals, kind, sx, sy, sz, mx, my, mz, kinetic, cells, parts, found)
            break
        if kind.ionises:
            left = max(kinetic - mean, 0.0)
            beta_gamma = np.sqrt(left * (left + 2 * mass)) / mass
            loss = mean_loss_gev_per_cm(max(beta_gamma, 0.02), mass) * STEP_CM
            if loss >= left:
                mean, xi = kinetic, 0.0
                stopped = kind.annihilates_gev > 0.0
                if not stopped:
                    break
            else:
                mean += loss
                xi += XI_GEV_PER_CM * STEP_CM * (1.0 + 1.0 / (beta_gamma * beta_gamma))
    found, kinetic = _close(rng, tables, cells, parts, found, this_cell, mean, xi, beta_gamma, kinetic, mass)
    return found, depth_sum / max(inside / STEP_CM, 1.0)


@numba.njit(cache=True)
def _close(rng, tables, cells, parts, found, cell, mean, xi, beta_gamma, kinetic, mass):
    """(cells found, kinetic energy left) after the ionisation of one stay in one cell is drawn."""
    if cell == 0 or mean <= 0.0:
        return found, kinetic
    loss = min(draw_loss_gev(rng, tables, mean, xi, beta_gamma, mass), kinetic)
    return add_to_cell(cells, parts, found, cell, loss), kinetic - loss


@numba.njit(cache=True)
def _interact(rng, crystals, kind, x, y, z, nx, ny, nz, kinetic, cells, parts, found):
    """Number of cells after a hadronic interaction: equal spots behind the point, wide and long as hadron showers are."""
    energy = kinetic * rng.beta(FRACTION_ALPHA, FRACTION_BETA)
    if kind.annihilates_gev > 0.0:
        energy += kind.annihilates_gev * rng.beta(ANNIHILATION_ALPHA, ANNIHILATION_ALPHA)
    for _ in range(HADRON_SPOTS):
        u = rng.random()
        radius = HADRON_RADIUS_CM * np.sqrt(u / (1.0 - u))
        depth = -np.log(1.0 - rng.random()) * HADRON_LENGTH_CM
        sx, sy, sz = off_axis(rng, x, y, z, nx, ny, nz, depth, radius)
        cell, _ = locate(crystals, sx, sy, sz, SAWTOOTH_CM)
        found = add_to_cell(cells, parts, found, cell, energy / HADRON_SPOTS)
    return found
