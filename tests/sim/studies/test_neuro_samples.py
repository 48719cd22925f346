"""The simulated training sample: what it is drawn from, that it is reproducible, and that the truth belongs to the inputs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hls.data import read_tracks
from sim.studies.neuro_samples import Kinematics, NeuroRecipe, make_block, real_kinematics
from trigger.cdc import HoughPlane
from trigger.networks import load_network

SAMPLE = Path(__file__).parents[2] / "reference" / "neuro_tracks_exp20.csv.gz"
SMALL = NeuroRecipe(block_events=300)


@pytest.fixture(scope="module")
def real() -> Kinematics:
    return real_kinematics(read_tracks(SAMPLE))


@pytest.fixture(scope="module")
def block(real):
    return make_block(SMALL, real, 0)


def test_real_kinematics_lie_on_the_curvature_grid(real):
    """One entry per true track; the angles give back the half-cell curvature."""
    assert len(real.z_cm) == 1339
    grid = HoughPlane().omega_per_cm(np.array([1]))[0]
    steps = real.omega_per_cm / grid
    assert np.percentile(np.abs(steps - np.rint(steps)), 90) < 0.4
    assert np.abs(steps).max() < 34.5


def test_block_is_reproducible(real, block):
    again, other = make_block(SMALL, real, 0), make_block(SMALL, real, 1)
    assert np.array_equal(block.x_raw, again.x_raw)
    assert np.array_equal(block.z_cm, again.z_cm)
    assert not np.array_equal(block.x_raw[:50], other.x_raw[:50])


def test_every_track_has_an_expert_and_legal_inputs(block):
    assert len(block) > 600
    assert np.abs(block.x_raw).max() <= 4096
    stereo = (block.x_raw.reshape(-1, 9, 3)[:, 1::2] != 0).any(axis=2)
    assert (stereo.sum(axis=1) >= 3).all()


def test_truth_belongs_to_the_inputs(block):
    """The shipped network finds z and theta of most tracks; of other tracks' inputs it would not."""
    answer = load_network("codesign").codesign.run(block.x_raw) / 4096
    dz, dtheta = 100 * answer[:, 0] - block.z_cm, 90 + 80 * answer[:, 1] - block.theta_deg
    assert np.median(np.abs(dz)) < 5
    assert np.median(np.abs(dtheta)) < 5
    assert np.median(np.abs(np.roll(dz + block.z_cm, 1) - block.z_cm)) > 15


def test_real_share(real):
    """Without real tracks z is flat but for the signal; with them alone its second peak stands out."""
    flat = make_block(replace(SMALL, real_share=0.0), real, 0)
    drawn = make_block(replace(SMALL, real_share=1.0), real, 0)
    peak = [np.mean((part.z_cm > 50) & (part.z_cm < 60)) for part in (flat, drawn)]
    assert peak[1] > 1.5 * peak[0]
