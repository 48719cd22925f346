"""Training, freezing and conversion of a small network: the same however it is interrupted, and equal in all realisations."""

import numpy as np
import pytest

from hls.convert import check_types, convert, to_float, to_raw, write_golden
from hls.data import kept_aside
from hls.freeze import freeze, thaw
from hls.networks import CodesignDesign
from hls.sets import TrainingSet, real_training_set
from hls.train import Training, train
from trigger.errors import InputError
from trigger.fixed import Fixed

DESIGN = CodesignDesign(hidden=(6, 5), bit_cost=1e-5)
TRAINING = Training(seed=3, float_epochs=2, epochs=2, batch=256, real_repeats=1, float_rate=0.02, rate=0.01)


def random_set(n=2000):
    """Inputs whose sums are z and theta."""
    rng = np.random.default_rng(5)
    x = rng.integers(-4096, 4097, (n, 27)).astype(np.int16)
    z = (x[:, :3].sum(axis=1) / 120).astype(np.float32)
    theta = (90 + x[:, 5:7].sum(axis=1) / 200).astype(np.float32)
    return TrainingSet(x_raw=x, z_cm=z, theta_deg=theta, weight=np.ones(n, np.float32))


@pytest.fixture(scope="module")
def real(real_tracks):
    return real_training_set(real_tracks.select(~kept_aside(real_tracks)).select(np.arange(100)))


@pytest.fixture(scope="module")
def trained(real, tmp_path_factory):
    return train(DESIGN, TRAINING, random_set(), real, tmp_path_factory.mktemp("straight"))


@pytest.fixture(scope="module")
def network(trained):
    return freeze(trained.model, DESIGN)


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(9)
    x = rng.integers(-4096, 4097, (3000, 27))
    x[:4] = np.array([0, 4096, -4096, 1])[:, None]
    return x


def test_loss_falls_and_history_is_complete(trained):
    assert [row["epoch"] for row in trained.history] == [1, 2, 3, 4]
    assert trained.history[1]["validation_loss"] < trained.history[0]["validation_loss"]
    assert [row["learning_rate"] for row in trained.history] == [0.02, 0.01, 0.01, 0.005]
    assert [("bit_operations" in row) for row in trained.history] == [False, False, True, True]
    assert trained.resumed == 0


@pytest.mark.parametrize("stop_after", [1, 3])
def test_interrupted_and_resumed_is_the_same(trained, real, tmp_path, stop_after):
    """Stopped in the part without formats, or in the part with them."""

    def interrupt(epochs_done, row):
        if epochs_done == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(DESIGN, TRAINING, random_set(), real, tmp_path, interrupt)
    resumed = train(DESIGN, TRAINING, random_set(), real, tmp_path)
    assert resumed.resumed == stop_after
    assert resumed.history == trained.history
    for one, other in zip(resumed.model.get_weights(), trained.model.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_another_job_begins_anew_and_a_damaged_checkpoint_is_refused(real, tmp_path):
    (tmp_path / "float.npz").write_text("cut off")
    with pytest.raises(InputError, match=r"float\.npz: not a checkpoint of a training"):
        train(DESIGN, TRAINING, random_set(), real, tmp_path)


def test_too_few_tracks_are_refused(real, tmp_path):
    with pytest.raises(InputError, match="needs 256 simulated tracks or more"):
        train(DESIGN, TRAINING, random_set(100), real, tmp_path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Training(epochs=0), "epochs must be 1..10000, not 0"),
        (lambda: CodesignDesign(hidden=()), "hidden must be one or more positive numbers"),
        (lambda: CodesignDesign(weight_fraction=20), "weight_fraction must be 1..12, not 20"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_model_equals_keras(trained, network, inputs):
    answers = network.run(inputs)
    assert (to_raw(trained.model.predict(to_float(inputs), verbose=0)) == answers).all()
    assert len(np.unique(answers, axis=0)) > 1000


def test_thawed_equals_frozen(network, inputs):
    model = thaw(network)
    assert (to_raw(model.predict(to_float(inputs), verbose=0)) == network.run(inputs)).all()
    again = freeze(model, CodesignDesign(hidden=network.hidden))
    assert (again.run(inputs) == network.run(inputs)).all()


def test_formats_stay_below_their_ceilings(trained):
    with pytest.raises(InputError, match=r"(inputs|weights|biases).* must have at most \d+ (integer|fraction)"):
        freeze(trained.model, CodesignDesign(hidden=(6, 5), input_fraction=1, lane_fraction=0, weight_fraction=1))


@pytest.fixture(scope="module")
def project(network, tmp_path_factory):
    made = convert(thaw(network), network, tmp_path_factory.mktemp("hls") / "project")
    made.compile()
    return made


def test_c_model_equals_model(network, project, inputs):
    assert (project.predict(inputs[:1500]) == network.run(inputs[:1500])).all()


def test_golden_vectors(network, project, inputs):
    write_golden(project.folder, network, inputs[:50], {"network": "abc"})
    with np.load(project.folder / "golden.npz") as golden:
        assert (network.run(golden["x_raw"]) == golden["answer_raw"]).all()
    text = np.loadtxt(project.folder / "tb_data" / "tb_output_predictions.dat")
    assert (to_raw(text) == network.run(inputs[:50])).all()
    assert (np.loadtxt(project.folder / "tb_data" / "tb_input_features.dat") * 4096 == inputs[:50]).all()


@pytest.mark.parametrize(
    ("layer", "kind", "text", "message"),
    [
        ("hidden_0", "weight", "ap_fixed<3,1>", "weights of hidden_0 do not fit"),
        ("hidden_1", "bias", "ap_fixed<2,1>", "biases of hidden_1 do not fit"),
        ("output", "accum", "ap_fixed<4,3>", "sums of output must be signed with"),
        ("output", "result", "ap_fixed<13,1>", "the output type must be ap_fixed<13,1,AP_RND,AP_SAT>"),
    ],
)
def test_types_that_lose_bits_are_refused(network, project, layer, kind, text, message):
    types = {name: dict(kinds) for name, kinds in project.types.items()}
    check_types(types, network)
    types[layer][kind] = text
    with pytest.raises(InputError, match=message):
        check_types(types, network)


def test_types_are_those_of_the_declarations(project):
    assert Fixed.from_ap_fixed(project.types["output"]["result"]).width == 13
    assert set(project.types) == {"hidden_0", "hidden_1", "output"}


@pytest.mark.parametrize("value", [0.00001, 1.5, -1.001])
def test_outputs_off_the_grid_are_refused(value):
    with pytest.raises(InputError, match="outputs must lie on the grid"):
        to_raw(np.array([[0.5, value, 0]]))
