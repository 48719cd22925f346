"""Crystals of the calorimeter: which trigger cell owns a point in space, and how deep in its crystal the point lies.

Ref: crystal shapes and placements of basf2 (ecl/data), numbers only; crystal-to-cell rules of TrgEclMapping.

Side faces between neighbouring rings are taken as straight lines in the r-z plane, through the midpoints of the face centres.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np

from sim.detector.ecl.tables import read_table

N_CRYSTALS = 8736
CRYSTAL_LENGTH_CM = 30.0  # 16.1 radiation lengths of CsI
# Phi of the crystal axis grows from the front face to mid-depth (public crystal placements); the sense is unverified.
BARREL_PHI_TILT_DEG_PER_CM = 0.13 / 15.0
# A shower starts on the smooth surface through the face centres, which cuts the saw-tooth of the real faces.
SAWTOOTH_CM = 4.0
REFERENCE_R_CM = 134.0  # radius at which the barrel shares a shower between cells, near shower maximum
_CELL_ROWS_PER_PHI = 12
_PHI_COLUMNS = 36


@dataclass(frozen=True, kw_only=True)
class EclGaps:
    """Where active CsI is missing.

    The two barrel/endcap gaps follow from the crystal placements (DERIVED); `*_extra_cm` widens them (negative: narrows).
    `centre_cm` is the full width of the non-projective gap near 90 degrees: the pitch of the two central rings exceeds that of
    their neighbours by 1.7 mm (DERIVED from the placements; that it is empty is unverified). Zero closes it.
    """

    forward_extra_cm: float = 0.0
    backward_extra_cm: float = 0.0
    centre_cm: float = 0.17

    def __post_init__(self) -> None:
        for name in ("forward_extra_cm", "backward_extra_cm", "centre_cm"):
            value = getattr(self, name)
            if not -5.0 <= value <= 20.0:
                msg = f"EclGaps.{name} must be within -5..20 cm, not {value}"
                raise ValueError(msg)
        if self.centre_cm < 0.0:
            msg = f"EclGaps.centre_cm must not be negative, not {self.centre_cm}"
            raise ValueError(msg)


class CrystalMap(NamedTuple):
    """Arrays that the compiled kernels read. Lengths in cm; rings in the order of the placement table."""

    ring_r: np.ndarray  # (69,) front face centre
    ring_z: np.ndarray
    axis_r: np.ndarray  # (69,) unit vector of the crystal axis
    axis_z: np.ndarray
    ring_crystals: np.ndarray  # (69,) crystals in the ring
    ring_first: np.ndarray  # (69,) zero-based crystal number of the first one
    cell_of_crystal: np.ndarray  # (8736,)
    barrel_z: np.ndarray  # (47,) ring edges, z at r = 127 cm, and slope dz/dr; falling z
    barrel_slope: np.ndarray
    forward_minus_r: np.ndarray  # (14,) ring edges, -r at z = 197 cm, and its slope; falling
    forward_minus_slope: np.ndarray
    backward_r: np.ndarray  # (11,) ring edges, r at z = -104 cm, and slope dr/dz; falling r
    backward_slope: np.ndarray
    row_edges_z: np.ndarray  # (13,) edges of the 12 barrel cell rows at REFERENCE_R_CM; falling z
    front_r: np.ndarray  # front surface of the barrel against z, on a grid
    front_z0: float
    front_dz: float
    forward_front_z: float
    backward_front_z: float
    gap_centre_z: float
    gap_half_width: float


BARREL_R0 = 127.0
FORWARD_Z0 = 197.0
BACKWARD_Z0 = -104.0


@lru_cache(maxsize=8)
def crystal_map(gaps: EclGaps) -> CrystalMap:
    """Arrays for the compiled kernels, for these gaps."""
    rings = read_table("rings")
    front_r, front_z = rings["r_front_mm"] / 10.0, rings["z_front_mm"] / 10.0
    rear_r, rear_z = rings["r_rear_mm"] / 10.0, rings["z_rear_mm"] / 10.0
    axis = np.deg2rad(rings["axis_theta_deg"])
    forward, barrel, backward = (rings["part"] == part for part in ("fwd", "barrel", "bwd"))

    barrel_slope, barrel_z = _edges(front_z[barrel], front_r[barrel], rear_z[barrel], rear_r[barrel], BARREL_R0)
    forward_slope, forward_r = _edges(front_r[forward], front_z[forward], rear_r[forward], rear_z[forward], FORWARD_Z0)
    backward_slope, backward_r = _edges(front_r[backward], front_z[backward], rear_r[backward], rear_z[backward], BACKWARD_Z0)
    barrel_z[0] -= gaps.forward_extra_cm / 2
    forward_r[-1] -= gaps.forward_extra_cm / 2
    barrel_z[-1] += gaps.backward_extra_cm / 2
    backward_r[0] -= gaps.backward_extra_cm / 2

    row_of_ring = rings["tc_theta_id"][barrel]
    row_starts = np.flatnonzero(np.diff(row_of_ring, prepend=-1.0, append=-1.0))
    grid_z = np.arange(-115.0, 216.0, 5.0)
    centre = int(np.argmin(np.abs(front_z[barrel][:-1] + front_z[barrel][1:])))
    return CrystalMap(
        ring_r=front_r,
        ring_z=front_z,
        axis_r=np.sin(axis),
        axis_z=np.cos(axis),
        ring_crystals=rings["n_crystals"].astype(np.int64),
        ring_first=rings["first_cellid"].astype(np.int64) - 1,
        cell_of_crystal=cell_of_crystal(),
        barrel_z=barrel_z,
        barrel_slope=barrel_slope,
        forward_minus_r=-forward_r,
        forward_minus_slope=-forward_slope,
        backward_r=backward_r,
        backward_slope=backward_slope,
        row_edges_z=(barrel_z + barrel_slope * (REFERENCE_R_CM - BARREL_R0))[row_starts],
        front_r=np.interp(grid_z, front_z[barrel][::-1], front_r[barrel][::-1]),
        front_z0=float(grid_z[0]),
        front_dz=5.0,
        forward_front_z=float(front_z[forward].mean()),
        backward_front_z=float(front_z[backward].mean()),
        gap_centre_z=float(front_z[barrel][centre] + front_z[barrel][centre + 1]) / 2,
        gap_half_width=gaps.centre_cm / 2,
    )


def _edges(
    front: np.ndarray, front_at: np.ndarray, rear: np.ndarray, rear_at: np.ndarray, origin: float
) -> tuple[np.ndarray, np.ndarray]:
    """Slope and value at `origin` of the n + 1 lines between n rings; the outer two mirror the half pitch of the last ring."""

    def midpoints(values: np.ndarray) -> np.ndarray:
        inner = (values[:-1] + values[1:]) / 2
        return np.concatenate(([2 * values[0] - inner[0]], inner, [2 * values[-1] - inner[-1]]))

    f, fa, r, ra = (midpoints(values) for values in (front, front_at, rear, rear_at))
    slope = (r - f) / (ra - fa)
    return slope, f + slope * (origin - fa)


@lru_cache(maxsize=1)
def cell_of_crystal() -> np.ndarray:
    """Trigger cell 1..576 of every crystal, int64 (8736,), by the mapping rules of the trigger simulation."""
    cells = np.zeros(N_CRYSTALS, dtype=np.int64)
    for low, high, divisor in ((0, 48, 3), (48, 96, 3), (96, 160, 4), (160, 224, 4)):
        cells[low:high] = 5 * (np.arange(high - low) // divisor) + 1
    for low, high, divisor, even, odd in (
        (224, 288, 2, 2, 3),
        *((start, start + 96, 3, 2, 3) for start in (288, 384, 480, 576)),
        *((start, start + 96, 3, 3, 2) for start in (672, 768)),
    ):
        cells[low:high] = _forward_cell(np.arange(high - low) // divisor, even, odd)
    for low in (864, 1008):
        cells[low : low + 144] = _forward_cell(_five_four(144), 3, 2)
    quad = np.arange(7776 - 1152) // 4
    cells[1152:7776] = _CELL_ROWS_PER_PHI * (quad % _PHI_COLUMNS) + 81 + quad // (4 * _PHI_COLUMNS)
    for low in (7776, 7920):
        cells[low : low + 144] = _backward_cell(_five_four(144), 2, -1)
    for low, divisor, even, odd in (
        *((start, 3, 2, -1) for start in (8064, 8160)),
        *((start, 3, 3, -2) for start in (8256, 8352, 8448)),
        *((start, 2, 3, -2) for start in (8544, 8608, 8672)),
    ):
        size = 96 if divisor == 3 else 64
        cells[low : low + size] = _backward_cell(np.arange(size) // divisor, even, odd)
    cells.setflags(write=False)
    return cells


def _five_four(size: int) -> np.ndarray:
    """Running index of groups of five and four crystals in turn."""
    crystal = np.arange(size)
    return 2 * (crystal // 9) + (crystal % 9 >= 5)


def _forward_cell(index: np.ndarray, even: int, odd: int) -> np.ndarray:
    return 5 * index // 2 + np.where(index % 2 == 0, even, odd)


def _backward_cell(index: np.ndarray, even: int, odd: int) -> np.ndarray:
    return 2 * index + 513 + np.where(index % 2 == 0, even, odd)


@numba.njit(cache=True)
def locate(crystals, x, y, z, front_margin_cm):
    """(trigger cell or 0, depth in its crystal in cm) of a point in cm.

    A point up to `front_margin_cm` before the face of its crystal counts as inside.
    """
    r = np.sqrt(x * x + y * y)
    ring = -1
    if r > 110.0 and r < 175.0:
        dr = r - BARREL_R0
        if abs(z - crystals.gap_centre_z) < crystals.gap_half_width:
            return 0, 0.0
        ring = _interval_falling(crystals.barrel_z, crystals.barrel_slope, dr, z)
        if ring >= 0:
            ring += 13
            depth = (r - crystals.ring_r[ring]) * crystals.axis_r[ring] + (z - crystals.ring_z[ring]) * crystals.axis_z[ring]
            if depth < -front_margin_cm or depth > CRYSTAL_LENGTH_CM:
                ring = -1
    if ring < 0:
        if z > 185.0:
            ring = _interval_falling(crystals.forward_minus_r, crystals.forward_minus_slope, z - FORWARD_Z0, -r)
        elif z < -95.0:
            ring = _interval_falling(crystals.backward_r, crystals.backward_slope, z - BACKWARD_Z0, r)
            if ring >= 0:
                ring += 59
        if ring < 0:
            return 0, 0.0
        depth = (r - crystals.ring_r[ring]) * crystals.axis_r[ring] + (z - crystals.ring_z[ring]) * crystals.axis_z[ring]
        if depth < -front_margin_cm or depth > CRYSTAL_LENGTH_CM:
            return 0, 0.0
    phi = np.arctan2(y, x) * (180.0 / np.pi)
    if 13 <= ring < 59:
        phi -= BARREL_PHI_TILT_DEG_PER_CM * depth
    n = crystals.ring_crystals[ring]
    crystal = (int(np.floor(phi * n / 360.0)) - 1) % n
    return crystals.cell_of_crystal[crystals.ring_first[ring] + crystal], depth


@numba.njit(cache=True)
def _interval_falling(value, slope, offset, at):
    """Index i with edge i >= at > edge i + 1 among falling edges value + slope * offset; -1 outside."""
    low, high = 0, value.size - 1
    if at > value[0] + slope[0] * offset or at <= value[high] + slope[high] * offset:
        return -1
    while high - low > 1:
        middle = (low + high) // 2
        if at <= value[middle] + slope[middle] * offset:
            low = middle
        else:
            high = middle
    return low
