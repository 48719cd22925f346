"""The 56 layers in the form that the compiled track model takes: stereo wires, cells, ends.

Ref: basf2 cdc/data/CDC.xml (read in public source) [SIM]. Wires are straight between the end plates; their sag is left out.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.geometry.cdc import layers

OUTER_RADIUS_CM = 113.0
"""A particle that gets here has left the chamber. Source: the outer wall follows the last layer (unverified)."""
MATERIAL_RADIUS_CM = 15.0
"""Radius at which all material before the first layer stands. Source: SOURCES 3.4, our simplification."""
_NORMAL_NS, _FIRST_SUPERLAYER_NS, _EARLIEST_NS = 500.0, 300.0, -100.0
WINDOW_NS = np.stack([np.full(56, _EARLIEST_NS), np.where(layers().superlayer == 0, _FIRST_SUPERLAYER_NS, _NORMAL_NS)], axis=1)
"""Times, relative to the event, that are read out, by layer: float64 (56, 2). Source: basf2 cdc [SIM]."""
WINDOW_NS.setflags(write=False)


class Wires(NamedTuple):
    """Arrays of length 56, float64 unless said otherwise.

    radius_cm: of the wire ends. twist: turn of the forward against the backward end, rad; half_twist_sine: sin(twist / 2).
    phi_bwd: azimuth of wire 0 at the backward end. cell: azimuth from wire to wire. half_height_cm: half the radial extent of the
    layer's cells. z_bwd_cm, z_fwd_cm: end plates. z_low_cm, z_high_cm: sensitive range. sine, cosine: of the stereo angle,
    positive where azimuth grows with z. n_wires, first_wire: int64.
    """

    radius_cm: NDArray[np.float64]
    twist: NDArray[np.float64]
    half_twist_sine: NDArray[np.float64]
    phi_bwd: NDArray[np.float64]
    cell: NDArray[np.float64]
    half_height_cm: NDArray[np.float64]
    z_bwd_cm: NDArray[np.float64]
    z_fwd_cm: NDArray[np.float64]
    z_low_cm: NDArray[np.float64]
    z_high_cm: NDArray[np.float64]
    sine: NDArray[np.float64]
    cosine: NDArray[np.float64]
    n_wires: NDArray[np.int64]
    first_wire: NDArray[np.int64]


@cache
def wires(shorten: bool) -> Wires:
    """The layers, read-only; shorten: the feed-throughs at both ends are taken off the sensitive range."""
    lines = layers()
    cell = 2 * np.pi / lines.n_wires
    twist = cell * lines.n_shift_halfcells / 2
    chord = 2 * lines.radius_cm * np.sin(twist / 2)
    length = np.hypot(chord, lines.z_fwd_cm - lines.z_bwd_cm)
    made = Wires(
        radius_cm=lines.radius_cm,
        twist=twist,
        half_twist_sine=np.sin(twist / 2),
        phi_bwd=cell * lines.phi_offset_cells,
        cell=cell,
        half_height_cm=_half_height(lines.radius_cm, lines.superlayer),
        z_bwd_cm=lines.z_bwd_cm,
        z_fwd_cm=lines.z_fwd_cm,
        z_low_cm=lines.z_bwd_cm + shorten * lines.dz_feedthrough_bwd_cm,
        z_high_cm=lines.z_fwd_cm - shorten * lines.dz_feedthrough_fwd_cm,
        sine=chord / length,
        cosine=(lines.z_fwd_cm - lines.z_bwd_cm) / length,
        n_wires=lines.n_wires.astype(np.int64),
        first_wire=lines.first_wire.astype(np.int64),
    )
    for array in made:
        array.setflags(write=False)
    return made


def _half_height(radius_cm: np.ndarray, superlayer: np.ndarray) -> np.ndarray:
    """Half the distance to the next layer of the same superlayer, or to the one before for the last."""
    following = np.append(superlayer[1:] == superlayer[:-1], False)
    step = np.diff(radius_cm, append=np.inf)
    before = np.diff(radius_cm, prepend=-np.inf)
    return np.where(following, step, before) / 2
