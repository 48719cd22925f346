"""Cells that a track touches while it crosses a layer, and its distance to their wires."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel

MAX_CELLS = 4
"""Cells that one crossing of a layer may touch. Our choice: only tracks at their turning point touch more."""
MAX_HITS = 3 * MAX_CELLS * 56
"""Bound on the hits of a particle: a full turn crosses a layer twice, and scattering may add a crossing."""


class Hits(NamedTuple):
    """Crossed cells, arrays of one length.

    row: int32, particle. wire: int16, id. layer: uint8. distance_cm: float64, least distance of track and wire inside the cell.
    left: bool, the track passes at larger azimuth than the wire. time_ns: float64, flight and propagation. path: float32, path in
    the cell over the thickness of the layer, at most 1.
    """

    row: NDArray[np.int32]
    wire: NDArray[np.int16]
    layer: NDArray[np.uint8]
    distance_cm: NDArray[np.float64]
    left: NDArray[np.bool_]
    time_ns: NDArray[np.float64]
    path: NDArray[np.float32]


def room_for(n: int) -> Hits:
    """Uninitialised hits of n particles. Memory that is never written is never touched."""
    size = n * MAX_HITS
    return Hits(
        row=np.empty(size, np.int32),
        wire=np.empty(size, np.int16),
        layer=np.empty(size, np.uint8),
        distance_cm=np.empty(size),
        left=np.empty(size, np.bool_),
        time_ns=np.empty(size),
        path=np.empty(size, np.float32),
    )


def first_of(hits: Hits, count: int) -> Hits:
    """The first hits; views of the same memory."""
    return hits._replace(**{name: column[:count] for name, column in hits._asdict().items()})


@kernel
def radius_at(radius_cm, half_twist_sine, part):
    """Distance of wires from the z axis, cm, at a part 0..1 of their length; radius_cm: that of their ends."""
    inside = min(max(part, 0.0), 1.0)
    return radius_cm * np.sqrt(1 - 4 * inside * (1 - inside) * half_twist_sine * half_twist_sine)


@kernel
def azimuth_of_wire_0(wires, layer, z):
    """Azimuth of wire 0 of a layer at z, rad."""
    part = (z - wires.z_bwd_cm[layer]) / (wires.z_fwd_cm[layer] - wires.z_bwd_cm[layer])
    forward = 2 * wires.half_twist_sine[layer] * part
    across = forward * np.sqrt(1 - wires.half_twist_sine[layer] ** 2)
    return wires.phi_bwd[layer] + np.arctan2(across, 1 - forward * wires.half_twist_sine[layer])


@kernel
def touch(wires, layer, x, y, z, dx, dy, nz, row, time_ns, hits, count):
    """Write the cells that a track touches around its crossing of a layer; returns the number of hits so far.

    (dx, dy): transverse direction of length 1; nz: the direction's part along z. A cell ends half a layer above and below its wire
    and half a cell beside it. Inside a cell the track is straight: good to 100 um at 0.35 GeV, worse for tracks that graze a layer.
    """
    radius, nt = np.sqrt(x * x + y * y), np.sqrt(1 - nz * nz)
    tr, tphi = (dx * x + dy * y) / radius, (dy * x - dx * y) / radius
    place = (np.arctan2(y, x) - azimuth_of_wire_0(wires, layer, z)) / wires.cell[layer]
    width, height = wires.cell[layer] * radius, wires.half_height_cm[layer]
    reach = height / max(abs(tr), 1e-9)
    spread = min(reach * abs(tphi) / width, (MAX_CELLS - 1) / 2)
    # Two lines in space: an azimuthal offset counts with its part along their common normal.
    along_z = tphi * nt * wires.cosine[layer] - nz * wires.sine[layer]
    normal = abs(tr) * nt * wires.cosine[layer] / np.sqrt(along_z * along_z + tr * tr * nt * nt)
    for k in range(int(np.floor(place - spread + 0.5)), int(np.floor(place + spread + 0.5)) + 1):
        arc = (place - k) * width
        low, high = -reach, reach
        if abs(tphi) > 1e-9:
            one, other = (-width / 2 - arc) / tphi, (width / 2 - arc) / tphi
            low, high = max(low, min(one, other)), min(high, max(one, other))
        if high <= low:
            continue
        nearest = -arc * tphi
        beyond = nearest - min(max(nearest, low), high)
        hits.row[count] = row
        hits.wire[count] = wires.first_wire[layer] + k % wires.n_wires[layer]
        hits.layer[count] = layer
        hits.distance_cm[count] = np.sqrt((arc * normal) ** 2 + beyond * beyond)
        hits.left[count] = arc > 0
        hits.time_ns[count] = time_ns
        hits.path[count] = min((high - low) / (nt * 2 * height), 1.0)
        count += 1
    return count
