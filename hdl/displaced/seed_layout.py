"""What the parts of the seed search hand on: segments, runs of half wire cells that cells listen to, seeds.

The places of a column, an azimuth of the grid, are divided into lanes by impact; bit `J a + j` of a lane's vector is the patch
at place a in bend and N_LANES j + lane in impact, J the patches of the lane in impact.
"""

from typing import NamedTuple

import numpy as np
from amaranth.lib import data
from numpy.typing import NDArray

from trigger.displaced.fit import N_AXIAL
from trigger.displaced.grid import N_LANES, PATCH, SeedGrid
from trigger.displaced.seeds import COLUMNS, N_CELLS, N_STEPS, SECTORS_PER_STEP
from trigger.displaced.windows import seed_windows
from trigger.geometry.cdc import FIRST_PRIORITY, N_SECTORS, PRIORITY_SHIFT_HALF_CELLS, superlayers

N_SEGMENTS = tuple(int(n) for n in superlayers().n_segments[superlayers().axial])
"""Segments of each axial superlayer."""
CELLS_OF_PATCH = PATCH * PATCH
Segment = data.StructLayout({"valid": 1, "number": range(max(N_SEGMENTS)), "priority": range(FIRST_PRIORITY + 1)})
"""A segment of an axial superlayer: its number there, its priority position."""
Segments = data.ArrayLayout(Segment, N_AXIAL)


class Runs(NamedTuple):
    """Half wire cells that fire the cells of a superlayer, int64 (columns, rows): the first of the ring, and how many; 0 = none."""

    first: NDArray[np.int64]
    length: NDArray[np.int64]


def seed_layout(grid: SeedGrid) -> data.StructLayout:
    """A seed: parity of its window, row and azimuth of the grid."""
    return data.StructLayout({"valid": 1, "bank": 1, "row": range(grid.n_rows), "cell": range(grid.n_phi)})


def places(grid: SeedGrid) -> tuple[int, int]:
    """Patches of one column and lane: places in bend, places in impact."""
    n_bend, n_impact = grid.patches
    return n_bend, n_impact // N_LANES


def row_of(grid: SeedGrid, place: int, lane: int, cell: int) -> int:
    """Row of a cell of a patch."""
    bend, impact = divmod(place, places(grid)[1])
    a, b = divmod(cell, PATCH)
    return (bend * PATCH + a) * grid.n_impact + (N_LANES * impact + lane) * PATCH + b


def runs(grid: SeedGrid, axial: int) -> Runs:
    """What the cells of the first step listen to, from the table of windows; half cell 2 n is the first-priority wire of segment n.

    ValueError where a cell listens to more than one run.
    """
    windows, superlayer = seed_windows(grid), int(np.flatnonzero(superlayers().axial)[axial])
    per_sector = int(windows.per_sector[superlayer])
    later = PRIORITY_SHIFT_HALF_CELLS.index(1)
    n_half = 2 * N_SEGMENTS[axial]
    hears = np.zeros((n_half, COLUMNS, grid.n_rows), bool)
    for half in range(n_half):
        sector, inside = divmod(half, 2 * per_sector)
        at = windows.first[superlayer] + inside // 2, (later if inside % 2 else FIRST_PRIORITY) - 1
        column = np.arange(COLUMNS)[:, None] - sector * (N_CELLS // N_SECTORS)
        hears[half] = (column - windows.start[at]) % N_CELLS < windows.length[at]
    begins = hears & ~np.roll(hears, 1, axis=0)
    if begins.sum(axis=0).max() > 1 or hears.all(axis=0).any():
        msg = f"a cell of axial superlayer {axial} must listen to one run of wires, not to several"
        raise ValueError(msg)
    return Runs(first=begins.argmax(axis=0), length=hears.sum(axis=0))


def turn_of_step(axial: int) -> int:
    """Half cells from one step to the next."""
    return 2 * N_SEGMENTS[axial] // N_SECTORS * SECTORS_PER_STEP


Step = range(N_STEPS)
"""Number of a step within its window."""
