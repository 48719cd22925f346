"""The benchmark of the whole decision: every measurement is there, with its rates in order."""

from sim.studies.benchmark_chain import QUICK_EVENTS, WHOLE, as_table, run_benchmark
from trigger.chain import CHAIN_BLOCKS


def test_quick_run_has_every_measurement():
    steps: list[str] = []
    result = run_benchmark(QUICK_EVENTS, repeats=2, step=steps.append)
    names = [WHOLE, *(f"block {name}" for name in CHAIN_BLOCKS)]
    assert steps == [row["name"] for row in result["rows"]] == names
    for row in result["rows"]:
        assert 0 < row["min"] <= row["median"] <= row["max"]
        assert row["events"] == QUICK_EVENTS
    assert result["rows"][0]["aim"] == 20_000
    assert set(result["hits_per_event"]) == {"ecl", "wire", "klm"}
    assert result["hits_per_event"]["wire"] > 100
    table = as_table(result)
    assert table.column("name") == names
    assert "muon pairs with a photon" in table.notes[0]
