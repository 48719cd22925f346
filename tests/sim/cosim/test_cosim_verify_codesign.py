"""`verify tracks.codesign`: it passes, says what was compared, and sees a fault in any of the four realisations."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import codesign, verify_codesign
from sim.cosim.campaign import Job
from sim.cosim.stimulus.codesign_networks import random_codesign
from sim.cosim.stimulus.neuro_vectors import track_inputs
from sim.cosim.verify_codesign import codesign_rtl, counts, inputs
from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.networks import FrozenNetwork, load_network, save_network

ROOT = Path(__file__).parents[3]
TRACKS = ROOT / "tests" / "reference" / "neuro_tracks_exp20.csv.gz"


@pytest.fixture(scope="module")
def frozen() -> FrozenNetwork:
    """A small network whose sums have as many fraction bits as the outputs, so that hls4ml keeps their type."""
    return FrozenNetwork(network=random_codesign(np.random.default_rng(4), (6,)))


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_four_realisations_are_equal(tmp_path, frozen):
    save_network(tmp_path / "net.npz", frozen)
    arguments = ["--network", tmp_path / "net.npz", "--reuse", 2, "--tracks", TRACKS, "--out", tmp_path / "r.json"]
    status, shown, errors = invoke("tracks.codesign", "--events", 2200, *arguments)
    assert status == 0, errors
    assert shown.startswith("passed: 2,200 events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["realisations"] == ["model", "rtl", "keras", "c_model"]
    assert record["inputs"] == {"real tracks": 200, "corners": 115, "random": 1885}
    assert record["network"] == frozen.digest
    assert (record["reuse"], record["initiation_interval"]) == (2, 2)
    assert record["latency_measured"] == {str(record["latency_declared"]): 2200}


class FaultySoftware:
    """The integer model in the place of Keras and the C++ model; one LSB off in theta where the first input is 4096."""

    def __init__(self, network: CodesignNetwork, faulty: str) -> None:
        self._network, self._faulty = network, faulty

    def run(self, x_raw: np.ndarray) -> dict[str, np.ndarray]:
        wanted = codesign.expected(self._network, x_raw)
        answers = {field.name: wanted[field.name].astype(np.int64) for field in codesign.software_fields()}
        if self._faulty:
            answers[f"{self._faulty}_theta"] = answers[f"{self._faulty}_theta"] + (x_raw[:, 0] == NODE_ONE)
        return answers


@pytest.mark.parametrize("faulty", ["", *codesign.SOFTWARE])
def test_a_fault_in_software_is_seen(tmp_path, frozen, monkeypatch, faulty):
    monkeypatch.setattr(codesign.Software, "build", lambda network, folder, seed: FaultySoftware(network, faulty))
    record = verify_codesign.verify_codesign(Job(n_events=600, out=tmp_path / "r.json"), frozen, reuse=2)
    assert record["passed"] is (not faulty)
    assert {row["field"] for row in record["differences"]} == ({f"{faulty}_theta"} if faulty else set())


def test_a_fault_in_the_rtl_is_seen(tmp_path, frozen, monkeypatch):
    """One weight of the last layer that differs by one LSB, and a declared latency that is one cycle too short."""
    network = frozen.codesign
    monkeypatch.setattr(codesign.Software, "build", lambda net, folder, seed: FaultySoftware(net, ""))
    last = network.layers[-1]
    weight = last.weight.copy()
    weight[1, 4] += 1
    faulty = CodesignNetwork([*network.layers[:-1], replace(last, weight=weight)])
    whole, _ = codesign_rtl(network, reuse=2)
    record = verify_codesign.verify_codesign(
        Job(n_events=600, out=tmp_path / "a.json"), replace(frozen, network=faulty), reuse=2, rtl=whole
    )
    assert not record["passed"]
    assert {row["field"] for row in record["differences"]} == {"theta"}
    late = replace(whole, latency=whole.latency - 1)
    record = verify_codesign.verify_codesign(Job(n_events=600, out=tmp_path / "b.json"), frozen, reuse=2, rtl=late)
    assert not record["passed"]
    assert record["late_events"] == 600


def test_inputs_of_every_kind():
    real = np.full((30, 27), 77, np.int16)
    first, later = inputs(1, 0, 4400, real), inputs(1, 1, 4400, real)
    assert counts(0, 4400, 30) == {"real tracks": 30, "simulated tracks": 370, "corners": 115, "random": 3885}
    assert counts(1, 4400, 30)["real tracks"] == 0
    assert first.shape == later.shape == (4400, 27)
    assert (first == 77).all(axis=1).sum() == 30
    assert {-NODE_ONE, NODE_ONE} <= set(np.unique(later).tolist())
    assert not np.array_equal(first[400:], later[400:])
    assert sum(counts(0, 5, 30).values()) == 5


def test_simulated_tracks_look_like_tracks():
    """Most have at least four axial and three stereo superlayers; missing ones are all zero."""
    x_raw = track_inputs(np.random.default_rng(2), 500)
    present = (x_raw.reshape(-1, 9, 3) != 0).any(axis=2)
    assert x_raw.shape == (500, 27)
    assert (present[:, 0::2].sum(axis=1) >= 4).mean() > 0.9
    assert present[:, 1::2].sum(axis=1).min() >= 3
    assert (~present).any()


def test_kept_record_is_of_the_shipped_network():
    """The verification of 10^6 random and 10^5 physics inputs in all four realisations."""
    record = json.loads((ROOT / "docs" / "records" / "verify-tracks.codesign-1110000.json").read_text())
    assert record["passed"]
    assert record["network"] == load_network("codesign").digest
    assert record["inputs"]["random"] >= 1_000_000
    assert record["inputs"]["real tracks"] + record["inputs"]["simulated tracks"] >= 100_000


def test_options_of_the_network_are_refused_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, errors = invoke("tracks.hough", "--reuse", "2")
    assert status == 2
    assert "--reuse is an option of verify tracks.codesign" in errors
