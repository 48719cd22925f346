"""The CDC as the track trigger sees it: 56 sense layers, 9 superlayers, 2336 track segments.

Ref: basf2 cdc/data/CDC.xml and trg/cdc NeuroTrigger.cc, TRGCDC.cc (read in public source). Superlayers count from 0, even ones are
axial. A track segment is a wire of the first-priority layer of its superlayer; ids run superlayer by superlayer.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from trigger.geometry.beams import RADIO_FREQUENCY_MHZ

N_LAYERS = 56
N_WIRES = 14336
"""Sense wires; ids run layer by layer."""
N_SUPERLAYERS = 9
N_SEGMENTS = 2336
N_SECTORS = 32
"""The segments of every superlayer repeat under a rotation by 1/32 of a turn. Source: counts of CDC.xml [DERIVED]."""
MAGNETIC_FIELD_T = 1.5
"""Field that the trigger assumes, along z. Source: basf2 trg/cdc [SIM]."""
PT_RADIUS_GEV_PER_CM = 29.9792458e-4 * MAGNETIC_FIELD_T
"""Transverse momentum of a unit charge per cm of bending radius: c B. Source: basf2 trg/cdc [SIM]."""

PRIORITY_SHIFT_HALF_CELLS = (0, -1, 1, 0)
"""phi of the priority wire from the segment's own phi, for priority positions 0 none, 1 second right, 2 second left, 3 first
(half cells). Source: basf2 trg/cdc Segment.cc [SIM]."""
FIRST_PRIORITY = 3

TIME_NS = 1000 / RADIO_FREQUENCY_MHZ
"""Unit of wire and segment times: one period of the radio frequency. Source: basf2 cdc/data/CDC.xml [SIM]."""
TICKS_PER_CLOCK = 16
"""Units of time in a data clock. Source: basf2 trg/cdc [SIM]."""
DRIFT_CM_PER_NS, DRIFT_NS_PER_CM3 = 4.40e-3, 403.0
"""Drift time in ns of a distance x in cm: x / DRIFT_CM_PER_NS + DRIFT_NS_PER_CM3 x^3, velocity at the wire and how the time bends
upward. Source: fitted by us to the x-t functions of basf2 cdc/data/xt_v2.dat (read in public source) [SIM]: one layer of each
superlayer, polar angle 90 degrees, incidence 0 and +-30 degrees, both sides; spread of these functions about the fit 22 ns. A cell
of 1.8 cm ends at about 400 ns, its corners beyond what is read out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Layers:
    """All sense layers as read-only arrays of length 56.

    Attributes:
        superlayer, layer_in_sl: uint8.
        radius_cm: float64, at the end plates.
        n_wires, first_wire: int32; first_wire is the id of wire 0, layer by layer.
        n_shift_halfcells: int32, turn of the forward wire end against the backward one; 0 for axial layers.
        phi_offset_cells: float64, phi of wire 0 at the backward end plate, in cells.
        z_bwd_cm, z_fwd_cm: float64, wire ends at the end plates.
        dz_feedthrough_bwd_cm, dz_feedthrough_fwd_cm: float64, lengths of the feed-throughs.
    """

    superlayer: NDArray[np.uint8]
    layer_in_sl: NDArray[np.uint8]
    radius_cm: NDArray[np.float64]
    n_wires: NDArray[np.int32]
    first_wire: NDArray[np.int32]
    n_shift_halfcells: NDArray[np.int32]
    phi_offset_cells: NDArray[np.float64]
    z_bwd_cm: NDArray[np.float64]
    z_fwd_cm: NDArray[np.float64]
    dz_feedthrough_bwd_cm: NDArray[np.float64]
    dz_feedthrough_fwd_cm: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Superlayers:
    """The nine superlayers as read-only arrays.

    Attributes:
        n_segments: int32 (9,), track segments, one per wire of the first-priority layer.
        offset: int32 (10,), id of the first segment of each superlayer, and the number of all segments.
        axial: bool (9,).
        radius_cm: float64 (9, 2), end-plate radius of the first- and the second-priority layer. The trigger uses the end-plate
            radius for stereo layers too.
        of_segment: uint8 (2336,), superlayer of each segment.
    """

    n_segments: NDArray[np.int32]
    offset: NDArray[np.int32]
    axial: NDArray[np.bool_]
    radius_cm: NDArray[np.float64]
    of_segment: NDArray[np.uint8]


def _read_only(array: NDArray) -> NDArray:
    array.setflags(write=False)
    return array


@cache
def _table() -> dict[str, list[str]]:
    text = (files("trigger.geometry") / "tables" / "cdc_layers.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    return {name: [row[name] for row in rows] for name in rows[0]}


@cache
def layers() -> Layers:
    """Return the 56 sense layers."""
    table = _table()
    columns = {
        "superlayer": ("superlayer", np.uint8),
        "layer_in_sl": ("layer_in_sl", np.uint8),
        "radius_cm": ("radius_cm", np.float64),
        "n_wires": ("n_wires", np.int32),
        "first_wire": ("first_wire_index", np.int32),
        "n_shift_halfcells": ("n_shift_halfcells", np.int32),
        "phi_offset_cells": ("phi_offset_cells", np.float64),
        "z_bwd_cm": ("z_bwd_cm", np.float64),
        "z_fwd_cm": ("z_fwd_cm", np.float64),
        "dz_feedthrough_bwd_cm": ("dz_feedthrough_bwd_cm", np.float64),
        "dz_feedthrough_fwd_cm": ("dz_feedthrough_fwd_cm", np.float64),
    }
    return Layers(**{name: _read_only(np.array(table[column], dtype=kind)) for name, (column, kind) in columns.items()})


@cache
def superlayers() -> Superlayers:
    """Return the nine superlayers, from the layers that carry the priority wires."""
    table, all_layers = _table(), layers()
    priority = np.array(table["priority"])
    first, second = np.flatnonzero(priority == "first"), np.flatnonzero(priority == "second")
    n_segments = all_layers.n_wires[first]
    offset = np.concatenate([[0], np.cumsum(n_segments)]).astype(np.int32)
    return Superlayers(
        n_segments=_read_only(n_segments),
        offset=_read_only(offset),
        axial=_read_only(np.array(table["type"])[first] == "A"),
        radius_cm=_read_only(np.stack([all_layers.radius_cm[first], all_layers.radius_cm[second]], axis=1)),
        of_segment=_read_only(np.repeat(np.arange(N_SUPERLAYERS, dtype=np.uint8), n_segments)),
    )
