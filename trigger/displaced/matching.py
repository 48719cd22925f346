"""Clusters of the calorimeter that the tracks of a displaced vertex lead to.

The two of them are compared at the distance of the cluster's cell from the axis: one table entry per cell, no division.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.displaced.constants import CROSSING_FRACTION
from trigger.displaced.formats import BEND, CROSSING, DEPTH, IMPACT, RAD_PER_TURN, SLOPE, TURN, TURN_RAW
from trigger.geometry.ecl import N_CELLS, cells

_ONE = 1 << CROSSING.fraction
_TRACK = ("bend", "impact", "phi0", "z0", "slope")


@dataclass(frozen=True, kw_only=True)
class MatchWindow:
    """How far a track may be from the centre of a cluster's cell. Our choice: one and a half cells of the barrel in azimuth; along
    the beam the error of the track's slope, which is three cells there. ValueError unless both are positive and below half a turn
    and the largest z."""

    azimuth_deg: float = 15.0
    along_cm: float = 60.0

    def __post_init__(self) -> None:
        for name, high in (("azimuth_deg", 180.0), ("along_cm", DEPTH.maximum)):
            if not 0 < getattr(self, name) < high:
                msg = f"{name} must be above 0 and below {high:g}, not {getattr(self, name)}"
                raise ValueError(msg)


class CellTables(NamedTuple):
    """Of each trigger cell, int64 (577,), index = id, 0 = no cluster: its place, and the factors that turn BEND and IMPACT into
    CROSSING at its distance from the axis, with CROSSING_FRACTION more fraction bits. azimuth: TURN. radius, along: DEPTH.

    asin: TURN of a CROSSING, cosine: CROSSING, both int64 (8193,), index CROSSING raw + 4096.
    """

    azimuth: NDArray[np.int64]
    radius: NDArray[np.int64]
    along: NDArray[np.int64]
    of_bend: NDArray[np.int64]
    of_impact: NDArray[np.int64]
    asin: NDArray[np.int64]
    cosine: NDArray[np.int64]


@cache
def cell_tables() -> CellTables:
    """The tables, read-only."""
    place = cells()
    radius_cm = np.hypot(place.x_cm, place.y_cm)
    scale = 1 << (CROSSING.fraction + CROSSING_FRACTION)
    sine = np.arange(-_ONE, _ONE + 1) / _ONE
    of_cells = (
        TURN.quantise(np.arctan2(place.y_cm, place.x_cm) / RAD_PER_TURN),
        DEPTH.quantise(radius_cm),
        DEPTH.quantise(place.z_cm),
        np.rint(radius_cm / 2 * BEND.resolution * scale),
        np.rint(IMPACT.resolution / radius_cm * scale),
    )
    tables = [np.zeros(N_CELLS + 1, np.int64) for _ in of_cells]
    for table, values in zip(tables, of_cells, strict=True):
        table[1:] = values
    of_sines = (np.rint(np.arcsin(sine) * (TURN_RAW / RAD_PER_TURN)), CROSSING.quantise(np.sqrt(1 - sine**2)))
    tables += [table.astype(np.int64) for table in of_sines]
    for table in tables:
        table.setflags(write=False)
    return CellTables(*tables)


def meets_cluster(found: Mapping[str, NDArray], cluster_tc: NDArray[np.integer], window: MatchWindow) -> NDArray[np.bool_]:
    """Whether any of the two tracks of each vertex leads to any cluster of its event, bool (m,).

    found: fields of `DisplacedDecision` with m vertices. cluster_tc: (n, 6), cells of the clusters, 0 = none. A track that does not
    get as far as the cell does not meet it.
    """
    table = cell_tables()
    event = np.repeat(np.arange(len(cluster_tc)), np.diff(found["displaced_offsets"]))
    tc = cluster_tc[event].astype(np.int64)[:, None, :]
    bend, impact, phi, start, slope = (found[f"displaced_{name}_raw"][..., None].astype(np.int64) for name in _TRACK)
    sine = _rounded(bend * table.of_bend[tc] + impact * table.of_impact[tc], CROSSING_FRACTION)
    reached = (tc > 0) & (np.abs(sine) < _ONE)
    place = np.clip(sine, -_ONE, _ONE) + _ONE
    turned = phi + table.asin[place] - table.azimuth[tc]
    azimuth = np.abs(((turned + TURN_RAW // 2) & (TURN_RAW - 1)) - TURN_RAW // 2)
    path = _rounded(table.radius[tc] * table.cosine[place], CROSSING.fraction)
    along = np.abs(start + _rounded(slope * path, SLOPE.fraction) - table.along[tc])
    near = (azimuth <= round(window.azimuth_deg / 360 * TURN_RAW)) & (along <= int(DEPTH.quantise(window.along_cm)))
    return (reached & near).any(axis=(1, 2))


def _rounded(values: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """values / 2^shift to the nearest integer, ties upward."""
    return (values + (1 << (shift - 1))) >> shift
