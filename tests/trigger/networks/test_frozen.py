"""Files of frozen networks: what is written is read, and what is foreign or damaged is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from trigger.cdc import ClassicExperts, ClassicMlp
from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork
from trigger.errors import InputError
from trigger.fixed import Rounding
from trigger.networks import (
    CLASSIC,
    CODESIGN,
    FrozenNetwork,
    declarations_digest,
    families,
    load_network,
    save_network,
    shipped_networks,
)

LAYER = {
    "integer": np.zeros(27, int), "fraction": np.full(27, 6), "signed": True, "weight": np.arange(81).reshape(3, 27),
    "weight_fraction": 4, "bias": np.array([1, -2, 3]), "bias_fraction": 2,
}  # fmt: skip
HEAD = ("family", "declarations", "digest", "record")


def codesign_network():
    return CodesignNetwork([CodesignLayer(**LAYER)])


def classic_network():
    """Five experts of two layers, all different."""
    rng = np.random.default_rng(2)
    shapes = [(4, 27), (2, 4)]
    experts = [
        ClassicMlp([rng.integers(-900, 900, shape) for shape in shapes], [rng.integers(-900, 900, shape[0]) for shape in shapes])
        for _ in range(5)
    ]
    return ClassicExperts(experts)


@pytest.fixture(params=[codesign_network, classic_network], ids=[CODESIGN, CLASSIC])
def frozen(request):
    return FrozenNetwork(network=request.param(), record={"seed": 7}, seen_events=np.array([3, 2**63 + 5], np.uint64))


@pytest.fixture
def path(tmp_path, frozen):
    save_network(tmp_path / "net.npz", frozen)
    return tmp_path / "net.npz"


def rewritten(path, **change):
    """The same file with other arrays; None takes one away."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive} | change
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_round_trip(path, frozen):
    read = load_network(path)
    x, expert = np.random.default_rng(1).integers(-4096, 4097, (100, 27)), np.arange(100) % 6 - 1
    assert (read.network.answer(x, expert) == frozen.network.answer(x, expert)).all()
    assert read.family == frozen.family
    assert read.record == {"seed": 7}
    assert read.seen_events.tolist() == [3, 2**63 + 5]
    assert read.digest == frozen.digest


def test_same_network_same_bytes(tmp_path, path, frozen):
    save_network(tmp_path / "again.npz", frozen)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [(codesign_network, "CLASS_SCALE", 16), (classic_network, "WEIGHT", replace(families.WEIGHT, rounding=Rounding.TRN))],
)
def test_foreign_declarations_are_refused(tmp_path, monkeypatch, make, name, value):
    """The file stays, the declarations of the program move on."""
    frozen = FrozenNetwork(network=make())
    save_network(tmp_path / "net.npz", frozen)
    made_for = declarations_digest(frozen.family)
    monkeypatch.setattr(families, name, value)
    assert declarations_digest(frozen.family) != made_for
    with pytest.raises(InputError, match=f"made for declarations {made_for[:12]}, but these are"):
        load_network(tmp_path / "net.npz")


def test_families_do_not_share_a_digest():
    assert declarations_digest(CLASSIC) != declarations_digest(CODESIGN)


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (codesign_network, "layer0_weight", np.arange(81).reshape(3, 27) + 1),
        (codesign_network, "layer0_fraction", np.full(27, 5)),
        (codesign_network, "layer0_bias_fraction", np.array(1)),
        (classic_network, "expert0_layer1_weight", np.ones((2, 4), int)),
        (classic_network, "expert4_layer0_bias", np.ones(4, int)),
    ],
)
def test_changed_integers_are_refused(tmp_path, make, name, value):
    save_network(tmp_path / "net.npz", FrozenNetwork(network=make()))
    with pytest.raises(InputError, match="the file was changed"):
        load_network(rewritten(tmp_path / "net.npz", **{name: value}))


@pytest.mark.parametrize(
    ("make", "change", "message"),
    [
        (codesign_network, {"head": None}, "not a frozen network"),
        (codesign_network, {"layer0_bias": None}, "not a frozen network"),
        (codesign_network, {"head": np.array("{")}, "not a frozen network"),
        (codesign_network, {"head": np.array(json.dumps({"digest": "x"}))}, "not a frozen network"),
        (codesign_network, {"head": np.array(json.dumps(dict.fromkeys(HEAD, "x")))}, "not a frozen network"),
        (codesign_network, {"layer0_weight": np.zeros((3, 26), int)}, "must have lengths"),
        (codesign_network, {"layer0_weight": np.zeros((3, 27))}, "weight must be integers"),
        (classic_network, {"expert2_layer0_weight": None}, "not a frozen network"),
        (classic_network, {"expert2_layer0_weight": np.zeros((4, 26), int)}, r"layer 0 must have weights \(4, 27\)"),
        (classic_network, {"expert2_layer0_weight": np.full((4, 27), 1 << 16)}, "weights of layer 0: "),
        (classic_network, {"n_layers": np.array([2, 2, 2, 2])}, "experts must be 5 networks, not 4"),
        (classic_network, {"n_layers": np.array(2)}, "n_layers must be the layers of each expert"),
    ],
)
def test_damaged_files_are_refused(tmp_path, make, change, message):
    save_network(tmp_path / "net.npz", FrozenNetwork(network=make()))
    with pytest.raises(InputError, match=message) as caught:
        load_network(rewritten(tmp_path / "net.npz", **change))
    assert "net.npz" in str(caught.value)


def test_files_that_are_no_networks(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(InputError, match=r"text\.npz: not a frozen network"):
        load_network(tmp_path / "text.npz")
    with pytest.raises(InputError, match=r"none\.npz: not a readable network"):
        load_network(tmp_path / "none.npz")
    with pytest.raises(InputError, match="no shipped network 'best'; there are"):
        load_network("best")


def test_cut_off_file(path):
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="not a frozen network"):
        load_network(path)


def test_what_only_the_codesign_family_has():
    assert FrozenNetwork(network=codesign_network()).codesign.hidden == ()
    with pytest.raises(InputError, match="must be of the family codesign, not classic"):
        FrozenNetwork(network=classic_network()).codesign  # noqa: B018  the property itself refuses


def test_shipped_networks_load():
    assert shipped_networks() == (CLASSIC, CODESIGN)
    for name in shipped_networks():
        shipped = load_network(name)
        assert shipped.family == name
        assert shipped.record["history"]
        assert len(shipped.seen_events) == shipped.record["counts"]["real_events"]


def test_shipped_experts_are_those_of_the_experiment_in_shape():
    experts = load_network(CLASSIC).network.experts
    assert [[matrix.shape for matrix in expert.weights] for expert in experts] == [[(81, 27), (2, 81)]] * 5
    assert max(np.abs(matrix).max() for expert in experts for matrix in expert.weights) <= 63 << 10
    rounding = load_network(CLASSIC).record["rounding"]
    assert max(row["z_rms"] for row in rounding) < 8, "0.2 cm"
