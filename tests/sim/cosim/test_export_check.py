"""`export all`: what a bench says counts with its status, no Python is at hand, finished blocks are kept, other bytes are seen."""

import json
from pathlib import Path

import pytest

from sim.cosim import export_check
from sim.cosim.export import export_block
from sim.cosim.export_check import FAIL, NOT_RUN, PASS, RECORD, TARGETS, check_all, row_passed, run_bench, shell_without_python
from sim.cosim.export_order import Order

ORDER = Order(n_events=200, seed=1)


@pytest.fixture(scope="module")
def shell():
    with shell_without_python() as environment:
        yield environment


@pytest.mark.parametrize(
    ("recipe", "outcome", "says"),
    [
        ("echo compiled; echo PASS klm: all", PASS, "PASS klm: all"),
        ("echo PASS klm: all; exit 3", FAIL, "PASS klm: all"),
        ("echo FAIL klm: one", FAIL, "FAIL klm: one"),
        ("echo nothing to see", FAIL, "nothing"),
        ("echo no such file >&2; exit 2", FAIL, "make: *** [Makefile:2: icarus] Error 2"),
        ("for one in python python3 pip; do command -v $$one && exit 1; done; echo PASS without", PASS, "PASS without"),
    ],
)
def test_verdict_of_a_bench(tmp_path, shell, recipe, outcome, says):
    (tmp_path / "Makefile").write_text(f"icarus:\n\t@{recipe}\n")
    assert run_bench(tmp_path, "icarus", shell) == (outcome, says)


def test_a_row_passes_only_as_a_whole():
    row = {"identical": True, **dict.fromkeys(TARGETS, PASS)}
    assert row_passed(row)
    assert row_passed(row | {"hls": NOT_RUN})
    assert not row_passed(row | {"identical": False})
    assert not any(row_passed(row | {target: FAIL}) for target in TARGETS)


def test_blocks_are_checked_once_and_again_where_they_failed(tmp_path, monkeypatch):
    asked: list[tuple[str, str]] = []
    verdict = {"klm": PASS, "tracks.stt": FAIL}

    def bench(out: Path, target: str, environment: dict[str, str]) -> tuple[str, str]:
        asked.append((out.name, target))
        return verdict[out.name], f"{verdict[out.name]} {out.name}"

    def run() -> list[bool]:
        asked.clear()
        return [row_passed(row) for row in check_all(tmp_path / "all", names=["klm", "tracks.stt"])]

    monkeypatch.setattr(export_check, "run_bench", bench)
    monkeypatch.setattr(export_check, "_is_equal_again", lambda *_: True)
    simulators = [simulator.value for simulator in export_check._simulators()]
    assert run() == [True, False]
    assert asked == [(block, simulator) for block in verdict for simulator in simulators]
    record = json.loads((tmp_path / "all" / RECORD).read_text())
    assert (record["passed"], [row["block"] for row in record["exports"]]) == (False, ["tracks.stt", "klm"])
    row = record["exports"][1]
    assert (row["events"], row["results"], row["latency"], row["hls"], row["verilator_says"]) == (200, 200, 2, NOT_RUN, "PASS klm")
    verdict["tracks.stt"] = PASS
    assert run() == [True, True]
    assert {block for block, _ in asked} == {"tracks.stt"}
    assert json.loads((tmp_path / "all" / RECORD).read_text())["passed"]
    (tmp_path / "all" / RECORD).write_text("[]")
    assert run() == [True, True]
    assert {block for block, _ in asked} == set(verdict)


def test_other_bytes_are_seen(tmp_path):
    out = tmp_path / "klm"
    assert export_block("klm", ORDER, out)
    assert export_check._is_equal_again("klm", ORDER, out)
    bench = out / "bench" / "klm_trigger_tb.v"
    bench.write_text(bench.read_text() + "\n")
    assert not export_check._is_equal_again("klm", ORDER, out)
