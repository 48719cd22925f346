"""Training sets: targets and weights by hand, and the distortions one at a time."""

import numpy as np
import pytest

from hls.distort import Distortion
from hls.sets import SIGNAL_Z_WEIGHT, TrainingSet, real_training_set
from trigger.errors import InputError

NONE = {"no_side": 0, "late": 0, "foreign": 0, "no_axial": 0, "no_stereo": 0, "shift_wires": 0}


def test_targets_by_hand():
    made = TrainingSet(
        x_raw=np.zeros((5, 27), np.int16),
        z_cm=np.array([0.5, -0.99, 20, -31, 250], np.float32),
        theta_deg=np.array([90, 170, 10, 130, 90], np.float32),
        weight=np.array([1, 1, 1, 0.5, 1], np.float32),
    )
    expected = [
        [0.005, 0, 1, SIGNAL_Z_WEIGHT, 1],
        [-0.0099, 1, 1, SIGNAL_Z_WEIGHT, 1],
        [0.2, -1, 0, 1, 0],
        [-0.31, 0.5, 0, 0.5, 0.5],
        [1, 0, 0, 1, 1],
    ]
    assert np.allclose(made.targets(), expected, atol=1e-6)


def test_candidates_of_a_track_share_its_weight(real_tracks):
    made = real_training_set(real_tracks)
    assert np.isclose(made.weight.sum(), 1339)
    assert np.allclose(made.z_cm, 100 * real_tracks.target[:, 0], atol=1e-4)
    assert made.theta_deg[0] == pytest.approx(90 + 80 * 0.337421, abs=1e-4)


def test_shapes_that_disagree_are_refused():
    zero = np.zeros(3, np.float32)
    with pytest.raises(InputError, match=r"a training set of 3 tracks must have shapes \(3, 27\)"):
        TrainingSet(x_raw=np.zeros((2, 27), np.int16), z_cm=zero, theta_deg=zero, weight=zero)


def distorted(x_raw, **change):
    return Distortion(**(NONE | change)).apply(x_raw, np.random.default_rng(1)).reshape(-1, 9, 3)


def test_no_distortion_changes_nothing(real_tracks):
    x = real_tracks.x_raw
    assert (distorted(x) == x.reshape(-1, 9, 3) / 4096).all()


@pytest.mark.parametrize(
    ("name", "column"),
    [("no_side", 1), ("late", 1), ("foreign", None), ("no_axial", None), ("no_stereo", None), ("shift_wires", 0)],
)
def test_each_distortion_touches_its_own(real_tracks, name, column):
    """Missing superlayers stay missing, inputs stay within -1..1, the share of changed rows is the probability."""
    x = real_tracks.x_raw
    before, after = x.reshape(-1, 9, 3) / 4096, distorted(x, **{name: 0.3})
    present = (before != 0).any(axis=2)
    assert (after[~present] == 0).all()
    assert np.abs(after).max() <= 1
    moved = after != before
    for other in range(3):
        if column is not None and other != column:
            assert not moved[..., other].any()
    if name == "late":
        assert set(after[..., 1][moved[..., 1]].tolist()) == {-1.0, 1.0}
    if name == "no_side":
        assert (after[..., 1][moved[..., 1]] == 0).all()
    if name == "no_axial":
        lost = present & (after == 0).all(axis=2)
        assert not lost[:, 1::2].any()
        assert 0.25 < lost[:, ::2].sum() / present[:, ::2].sum() < 0.35
    if name == "no_stereo":
        lost = present & (after == 0).all(axis=2)
        assert not lost[:, ::2].any()
        assert lost.sum(axis=1).max() == 1
        assert not lost[~present[:, 1::2].all(axis=1)].any()
    if name == "foreign":
        assert not moved[..., 2].any(), "the crossing angle is the track's own"
    assert moved.any()


def test_shift_is_in_wires(real_tracks):
    """Superlayer 0 scales wires by 1/2, superlayer 7 by 1/8."""
    before, after = distorted(real_tracks.x_raw), distorted(real_tracks.x_raw, shift_wires=0.2)
    present = (before != 0).any(axis=2)
    for superlayer, scale in ((0, 1 / 2), (7, 1 / 8)):
        moved = (after - before)[present[:, superlayer], superlayer, 0]
        assert moved.std() == pytest.approx(0.2 * scale, rel=0.1)


@pytest.mark.parametrize(("change", "message"), [({"late": 1.5}, "late must be 0..1"), ({"late": 0.6, "no_side": 0.6}, "exceed 1")])
def test_impossible_distortions_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Distortion(**change)
