"""The benchmark of the whole decision: every measurement is there, with its rates in order."""

from typer.testing import CliRunner

import sim.cli
from sim.studies.benchmark_chain import QUICK_EVENTS, WHOLE
from sim.studies.tables import read
from trigger.chain import CHAIN_BLOCKS


def test_quick_run_has_every_measurement(tmp_path):
    arguments = ["bench", "chain", "--quick", "--repeats", "2", "--out", str(tmp_path)]
    shown = CliRunner().invoke(sim.cli.build_app(), arguments)
    assert shown.exit_code == 0, shown.output
    assert WHOLE in shown.stdout
    table = read(tmp_path / "benchmark_chain.json")
    assert table.column("name") == [WHOLE, *(f"block {name}" for name in CHAIN_BLOCKS)]
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    for row in rows:
        assert 0 < row["min"] <= row["median"] <= row["max"]
        assert (row["events"], row["repeats"]) == (QUICK_EVENTS, 2)
    assert [row["aim"] for row in rows] == [20_000] + [None] * len(CHAIN_BLOCKS)
    assert set(table.stamp["hits_per_event"]) == {"ecl", "wire", "klm"}
    assert table.stamp["hits_per_event"]["wire"] > 100
    assert "muon pairs with a photon" in table.notes[0]
