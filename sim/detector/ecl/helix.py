"""Paths of particles from their vertex to the calorimeter face, in a uniform field along z.

Ref: 0.0029979 GeV per tesla and cm. Field 1.5 T (public detector parameters).
"""

import numba
import numpy as np

SPEED_OF_LIGHT_CM_PER_NS = 29.9792458
FIELD_T = 1.5
GEV_PER_T_CM = 0.00299792458
# Our choice: a track that has turned once has met the inner walls twice and is given up.
MAX_TURN_RAD = 2 * np.pi
_STRAIGHT_TURN_PER_CM = 1e-9


def turn_per_cm(charge: np.ndarray, p_gev: np.ndarray) -> np.ndarray:
    """Change of the direction's azimuth per cm of path, rad/cm; positive charges turn clockwise seen against +z."""
    return -charge * GEV_PER_T_CM * FIELD_T / p_gev


@numba.njit(cache=True)
def advance(x, y, z, nx, ny, nz, turn, path):
    """Position and direction after `path` cm."""
    angle = turn * path
    if abs(angle) < _STRAIGHT_TURN_PER_CM:
        return x + nx * path, y + ny * path, z + nz * path, nx, ny, nz
    sine, cosine = np.sin(angle), np.cos(angle)
    new_nx, new_ny = nx * cosine - ny * sine, ny * cosine + nx * sine
    return x + (new_ny - ny) / turn, y - (new_nx - nx) / turn, z + nz * path, new_nx, new_ny, nz


@numba.njit(cache=True)
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


@numba.njit(cache=True)
def front_radius(crystals, z):
    """Radius of the barrel's front surface at z, cm."""
    place = (z - crystals.front_z0) / crystals.front_dz
    place = min(max(place, 0.0), crystals.front_r.size - 1.001)
    low = int(place)
    return crystals.front_r[low] + (place - low) * (crystals.front_r[low + 1] - crystals.front_r[low])


@numba.njit(cache=True)
def path_to_front(crystals, x, y, z, nx, ny, nz, turn):
    """(path in cm to the calorimeter's front surface, True in the barrel); path -1 if it is never reached.

    A vertex on or behind the surface gives path 0.
    """
    radius = front_radius(crystals, z)
    behind_plane = z >= crystals.forward_front_z or z <= crystals.backward_front_z
    if behind_plane or x * x + y * y >= radius * radius:
        return 0.0, not behind_plane
    path_z = np.inf
    if nz > 0:
        path_z = (crystals.forward_front_z - z) / nz
    elif nz < 0:
        path_z = (crystals.backward_front_z - z) / nz
    path_r = path_to_radius(x, y, nx, ny, turn, crystals.front_r[0])
    if path_r < path_z:
        path_r = path_to_radius(x, y, nx, ny, turn, front_radius(crystals, z + nz * path_r))
    path = min(path_r, path_z)
    if path == np.inf or abs(turn) * path > MAX_TURN_RAD:
        return -1.0, False
    return path, path_r < path_z
