"""Two other ways to find clusters, to compare the trigger's speed with: plain Python loops, and whole arrays of floats.

Both give the stored clusters of the 3x3 method in hardware order; neither is used for anything but comparison.
"""

import numpy as np
from numpy.typing import NDArray

from trigger.ecl.tables import cell_tables
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.geometry.ecl import N_CELLS, Region

_ORDER = (Region.BRL, Region.FWD, Region.BWD)

Clusters = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Centre cells (n, 6), 0 = empty, and their energies (n, 6)."""


def python_clusters(offsets: NDArray[np.int64], tc_id: NDArray[np.int16], energy: NDArray) -> Clusters:
    """Clusters of untimed events, one cell at a time in the interpreter."""
    tables = cell_tables()
    slots, near, region = tables.slots.tolist(), tables.seed.tolist(), tables.region.tolist()
    n_events = offsets.size - 1
    centres, sums = np.zeros((n_events, MAX_CLUSTERS), np.int64), np.zeros((n_events, MAX_CLUSTERS))
    for event in range(n_events):
        entries = slice(offsets[event], offsets[event + 1])
        found = dict(zip(tc_id[entries].tolist(), energy[entries].tolist(), strict=True))
        seeds: dict[int, list[int]] = {part: [] for part in _ORDER}
        for cell in found:
            fired = [slot in found for slot in near[cell]]
            if not (any(fired[:3]) or all(fired[3:])):
                seeds[region[cell]].append(cell)
        place = 0
        for part in _ORDER:
            for seed in seeds[part][: MAX_CLUSTERS - place]:
                centre = max(slots[seed], key=lambda cell: found.get(cell, 0))
                centres[event, place] = centre
                sums[event, place] = sum(found.get(cell, 0) for cell in slots[centre] if cell)
                place += 1
    return centres, sums


def array_clusters(offsets: NDArray[np.int64], tc_id: NDArray[np.int16], energy: NDArray, chunk: int = 2048) -> Clusters:
    """Clusters of untimed events, with numpy operations on (chunk, 577) float arrays."""
    tables = cell_tables()
    n_events = offsets.size - 1
    centres, sums = np.zeros((n_events, MAX_CLUSTERS), np.int64), np.zeros((n_events, MAX_CLUSTERS))
    rank = np.array([_ORDER.index(Region(r)) for r in tables.region])
    for start in range(0, n_events, chunk):
        stop = min(start + chunk, n_events)
        entries = slice(offsets[start], offsets[stop])
        grid = np.zeros((stop - start, N_CELLS + 1))
        row = np.repeat(np.arange(stop - start), np.diff(offsets[start : stop + 1]))
        grid[row, tc_id[entries]] = energy[entries]
        fired = grid[row[:, None], tables.seed[tc_id[entries]]] > 0
        seed = ~(fired[:, :3].any(axis=1) | fired[:, 3:].all(axis=1))
        event, cell = row[seed], tc_id[entries][seed]
        around = tables.slots[cell]
        centre = around[np.arange(cell.size), np.argmax(grid[event[:, None], around], axis=1)]
        total = grid[event[:, None], tables.slots[centre]].sum(axis=1)
        order = np.lexsort((cell, rank[cell], event))
        event, centre, total = event[order], centre[order], total[order]
        place = np.arange(event.size) - np.searchsorted(event, event)
        kept = place < MAX_CLUSTERS
        centres[start + event[kept], place[kept]] = centre[kept]
        sums[start + event[kept], place[kept]] = total[kept]
    return centres, sums
