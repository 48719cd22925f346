"""Equality of network realisations: the verb end to end, and a checker that must see a wrong C++ model."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.cosim.network import EqualityRequest, corner_inputs, random_inputs, verify_network
from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork
from trigger.networks import FrozenNetwork, load_network, save_network

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "tests" / "reference" / "neuro_tracks_exp20.csv.gz"


@pytest.fixture(scope="module")
def frozen() -> FrozenNetwork:
    """A small network with formats of many kinds, one of them without bits."""
    rng = np.random.default_rng(2)
    layers = [
        CodesignLayer(
            integer=rng.integers(-1, 1 if first else 3, inputs),
            fraction=np.where(np.arange(inputs) == 2, -9, rng.integers(1, 7, inputs)),
            signed=first,
            weight=rng.integers(-60, 61, (nodes, inputs)),
            weight_fraction=6,
            bias=rng.integers(-30, 31, nodes),
            bias_fraction=5,
        )
        for first, inputs, nodes in ((True, 27, 6), (False, 6, 3))
    ]
    return FrozenNetwork(network=CodesignNetwork(layers))


def test_inputs_have_all_corners():
    corners = corner_inputs()
    for value in (0, 4096, -4096):
        assert (corners == value).all(axis=1).any()
    assert np.abs(corners).max() == 4096
    made = random_inputs(4000, np.random.default_rng(1))
    assert made.shape == (4000, 27)
    assert np.abs(made).max() == 4096
    assert set(np.unique(made[1::4]).tolist()) == {-4096, 0, 4096}


def test_verb_writes_project_and_record(tmp_path, frozen):
    save_network(tmp_path / "net.npz", frozen)
    arguments = ["convert", "--network", str(tmp_path / "net.npz"), "--out", str(tmp_path / "hls"), "--events", "1500"]
    result = CliRunner().invoke(build_app(), [*arguments, "--tracks", str(SAMPLE)])
    assert result.exit_code == 0, result.output
    assert "passed: 4,442 inputs, outputs that differ: keras 0, c_model 0" in result.output
    record = json.loads((tmp_path / "hls" / "verify.json").read_text())
    assert record["inputs"] == {"corners": 115, "random": 1385, "real tracks": 2942}
    assert record["network"] == frozen.digest
    assert (tmp_path / "hls" / "golden.npz").exists()
    again = CliRunner().invoke(build_app(), arguments)
    assert again.exit_code == 2
    assert "exists already" in again.output


class Wrong:
    """A C++ model that is one LSB off where the first input is 4096."""

    def __init__(self, network: CodesignNetwork) -> None:
        self._network = network
        self.types: dict[str, dict[str, str]] = {}

    def predict(self, x_raw: np.ndarray) -> np.ndarray:
        answer = self._network.run(x_raw).astype(np.int64)
        answer[x_raw[:, 0] == 4096, 2] += 1
        return answer


def test_checker_sees_a_wrong_model(frozen):
    record = verify_network(frozen, Wrong(frozen.network), EqualityRequest(events=200))
    assert not record["passed"]
    assert record["mismatched"]["keras"] == 0
    assert record["mismatched"]["c_model"] >= 2
    assert 1 <= len(record["differences"]) <= 5
    first = record["differences"][0]
    assert first["c_model_raw"][2] == first["model_raw"][2] + 1
    assert record["mismatch_rate_upper_limit_95"] > 0.01


def test_verb_refuses_the_classic_experts(tmp_path):
    shown = CliRunner().invoke(build_app(), ["convert", "--network", "classic", "--out", str(tmp_path / "project")])
    assert shown.exit_code == 2
    assert "must be of the family codesign, not classic" in shown.output
    assert list(tmp_path.iterdir()) == []


def test_kept_record_is_of_the_shipped_network():
    """The comparison of 10^6 inputs and all real tracks that was made when the network was frozen."""
    record = json.loads((ROOT / "trigger" / "networks" / "neuro_codesign_equality.json").read_text())
    assert record["passed"]
    assert record["network"] == load_network("codesign").digest
    assert record["n_events"] >= 1_000_000 + 2942
    assert record["mismatched"] == {"keras": 0, "c_model": 0}
