"""The neuro trigger: each track gets the answer of its own expert."""

import numpy as np
import pytest

from trigger.cdc import ClassicExperts, ClassicMlp, CodesignNetwork, HoughFinder, NeuroInputs, NeuroTrigger
from trigger.cdc.neuro.codesign import CodesignLayer
from trigger.errors import InputError


def constant(number):
    """A network that answers by its biases alone: z = table(number), theta = -table(number)."""
    return ClassicMlp([np.zeros((1, 27), int), np.zeros((2, 1), int)], [np.zeros(1, int), np.array([number, -number])])


def test_each_track_gets_its_expert(reference):
    rows = reference["prep_offsets"]
    hits = [reference[f"prep_{name}"] for name in ("ts_id", "priority", "lr", "time")]
    tracks = HoughFinder().run(rows, *hits[:2])
    answer = NeuroTrigger(ClassicExperts([constant(100 * (e + 1)) for e in range(5)])).run(tracks, rows, *hits)
    expected = [0, *(int(constant(100 * (e + 1)).run(np.zeros((1, 27), int))[0, 0]) for e in range(5))]
    assert expected[1:] == sorted(set(expected[1:])), "the five constants differ"
    assert set(answer.track_expert.tolist()) == {-1, 0, 1, 2, 3, 4}
    assert answer.track_z_raw.tolist() == [expected[e + 1] for e in answer.track_expert.tolist()]
    assert (answer.track_theta_raw == -answer.track_z_raw).all()


def test_answers_are_those_of_the_network(reference, network):
    rows = reference["prep_offsets"]
    hits = [reference[f"prep_{name}"] for name in ("ts_id", "priority", "lr", "time")]
    tracks = HoughFinder().run(rows, *hits[:2])
    answer = NeuroTrigger(ClassicExperts([network] * 5)).run(tracks, rows, *hits)
    outputs = network.run(NeuroInputs().run(tracks, rows, *hits).x_raw)
    outputs[answer.track_expert < 0] = 0
    assert (np.column_stack([answer.track_z_raw, answer.track_theta_raw]) == outputs).all()


def test_no_tracks(network):
    answer = NeuroTrigger(ClassicExperts([network] * 5)).run(HoughFinder().run([0, 0], [], []), [0, 0], [], [], [], [])
    assert answer.track_z_raw.shape == answer.track_theta_raw.shape == (0,)
    assert answer.track_z_raw.dtype == np.int16


def test_five_networks(network):
    with pytest.raises(InputError, match="experts must be 5 networks, not 4"):
        ClassicExperts([network] * 4)


def test_one_network_answers_for_all_experts(reference):
    """z is the first input, theta the second, the class a constant; a track without an expert gets 0."""
    weight = np.zeros((3, 27), int)
    weight[0, 0] = weight[1, 1] = 1
    layer = CodesignLayer(
        integer=np.zeros(27, int), fraction=np.full(27, 12), signed=True, weight=weight, weight_fraction=0,
        bias=np.array([0, 0, 1]), bias_fraction=1,
    )  # fmt: skip
    rows = reference["prep_offsets"]
    hits = [reference[f"prep_{name}"] for name in ("ts_id", "priority", "lr", "time")]
    tracks = HoughFinder().run(rows, *hits[:2])
    answer = NeuroTrigger(CodesignNetwork([layer])).run(tracks, rows, *hits)
    there = answer.track_expert >= 0
    assert set(answer.track_expert.tolist()) == {-1, 0, 1, 2, 3, 4}
    assert (answer.track_z_raw == np.minimum(answer.vectors.x_raw[:, 0], 4095)).all()
    assert (answer.track_theta_raw == np.minimum(answer.vectors.x_raw[:, 1], 4095)).all()
    assert (answer.track_class_raw == np.where(there, 2048, 0)).all()


@pytest.mark.parametrize(
    ("expert", "message"),
    [([0, 5, -1], r"must be -1..4, not 5 \(track 1\)"), ([0], "must be 3 integers"), ([0.0] * 3, "must be 3 integers")],
)
def test_experts_that_are_not_there(network, expert, message):
    with pytest.raises(InputError, match=message):
        ClassicExperts([network] * 5).answer(np.zeros((3, 27), int), expert)


@pytest.mark.parametrize("clocks", [1, 2])
def test_tracks_of_later_data_clocks_are_not_answered(clocks):
    """Every fifth segment of the chamber, 10 events: quadrants send for three data clocks and more."""
    event, ts_id = np.nonzero(np.random.default_rng(4).random((10, 2336)) < 0.2)
    hits = [np.searchsorted(event, np.arange(11)), ts_id, *(np.full(len(event), value) for value in (3, 1, 40))]
    tracks = HoughFinder().run(*hits[:3])
    experts = ClassicExperts([constant(1000)] * 5)
    every, first = NeuroTrigger(experts).run(tracks, *hits), NeuroTrigger(experts, clocks=clocks).run(tracks, *hits)
    served = tracks.track_clock < clocks
    assert {clocks - 1, clocks} <= set(tracks.track_clock.tolist())
    assert (first.track_expert == np.where(served, every.track_expert, -1)).all()
    assert (first.track_z_raw == np.where(served, every.track_z_raw, 0)).all()
    assert every.track_z_raw[~served].any()


def test_clocks_must_be_positive(network):
    with pytest.raises(ValueError, match="clocks must be at least 1, not 0"):
        NeuroTrigger(ClassicExperts([network] * 5), clocks=0)
