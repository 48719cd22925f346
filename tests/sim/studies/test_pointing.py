"""The cell that a photon flies into, at every cell centre, at edges and in gaps."""

import numpy as np
import pytest

from sim.studies.pointing import RING_EDGES_DEG, pointed_cell, ring_at
from trigger.geometry.ecl import N_CELLS, cells


def test_every_cell_centre_points_to_its_cell():
    c = cells()
    theta, phi = np.arctan2(np.hypot(c.x_cm, c.y_cm), c.z_cm), np.arctan2(c.y_cm, c.x_cm)
    assert np.array_equal(pointed_cell(theta, phi), np.arange(1, N_CELLS + 1))
    assert np.array_equal(ring_at(theta), c.theta_id)


@pytest.mark.parametrize(
    ("theta_deg", "ring"),
    [(12.3, 0), (12.5, 1), (31.9, 0), (32.4, 4), (97.2, 11), (97.4, 12), (129.5, 0), (139.2, 16), (139.4, 17), (154.9, 0)],
)
def test_ring_edges_and_gaps(theta_deg, ring):
    assert ring_at(np.radians([theta_deg])).tolist() == [ring]
    assert (pointed_cell(np.radians([theta_deg]), np.zeros(1)) > 0).tolist() == [ring > 0]


def test_rings_rise_without_overlap():
    edges = np.array(RING_EDGES_DEG)
    assert np.all(edges[:, 1] > edges[:, 0])
    assert np.all(edges[1:, 0] >= edges[:-1, 1])


def test_azimuth_wraps_and_nan_is_nowhere():
    theta = np.radians([90.0, 90.0])
    assert len(set(pointed_cell(theta, np.array([-0.01, 2 * np.pi - 0.01])).tolist())) == 1
    assert pointed_cell(np.array([np.nan]), np.array([np.nan])).tolist() == [0]
