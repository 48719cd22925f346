"""The half-cell grid of 2D tracks against the firmware's track word."""

import numpy as np
import pytest

from trigger.cdc import HoughPlane

# Track word of the 2D finder (basf2 trg/cdc Unpacker.h, read in public source) [SIM]:
# phi0 = pi/4 + (pi/160) (phi + 1) + (pi/2) quadrant modulo 2 pi with phi 0..79; omega = k 4.408713e-4 /cm, pT = 10.2/|k| GeV.


def test_phi_of_the_track_word():
    plane, phi_raw = HoughPlane(), np.arange(320)
    word = np.pi / 4 + np.pi / 160 * (plane.quadrant_phi(phi_raw) + 1) + np.pi / 2 * plane.quadrant(phi_raw)
    assert np.abs(np.exp(1j * word) - np.exp(1j * plane.phi0_rad(phi_raw))).max() < 1e-12
    assert np.bincount(plane.quadrant(phi_raw)).tolist() == [80] * 4
    assert np.unique(plane.quadrant_phi(phi_raw)).tolist() == list(range(80))
    assert (plane.phi0_rad([0, 159, 319])).tolist() == [-np.pi + np.pi / 160, 0.0, np.pi]


def test_omega_of_the_track_word():
    plane = HoughPlane()
    assert plane.omega_step_per_cm == pytest.approx(4.408713e-4, rel=1e-6)
    assert plane.omega_per_cm([-33, 0, 1]).tolist() == [-33 * plane.omega_step_per_cm, 0.0, plane.omega_step_per_cm]
    assert 4.4968869e-3 / plane.omega_per_cm(12) == pytest.approx(10.2 / 12, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_phi": 150}, "n_phi must be a positive multiple of 32, not 150"),
        ({"n_phi": 0}, "not 0"),
        ({"n_omega": 33}, "n_omega must be even and at least 2, not 33"),
        ({"pt_min_gev": 0.0}, r"pt_min_gev must be positive, not 0\.0 GeV"),
        ({"pt_min_gev": float("nan")}, "pt_min_gev must be positive, not nan GeV"),
        ({"min_superlayers": 6}, "min_superlayers must be 1 to 5, not 6"),
        ({"tracks_per_clock": 0}, "tracks_per_clock must be at least 1, not 0"),
    ],
)
def test_bad_planes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        HoughPlane(**change)
