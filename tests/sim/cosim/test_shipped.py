"""One list of blocks: what is verified, exported, mutated and synthesised is the same, and the golden vectors fit the ports."""

from pathlib import Path

import numpy as np
import pytest

from hdl import verilog
from sim.cosim import export_blocks, mutation, mutation_answers, mutation_model, verify_all, verify_stream
from sim.cosim.export_golden import expected_words, result_cycles
from sim.cosim.export_order import Exported, Order
from sim.cosim.shipped import SHIPPED
from sim.cosim.stimulus.codesign_networks import random_codesign
from sim.studies import costs
from trigger.errors import InputError
from trigger.networks import FrozenNetwork, save_network


def test_every_tool_knows_every_block():
    names = list(SHIPPED)
    assert sorted(block.name for block in verify_all.BLOCKS) == sorted(names)
    mutated = (mutation.N_EVENTS, mutation_model.MODELS, mutation_answers.ANSWERS)
    for known in (export_blocks.BLOCKS, (*costs.BLOCKS, *costs.BY_MODULE), *mutated):
        assert sorted(known) == sorted(names)


@pytest.mark.parametrize("name", costs.BY_MODULE)
def test_what_is_counted_by_module_is_no_whole(name):
    with pytest.raises(InputError, match=rf"^{name} is too large as a whole: `synth {name}`, without"):
        costs.designs(["klm", name])


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("network") / "small.npz"
    save_network(path, FrozenNetwork(network=random_codesign(np.random.default_rng(4), (8,))))
    return str(path)


@pytest.fixture
def without_verilog(monkeypatch, not_elaborated):
    """Components are declared, their Verilog is not written, which takes half a minute."""

    def write_nothing(component, path: Path, **_: object) -> Path:
        path.write_text("")
        return path

    monkeypatch.setattr(verilog, "write_verilog", write_nothing)


@pytest.mark.parametrize("name", ["displaced.fits", "displaced.vertices", "displaced.network", "displaced"])
def test_golden_vectors_of_displaced_vertices(without_verilog, name):
    fits(export_blocks.BLOCKS[name].make(Order(n_events=20, seed=3)), 20)


@pytest.mark.parametrize("name", ["tracks.neuro_path", "tracks"])
def test_golden_vectors_fit_the_ports(without_verilog, small, name):
    """Each port has a meaning, each field its place; results come one per cycle, in order."""
    n_events = 20
    made = export_blocks.BLOCKS[name].make(Order(n_events=n_events, seed=3, network=small))
    fits(made, n_events)


def test_golden_vectors_of_the_clocked_finder(without_verilog):
    verify_stream.stream_rtl.cache_clear()
    made = export_blocks.BLOCKS["tracks.stream"].make(Order(n_events=20, seed=3))
    verify_stream.stream_rtl.cache_clear()
    fits(made, 20)


def fits(made: Exported, n_events: int) -> None:
    ports = made.rtl.design.ports
    assert set(made.inputs) == {port.name for port in ports.inputs}
    assert [f"out_{field.name}" for field in made.fields] == [port.name for port in ports.outputs]
    assert (np.unique(made.golden.event) == np.arange(n_events)).all()
    assert (np.diff(result_cycles(made.golden, made.rtl.latency)) > 0).all()
    words = expected_words(ports, made.fields, made.golden, made.rtl.latency)
    assert len(words) == made.golden.n_results
    assert (words[:, 8:].max(axis=0) > 0).sum() >= min(5, words.shape[1] - 8)
