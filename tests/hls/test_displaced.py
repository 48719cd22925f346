"""Training of the network of displaced vertices: it learns, is the same when interrupted, and its integers answer as Keras does."""

import numpy as np
import pytest

from hls.convert import to_float, to_raw
from hls.displaced import VertexPlan, VertexSet, VertexTraining
from hls.freeze import thaw
from trigger.displaced.features import VERTEX
from trigger.errors import InputError

PLAN = VertexPlan(training=VertexTraining(seed=3, float_epochs=3, epochs=2, batch=128, float_rate=0.02, rate=0.01))


def vertices(n=1500):
    """Signal where two inputs are large together."""
    rng = np.random.default_rng(2)
    x = rng.integers(-4096, 4097, (n, VERTEX.n_inputs)).astype(np.int16)
    return VertexSet(x_raw=x, is_signal=x[:, 3].astype(int) + x[:, 7] > 1500, weight=np.ones(n, np.float32))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return PLAN.run(vertices(), tmp_path_factory.mktemp("straight"), lambda epoch, row: None)


def test_it_learns_and_answers_as_keras(outcome):
    made, network = vertices(), outcome.network
    score = network.run(made.x_raw)[:, 0]
    kept, leaked = (score[made.is_signal] > 0).mean(), (score[~made.is_signal] > 0).mean()
    assert kept > 0.85
    assert leaked < 0.15
    assert network.interface == VERTEX
    assert [row["epoch"] for row in outcome.history] == [1, 2, 3, 4, 5]
    assert outcome.history[-1]["validation_loss"] < outcome.history[0]["validation_loss"]
    keras = to_raw(thaw(network).predict(to_float(made.x_raw), verbose=0))
    assert np.array_equal(keras, network.run(made.x_raw))


def test_interrupted_and_resumed_is_the_same(outcome, tmp_path):
    def interrupt(epochs_done, row):
        if epochs_done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PLAN.run(vertices(), tmp_path, interrupt)
    again = PLAN.run(vertices(), tmp_path, lambda epoch, row: None)
    assert again.history == outcome.history
    for one, other in zip(again.network.layers, outcome.network.layers, strict=True):
        assert np.array_equal(one.weight, other.weight)


def test_bad_sets_and_numbers_are_refused(tmp_path):
    with pytest.raises(InputError, match="training needs 128 vertices or more"):
        PLAN.run(vertices(100), tmp_path, lambda epoch, row: None)
    with pytest.raises(InputError, match=r"a set of 2 vertices must have shapes \(2, 16\)"):
        VertexSet(x_raw=np.zeros((2, 15), np.int16), is_signal=np.zeros(2, bool), weight=np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="epochs must be 1"):
        VertexTraining(epochs=0)
