"""Crystals of the calorimeter: which trigger cell owns a point in space, and how deep in its crystal the point lies.

Ref: crystal shapes and placements of basf2 (ecl/data), numbers only; crystal-to-cell rules of TrgEclMapping.

Side faces between neighbouring rings are taken as straight lines in the r-z plane, through the midpoints of the face centres.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.detector.ecl.tables import read_table
from trigger.compiled import kernel

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
    """Arrays that the compiled kernels read; lengths in cm.

    A kernel unpacks them once and hands them on one by one: reading a tuple's array costs more than the look-up.
    """

    edges: np.ndarray  # (73, 2) value and slope of the lines between rings: 48 of the barrel, 14 forward, 11 backward
    rings: np.ndarray  # (70, 6) columns RING_*; the gap near 90 degrees is a barrel ring without crystals
    cells: np.ndarray  # (8736,) int16, cell of each crystal
    row_edges_z: np.ndarray  # (13,) edges of the 12 barrel cell rows at REFERENCE_R_CM; falling
    front_r: np.ndarray  # radius of the barrel's front surface from FRONT_Z0_CM on, in steps of FRONT_STEP_CM
    planes_z: np.ndarray  # (2,) front planes of the forward and the backward endcap
    gap_z: np.ndarray  # (2,) upper and lower edge of the gap near 90 degrees


# Columns of CrystalMap.rings: front face centre, unit vector of the crystal axis, number of crystals, first crystal from 0.
RING_R, RING_Z, RING_AXIS_R, RING_AXIS_Z, RING_CRYSTALS, RING_FIRST = range(6)
# Edges are lines z(r - BARREL_R0), -r(z - FORWARD_Z0) and r(z - BACKWARD_Z0); all fall with the number of the ring.
BARREL_R0, FORWARD_Z0, BACKWARD_Z0 = 127.0, 197.0, -104.0
BARREL_EDGES, FORWARD_EDGES, BACKWARD_EDGES = (0, 47), (48, 61), (62, 72)
FIRST_BARREL_RING, FIRST_BACKWARD_RING = 13, 60
FRONT_Z0_CM, FRONT_STEP_CM = -115.0, 5.0


@lru_cache(maxsize=8)
def crystal_map(gaps: EclGaps) -> CrystalMap:
    """Arrays for the compiled kernels, for these gaps."""
    rings = read_table("rings")
    front_r, front_z = rings["r_front_mm"] / 10.0, rings["z_front_mm"] / 10.0
    rear_r, rear_z = rings["r_rear_mm"] / 10.0, rings["z_rear_mm"] / 10.0
    forward, barrel, backward = (rings["part"] == part for part in ("fwd", "barrel", "bwd"))

    barrel_edges = _edges(front_z[barrel], front_r[barrel], rear_z[barrel], rear_r[barrel], BARREL_R0)
    forward_edges = _edges(-front_r[forward], front_z[forward], -rear_r[forward], rear_z[forward], FORWARD_Z0)
    backward_edges = _edges(front_r[backward], front_z[backward], rear_r[backward], rear_z[backward], BACKWARD_Z0)
    barrel_edges[0, 0] -= gaps.forward_extra_cm / 2
    forward_edges[-1, 0] += gaps.forward_extra_cm / 2
    barrel_edges[-1, 0] += gaps.backward_extra_cm / 2
    backward_edges[0, 0] -= gaps.backward_extra_cm / 2

    row_of_ring = rings["tc_theta_id"][barrel]
    row_starts = np.flatnonzero(np.diff(row_of_ring, prepend=-1.0, append=-1.0))
    row_edges_z = (barrel_edges[:, 0] + barrel_edges[:, 1] * (REFERENCE_R_CM - BARREL_R0))[row_starts]

    centre = int(np.argmin(np.abs(barrel_edges[:, 0])))  # the edge between the two central rings
    gap_z = barrel_edges[centre, 0] + np.array([0.5, -0.5]) * gaps.centre_cm
    barrel_edges = np.insert(barrel_edges, centre, [gap_z[0], 0.0], axis=0)
    barrel_edges[centre + 1] = gap_z[1], 0.0

    axis = np.deg2rad(rings["axis_theta_deg"])
    columns = (front_r, front_z, np.sin(axis), np.cos(axis), rings["n_crystals"], rings["first_cellid"] - 1)
    ring_table = np.insert(np.stack(columns, axis=1), FIRST_BARREL_RING + centre, 0.0, axis=0)
    grid_z = np.arange(FRONT_Z0_CM, 216.0, FRONT_STEP_CM)
    return CrystalMap(
        edges=np.concatenate([barrel_edges, forward_edges, backward_edges]),
        rings=ring_table,
        cells=cell_of_crystal().astype(np.int16),
        row_edges_z=row_edges_z,
        front_r=np.interp(grid_z, front_z[barrel][::-1], front_r[barrel][::-1]),
        planes_z=np.array([front_z[forward].mean(), front_z[backward].mean()]),
        gap_z=gap_z,
    )


def _edges(front: np.ndarray, front_at: np.ndarray, rear: np.ndarray, rear_at: np.ndarray, origin: float) -> np.ndarray:
    """Value at `origin` and slope of the n + 1 lines between n rings, (n + 1, 2); the outer two mirror half a pitch."""

    def midpoints(values: np.ndarray) -> np.ndarray:
        inner = (values[:-1] + values[1:]) / 2
        return np.concatenate(([2 * values[0] - inner[0]], inner, [2 * values[-1] - inner[-1]]))

    f, fa, r, ra = (midpoints(values) for values in (front, front_at, rear, rear_at))
    slope = (r - f) / (ra - fa)
    return np.stack([f + slope * (origin - fa), slope], axis=1)


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


@kernel
def locate(edges, rings, cells, x, y, z, front_margin_cm):
    """(trigger cell or 0, depth in its crystal in cm) of a point in cm; the arrays are those of `CrystalMap`.

    A point up to `front_margin_cm` before the face of its crystal counts as inside.
    """
    r = np.sqrt(x * x + y * y)
    ring, depth = -1, 0.0
    if r > 110.0:
        ring = _interval(edges, BARREL_EDGES[0], BARREL_EDGES[1], r - BARREL_R0, z)
        if ring >= 0:
            ring += FIRST_BARREL_RING
            depth = _depth(rings, ring, r, z)
            if depth < -front_margin_cm or depth > CRYSTAL_LENGTH_CM:
                ring = -1
    if ring < 0:
        if z > 185.0:
            ring = _interval(edges, FORWARD_EDGES[0], FORWARD_EDGES[1], z - FORWARD_Z0, -r)
        elif z < -95.0:
            ring = _interval(edges, BACKWARD_EDGES[0], BACKWARD_EDGES[1], z - BACKWARD_Z0, r)
            if ring >= 0:
                ring += FIRST_BACKWARD_RING
        if ring < 0:
            return 0, 0.0
        depth = _depth(rings, ring, r, z)
        if depth < -front_margin_cm or depth > CRYSTAL_LENGTH_CM:
            return 0, 0.0
    n = rings[ring, RING_CRYSTALS]
    if n == 0.0:
        return 0, 0.0
    phi = np.arctan2(y, x)
    if FIRST_BARREL_RING <= ring < FIRST_BACKWARD_RING:
        phi -= BARREL_PHI_TILT_DEG_PER_CM * (np.pi / 180.0) * depth
    crystal = np.floor(phi * n / (2 * np.pi)) - 1
    if crystal < 0:
        crystal += n
    return cells[int(rings[ring, RING_FIRST] + crystal)], depth


@kernel
def _depth(rings, ring, r, z):
    """Depth of a point along the axis of the crystals of a ring, from the front face."""
    return (r - rings[ring, RING_R]) * rings[ring, RING_AXIS_R] + (z - rings[ring, RING_Z]) * rings[ring, RING_AXIS_Z]


@kernel
def _interval(edges, first, last, offset, at):
    """Number of the ring with edge first + i >= at > the next edge, edges being lines in `offset`; -1 outside."""
    if at > edges[first, 0] + edges[first, 1] * offset or at <= edges[last, 0] + edges[last, 1] * offset:
        return -1
    low, high = first, last
    while high - low > 1:
        middle = (low + high) // 2
        if at <= edges[middle, 0] + edges[middle, 1] * offset:
            low = middle
        else:
            high = middle
    return low - first
