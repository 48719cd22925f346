"""`verify displaced.vertices`: a small list in one simulation passes; another latency, window or parameter is found out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.cosim import displaced_vertices
from sim.cosim.campaign import Job
from sim.cosim.stimulus.displaced_tracks import CYCLES, LANES, SHARES, Kind, track_windows
from sim.cosim.verify_displaced import verify_vertices, vertices_rtl
from trigger.displaced import DisplacedParameters, DisplacedTrigger

SMALL = DisplacedParameters(max_tracks=4)
"""A list that is built in seconds."""

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def made():
    return vertices_rtl(DisplacedTrigger(SMALL))


def test_it_passes_and_a_fault_is_found(tmp_path, made):
    rtl, ahead = made
    job = Job(n_events=300, out=tmp_path / "r.json", workers=1)
    record = verify_vertices(job, parameters=SMALL, made=made)
    assert record["passed"], record["differences"]
    assert list(record["latency_measured"]) == [str(rtl.latency)]
    assert record["latency_measured"][str(rtl.latency)] > 1.25 * 300

    later = (replace(rtl, latency=rtl.latency + 1), ahead)
    record = verify_vertices(job, parameters=SMALL, made=later)
    assert not record["passed"]
    assert record["late_events"] >= 300

    other = replace(SMALL, impact_high_cm=4.0)
    record = verify_vertices(job, parameters=other, made=made)
    assert not record["passed"]
    assert record["missing_events"] + record["extra_events"] + record["mismatched_events"] > 20


def test_kept_record_is_of_the_whole_list():
    record = json.loads((ROOT / "docs" / "records" / "verify-displaced.vertices-100000.json").read_text())
    assert record["passed"]
    assert (record["n_events"], record["max_tracks"]) == (100_000, DisplacedParameters().max_tracks)
    assert list(record["latency_measured"]) == [str(record["latency_declared"])]


def test_windows_of_every_kind():
    """Tracks in order of their places; empty windows, full ones, and pairs that the model finds vertices of."""
    assert len(SHARES) == len(Kind)
    windows = track_windows(np.random.default_rng(1), 400)
    count = np.diff(windows.offsets)
    assert (count.min(), count.max()) == (0, CYCLES * LANES)
    inside = np.diff(windows.window) == 0
    assert (np.diff(windows.place)[inside] > 0).all()
    assert ((windows.position >= 0).sum(axis=1) >= 4).all()
    trigger = DisplacedTrigger()
    wanted, window = displaced_vertices.expected(trigger.parameters, trigger.cuts, trigger.network, windows)
    ends = wanted["last"] == 1
    assert window[ends].tolist() == list(range(400))
    assert 0.1 < wanted["overflow"][ends].mean() < 0.6
    assert wanted["n_tracks"][ends].max() == trigger.parameters.max_tracks
    assert (~ends).sum() > 100
