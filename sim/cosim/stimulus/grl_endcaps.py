"""Events of the GRL with one short track that points to an endcap, and a cluster there, at the edge of where it points."""

from __future__ import annotations

from functools import cache

import numpy as np

from sim.cosim.stimulus.grl_pointed import deck
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.grl.parameters import N_BINS, N_SECTORS, SECTORS_OF_BIN, SECTORS_PER_QUARTER, GrlParameters
from trigger.grl.patterns import Endcap, Pattern, patterns
from trigger.grl.tables import CellTables, cell_tables, energy_counts

N_ANCHORS = 4
"""Sectors that the hardware looks at in one cycle, each with logic of its own (`hdl.grl.beats.SECTORS_PER_BEAT`)."""


def endcap_events(rng: np.random.Generator, n: int, parameters: GrlParameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sectors of superlayers 0-4, int64 (n, 5); centre cells and counts of clusters, int64 (n, 6)).

    Every pattern with an endcap, SL0 at every anchor, at both ends of its window in turn. The last cluster lies in a bin that no
    sector of the window sets but the last one, or in one that the next sector would set; anywhere if there is no such bin. Its
    counts stand one below, on or one above a cut, in each place of clusters; those before it lie in the barrel, with one count.
    """
    deciding = _deciding()
    number, anchor, end = deck(rng, n, len(deciding), N_ANCHORS, deciding.shape[1])
    starts = np.arange(N_SECTORS).reshape(-1, N_ANCHORS)[:, anchor].T
    open_places = deciding[number[:, None], end[:, None], starts]
    open_places |= ~open_places.any(axis=(1, 2), keepdims=True)
    chosen = np.argmax(open_places.reshape(n, -1) * rng.random((n, starts.shape[1] * N_BINS), np.float32), axis=1)
    turn, azimuth_bin = np.divmod(chosen, N_BINS)
    pointing = _pointing()
    shifts = np.array([(0, p.sl1 - p.sl0, -p.sl0, p.sl3 - p.sl0, p.sl4 - p.sl0) for p in pointing])
    sectors = (starts[np.arange(n), turn][:, None] + shifts[number]) % N_SECTORS
    is_forward = np.array([pattern.endcap is Endcap.FORWARD for pattern in pointing])[number]
    cells = cell_tables(parameters)
    members, barrel = _members(cells), np.flatnonzero(cells.is_barrel)
    last, rows = rng.integers(0, MAX_CLUSTERS, n), np.arange(n)
    tc = np.where(np.arange(MAX_CLUSTERS) < last[:, None], rng.choice(barrel, (n, MAX_CLUSTERS)), 0)
    tc[rows, last] = members[is_forward.astype(int), azimuth_bin, rng.integers(0, members.shape[2], n)]
    adc = (tc > 0).astype(np.int64)
    adc[rows, last] = rng.choice(energy_counts(parameters), n) + rng.integers(-1, 2, n)
    return sectors, tc, adc


def _pointing() -> list[Pattern]:
    return [pattern for pattern in patterns() if pattern.endcap is not Endcap.NONE]


@cache
def _deciding() -> np.ndarray:
    """Bins that decide, bool (pattern, end, sector of SL0, bin). Ends: first sector, the one before it, last, the one behind it."""
    sets = np.zeros((N_BINS, N_SECTORS), bool)
    for number in range(N_BINS):
        quarter, place = divmod(number, len(SECTORS_OF_BIN))
        sets[number, SECTORS_PER_QUARTER * quarter + np.array(SECTORS_OF_BIN[place])] = True
    rows = []
    for pattern in _pointing():
        window = np.zeros(N_SECTORS, bool)
        window[np.arange(pattern.first, pattern.last + 1) % N_SECTORS] = True
        for end in (pattern.first, pattern.first - 1, pattern.last, pattern.last + 1):
            others = window.copy()
            others[end % N_SECTORS] = False
            rows.append([sets[:, (end + s) % N_SECTORS] & ~(sets & np.roll(others, s)).any(axis=1) for s in range(N_SECTORS)])
    return np.array(rows).reshape(len(_pointing()), -1, N_SECTORS, N_BINS)


def _members(cells: CellTables) -> np.ndarray:
    """Cells of each bin of the backward and the forward endcap, int64 (2, 36, n), each equally often but for rounding."""
    flags = (cells.is_backward, cells.is_forward)
    lists = [[np.flatnonzero((cells.azimuth_bin == number) & (flag == 1)) for number in range(N_BINS)] for flag in flags]
    longest = max(len(one) for row in lists for one in row)
    return np.array([[np.resize(one, longest) for one in row] for row in lists])
