"""Files of frozen networks: what is written is read, and what is foreign or damaged is refused."""

import json

import numpy as np
import pytest

from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork
from trigger.errors import InputError
from trigger.networks import FrozenNetwork, declarations_digest, load_network, save_network, shipped_networks
from trigger.networks import frozen as module

LAYER = {
    "integer": np.zeros(27, int), "fraction": np.full(27, 6), "signed": True, "weight": np.arange(81).reshape(3, 27),
    "weight_fraction": 4, "bias": np.array([1, -2, 3]), "bias_fraction": 2,
}  # fmt: skip


@pytest.fixture
def frozen():
    network = CodesignNetwork([CodesignLayer(**LAYER)])
    return FrozenNetwork(network=network, record={"seed": 7}, seen_events=np.array([3, 2**63 + 5], np.uint64))


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
    x = np.random.default_rng(1).integers(-4096, 4097, (100, 27))
    assert (read.network.run(x) == frozen.network.run(x)).all()
    assert read.record == {"seed": 7}
    assert read.seen_events.tolist() == [3, 2**63 + 5]
    assert read.digest == frozen.digest


def test_same_network_same_bytes(tmp_path, path, frozen):
    save_network(tmp_path / "again.npz", frozen)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_foreign_declarations_are_refused(path, monkeypatch):
    """The file stays, the declarations of the program move on."""
    made_for = declarations_digest()
    monkeypatch.setattr(module, "CLASS_SCALE", 16)
    assert declarations_digest() != made_for
    with pytest.raises(InputError, match=f"made for declarations {made_for[:12]}, but these are"):
        load_network(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layer0_weight", np.arange(81).reshape(3, 27) + 1),
        ("layer0_fraction", np.full(27, 5)),
        ("layer0_bias_fraction", np.array(1)),
    ],
)
def test_changed_integers_are_refused(path, name, value):
    with pytest.raises(InputError, match="the file was changed"):
        load_network(rewritten(path, **{name: value}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head": None}, "not a frozen network"),
        ({"layer0_bias": None}, "not a frozen network"),
        ({"head": np.array("{")}, "not a frozen network"),
        ({"head": np.array(json.dumps({"digest": "x"}))}, "not a frozen network"),
        ({"layer0_weight": np.zeros((3, 26), int)}, "must have lengths"),
        ({"layer0_weight": np.zeros((3, 27))}, "weight must be integers"),
    ],
)
def test_damaged_files_are_refused(path, change, message):
    with pytest.raises(InputError, match=message) as caught:
        load_network(rewritten(path, **change))
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


def test_shipped_network_loads():
    assert shipped_networks() == ("neuro_codesign",)
    shipped = load_network()
    assert shipped.record["history"]
    assert len(shipped.seen_events) == shipped.record["counts"]["real_events"]
