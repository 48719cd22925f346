"""Compiled track model: charged particles through the 56 layers.

A particle flies on a helix around z. At the radius where all material is taken to stand it is scattered and loses energy. It is
followed until it leaves the chamber, stops, or has turned once, so a track of low transverse momentum gives its returning half
turn. Decays in flight, interactions, radiation and energy loss in the gas are left out.
"""

import numpy as np

from sim.detector.cdc.cells import radius_at, touch
from sim.detector.cdc.geometry import MATERIAL_RADIUS_CM
from sim.detector.cdc.helix import (
    FULL_TURN,
    deflect,
    helix_of,
    point_at,
    travel_to,
    travel_to_exit,
    travel_to_outermost,
)
from sim.detector.ecl.helix import SPEED_OF_LIGHT_CM_PER_NS
from trigger.compiled import kernel

MAX_LEGS = 4
"""Pieces of a flight between passages of the material: in, through the beam pipe, out, back."""
_LEAST_TRANSVERSE = 1e-6
_LONGEST_STEP_CM = 1.0
"""Our choice: bounds the straight line for tracks at their turning point."""
_STEEP, _MAX_ATTEMPTS = 0.8, 4
"""Our choice: below this cosine to the radius the straight line starts from a closer cylinder."""
_LEAST_COSINE = 0.1
"""Our choice: material is at most ten times as thick as at normal incidence."""
_SCATTERING_GEV = 0.0136
"""Source: Particle Data Group, passage of particles through matter, without the logarithm."""


@kernel
def trace(wires, start, direction, turn, kinetic, mass, time_ns, normals, material_x0, loss_gev, propagation, hits):
    """Fill `hits` with the crossed cells of all particles; returns how many there are.

    start (n, 3) cm; direction (n, 3) unit vectors; turn (n,), rad per cm, not 0; kinetic, mass (n,) GeV; time_ns (n,); normals
    (n, MAX_LEGS, 2), standard normal numbers; hits: with room for MAX_HITS per particle.
    """
    z_low, z_high = wires.z_low_cm.min(), wires.z_high_cm.max()
    count = 0
    for row in range(len(turn)):
        x, y, z = start[row]
        nx, ny, nz = direction[row]
        per_cm, energy, clock, budget = turn[row], kinetic[row], time_ns[row], FULL_TURN
        inside = x * x + y * y < MATERIAL_RADIUS_CM**2
        for leg in range(MAX_LEGS):
            nt = np.sqrt(nx * nx + ny * ny)
            if nt < _LEAST_TRANSVERSE or energy <= 0:
                break
            momentum = np.sqrt(energy * (energy + 2 * mass[row]))
            beta = momentum / (energy + mass[row])
            helix = helix_of(x, y, z, nx, ny, nz, per_cm)
            ns_per_rad = helix.bend / (nt * beta * SPEED_OF_LIGHT_CM_PER_NS)
            end = min(travel_to_exit(x, y, nx, ny, helix, z_low, z_high), budget)
            plane = travel_to(MATERIAL_RADIUS_CM, inside, helix)
            if not inside:
                outgoing = x * nx + y * ny >= 0
                count = cross_layers(wires, helix, min(end, plane), outgoing, nz, clock, ns_per_rad, propagation, row, hits, count)
            if plane >= end:
                break
            budget -= plane
            clock += plane * ns_per_rad
            x, y, dx, dy = point_at(MATERIAL_RADIUS_CM, inside, helix)
            z += helix.slope * plane * helix.bend
            across = max(nt * abs(x * dx + y * dy) / MATERIAL_RADIUS_CM, _LEAST_COSINE)
            sigma = _SCATTERING_GEV / (beta * momentum) * np.sqrt(material_x0 / across)
            nx, ny, nz = deflect(nt * dx, nt * dy, nz, sigma * normals[row, leg, 0], sigma * normals[row, leg, 1])
            energy -= loss_gev / (across * beta * beta)
            if energy > 0:
                per_cm *= momentum / np.sqrt(energy * (energy + 2 * mass[row]))
            inside = x * nx + y * ny < 0
    return count


@kernel
def cross_layers(wires, helix, end, outgoing, nz, clock, ns_per_rad, propagation, row, hits, count):
    """Write the hits of one leg; returns the number of hits so far. end: angle at which the leg ends."""
    both = not outgoing or end > travel_to_outermost(helix)
    for layer in range(len(wires.radius_cm)):
        surface = (wires.radius_cm[layer], wires.half_twist_sine[layer], wires.z_bwd_cm[layer], wires.z_fwd_cm[layer])
        for inward in range(2 if both else 1):
            travel, x, y, z, dx, dy = meet(surface, inward == 0, helix)
            if travel > end or z < wires.z_low_cm[layer] or z > wires.z_high_cm[layer]:
                continue
            time_ns = clock + travel * ns_per_rad + (z - wires.z_bwd_cm[layer]) / propagation
            count = touch(wires, layer, x, y, z, dx, dy, nz, row, time_ns, hits, count)
    return count


@kernel
def meet(surface, outward, helix):
    """(angle, x, y, z, direction x, direction y) where a helix meets the wires' surface; infinite angle if it does not.

    surface: radius of the wires' ends, sine of half their twist, z of their ends. The wires of a stereo layer lie on a hyperboloid.
    The track is taken to the cylinder of their ends, and from there on a straight line to the radius that the wires have at this z;
    where it crosses at a large angle, first to closer cylinders.
    """
    radius_of_ends, half_twist_sine, z_bwd, z_fwd = surface
    radius = radius_of_ends
    for attempt in range(_MAX_ATTEMPTS):
        travel = travel_to(radius, outward, helix)
        if travel == np.inf:
            break
        z = helix.z + helix.slope * travel * helix.bend
        x, y, dx, dy = point_at(radius, outward, helix)
        if half_twist_sine == 0.0:
            return travel, x, y, z, dx, dy
        missing = radius_at(radius_of_ends, half_twist_sine, (z - z_bwd) / (z_fwd - z_bwd)) - radius
        cosine = (x * dx + y * dy) / radius
        if abs(cosine) > _STEEP or attempt == _MAX_ATTEMPTS - 1:
            step = min(max(missing / cosine, -_LONGEST_STEP_CM), _LONGEST_STEP_CM)
            return travel + step / helix.bend, x + step * dx, y + step * dy, z + step * helix.slope, dx, dy
        radius += missing
    return np.inf, 0.0, 0.0, 0.0, 0.0, 0.0
