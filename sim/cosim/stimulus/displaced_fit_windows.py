"""Windows for the fit of the displaced-vertex trigger, from columns of segments: window, superlayer, number and the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.cosim.displaced_fits import BEATS, Windows
from trigger.geometry.cdc import DRIFT_CM_PER_NS, DRIFT_NS_PER_CM3, N_SUPERLAYERS, TIME_NS, superlayers

Integers = NDArray[np.int64]
Columns = dict[str, Integers]


def drift_time(distance_cm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Time units that electrons need from so far away."""
    return (distance_cm / DRIFT_CM_PER_NS + DRIFT_NS_PER_CM3 * distance_cm**3) / TIME_NS


def packed(columns: Columns, key: NDArray[np.float64]) -> Columns:
    """Segments of each window and superlayer in the order of a key, as many as there is room for."""
    order = np.lexsort((key, columns["superlayer"], columns["window"]))
    columns = {name: column[order] for name, column in columns.items()}
    group = columns["window"] * N_SUPERLAYERS + columns["superlayer"]
    kept = np.arange(len(group)) - np.searchsorted(group, group) < BEATS
    return {name: column[kept] for name, column in columns.items()}


def windows_of(n: int, columns: Columns, seeds: Integers) -> Windows:
    """Windows of segments in the order of their superlayers."""
    order = np.argsort(columns["window"], kind="stable")
    sorted_ = {name: column[order] for name, column in columns.items()}
    return Windows(
        offsets=np.searchsorted(sorted_["window"], np.arange(n + 1)),
        ts_id=superlayers().offset[sorted_["superlayer"]] + sorted_["number"],
        priority=sorted_["priority"],
        lr=sorted_["lr"],
        time=sorted_["time"],
        seeds=seeds,
    )


def joined(parts: Sequence[Windows], order: Integers) -> Windows:
    """The windows of all parts; order: their numbers one behind the other, in the order in which they shall come."""
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    starts = np.cumsum(counts) - counts
    offsets = np.concatenate([[0], np.cumsum(counts[order])])
    rows = np.arange(offsets[-1]) + np.repeat(starts[order] - offsets[:-1], counts[order])
    columns = {name: np.concatenate([getattr(part, name) for part in parts])[rows] for name in ("ts_id", "priority", "lr", "time")}
    return Windows(offsets=offsets, **columns, seeds=np.concatenate([part.seeds for part in parts])[order])
