"""Trigger cell that a photon from the interaction point flies into."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from trigger.geometry.ecl import N_THETA, cells

RING_EDGES_DEG = (
    (12.4, 18.5), (18.5, 25.9), (25.9, 31.6),
    (32.3, 37.8), (37.8, 44.2), (44.2, 51.4), (51.4, 59.4), (59.4, 68.3), (68.3, 77.8),
    (77.8, 87.6), (87.6, 97.3), (97.3, 107.0), (107.0, 116.2), (116.2, 124.7), (124.7, 128.6),
    (130.3, 139.3), (139.3, 154.8),
)  # fmt: skip
"""Polar angles of each theta id in the laboratory. Source: DERIVED from the crystal placements; gaps lie between the parts."""

_PHI_STEPS = 3600


def ring_at(theta_rad: NDArray[np.float64]) -> NDArray[np.int64]:
    """Theta id 1..17 along each polar angle, int64; 0 in a gap, outside the calorimeter, and for NaN."""
    degrees = np.degrees(np.asarray(theta_rad, float))
    rising = np.array(RING_EDGES_DEG)
    place = np.searchsorted(rising[:, 0], degrees, side="right")
    inside = (place > 0) & (degrees < rising[np.maximum(place, 1) - 1, 1])
    return np.where(inside, place, 0).astype(np.int64)


def pointed_cell(theta_rad: NDArray[np.float64], phi_rad: NDArray[np.float64]) -> NDArray[np.int64]:
    """Trigger cell 1..576 along these directions, int64: the one of the ring whose centre is nearest in phi; 0 for none."""
    ring = ring_at(theta_rad)
    phi = np.where(ring > 0, np.asarray(phi_rad, float), 0.0)
    step = np.floor(phi / (2 * np.pi) * _PHI_STEPS).astype(np.int64) % _PHI_STEPS
    return np.where(ring > 0, _nearest()[ring, step], 0)


@cache
def _nearest() -> NDArray[np.int64]:
    """Cell by theta id (row 0 unused) and step of azimuth."""
    c = cells()
    centre = np.arctan2(c.y_cm, c.x_cm)
    phi = (np.arange(_PHI_STEPS) + 0.5) / _PHI_STEPS * 2 * np.pi
    table = np.zeros((N_THETA + 1, _PHI_STEPS), np.int64)
    for theta in range(1, N_THETA + 1):
        ring = np.flatnonzero(c.theta_id == theta)
        away = np.cos(phi[:, None] - centre[ring])
        table[theta] = ring[np.argmax(away, axis=1)] + 1
    return table
