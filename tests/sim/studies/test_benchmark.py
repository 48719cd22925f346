"""The benchmark runs, names its peers, and measures what it says."""

import numpy as np
import pytest

from sim.studies.benchmark import QUICK, as_table, run_benchmark, stage_shares, stream_memory


@pytest.fixture(scope="module")
def result():
    return run_benchmark(QUICK, repeats=2)


def test_rates_are_ordered_and_compared_with_their_peer(result):
    rows = {row["name"]: row for row in result["rows"]}
    for row in rows.values():
        assert 0 < row["min"] <= row["median"] <= row["max"]
        assert row["repeats"] == 2
        if row["peer"]:
            assert row["ratio_to_peer"] == row["median"] / rows[row["peer"]]["median"]
    assert {name for name, row in rows.items() if row["peer"]} == {"model, 5 hits", "model, 60 hits"}
    assert rows["photon generation and response"]["events"] == QUICK.photons


def test_machine_and_stream_are_recorded(result):
    assert result["machine"]["cores"] >= 1
    assert "numpy" in result["machine"]["versions"]
    assert result["stream"]["events"] == QUICK.stream
    table = as_table(result)
    assert table.stamp["stream"]["peak_bytes"] == result["stream"]["peak_bytes"]
    assert len(table.rows) == len(result["rows"])


def test_memory_of_a_stream_does_not_grow_with_its_length():
    short, long = stream_memory(70_000), stream_memory(300_000)
    assert long["fired"] > short["fired"] > 0
    assert long["peak_bytes"] < short["peak_bytes"] + 50e6
    assert long["peak_bytes"] < long["aim_peak_bytes"]


def test_memory_of_a_stream_is_not_that_of_its_parent():
    held = np.ones(100_000_000)
    assert stream_memory(1000)["peak_bytes"] < held.nbytes


def test_shares_add_up_to_the_whole():
    shares = stage_shares(5, 2000, 1)
    assert abs(sum(shares.values()) - 1) < 1e-9
    *named, rest = shares.items()
    assert rest[0] == "other"
    assert [share for _, share in named] == sorted((share for _, share in named), reverse=True)
    assert "clusters._find" in dict(named)
