"""Helices around z in the drift chamber: compiled functions for one particle.

A position on the helix is named by the angle travelled around its centre since the start of the leg.
"""

from typing import NamedTuple

import numpy as np

from sim.detector.cdc.geometry import OUTER_RADIUS_CM
from trigger.compiled import kernel

FULL_TURN = 2 * np.pi
_LEAST_TURN = 1e-6
"""Straighter tracks (per cm) are taken as this straight, which moves them by less than 0.1 mm."""


class Helix(NamedTuple):
    """One leg of a helix, all float64.

    centre: distance of its axis from the z axis, cm; ux, uy: unit vector toward it. bend: bending radius, cm. sense: +1 where the
    direction's azimuth grows. now: angle of the start around the axis, counted from (ux, uy). z: of the start; slope: dz per
    transverse cm.
    """

    centre: float
    ux: float
    uy: float
    bend: float
    sense: float
    now: float
    z: float
    slope: float


@kernel
def helix_of(x, y, z, nx, ny, nz, turn_per_cm):
    """The helix of a start and a unit vector with transverse part; turn_per_cm: change of the azimuth per cm of path."""
    nt = np.sqrt(nx * nx + ny * ny)
    sense = 1.0 if turn_per_cm > 0 else -1.0
    bend = nt / max(abs(turn_per_cm), _LEAST_TURN * nt)
    centre_x, centre_y = x - sense * ny / nt * bend, y + sense * nx / nt * bend
    centre = max(np.sqrt(centre_x * centre_x + centre_y * centre_y), 1e-9)
    now = np.arctan2(y - centre_y, x - centre_x) - np.arctan2(centre_y, centre_x)
    return Helix(centre, centre_x / centre, centre_y / centre, bend, sense, now, z, nz / nt)


@kernel
def _one_turn(angle):
    """An angle within -3 pi..3 pi as 0..2 pi."""
    if angle < 0:
        angle += FULL_TURN
    if angle < 0:
        angle += FULL_TURN
    return angle if angle < FULL_TURN else angle - FULL_TURN


@kernel
def travel_to(radius, outward, helix):
    """Angle, 0..2 pi, to the next crossing of a cylinder around z; infinite if there is none."""
    cosine = (radius * radius - helix.centre**2 - helix.bend**2) / (2 * helix.centre * helix.bend)
    if abs(cosine) >= 1.0:
        return np.inf
    angle = np.arccos(cosine)
    return _one_turn((-angle if outward else angle) - helix.sense * helix.now)


@kernel
def point_at(radius, outward, helix):
    """(x, y, direction x, direction y) of a crossing that exists; the direction is the transverse one, of length 1."""
    cosine = (radius * radius - helix.centre**2 - helix.bend**2) / (2 * helix.centre * helix.bend)
    sine = np.sqrt(1 - cosine * cosine)
    sine = -helix.sense * sine if outward else helix.sense * sine
    rx, ry = cosine * helix.ux - sine * helix.uy, cosine * helix.uy + sine * helix.ux
    x, y = helix.centre * helix.ux + helix.bend * rx, helix.centre * helix.uy + helix.bend * ry
    return x, y, -helix.sense * ry, helix.sense * rx


@kernel
def travel_to_outermost(helix):
    """Angle, 0..2 pi, to the point farthest from the z axis."""
    return _one_turn(-helix.sense * helix.now)


@kernel
def travel_to_exit(x, y, nx, ny, helix, z_low, z_high):
    """Angle at which the helix leaves the chamber; 0 if it starts outside and does not come in, infinite if it stays."""
    if x * x + y * y > OUTER_RADIUS_CM**2 and x * nx + y * ny >= 0:
        return 0.0
    end = np.inf
    if helix.slope > 0:
        end = (z_high - helix.z) / (helix.slope * helix.bend)
    elif helix.slope < 0:
        end = (z_low - helix.z) / (helix.slope * helix.bend)
    return max(min(end, travel_to(OUTER_RADIUS_CM, True, helix)), 0.0)


@kernel
def deflect(nx, ny, nz, angle1, angle2):
    """Unit vector turned by two small angles about two axes that are perpendicular to it and to each other."""
    nt = np.sqrt(nx * nx + ny * ny)
    ax, ay = -ny / nt, nx / nt
    bx, by, bz = -nz * ay, nz * ax, nt
    x, y, z = nx + angle1 * ax + angle2 * bx, ny + angle1 * ay + angle2 * by, nz + angle2 * bz
    size = np.sqrt(x * x + y * y + z * z)
    return x / size, y / size, z / size
