"""The neuro trigger: each track gets the answer of its own expert."""

import numpy as np
import pytest

from trigger.cdc import ClassicMlp, HoughFinder, NeuroInputs, NeuroTrigger
from trigger.errors import InputError


def constant(number):
    """A network that answers by its biases alone: z = table(number), theta = -table(number)."""
    return ClassicMlp([np.zeros((1, 27), int), np.zeros((2, 1), int)], [np.zeros(1, int), np.array([number, -number])])


def test_each_track_gets_its_expert(reference):
    rows = reference["prep_offsets"]
    hits = [reference[f"prep_{name}"] for name in ("ts_id", "priority", "lr", "time")]
    tracks = HoughFinder().run(rows, *hits[:2])
    answer = NeuroTrigger([constant(100 * (e + 1)) for e in range(5)]).run(tracks, rows, *hits)
    expected = [0, *(int(constant(100 * (e + 1)).run(np.zeros((1, 27), int))[0, 0]) for e in range(5))]
    assert expected[1:] == sorted(set(expected[1:])), "the five constants differ"
    assert set(answer.track_expert.tolist()) == {-1, 0, 1, 2, 3, 4}
    assert answer.track_z_raw.tolist() == [expected[e + 1] for e in answer.track_expert.tolist()]
    assert (answer.track_theta_raw == -answer.track_z_raw).all()


def test_answers_are_those_of_the_network(reference, network):
    rows = reference["prep_offsets"]
    hits = [reference[f"prep_{name}"] for name in ("ts_id", "priority", "lr", "time")]
    tracks = HoughFinder().run(rows, *hits[:2])
    answer = NeuroTrigger([network] * 5).run(tracks, rows, *hits)
    outputs = network.run(NeuroInputs().run(tracks, rows, *hits).x_raw)
    outputs[answer.track_expert < 0] = 0
    assert (np.column_stack([answer.track_z_raw, answer.track_theta_raw]) == outputs).all()


def test_no_tracks(network):
    answer = NeuroTrigger([network] * 5).run(HoughFinder().run([0, 0], [], []), [0, 0], [], [], [], [])
    assert answer.track_z_raw.shape == answer.track_theta_raw.shape == (0,)
    assert answer.track_z_raw.dtype == np.int16


def test_five_networks(network):
    with pytest.raises(InputError, match="experts must be 5 networks, not 4"):
        NeuroTrigger([network] * 4)
