"""Selections of tau pairs and of Z' in 2018, and thrust, on hand-made events."""

import itertools

import numpy as np
import pytest

from sim.offline import tau_pairs, z_prime_2018
from sim.offline.thrust import thrust


def test_thrust_of_known_events():
    """Two back to back: 1. Three at 120 degrees: 2/3. Nothing: 0. A cube of six directions: 1/sqrt(3)."""
    angle = np.radians([0, 120, 240])
    star = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    cube = np.concatenate([np.eye(3), -np.eye(3)]) + 1e-9
    momenta = np.concatenate([[[0, 3, 0], [0, -3, 0]], star, cube])
    value, axis = thrust(np.array([0, 2, 5, 5, 11]), momenta)
    np.testing.assert_allclose(value, [1, 2 / 3, 0, 1 / np.sqrt(3)], atol=1e-6)
    assert abs(axis[0, 1]) == pytest.approx(1)


def test_thrust_against_all_sign_combinations():
    """The exact thrust is the largest of |sum of +-p| over all signs."""
    rng = np.random.default_rng(3)
    counts = rng.integers(2, 8, 200)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    momenta = rng.standard_normal((offsets[-1], 3)) * rng.exponential(1.0, (offsets[-1], 1))
    value, _ = thrust(offsets, momenta)
    exact = np.empty(len(counts))
    for i, (low, high) in enumerate(itertools.pairwise(offsets)):
        signs = np.array(list(itertools.product((-1, 1), repeat=int(high - low))))
        largest = np.linalg.norm(signs @ momenta[low:high], axis=1).max()
        exact[i] = largest / np.linalg.norm(momenta[low:high], axis=1).sum()
    assert (value <= exact + 1e-12).all()
    assert np.isclose(value, exact).mean() > 0.97


def event(tracks, photons=()):
    """off_* fields of one event. tracks: (px, py, pz, charge, cluster), photons: (e, theta, phi)."""
    t = np.array(tracks, float).reshape(-1, 5)
    p = np.array(photons, float).reshape(-1, 3)
    return {
        "off_track_offsets": np.array([0, len(t)]),
        "off_track_px": t[:, 0],
        "off_track_py": t[:, 1],
        "off_track_pz": t[:, 2],
        "off_track_charge": t[:, 3].astype(np.int8),
        "off_track_e_cluster": t[:, 4],
        "off_track_dr": np.zeros(len(t)),
        "off_track_dz": np.zeros(len(t)),
        "off_photon_offsets": np.array([0, len(p)]),
        "off_photon_e": p[:, 0],
        "off_photon_theta": p[:, 1],
        "off_photon_phi": p[:, 2],
    }


ONE_AND_THREE = [(2.0, 0.1, 0.5, 1, 0.2), (-1.0, 0.2, 0.3, -1, 0.2), (-1.2, -0.2, 0.4, 1, 0.2), (-0.8, 0.0, 0.6, -1, 0.2)]


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({}, None),
        ({0: (2.0, 0.1, 0.5, -1, 0.2)}, "tracks_1x3"),
        ({1: (1.0, 0.2, 0.3, -1, 0.2)}, "tracks_1x3"),
        ({0: (0.2, 2.5, 0.5, 1, 0.2)}, "thrust"),
        ({0: (2.0, 0.1, 0.5, 1, 6.0)}, "track_clusters"),
        ({1: (-0.6, 1.6, 0.3, -1, 0.2), 2: (-0.6, -1.6, 0.4, 1, 0.2)}, "masses"),
    ],
)
def test_tau_cuts_one_by_one(change, failed):
    tracks = [change.get(i, track) for i, track in enumerate(ONE_AND_THREE)]
    flow = tau_pairs.select(event(tracks)).flow
    if failed is None:
        assert flow.passed.tolist() == [True]
    else:
        assert not flow.mask(failed)[0]


def test_visible_energy_is_in_the_cm_frame():
    """A photon of 1 GeV at 90 degrees has E* = gamma (1 - beta_x) GeV with beta = (0.04149, 0, 0.27253), see SOURCES 0."""
    selected = tau_pairs.select(event([], [(1.0, np.pi / 2, 0.0), (0.05, 1.0, 0.0)]))
    gamma = 1 / np.sqrt(1 - 0.27567**2)
    assert selected.visible_e_star_gev[0] == pytest.approx(gamma * (1 - 0.04149), rel=1e-4)


MUONS = [(1.5, 0.5, 0.5, 1, 0.2), (-1.0, 1.5, 0.8, -1, 0.2)]


@pytest.mark.parametrize(
    ("tracks", "photons", "failed"),
    [
        (MUONS, [], None),
        ([*MUONS, (1.0, 0, 0, 1, 0.2)], [], "two_tracks"),
        ([MUONS[0], (-1.0, 1.5, 0.8, 1, 0.2)], [], "two_tracks"),
        ([(1.5, 0.5, 0.5, 1, 0.45), MUONS[1]], [], "muons"),
        ([(0.3, 0.1, 0.1, 1, 0.2), MUONS[1]], [], "muons"),
        ([(1.5, 0.5, 2.5, 1, 0.2), MUONS[1]], [], "muon_angle"),
        (MUONS, [(0.5, 1.0, 2.0)], "no_photons"),
        ([(2.0, 0.0, 0.5, 1, 0.2), (-1.99, 0.0, 0.5, -1, 0.2)], [], "pair_pt"),
    ],
)
def test_z_prime_cuts_one_by_one(tracks, photons, failed):
    selected = z_prime_2018.select(event(tracks, photons))
    if failed is None:
        assert selected.flow.passed.tolist() == [True]
        assert 6.0 < selected.values["recoil_mass"][0] < 9.0
    else:
        assert not selected.flow.mask(failed)[0]
