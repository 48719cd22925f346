"""`verify tracks.neuro_path`: the three stages in one simulation pass within the budget, and another network or latency fails."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from hdl.cdc.neuro.inputs import NeuroInputs as InputsRtl
from hdl.cdc.neuro.trigger import NeuroTrigger as NeuroRtl
from hdl.cdc.neuro.trigger import network_rtl
from hdl.cdc.neuro_path import NeuroPath
from sim.cosim import neuro_inputs, neuro_path
from sim.cosim.campaign import Job
from sim.cosim.stimulus.codesign_networks import random_codesign
from sim.cosim.stimulus.path_tracks import NEAR_RAW, path_events
from sim.cosim.verify_neuro_path import BUDGET_CYCLES, neuro_path_rtl, verify_neuro_path
from trigger.cdc import HoughPlane, NeuroInputs, NeuroTrigger
from trigger.cdc.single_track import N_COUNTS
from trigger.cdc.track_counts import FitterCuts
from trigger.networks import DEFAULT_NETWORK, FrozenNetwork, load_network, save_network

N_EVENTS = 300
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def small() -> FrozenNetwork:
    """A network that is built in seconds."""
    return FrozenNetwork(network=random_codesign(np.random.default_rng(4), (8,)))


@pytest.fixture(scope="module")
def made(small):
    return neuro_path_rtl(small)


def test_it_passes_and_its_record_says_so(tmp_path, small):
    save_network(tmp_path / "small.npz", small)
    files = ("--network", str(tmp_path / "small.npz"), "--out", str(tmp_path / "r.json"))
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", "tracks.neuro_path", "--events", str(N_EVENTS), *files])
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith(f"passed: {N_EVENTS} events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert (record["reuse"], record["initiation_interval"], record["network"]) == (4, 4, small.digest)
    assert list(record["latency_measured"]) == [str(record["latency_declared"])]
    assert record["latency_measured"][str(record["latency_declared"])] > 1.5 * N_EVENTS


@pytest.mark.usefixtures("not_elaborated")
@pytest.mark.parametrize(("name", "cycles"), [("classic", (33, 35, 37)), ("codesign", (31, 32, 35))])
def test_the_shipped_networks_are_within_the_budget(name, cycles):
    """8 cycles of the input stage and 2 of the single-track trigger around the network; copies serve a track in every cycle."""
    for reuse, latency in zip((1, 2, 4), cycles, strict=True):
        one = network_rtl(load_network(name).network, reuse=reuse)
        path = NeuroPath(NeuroRtl(InputsRtl(), [one]))
        assert latency == path.LATENCY
        assert reuse == path.INITIATION_INTERVAL
        assert path.LATENCY <= BUDGET_CYCLES
        assert NeuroRtl(InputsRtl(), [one] * reuse).INITIATION_INTERVAL == 1


def test_kept_record_is_of_the_shipped_network_and_within_the_budget():
    record = json.loads((ROOT / "docs" / "records" / "verify-tracks.neuro_path-100000.json").read_text())
    assert record["passed"]
    assert record["network"] == load_network(DEFAULT_NETWORK).digest
    assert record["initiation_interval"] == record["reuse"] == 4
    assert [int(cycles) for cycles in record["latency_measured"]] == [37]
    assert record["budget_cycles"] == BUDGET_CYCLES == 38


@pytest.mark.usefixtures("not_elaborated")
def test_different_networks_are_no_copies(small):
    two = [network_rtl(small.network, reuse=reuse) for reuse in (1, 4)]
    with pytest.raises(ValueError, match="networks must be copies of one network"):
        NeuroRtl(InputsRtl(), two)


def test_another_network_and_another_latency_fail(tmp_path, small, made):
    other = FrozenNetwork(network=random_codesign(np.random.default_rng(5), (8,)))
    record = verify_neuro_path(Job(n_events=100, out=tmp_path / "r.json"), other, made=made)
    assert not record["passed"]
    assert record["mismatched_events"] > 50
    assert record["missing_events"] == record["extra_events"] == record["late_events"] == 0
    assert {row["field"] for row in record["differences"]} <= {"z", "theta", "p", "stt", "y", "ty", "typ", "t3"}
    later = replace(made[0], latency=made[0].latency + 1)
    record = verify_neuro_path(Job(n_events=100, out=tmp_path / "r.json"), small, made=(later, made[1]))
    assert not record["passed"]
    assert record["late_events"] >= 100
    assert record["mismatched_events"] == 0


def test_frames_have_tracks_on_both_sides_of_the_cut_and_more_than_are_told_apart():
    model, cuts = NeuroTrigger(load_network(DEFAULT_NETWORK).network, NeuroInputs()), FitterCuts()
    events = path_events(np.random.default_rng(1), N_EVENTS, HoughPlane(), model, cuts)
    neuro = model.run(events.tracks, *events.segments)
    z, offsets = neuro.track_z_raw[neuro.track_expert >= 0].astype(int), events.tracks.track_offsets
    for sign in (-1, 1):
        beside = sign * z - cuts.z_raw
        assert np.count_nonzero((beside > 0) & (beside <= NEAR_RAW)) > 5
        assert np.count_nonzero((beside <= 0) & (beside >= -NEAR_RAW)) > 5
    inside = np.concatenate([[0], np.cumsum((neuro.track_expert >= 0) & (np.abs(neuro.track_z_raw) <= cuts.z_raw))])
    assert np.count_nonzero(np.diff(inside[offsets]) > N_COUNTS) > N_EVENTS / 10


def test_tracks_come_at_the_interval_and_no_event_overtakes():
    offsets = np.cumsum(np.concatenate([[0], np.random.default_rng(1).integers(0, 6, 800)]))
    plan = neuro_path.plan(np.random.default_rng(2), offsets, interval=4, idle_share=0.5)
    apart = np.diff(plan.beat[plan.is_track])
    assert apart.min() == 4
    assert (apart == 4).mean() > 0.3
    assert (np.diff(plan.beat) > 0).all()
    assert (np.diff(plan.event) >= 0).all()
    assert plan.event[plan.last].tolist() == list(range(800))
    group = np.searchsorted(plan.tracks.starts, plan.beat, side="right") - 1
    assert np.unique(group - plan.event).tolist() == [1, 2, 3]
    assert (plan.tracks.starts[group + 1] - plan.beat).min() == neuro_inputs.QUIET_BEATS + 1
    ends_apart = ~plan.is_track
    assert 0.2 < ends_apart.sum() / 800 < 0.6
