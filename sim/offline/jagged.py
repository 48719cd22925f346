"""Per-event numbers of jagged groups that are stored as offsets and flat arrays."""

import numpy as np
from numpy.typing import NDArray


def event_index(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Event number of each entry, int64."""
    return np.repeat(np.arange(offsets.size - 1, dtype=np.int64), np.diff(offsets))


def count(offsets: NDArray[np.int64], which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of marked entries of each event; 0 for an event without entries."""
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(which, dtype=np.int64)])
    return running[offsets[1:]] - running[offsets[:-1]]


def first(offsets: NDArray[np.int64], which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat index of the first marked entry of each event; -1 where there is none."""
    marked = np.flatnonzero(which)
    place = np.searchsorted(marked, offsets[:-1])
    found = np.append(marked, np.iinfo(np.int64).max)[place]
    return np.where(found < offsets[1:], found, -1)


def total(offsets: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the entries of each event, added in their order; 0.0 for an event without entries."""
    sums = np.bincount(event_index(offsets), weights=values, minlength=offsets.size - 1)
    return sums.astype(np.float64)


def select(offsets: NDArray[np.int64], which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Offsets of the group that keeps the marked entries only."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(count(offsets, which))])
