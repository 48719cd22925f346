"""The track trigger as one call: what each part says on the reference's events, and the fields of an event file."""

from pathlib import Path

import numpy as np
import pytest

from trigger.cdc import HoughFinder, HoughPlane, NeuroInputs, SingleTrackTrigger, TrackTrigger
from trigger.errors import InputError
from trigger.events import validate
from trigger.geometry.cdc import N_SEGMENTS
from trigger.networks import DEFAULT_NETWORK, load_network, shipped_networks

REFERENCE = Path(__file__).parents[2] / "reference" / "neuro_fixed.npz"


@pytest.fixture(scope="module")
def segments():
    with np.load(REFERENCE, allow_pickle=False) as data:
        return [data[f"prep_{name}"] for name in ("offsets", "ts_id", "priority", "lr", "time")]


@pytest.mark.parametrize("name", shipped_networks())
def test_equals_its_parts(segments, name):
    network = load_network(name).network
    decision = TrackTrigger(network=network).run(*segments)
    tracks = HoughFinder().run(*segments[:3])
    seen = NeuroInputs().run(tracks, *segments)
    answers = network.answer(seen.x_raw, seen.track_expert)
    single = SingleTrackTrigger().run(tracks.track_offsets, tracks.track_omega_raw, seen.track_expert, *answers.T[:2])
    fields = decision.arrays()
    for part, names in ((tracks, ("track_offsets", "track_phi_raw", "track_omega_raw", "track_clock")), (single, vars(single))):
        for field in names:
            np.testing.assert_array_equal(fields[field], getattr(part, field), err_msg=field)
    assert (fields["track_expert"] == seen.track_expert).all()
    assert (np.column_stack([fields["track_z_raw"], fields["track_theta_raw"]]) == answers[:, :2]).all()
    assert ("track_class_raw" in fields) == (answers.shape[1] == 3)
    assert fields["track_stt"].any()
    assert not fields["track_stt"].all()


def test_segments_of_a_track(segments):
    """Axial segments are the 2D finder's, also outside the windows of the network; stereo ones are those the network saw."""
    decision = TrackTrigger().run(*segments)
    assert (decision.track_ts[:, ::2] == decision.tracks.track_ts[:, ::2]).all()
    assert (decision.track_ts[:, 1::2] == decision.neuro.vectors.track_ts[:, 1::2]).all()
    assert (decision.track_ts[:, 1::2] >= 0).any()


def test_fields_are_declared(segments):
    decision = TrackTrigger().run(*segments).arrays()
    checked = validate(decision, "decision")
    assert {name: array.dtype for name, array in checked.items()} == {name: array.dtype for name, array in decision.items()}


def test_default_network(segments):
    default, named = TrackTrigger().run(*segments), TrackTrigger(network=load_network(DEFAULT_NETWORK).network).run(*segments)
    assert (default.neuro.track_z_raw == named.neuro.track_z_raw).all()


def test_no_segments():
    fields = TrackTrigger().run([0, 0, 0], [], [], [], []).arrays()
    assert fields["track_offsets"].tolist() == [0, 0, 0]
    assert fields["grl_typ"].tolist() == [0, 0]
    assert fields["track_ts"].shape == (0, 9)


@pytest.mark.parametrize("name", ["ts_id", "priority", "lr", "time"])
@pytest.mark.parametrize("n", [1, 3])
def test_fractions_are_refused(name, n):
    """Whole numbers as floats are, too: only an empty list may be one."""
    columns = {"ts_id": [5] * n, "priority": [3] * n, "lr": [1] * n, "time": [0] * n}
    with pytest.raises(InputError, match=f"cdc_{name}: must hold integers, not float64"):
        TrackTrigger().run([0, n], **columns | {name: [1.0] * n})


def test_bad_segments_and_planes(segments):
    with pytest.raises(InputError, match=r"field cdc_lr, event 0: must be 0\.\.3, not 4"):
        TrackTrigger().run([0, 1], [5], [3], [4], [0])
    with pytest.raises(ValueError, match="must have one plane"):
        TrackTrigger(finder=HoughFinder(plane=HoughPlane(pt_min_gev=0.25)))


def test_tracks_of_later_data_clocks_can_be_left_unanswered():
    """Every segment of the chamber: quadrants with more than six tracks, which the hardware does not answer."""
    rng = np.random.default_rng(3)
    event, ts_id = np.nonzero(rng.random((20, N_SEGMENTS)) < 0.2)
    columns = [rng.integers(low, high, len(event)) for low, high in ((1, 4), (0, 4), (0, 300))]
    segments = (np.searchsorted(event, np.arange(21)), ts_id, *columns)
    every, first = TrackTrigger().run(*segments), TrackTrigger(neuro_clocks=1).run(*segments)
    served = every.tracks.track_clock == 0
    assert 0.1 < served.mean() < 0.9
    for name, rest in (("track_expert", -1), ("track_z_raw", 0), ("track_theta_raw", 0), ("track_y", 0), ("track_stt", 0)):
        expected = np.where(served, every.arrays()[name], rest)
        assert (first.arrays()[name] == expected).all(), name
        assert (expected != every.arrays()[name]).any(), name
    assert (first.tracks.track_ts == every.tracks.track_ts).all()
    assert (first.track_ts[~served, 1::2] == -1).all()
    assert (first.single.grl_t2 == every.single.grl_t2).all()
    with pytest.raises(ValueError, match="clocks must be at least 1, not 0"):
        TrackTrigger(neuro_clocks=0).run(*segments)
