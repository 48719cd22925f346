"""`verify tracks.hough` and `verify tracks.neuro`: they pass, say what was done, fail on another network, take no ECL options."""

import json
from functools import partial

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import hough, verify_tracks
from sim.cosim.campaign import Job
from sim.cosim.stimulus.aimed_vectors import aimed_vectors, edges, vectors_for
from sim.cosim.stimulus.segments import segment_events
from sim.cosim.stimulus.vectors import corner_networks, corner_vectors, random_vectors
from trigger.cdc.hough import HoughFinder, HoughPlane
from trigger.cdc.neuro.activation import ADDRESS_SHIFT, activate, tanh_half_table
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.geometry.cdc import N_SECTORS, N_SEGMENTS
from trigger.networks import load_network
from trigger.networks.families import CLASSIC

PLANE = HoughPlane()


@pytest.fixture
def small_networks(monkeypatch):
    """Networks of three hidden nodes, whose model is built quickly."""
    monkeypatch.setattr(verify_tracks, "corner_networks", partial(corner_networks, n_hidden=3))
    monkeypatch.setattr(verify_tracks, "shipped_experts", list)


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_the_finder_passes_and_its_record_says_so(tmp_path):
    status, shown, _ = invoke("tracks.hough", "--events", 600, "--out", tmp_path / "r.json")
    assert status == 0
    assert shown.startswith("passed: 600 events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["block"] == "tracks.hough"
    assert record["n_events"] == 600
    assert record["mismatch_rate_upper_limit_95"] == 3 / 600
    ((cycles, n_clocks),) = record["latency_measured"].items()
    assert int(cycles) == record["latency_declared"]
    assert n_clocks >= 600


def test_the_network_passes_at_its_interval(tmp_path, small_networks):
    record = verify_tracks.verify_neuro(Job(n_events=3000, out=tmp_path / "r.json", seed=2))
    assert record["passed"]
    assert record["initiation_interval"] == 4
    assert record["latency_measured"] == {str(record["latency_declared"]): 3000}
    assert json.loads((tmp_path / "r.json").read_text()) == record


def test_the_shipped_experts_are_among_the_networks():
    networks = verify_tracks.neuro_networks(seed=1)
    shipped = load_network("classic").network.experts
    assert [one.weights[0].tolist() for one in networks[: len(shipped)]] == [one.weights[0].tolist() for one in shipped]
    assert len(networks) == 2 * len(shipped)


def test_networks_of_another_seed_fail(tmp_path, small_networks):
    rtl, _ = verify_tracks.neuro_rtl(verify_tracks.neuro_networks(seed=2))
    record = verify_tracks.verify_neuro(Job(n_events=300, out=tmp_path / "r.json", seed=3), rtl=rtl)
    assert not record["passed"]
    assert record["mismatched_events"] > 100
    assert record["missing_events"] == record["extra_events"] == record["late_events"] == 0
    assert len(record["differences"]) == 5


@pytest.mark.parametrize("option", [("--parameters", "p.toml"), ("--calibration", "c.toml"), ("--waves",)])
def test_options_of_the_ecl_are_refused(tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    status, _, errors = invoke("tracks.hough", *option)
    assert status == 2
    assert f"{option[0]} is an option of verify ecl" in errors
    assert list(tmp_path.iterdir()) == []


def test_vectors_reach_both_ends_and_every_network():
    vectors = random_vectors(np.random.default_rng(1), 5000, 5)
    assert vectors.x_raw.min() == -NODE_ONE
    assert vectors.x_raw.max() == NODE_ONE
    assert np.unique(vectors.expert).tolist() == [0, 1, 2, 3, 4]
    seen = {row.tobytes() for row in vectors.x_raw}
    assert {row.tobytes() for row in corner_vectors()} <= seen


def test_aimed_vectors_bring_nearly_every_node_to_the_first_and_the_last_sum_of_an_address():
    experts = load_network(CLASSIC).network.experts
    vectors = vectors_for(np.random.default_rng(1), 20_000, experts)
    last = len(tanh_half_table()) - 1
    for number, network in enumerate(experts):
        x = vectors.x_raw[vectors.expert == number].astype(np.int64)
        sums = x @ np.asarray(network.weights[0]).T + np.asarray(network.biases[0]) * NODE_ONE
        below, address = sums % (1 << ADDRESS_SHIFT), np.abs(sums) >> ADDRESS_SHIFT
        assert ((below == 0).sum(axis=0) >= 2).mean() > 0.95
        assert ((below == (1 << ADDRESS_SHIFT) - 1).sum(axis=0) >= 2).mean() > 0.95
        assert ((address == last).any(axis=0)).mean() > 0.7
        assert (sums == 0).any(axis=0).mean() > 0.5


def test_hidden_nodes_at_an_edge_decide_an_answer():
    network = load_network(CLASSIC).network.experts[0]
    wanted = edges(np.random.default_rng(1), 400)
    assert (activate(wanted[0]) != activate(wanted[1])).all()
    assert np.abs(wanted[0] - wanted[1]).tolist() == [1] * 400
    x = aimed_vectors(np.random.default_rng(1), 1500, network)
    weights, biases = (np.asarray(values[0], np.int64) for values in (network.weights, network.biases))
    sums, plain = x @ weights.T + biases * NODE_ONE, network.accumulate(x)
    deciding = np.zeros(len(weights), int)
    for unit in (-1, 1):
        steps = activate(sums + unit).astype(np.int64) - activate(sums)
        changed = plain[:, None] + steps[:, :, None] * np.asarray(network.weights[1], np.int64).T
        deciding += (activate(changed) != activate(plain)[:, None]).any(axis=2).sum(axis=0)
    assert (deciding >= 2).mean() > 0.95


def test_outputs_are_brought_to_zero_to_the_end_of_the_table_and_beyond():
    experts = load_network(CLASSIC).network.experts
    sums = np.concatenate([one.accumulate(aimed_vectors(np.random.default_rng(1), 1000, one)) for one in experts])
    last = (len(tanh_half_table()) - 1) << ADDRESS_SHIFT
    for edge in (0, -1):
        assert (sums == edge).any(axis=0).all()
    assert (np.abs(sums) >= last).any(axis=0).all()
    assert {last - 1, last} <= set(np.abs(sums).ravel().tolist())


def test_segment_events_hold_every_kind():
    events = segment_events(np.random.default_rng(1), 3000, PLANE)
    counts = np.diff(events.offsets)
    tracks = HoughFinder().run(events.offsets, events.ts_id, events.priority)
    n_tracks = np.diff(tracks.track_offsets)
    assert events.ts_id.min() == 0
    assert events.ts_id.max() == N_SEGMENTS - 1
    assert np.unique(events.priority).tolist() == [1, 2, 3]
    assert counts.min() == 0
    assert counts.max() > N_SEGMENTS // 2
    assert {0, 1, 2, 3} <= set(n_tracks.tolist())
    assert n_tracks.max() > 80
    assert tracks.track_clock.max() > 4
    event = np.repeat(np.arange(3000), counts)
    assert len(np.unique(event * N_SEGMENTS + events.ts_id)) < len(event), "a segment can come twice"


def test_random_gaps_keep_frames_apart():
    idle = hough.random_idle(np.random.default_rng(1), 500).reshape(500, N_SECTORS)
    ends = np.cumsum((idle + 1).ravel()).reshape(500, N_SECTORS)[:, -1] - idle[:, -1]
    spacing = np.diff(ends)
    assert spacing.min() == 64
    assert spacing.max() > 200
    assert (idle[:, :-1] == 0).all(axis=1).sum() > 100
