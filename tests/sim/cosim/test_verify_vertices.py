"""`verify displaced.network`: it passes, says what was compared, and sees a fault in RTL and software."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.cosim import codesign
from sim.cosim.campaign import Job
from sim.cosim.verify_vertices import counts, inputs, verify_vertices, vertex_network_rtl
from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.displaced.features import VERTEX
from trigger.errors import InputError
from trigger.networks import load_network

ROOT = Path(__file__).parents[3]


class Stand:
    """The integer model in the place of Keras and the C++ model; one LSB off where the first input is 4096, if wanted."""

    def __init__(self, network: CodesignNetwork, faulty: str) -> None:
        self._network, self._faulty = network, faulty

    def run(self, x_raw: np.ndarray) -> dict[str, np.ndarray]:
        wanted = codesign.expected(self._network, x_raw)
        answers = {field.name: wanted[field.name].astype(np.int64) for field in codesign.software_fields(VERTEX)}
        if self._faulty:
            answers[self._faulty] = answers[self._faulty] + (x_raw[:, 0] == NODE_ONE)
        return answers


@pytest.mark.parametrize("faulty", ["", "c_model_score"])
def test_shipped_network_passes_and_faults_are_seen(tmp_path, monkeypatch, faulty):
    frozen = load_network("displaced")
    monkeypatch.setattr(codesign.Software, "build", lambda network, folder, seed: Stand(network, faulty))
    record = verify_vertices(Job(n_events=2200, out=tmp_path / "r.json"), frozen)
    assert record["passed"] is (not faulty)
    assert {row["field"] for row in record["differences"]} == ({faulty} if faulty else set())
    assert record["inputs"] == {"simulated vertices": 200, "corners": 71, "random": 1929}
    assert record["network"] == frozen.digest
    assert record["initiation_interval"] == 1
    assert json.loads((tmp_path / "r.json").read_text())["latency_declared"] == 6


def test_late_rtl_is_seen(tmp_path, monkeypatch):
    frozen = load_network("displaced")
    monkeypatch.setattr(codesign.Software, "build", lambda network, folder, seed: Stand(network, ""))
    whole, _ = vertex_network_rtl(frozen.displaced)
    record = verify_vertices(Job(n_events=600, out=tmp_path / "r.json"), frozen, rtl=replace(whole, latency=whole.latency - 1))
    assert not record["passed"]
    assert record["late_events"] == 600


def test_another_family_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be of the family displaced, not codesign"):
        verify_vertices(Job(n_events=10, out=tmp_path / "r.json"), load_network("codesign"))


def test_inputs_of_every_kind():
    made = inputs(1, 0, 1100)
    assert made.shape == (1100, VERTEX.n_inputs)
    assert counts(0, 1100) == {"simulated vertices": 100, "corners": 71, "random": 929}
    assert counts(1, 1100)["corners"] == 0
    assert sum(counts(0, 5).values()) == 5
    assert {-NODE_ONE, NODE_ONE} <= set(np.unique(made[100:]).tolist())
    assert made[:100, 0].min() > 0, "vertices lie at a radius"


def test_kept_record_is_of_the_shipped_network():
    """The verification of 10^5 random, corner and simulated inputs in all four realisations."""
    records = sorted((ROOT / "docs" / "records").glob("verify-displaced.network-*.json"))
    record = json.loads(records[-1].read_text())
    assert record["passed"]
    assert record["network"] == load_network("displaced").digest
    assert record["realisations"] == ["model", "rtl", "keras", "c_model"]
    assert sum(record["inputs"].values()) >= 100_000
    assert record["inputs"]["simulated vertices"] >= 9_000
