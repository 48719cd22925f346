"""Which boxes of the Hough plane each axial segment crosses: tables generated from the geometry for one 1/32 sector.

Ref: basf2 trg/cdc CDCTriggerHoughtrafo.cc, CDCTrigger2DFinderModule.cc (read in public source) [SIM].

A wire at (r, phi) lies on circles through the origin with omega/2 = y(x) = sin(x - phi) / r for azimuth x = phi0. It crosses the
box [x1, x2] x [y1, y2] if y(x1 - margin) and y(x2 + margin) are neither both above y2 nor both below y1, and y(x1) <= y(x2): the
outgoing arm of the circle alone. The margin makes a curve that touches a corner count in all boxes around it, which is common
because the wires of every axial superlayer lie on the cell edges.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.hough.kernels import Table
from trigger.cdc.hough.plane import HoughPlane
from trigger.geometry.cdc import N_SECTORS, PRIORITY_SHIFT_HALF_CELLS, PT_RADIUS_GEV_PER_CM, superlayers

TOUCH_MARGIN_RAD = 1e-10
"""Source: CDCTriggerHoughtrafo.cc [SIM]. Any value from 1e-13 to 1e-7 gives the same tables [DERIVED]."""
N_POSITIONS = 3
"""Wires of a segment that can carry the hit, at index priority position - 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Boxes crossed by the wires of the axial segments of sector 0; sector q is the same, q n_phi/32 cells further.

    The box around a centre (x2, y2), both twice a cell index, is the cell itself where the coordinate is even and two cells
    where it is odd. Cell windows are those of even coordinates.

    Attributes:
        row: int32 (9,), first row of each superlayer in the tables, -1 for stereo.
        per_sector: int32 (9,), segments of each superlayer in one sector.
        table.start: int16 (rows, 3 positions, 2 n_omega - 1 values of y2, 2 parities of x2): first crossed box, as x2 // 2.
        table.length: uint8, same shape: number of consecutive boxes crossed, 0 = none; they wrap around modulo n_phi.
    """

    row: NDArray[np.int32]
    per_sector: NDArray[np.int32]
    table: Table


@cache
def windows(plane: HoughPlane) -> Windows:
    """Return the windows of a plane; read-only, made once per plane."""
    lines = superlayers()
    axial = np.flatnonzero(lines.axial)
    per_sector = lines.n_segments // N_SECTORS
    row = np.full(len(lines.axial), -1, np.int32)
    row[axial] = np.concatenate([[0], np.cumsum(per_sector[axial])[:-1]])
    crossed = np.concatenate([_crossed(plane, int(s), int(per_sector[s])) for s in axial])
    start, length = _runs(crossed)
    for array in (row, per_sector, start, length):
        array.setflags(write=False)
    return Windows(row=row, per_sector=per_sector, table=Table(start, length))


def _crossed(plane: HoughPlane, superlayer: int, n_rows: int) -> NDArray[np.bool_]:
    """True where a wire crosses a box: (segment, position, y2, parity of x2, x2 // 2)."""
    lines = superlayers()
    shifts = np.array(PRIORITY_SHIFT_HALF_CELLS[1:])
    phi = (2 * np.arange(n_rows)[:, None] + shifts) * (np.pi / lines.n_segments[superlayer])
    radius = lines.radius_cm[superlayer][(shifts != 0).astype(int)]
    y_max = 0.5 * PT_RADIUS_GEV_PER_CM / plane.pt_min_gev
    y2 = np.arange(2 * plane.n_omega - 1)
    low = (y2 // 2) * (2 * y_max / plane.n_omega) - y_max
    high = (y2 // 2 + 1 + y2 % 2) * (2 * y_max / plane.n_omega) - y_max
    x1 = (np.arange(plane.n_phi) - plane.n_phi // 2) * (2 * np.pi / plane.n_phi)
    width = np.array([1, 2])[:, None] * (2 * np.pi / plane.n_phi)

    def curve(x: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.sin(x - phi[..., None, None, None]) / radius[:, None, None, None]

    left, right = curve(x1 - TOUCH_MARGIN_RAD), curve(x1 + width + TOUCH_MARGIN_RAD)
    above = (left > high[:, None, None]) & (right > high[:, None, None])
    below = (left < low[:, None, None]) & (right < low[:, None, None])
    return ~above & ~below & (curve(x1 + 0 * width) <= curve(x1 + width))


def _runs(crossed: NDArray[np.bool_]) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """First index and length of the one circular run of True along the last axis."""
    first = crossed & ~np.roll(crossed, 1, axis=-1)
    assert first.sum(axis=-1).max() == 1, "a rising curve crosses each row of boxes once"
    return first.argmax(axis=-1).astype(np.int16), crossed.sum(axis=-1).astype(np.uint8)
