"""Planes of the KLM layers, and where straight lines cross them.

Ref: basf2 bklm/data/BKLM.xml and eklm/data/EKLM.xml (read in public source) [SIM]. The barrel has octants of flat layers about an
axis through the middle of the solenoid, the endcaps have quadrants. Between two layers lies one iron plate; the endcaps have one
before their first layer too. Ribs, cables and the shape of the endcap modules are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trigger.fields import KLM_LIMITS
from trigger.grl.parameters import EKLM_FORWARD_QUADRANT
from trigger.klm import SECTORS

CENTRE_Z_CM = 47.0
"""Middle of the solenoid, about which barrel and endcaps are placed."""
IRON_CM = 4.7
PITCH_CM = 9.1
"""From a layer to the next: iron of 4.7 cm and a gap of 4.4 cm."""
BARREL_FIRST_CM = 201.9 + 2.2
"""Distance of the first layer's middle from the axis: inner radius and half a gap."""
BARREL_WIDTH_CM = (151.4, 168.8, 176.4, 183.9, 191.4, 199.0, 206.5, 214.1, 221.6, 229.1, 236.7, 244.2, 251.8, 259.3, 266.9)
"""Width of each layer across: lengths of its z strips."""
BARREL_LENGTH_CM, CHIMNEY_LENGTH_CM = 222.0, 158.6
"""Length of a layer in one half, and in the sector below the chimney."""
CHIMNEY_SECTION, CHIMNEY_SECTOR = 0, 2
"""Backward half, octant at the top. Source: BKLMElementNumbers (recalled)."""
ENDCAP_FRONT_CM = 277.0 - 132.1 / 2
"""Distance of the endcap's face from the middle of the solenoid."""
ENDCAP_FIRST_CM = ENDCAP_FRONT_CM + PITCH_CM - 2.2
ENDCAP_RADII_CM = (132.5, 329.0)
ENDCAP_AXIS_CM = 10.3
"""Quadrants begin this far from the x and y axes: edge of the first strip."""
BACKWARD_ENDCAP, FORWARD_ENDCAP = 2, 3
FORWARD_SECTOR = tuple(EKLM_FORWARD_QUADRANT.index(quadrant) for quadrant in range(SECTORS[FORWARD_ENDCAP]))
"""Sector of the forward endcap in each quadrant from phi = 0, the inverse of what the GRL uses: this endcap is mirrored."""
N_OCTANTS, N_BARREL = SECTORS[0], len(BARREL_WIDTH_CM)
N_ENDCAP = tuple(limit + 1 for limit in KLM_LIMITS["klm_layer"][BACKWARD_ENDCAP:])
_LEAST_COSINE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Crossings of lines with layers, flat arrays (m,), ordered by line and by path along it.

    row: int64, the line. path_cm: from its start. section, sector, layer: int8. iron_cm: path in the plate of the
    layer, the one on its inner side. inward: bool, the line comes from outside. first_cm, second_cm: what the two planes of strips
    measure there: in the barrel z and the position across the sector, in the endcaps the distances from the x and the y axis.
    """

    row: NDArray[np.int64]
    path_cm: NDArray[np.float64]
    section: NDArray[np.int8]
    sector: NDArray[np.int8]
    layer: NDArray[np.int8]
    iron_cm: NDArray[np.float64]
    inward: NDArray[np.bool_]
    first_cm: NDArray[np.float64]
    second_cm: NDArray[np.float64]

    def select(self, which: NDArray) -> "Crossings":
        """Return chosen crossings, by index or by one boolean each."""
        return Crossings(**{name: values[which] for name, values in vars(self).items()})

    def iron_before_cm(self) -> NDArray[np.float64]:
        """Return the path in iron up to each crossing, from the start of its line."""
        total = np.cumsum(self.iron_cm)
        first = np.searchsorted(self.row, self.row)
        before_line = np.where(first > 0, total[first - 1], 0.0)
        # Sums over many lines are rounded: no path before the first plate may come out negative.
        return np.maximum(total - before_line - np.where(self.inward, self.iron_cm, 0.0), 0.0)


def crossings(start: NDArray[np.float64], direction: NDArray[np.float64]) -> Crossings:
    """Return the crossings of straight lines; start (n, 3) in cm, direction (n, 3) unit vectors."""
    parts = [_barrel(start, direction)]
    parts += [_endcap(start, direction, section) for section in (BACKWARD_ENDCAP, FORWARD_ENDCAP)]
    joined = Crossings(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})
    return joined.select(np.lexsort((joined.path_cm, joined.row)))


def _barrel(start: NDArray[np.float64], direction: NDArray[np.float64]) -> Crossings:
    azimuth = 2 * np.pi / N_OCTANTS * np.arange(N_OCTANTS)
    normal = np.stack([np.cos(azimuth), np.sin(azimuth)])
    along = np.stack([-np.sin(azimuth), np.cos(azimuth)])
    distance = BARREL_FIRST_CM + PITCH_CM * np.arange(N_BARREL)
    slope = (direction[:, :2] @ normal)[:, :, None]
    path = (distance - (start[:, :2] @ normal)[:, :, None]) / np.where(np.abs(slope) > _LEAST_COSINE, slope, np.inf)
    across = (start[:, :2] @ along)[:, :, None] + path * (direction[:, :2] @ along)[:, :, None]
    z = start[:, 2, None, None] + path * direction[:, 2, None, None] - CENTRE_Z_CM
    forward, sector = z >= 0, np.arange(N_OCTANTS)[:, None]
    in_chimney = (forward == CHIMNEY_SECTION) & (sector == CHIMNEY_SECTOR)
    met = np.abs(across) <= np.array(BARREL_WIDTH_CM) / 2
    met &= np.abs(z) <= np.where(in_chimney, CHIMNEY_LENGTH_CM, BARREL_LENGTH_CM)
    measured = z + CENTRE_Z_CM, across
    return _crossings(path, met, np.abs(slope), slope < 0, forward, sector, np.arange(N_BARREL), 1, measured)


def _endcap(start: NDArray[np.float64], direction: NDArray[np.float64], section: int) -> Crossings:
    side = 1 if section == FORWARD_ENDCAP else -1
    layer = np.arange(N_ENDCAP[section - BACKWARD_ENDCAP])
    slope = direction[:, 2, None]
    plane = CENTRE_Z_CM + side * (ENDCAP_FIRST_CM + PITCH_CM * layer)
    path = (plane - start[:, 2, None]) / np.where(np.abs(slope) > _LEAST_COSINE, slope, np.inf)
    x, y = (start[:, k, None] + path * direction[:, k, None] for k in (0, 1))
    radius = np.hypot(x, y)
    met = (radius >= ENDCAP_RADII_CM[0]) & (radius <= ENDCAP_RADII_CM[1])
    met &= np.minimum(np.abs(x), np.abs(y)) >= ENDCAP_AXIS_CM
    quadrant = np.where(y >= 0, np.where(x >= 0, 0, 1), np.where(x >= 0, 3, 2))
    sector = np.array(FORWARD_SECTOR)[quadrant] if section == FORWARD_ENDCAP else quadrant
    return _crossings(path, met, np.abs(slope), side * slope < 0, np.array(section), sector, layer, 0, (np.abs(y), np.abs(x)))


def _crossings(
    path: NDArray,
    met: NDArray,
    cosine: NDArray,
    inward: NDArray,
    section: NDArray,
    sector: NDArray,
    layer: NDArray,
    first_plate: int,
    measured: tuple[NDArray, NDArray],
) -> Crossings:
    """Flat arrays of one part from arrays that broadcast to the path; first_plate: first layer with a plate before it."""
    where = (met & (path > 0)).nonzero()
    cosine, inward, section, sector, layer, first, second = (
        np.broadcast_to(values, path.shape)[where] for values in (cosine, inward, section, sector, layer, *measured)
    )
    return Crossings(
        row=where[0],
        path_cm=path[where],
        section=section.astype(np.int8),
        sector=sector.astype(np.int8),
        layer=layer.astype(np.int8),
        iron_cm=np.where(layer >= first_plate, IRON_CM / np.maximum(cosine, _LEAST_COSINE), 0.0),
        inward=inward,
        first_cm=first,
        second_cm=second,
    )
