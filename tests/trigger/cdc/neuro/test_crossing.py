"""Crossing angles and reference ids against golden values, the simulation, and the real sample's curvature grid."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from trigger.cdc import HoughPlane, InputWindows
from trigger.cdc.neuro.crossing import crossing_angles, crossing_table, reference_ids, wires_per_radian
from trigger.cdc.neuro.formats import AZIMUTH, CROSSING_ANGLE
from trigger.geometry.cdc import superlayers

SAMPLE = Path(__file__).parents[3] / "reference" / "neuro_tracks_exp20.csv.gz"

# Computed from the published formulas and reproduced by the compiled original (basf2 trg/cdc NeuroTrigger.cc) [DERIVED]:
# (phi0, curvature in LSB, priority class) -> (crossing angle, reference id) of superlayers 0 to 8.
GOLDEN = {
    (1.0, -22, 0): [(-394, 7146), (-585, 7450), (-803, 9356), (-1029, 11419), (-1251, 13615), (-1485, 15988), (-1715, 18497),
                    (-1960, 21204), (-2204, 24064)],
    (1.0, -22, 1): [(-414, 7177), (-621, 7507), (-840, 9427), (-1067, 11504), (-1289, 13712), (-1523, 16097), (-1755, 18624),
                    (-2001, 21348), (-2246, 24225)],
    (-2.0, 33, 0): [(592, -13980), (881, -14440), (1214, -17964), (1566, -21743), (1917, -25741), (2297, -30048), (2687, -34629),
                    (3123, -39619), (3592, -45012)],
}  # fmt: skip


@pytest.mark.parametrize("track", GOLDEN)
def test_golden_tracks(track):
    phi0, omega_raw, priority = track
    angles = crossing_table(HoughPlane())[[omega_raw + 33]]
    ids = reference_ids(AZIMUTH.quantise([phi0]), angles)
    assert list(zip(angles[0, :, priority].tolist(), ids[0, :, priority].tolist(), strict=True)) == GOLDEN[track]


def test_golden_wires_per_radian():
    assert wires_per_radian().tolist() == [6519, 6519, 7823, 9127, 10430, 11734, 13038, 14342, 15646]


def test_published_tracks(reference):
    """605 tracks on and off the grid, some of which turn back inside the chamber."""
    angles = crossing_angles(reference["trk_omega"])
    assert (angles == reference["trk_alpha_int"]).all()
    assert (reference_ids(AZIMUTH.quantise(reference["trk_phi0"]), angles) == reference["trk_idref_int"]).all()
    on_grid = reference["trk_omega_raw"] != 127
    assert on_grid.sum() >= 200
    table = crossing_table(HoughPlane())[reference["trk_omega_raw"][on_grid].astype(int) + 33]
    assert (table == reference["trk_alpha_int"][on_grid]).all()


def test_a_track_that_turns_back_gives_a_right_angle():
    """r omega / 2 is 1 or more; the sign is lost."""
    assert crossing_angles([0.05, -0.05])[:, 8].tolist() == [[6434, 6434]] * 2
    assert CROSSING_ANGLE.quantise(np.pi / 2) == 6434
    radius = superlayers().radius_cm[8, 0]
    assert crossing_angles(np.array([1.5, -1.001, -1.5, -1.999]) * 2 / radius)[:, 8, 0].tolist() == [6434] * 4
    assert crossing_angles(np.array([0.5, -0.5]) * 2 / radius)[:, 8, 0].tolist() == [2145, -2145], "30 degrees: 4096 pi / 6"
    assert (crossing_angles([0.0]) == 0).all()


def test_table_is_robust():
    """No entry lies so near to a rounding tie that another arcsin of float64 could change it; zero is exact."""
    grid = HoughPlane().omega_per_cm(np.arange(1, 34))
    angles = np.arcsin(grid[:, None, None] * superlayers().radius_cm / 2) * 4096
    assert np.abs(angles % 1 - 0.5).min() > 1e-9


@pytest.fixture(scope="module")
def sample():
    """(expert (n,), inputs (n, 9 superlayers, [relative id, drift time, crossing angle])) of the real tracks."""
    with gzip.open(SAMPLE, "rt") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    names = [[f"SL{s}-{kind}" for kind in ("relID", "driftT", "alpha")] for s in range(9)]
    inputs = np.array([[[float(row[name]) for name in triple] for triple in names] for row in rows])
    return np.array([int(row["Expert"]) for row in rows]), inputs


def grid_curvature(inputs):
    """(curvature LSB (n,), priority class (n, 9)) that explain all crossing angles of a row within the text's 6 digits."""
    plane = HoughPlane()
    omega = plane.omega_per_cm(np.arange(-33, 34))
    float_angles = np.arcsin(omega[:, None, None] * superlayers().radius_cm / 2) / 2
    present = (inputs != 0).any(axis=2)
    distance = np.abs(inputs[:, None, :, None, 2] - float_angles)
    fits = ((distance < 2e-6).any(axis=3) | ~present[:, None]).all(axis=2)
    assert (fits.sum(axis=1) == 1).all(), "one curvature for each row"
    omega_raw = fits.argmax(axis=1)
    priority = distance[np.arange(len(inputs)), omega_raw].argmin(axis=2)
    return omega_raw - 33, priority, present


def test_real_crossing_angles_lie_on_the_curvature_grid(sample):
    """Every row of the real sample: the angles of all its superlayers belong to one half-cell curvature."""
    _, inputs = sample
    omega_raw, priority, present = grid_curvature(inputs)
    assert len(omega_raw) == 2942
    assert omega_raw.min() >= -32
    assert omega_raw.max() <= 33
    table = crossing_table(HoughPlane())[omega_raw + 33]
    ours = np.take_along_axis(table, priority[..., None], axis=2)[..., 0] / 4096
    assert (np.abs(ours - 2 * inputs[..., 2]) <= 0.5 / 4096 + 4e-6)[present].all(), "and our table is the nearest integer to it"


def test_real_segments_lie_on_the_wire_grid(sample):
    """Windows and radii: scale and offset undone and the reference id added, all segments lie on wires for one half-cell phi0.

    A straight track has no angle that tells the first- from the second-priority wire: there either will do.
    """
    _, inputs = sample
    omega_raw, priority, present = grid_curvature(inputs)
    windows, lines, plane = InputWindows(), superlayers(), HoughPlane()
    relative = inputs[..., 0] * 16 / 2.0**windows.shift + windows.centre_raw / 256
    radius = lines.radius_cm[np.arange(9), priority]
    angle = np.arcsin(radius * plane.omega_per_cm(omega_raw)[:, None] / 2)
    phi0 = plane.phi0_rad(np.arange(320))
    per_radian = lines.n_segments / (2 * np.pi)
    position = relative[:, None] + (phi0[:, None] - angle[:, None]) * per_radian
    pitch = np.where(omega_raw == 0, 0.5, 1.0)[:, None, None]
    off_wire = np.abs(np.remainder(position - 0.5 * priority[:, None] + pitch / 2, pitch) - pitch / 2)
    off_wire[np.broadcast_to(~present[:, None], off_wire.shape)] = 0
    assert off_wire.max(axis=2).min(axis=1).max() < 5e-5


def test_real_experts_miss_their_superlayer(sample):
    expert, inputs = sample
    stereo_present = (inputs[:, 1::2] != 0).any(axis=2)
    missing = {0: (), 1: (7,), 2: (5,), 3: (3,), 4: (1,)}
    for e, row in zip(expert, stereo_present, strict=True):
        assert tuple(s for s, there in zip((1, 3, 5, 7), row, strict=True) if not there) == missing[int(e)]
