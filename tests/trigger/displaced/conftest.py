"""Ideal tracks: the segments that a helix in curvature and impact parameter fires, with exact drift times and sides."""

import math

import numpy as np
import pytest

from trigger.geometry.cdc import layers, superlayers

NS = 1000 / 508.887


def drift_time(x):
    return int((x / 4.4e-3 + 403.0 * x**3) / NS)


def point(track, radius):
    """Azimuth and path from the perigee at a radius: the circle in curvature and impact, without bend and impact of the trigger."""
    kappa, d, phi0 = track[:3]
    u = (kappa * (radius**2 + d**2) / 2 + d) / (radius * (1 + kappa * d))
    along = radius * math.sqrt(1 - u * u)
    return phi0 + math.asin(u), math.asin(kappa * along) / kappa


def fired(track, superlayer):
    """(segment, first priority, left/right, time) of a track (kappa, d, phi0, z0, cot theta); None if it does not get there."""
    lines, wires = superlayers(), layers()
    radius = float(lines.radius_cm[superlayer, 0])
    layer = int(np.flatnonzero(wires.radius_cm == radius)[0])
    twist = wires.n_shift_halfcells[layer] * math.pi / wires.n_wires[layer]
    middle = radius * math.cos(twist / 2)
    kappa, d, phi0, z0, cot = track
    if abs(kappa * (middle**2 + d**2) / 2 + d) > 0.97 * middle * (1 + kappa * d):
        return None
    phi, path = point(track, middle)
    z = z0 + cot * path
    if not wires.z_bwd_cm[layer] < z < wires.z_fwd_cm[layer]:
        return None
    turn = twist * (z - wires.z_bwd_cm[layer]) / (wires.z_fwd_cm[layer] - wires.z_bwd_cm[layer])
    n = int(lines.n_segments[superlayer])
    cell = round((phi - turn) / (2 * math.pi) * n)
    wire = cell * 2 * math.pi / n + turn
    centre = np.array([-math.sin(phi0), math.cos(phi0)]) * (d + 1 / kappa)
    distance = abs(np.hypot(*(middle * np.array([math.cos(wire), math.sin(wire)]) - centre)) - abs(1 / kappa))
    return int(lines.offset[superlayer]) + cell % n, 3, 2 if phi > wire else 1, drift_time(distance)


@pytest.fixture(scope="session")
def segments_of():
    """Columns (id, priority, left/right, time) of all segments of some tracks."""

    def made(*tracks):
        hits = [hit for track in tracks for s in range(9) if (hit := fired(track, s)) is not None]
        return tuple(np.array(column, np.int64) for column in zip(*hits, strict=True))

    return made


@pytest.fixture(scope="session")
def from_vertex():
    """Track (kappa, d, phi0, z0, cot) through a point (x, y, z) with a direction there."""

    def made(x, y, z, direction, kappa, cot):
        centre = np.array([x - math.sin(direction) / kappa, y + math.cos(direction) / kappa])
        sign = math.copysign(1.0, kappa)
        phi0 = math.atan2(sign * -centre[0], sign * centre[1])
        d = sign * math.hypot(*centre) - 1 / kappa
        along = x * math.cos(phi0) + y * math.sin(phi0)
        return kappa, d, phi0, z - cot * math.asin(kappa * along) / kappa, cot

    return made
