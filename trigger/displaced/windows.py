"""Which cells each axial segment lies in: tables generated from the geometry for one 1/32 sector, rotated round the circle.

A segment counts in a cell if a track of the cell passes its priority wire within half a wire cell. Over a cell of bend and impact
the sine of phi - phi0 at the wire's radius covers one interval, for it is linear in both; the azimuths phi0 of the window follow.
All wires are taken at the radius of the first-priority ones: then a superlayer is one ring of half wire cells. Our choice: a second
radius changes the efficiency by less than can be measured.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trigger.displaced.grid import WORD_BITS, SeedGrid, crossing_sine
from trigger.geometry.cdc import N_SECTORS, PRIORITY_SHIFT_HALF_CELLS, superlayers

EDGE_CELLS = 1e-9
"""A window that ends on the edge of a cell, within this, does not reach into the next one. Our choice: any value from 1e-12 to 1e-6
gives the same tables [DERIVED]."""
N_POSITIONS = 3
"""Wires of a segment that can carry the hit, at index priority position - 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeedWindows:
    """Windows of the axial segments of sector 0; sector q is the same, q n_phi / 32 cells further. Read-only.

    Attributes:
        first: int32 (9,), row of each superlayer's first segment in the tables, -1 for stereo.
        per_sector: int32 (9,), segments of each superlayer in one sector.
        start: int16 (segments, 3 positions, rows of the grid), first cell in azimuth.
        length: uint8, same shape, number of consecutive cells, 0 = none.
        mask: uint64 (segments, 3, 2, rows), the same as bits: word w holds the cells 64 w to 64 w + 63.
    """

    first: NDArray[np.int32]
    per_sector: NDArray[np.int32]
    start: NDArray[np.int16]
    length: NDArray[np.uint8]
    mask: NDArray[np.uint64]


@cache
def seed_windows(grid: SeedGrid) -> SeedWindows:
    """Return the windows of a grid; made once per grid."""
    lines = superlayers()
    axial = np.flatnonzero(lines.axial)
    per_sector = (lines.n_segments // N_SECTORS).astype(np.int32)
    first = np.full(len(lines.axial), -1, np.int32)
    first[axial] = np.cumsum([0, *per_sector[axial][:-1]])
    parts = [_window(grid, int(s), int(per_sector[s])) for s in axial]
    start, length = (np.concatenate([part[k] for part in parts]) for k in range(2))
    made = SeedWindows(
        first=first, per_sector=per_sector, start=start.astype(np.int16), length=length.astype(np.uint8), mask=_masks(start, length)
    )
    for array in vars(made).values():
        array.setflags(write=False)
    return made


def reachable(grid: SeedGrid, radius_cm: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Least and largest phi - phi0 of the tracks of each row at a radius, and whether any of them gets there."""
    low = crossing_sine(grid.bend_per_cm - grid.half_bend_per_cm, grid.impact_cm - grid.half_impact_cm, radius_cm)
    high = crossing_sine(grid.bend_per_cm + grid.half_bend_per_cm, grid.impact_cm + grid.half_impact_cm, radius_cm)
    return np.arcsin(np.clip(low, -1, 1)), np.arcsin(np.clip(high, -1, 1)), (low < 1) & (high > -1)


def _window(grid: SeedGrid, superlayer: int, n_segments: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First cell and number of cells, (segments, positions, rows)."""
    lines = superlayers()
    half_cell = np.pi / lines.n_segments[superlayer]
    shifts = PRIORITY_SHIFT_HALF_CELLS[1:]
    start, end = (np.empty((n_segments, N_POSITIONS, grid.n_rows), np.int64) for _ in range(2))
    low, high, there = reachable(grid, float(lines.radius_cm[superlayer, 0]))
    for position, shift in enumerate(shifts):
        phi = (2 * np.arange(n_segments)[:, None] + shift) * half_cell
        step = 2 * np.pi / grid.n_phi
        start[:, position] = np.floor((phi - half_cell - high) / step + EDGE_CELLS)
        end[:, position] = np.where(there, np.floor((phi + half_cell - low) / step - EDGE_CELLS), start[:, position] - 1)
    return start % grid.n_phi, end - start + 1


def _masks(start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The runs as bits, (segments, positions, words, rows)."""
    cell = np.arange(2 * WORD_BITS)
    inside = (cell - start[..., None]) % (2 * WORD_BITS) < length[..., None]
    weights = np.uint64(1) << np.arange(WORD_BITS, dtype=np.uint64)
    words = [(inside[..., WORD_BITS * w : WORD_BITS * (w + 1)] * weights).sum(axis=-1, dtype=np.uint64) for w in range(2)]
    return np.stack(words, axis=2)
