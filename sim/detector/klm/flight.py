"""Paths of particles from their vertex into the KLM: a helix inside the coil, straight lines outside.

The field ends at the coil's radius and at the faces of the endcaps; the field of the yoke is left out. A particle that starts
outside (a cosmic muon) first flies straight to where it enters, if it does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.detector.ecl.helix import MAX_TURN_RAD, advance, path_to_radius
from sim.detector.klm.geometry import CENTRE_Z_CM, ENDCAP_FRONT_CM
from trigger.compiled import kernel

COIL_RADIUS_CM = 176.0
"""Radius at which the trigger extrapolates tracks to the KLM. Source: basf2 trg/grl [SIM]."""
FACES_Z_CM = (CENTRE_Z_CM - ENDCAP_FRONT_CM, CENTRE_Z_CM + ENDCAP_FRONT_CM)


@dataclass(frozen=True, kw_only=True)
class Legs:
    """The two straight parts of n flights; an absent part has the length 0.

    first_cm: length of the part before the field, from the start; infinite if the field is missed. start, direction: (n, 3), of the
    part behind the field. leaves: bool, the particle leaves the field. through_coil: bool, it does so through the coil.
    entered: bool, it came in from outside.
    """

    first_cm: NDArray[np.float64]
    start: NDArray[np.float64]
    direction: NDArray[np.float64]
    leaves: NDArray[np.bool_]
    through_coil: NDArray[np.bool_]
    entered: NDArray[np.bool_]


def legs(start: NDArray[np.float64], direction: NDArray[np.float64], turn: NDArray[np.float64]) -> Legs:
    """Return the legs of particles; start (n, 3) in cm, direction (n, 3) unit vectors, turn (n,) rad per cm in the field."""
    n = len(turn)
    found = Legs(
        first_cm=np.zeros(n),
        start=start.copy(),
        direction=direction.copy(),
        leaves=np.zeros(n, bool),
        through_coil=np.zeros(n, bool),
        entered=np.zeros(n, bool),
    )
    _fill(turn, *FACES_Z_CM, found.first_cm, found.start, found.direction, found.leaves, found.through_coil, found.entered)
    return found


@kernel
def _fill(turn, z_low, z_high, first_cm, start, direction, leaves, through_coil, entered):
    for i in range(len(turn)):
        x, y, z = start[i]
        nx, ny, nz = direction[i]
        if x * x + y * y >= COIL_RADIUS_CM**2 or z <= z_low or z >= z_high:
            first_cm[i] = _path_in(x, y, z, nx, ny, nz, z_low, z_high)
            if first_cm[i] == np.inf:
                continue
            entered[i] = True
            x, y, z = x + nx * first_cm[i], y + ny * first_cm[i], z + nz * first_cm[i]
        path_z = np.inf
        if nz > 0:
            path_z = (z_high - z) / nz
        elif nz < 0:
            path_z = (z_low - z) / nz
        path_r = path_to_radius(x, y, nx, ny, turn[i], COIL_RADIUS_CM)
        path = min(path_r, path_z)
        if path == np.inf or abs(turn[i]) * path > MAX_TURN_RAD:
            continue
        leaves[i], through_coil[i] = True, path_r < path_z
        x, y, z, nx, ny, nz = advance(x, y, z, nx, ny, nz, turn[i], path)
        start[i, 0], start[i, 1], start[i, 2] = x, y, z
        direction[i, 0], direction[i, 1], direction[i, 2] = nx, ny, nz


@kernel
def _path_in(x, y, z, nx, ny, nz, z_low, z_high):
    """Straight path into the cylinder of the field from outside, a millimetre beyond its surface; infinite if it is missed."""
    first, last = 0.0, np.inf
    nt2, half_b = nx * nx + ny * ny, x * nx + y * ny
    excess = x * x + y * y - COIL_RADIUS_CM**2
    if nt2 > 1e-12:
        root = half_b * half_b - nt2 * excess
        if root <= 0:
            return np.inf
        first, last = max(first, (-half_b - np.sqrt(root)) / nt2), (-half_b + np.sqrt(root)) / nt2
    elif excess > 0:
        return np.inf
    if abs(nz) > 1e-12:
        one, other = (z_low - z) / nz, (z_high - z) / nz
        first, last = max(first, min(one, other)), min(last, max(one, other))
    elif z <= z_low or z >= z_high:
        return np.inf
    return first + 0.1 if first + 0.1 < last else np.inf
