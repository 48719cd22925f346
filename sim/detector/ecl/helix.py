"""Paths of particles from their vertex to the calorimeter face, in a uniform field along z.

Ref: 0.0029979 GeV per tesla and cm. Field 1.5 T (public detector parameters).
"""

import numpy as np

from sim.detector.ecl.geometry import FRONT_STEP_CM, FRONT_Z0_CM
from trigger.compiled import kernel

SPEED_OF_LIGHT_CM_PER_NS = 29.9792458
FIELD_T = 1.5
GEV_PER_T_CM = 0.00299792458
# Our choice: a track that has turned once has met the inner walls twice and is given up.
MAX_TURN_RAD = 2 * np.pi
_STRAIGHT_TURN_PER_CM = 1e-9


def turn_per_cm(charge: np.ndarray, p_gev: np.ndarray) -> np.ndarray:
    """Change of the direction's azimuth per cm of path, rad/cm; positive charges turn clockwise seen against +z."""
    return -charge * GEV_PER_T_CM * FIELD_T / p_gev


@kernel
def advance(x, y, z, nx, ny, nz, turn, path):
    """Position and direction after `path` cm."""
    angle = turn * path
    if abs(angle) < _STRAIGHT_TURN_PER_CM:
        return x + nx * path, y + ny * path, z + nz * path, nx, ny, nz
    sine, cosine = np.sin(angle), np.cos(angle)
    new_nx, new_ny = nx * cosine - ny * sine, ny * cosine + nx * sine
    return x + (new_ny - ny) / turn, y - (new_nx - nx) / turn, z + nz * path, new_nx, new_ny, nz


@kernel
def path_to_radius(x, y, nx, ny, turn, radius):
    """Path in cm until the distance to the z axis is `radius`, from inside; infinite if that never happens."""
    nt = np.sqrt(nx * nx + ny * ny)
    if nt < 1e-12:
        return np.inf
    if abs(turn) < _STRAIGHT_TURN_PER_CM:
        half_b = x * nx + y * ny
        return (-half_b + np.sqrt(half_b * half_b - nt * nt * (x * x + y * y - radius * radius))) / (nt * nt)
    centre_x, centre_y = x - ny / turn, y + nx / turn
    centre = np.sqrt(centre_x * centre_x + centre_y * centre_y)
    bend = nt / abs(turn)
    if centre < 1e-12:
        return np.inf
    cosine = (radius * radius - centre * centre - bend * bend) / (2 * bend * centre)
    if abs(cosine) > 1.0:
        return np.inf
    at = np.arccos(cosine)
    now = np.arctan2(y - centre_y, x - centre_x) - np.arctan2(centre_y, centre_x)
    sense = 1.0 if turn > 0 else -1.0
    first = min((sense * (at - now)) % (2 * np.pi), (sense * (-at - now)) % (2 * np.pi))
    return first / abs(turn)


@kernel
def front_radius(front_r, z):
    """Radius of the barrel's front surface at z, cm."""
    place = min(max((z - FRONT_Z0_CM) / FRONT_STEP_CM, 0.0), front_r.size - 1.001)
    low = int(place)
    return front_r[low] + (place - low) * (front_r[low + 1] - front_r[low])


@kernel
def path_to_front(front_r, planes_z, x, y, z, nx, ny, nz, turn):
    """(path in cm to the calorimeter's front surface, True in the barrel); path -1 if it is never reached.

    front_r, planes_z: of `CrystalMap`. A vertex on or behind the surface gives path 0.
    """
    radius = front_radius(front_r, z)
    behind_plane = z >= planes_z[0] or z <= planes_z[1]
    if behind_plane or x * x + y * y >= radius * radius:
        return 0.0, not behind_plane
    path_z = np.inf
    if nz > 0:
        path_z = (planes_z[0] - z) / nz
    elif nz < 0:
        path_z = (planes_z[1] - z) / nz
    path_r = path_to_radius(x, y, nx, ny, turn, front_r[0])
    if path_r < path_z:
        path_r = path_to_radius(x, y, nx, ny, turn, front_radius(front_r, z + nz * path_r))
    path = min(path_r, path_z)
    if path == np.inf or abs(turn) * path > MAX_TURN_RAD:
        return -1.0, False
    return path, path_r < path_z
