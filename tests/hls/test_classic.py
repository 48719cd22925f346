"""The classic experts: which tracks train which, the same training however it is interrupted, and integers close to the floats."""

import numpy as np
import pytest

from hls.classic import (
    WEIGHT_LIMIT,
    ClassicDesign,
    ClassicTraining,
    build_classic,
    expert_set,
    freeze_classic,
    rounding_effect,
    train_classic,
)
from hls.sets import TrainingSet
from trigger.cdc.neuro.inputs import EXPERT_MISSING
from trigger.errors import InputError

DESIGN = ClassicDesign(hidden=(6,))
TRAINING = ClassicTraining(seed=3, epochs=2, more_epochs=2, batch=128, rate=0.02, more_rate=0.01)
STOP_AFTER = 5
"""In the middle of the third expert."""


def random_set(n=1500):
    """Inputs whose sums are z and theta; every third track lacks one stereo superlayer, 1, 3, 5, 7 in turn."""
    rng = np.random.default_rng(5)
    x = rng.integers(1, 4097, (n, 9, 3)) * rng.choice([-1, 1], (n, 9, 3))
    poor = np.arange(0, n, 3)
    x[poor, 1 + 2 * (np.arange(len(poor)) % 4)] = 0
    x = x.reshape(n, 27).astype(np.int16)
    z = (x[:, :3].sum(axis=1) / 120).astype(np.float32)
    theta = (90 + x[:, 6:8].sum(axis=1) / 200).astype(np.float32)
    return TrainingSet(x_raw=x, z_cm=z, theta_deg=theta, weight=np.ones(n, np.float32))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train_classic(DESIGN, TRAINING, random_set(), TrainingSet.empty(), tmp_path_factory.mktemp("straight"))


@pytest.fixture(scope="module")
def frozen(trained):
    return freeze_classic(trained)


@pytest.mark.parametrize("missing", EXPERT_MISSING)
def test_every_expert_sees_the_tracks_that_have_its_superlayers(missing):
    """1000 tracks have all four; 125 each lack one of them and train that one's expert as well."""
    tracks = random_set()
    chosen = expert_set(tracks, missing)
    assert len(chosen) == 1000 + (0 if missing is None else 125)
    x = chosen.x_raw.reshape(-1, 9, 3)
    for superlayer in range(9):
        assert (x[:, superlayer] == 0).all() == (superlayer == missing)
    found = {tuple(row) for row in np.delete(x, [] if missing is None else missing, axis=1).reshape(len(x), -1).tolist()}
    whole = np.delete(tracks.x_raw.reshape(-1, 9, 3), [] if missing is None else missing, axis=1).reshape(1500, -1)
    assert found <= {tuple(row) for row in whole.tolist()}


def test_loss_falls_and_history_is_complete(trained):
    assert [(row["expert"], row["epoch"]) for row in trained.history] == [(k // 2, k + 1) for k in range(10)]
    assert trained.history[1]["validation_loss"] < trained.history[0]["validation_loss"]
    assert [row["learning_rate"] for row in trained.history] == [0.02, 0.01, *[0.01, 0.005] * 4]
    assert [len(part) for part in trained.watched] == [50, 56, 56, 56, 56]
    assert trained.resumed == 0


def test_interrupted_and_resumed_is_the_same(trained, tmp_path):
    def interrupt(epochs_done, row):
        if epochs_done == STOP_AFTER:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_classic(DESIGN, TRAINING, random_set(), TrainingSet.empty(), tmp_path, interrupt)
    resumed = train_classic(DESIGN, TRAINING, random_set(), TrainingSet.empty(), tmp_path)
    assert resumed.resumed == STOP_AFTER
    assert resumed.history == trained.history
    for one, other in zip(resumed.weights, trained.weights, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            assert np.array_equal(mine, theirs)


def test_integers_are_the_nearest_weights(trained, frozen):
    for weights, expert in zip(trained.weights, frozen.experts, strict=True):
        for array, raw in zip(weights[::2], expert.weights, strict=True):
            assert np.abs(raw.T / 1024 - array).max() <= 0.5 / 1024 + 1e-7
        for array, raw in zip(weights[1::2], expert.biases, strict=True):
            assert np.abs(raw / 1024 - array).max() <= 0.5 / 1024 + 1e-7


def test_rounding_effect_is_small_and_measured_on_unseen_tracks(trained, frozen):
    rows = rounding_effect(trained, frozen)
    assert [(row["expert"], row["tracks"]) for row in rows] == [(0, 50), (1, 56), (2, 56), (3, 56), (4, 56)]
    for row in rows:
        assert 0 < row["z_rms"] <= row["z_largest"] < 20
        assert 0 < row["theta_rms"] <= row["theta_largest"] < 20


@pytest.mark.parametrize("spread", [0.3, 2.0])
def test_first_weights_have_their_spread(spread):
    hidden, _, output, _ = build_classic(ClassicDesign(), spread).get_weights()
    assert hidden.std() == pytest.approx(spread, rel=0.1)
    assert np.abs(output).max() < 0.5, "outputs begin in the linear part of tanh"


def test_large_weights_are_kept_within_their_limit():
    import keras

    model = build_classic(DESIGN, 0.5)
    model.set_weights([np.full(array.shape, 80.0) for array in model.get_weights()])
    model.compile(keras.optimizers.SGD(0.0), loss="mse")
    model.fit(np.zeros((4, 27)), np.zeros((4, 2)), verbose=0)
    assert {float(value) for array in model.get_weights() for value in array.ravel()} == {WEIGHT_LIMIT}


def test_too_few_tracks_are_refused(tmp_path):
    with pytest.raises(InputError, match="needs 128 simulated tracks or more .* for expert 0, not 100"):
        train_classic(DESIGN, TRAINING, random_set(150), TrainingSet.empty(), tmp_path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ClassicTraining(more_epochs=0), "more_epochs must be 1..10000, not 0"),
        (lambda: ClassicTraining(first_spread=0), "first_spread must be"),
        (lambda: ClassicDesign(hidden=(3, 0)), "hidden must be one or more positive numbers"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
