"""`verify ecl` passes where model and RTL agree, and fails on a mutated RTL, a dropped event and one cycle of latency more."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.blocks
import sim.cli
from hdl.ecl.mutant import Mutant
from sim.cosim import ecl, evidence, verify
from sim.cosim.ecl import ecl_rtl
from sim.cosim.runner import WAVE_FILES
from sim.cosim.simulators import Simulator
from sim.cosim.stimulus import mix
from sim.cosim.verify import Request, verify_ecl
from sim.files import read_events
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.errors import InputError
from trigger.geometry.ecl import cells

N_EVENTS = 2000
QUICKEST = Simulator.ICARUS if shutil.which("iverilog") else Simulator.VERILATOR
"""Icarus, which builds in no time but runs 150 events/s, or else Verilator."""
TIMES = {"build_s", "wall_s", "resumed_blocks"}


@cache
def mutated(mutant: Mutant):
    return ecl_rtl(EclParameters.default(), EclCalibration(), mutant=mutant)


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


@pytest.fixture
def small_blocks(monkeypatch):
    """Logical blocks of 500 events, so that a few thousand are several blocks."""
    for module in (sim.blocks, mix, evidence):
        monkeypatch.setattr(module, "BLOCK_EVENTS", 500)


def test_model_and_rtl_are_equal_and_the_record_says_what_was_done(tmp_path, rtl):
    """On as many events as the off-by-one test of the stimuli takes: so many mutants of the RTL need (`darktrigger mutate ecl`)."""
    out, n_events = tmp_path / "record.json", 16_384
    record = verify_ecl(Request(n_events=n_events, out=out))
    assert record["passed"]
    assert record["differences"] == []
    assert [record[f"{kind}_events"] for kind in ("mismatched", "missing", "extra", "late")] == [0, 0, 0, 0]
    assert record["mismatch_rate_upper_limit_95"] == 3 / n_events
    assert record["latency_measured"] == {str(rtl.latency): n_events}
    assert rtl.latency <= 32
    assert sum(record["events_of_source"].values()) == record["n_events"] == n_events
    assert record["digests"]["verilog"] == rtl.verilog
    assert {"cocotb", "verilator", "numpy", "amaranth", "darktrigger"} <= set(record["versions"])
    assert json.loads(out.read_text()) == record
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_a_second_simulator_agrees_or_is_named_with_its_package(tmp_path):
    request = Request(n_events=N_EVENTS, out=tmp_path / "record.json", simulator=Simulator.ICARUS)
    if shutil.which("iverilog"):
        record = verify_ecl(request)
        assert record["passed"]
        assert "iverilog" in record["versions"]
    else:
        with pytest.raises(InputError, match="Debian package iverilog"):
            verify_ecl(request)


def test_a_mutated_comparison_is_caught_and_its_events_are_kept(tmp_path):
    record = verify_ecl(Request(n_events=N_EVENTS, out=tmp_path / "record.json"), rtl=mutated(Mutant.LML6_THRESHOLD))
    assert not record["passed"]
    assert record["mismatched_events"] > 0
    assert record["missing_events"] == record["extra_events"] == record["late_events"] == 0
    assert {row["field"] for row in record["differences"]} <= {"ecl_lml", "ecl_word"}
    assert record["mismatch_rate_upper_limit_95"] > record["mismatched_events"] / N_EVENTS
    kept = [read_events(tmp_path / name) for name in record["evidence"]["event_files"]]
    assert sum(file.n_events for file in kept) == record["mismatched_events"]
    cut = np.array(EclTrigger().thresholds.lml_cm1_min)
    for file in kept:
        decision = EclTrigger().run(*(file.arrays.get(f"ecl_{n}") for n in ("offsets", "tc_id", "adc", "time", "phase")))
        factor = cells().cm_energy_e[decision.ecl_cluster_tc.astype(int) - 1]
        assert (decision.ecl_cluster_adc == cut[factor] - 1).any(axis=1).all(), "only clusters one count below the cut differ"
        assert file["event"].max() < N_EVENTS


def test_a_waveform_of_the_last_differing_event_is_kept_on_request(tmp_path):
    out = tmp_path / "record.json"
    request = Request(n_events=400, out=out, simulator=QUICKEST, waves=True)
    record = verify_ecl(request, rtl=mutated(Mutant.OVERFLOW_LIMIT))
    assert not record["passed"]
    assert record["evidence"]["reproduced"]
    assert len(record["evidence"]["waveform_events"]) == evidence.EVENTS_BEFORE + 1
    assert record["evidence"]["waveform"] == out.with_suffix(Path(WAVE_FILES[QUICKEST]).suffix).name
    assert (tmp_path / record["evidence"]["waveform"]).stat().st_size > 10_000


def test_one_more_cycle_of_latency_is_caught(tmp_path):
    request = Request(n_events=50, out=tmp_path / "record.json", simulator=QUICKEST)
    record = verify_ecl(request, rtl=mutated(Mutant.LATE_OUTPUT))
    assert not record["passed"]
    assert record["late_events"] == 50
    assert record["latency_measured"] == {str(record["latency_declared"] + 1): 50}
    assert record["mismatched_events"] == record["missing_events"] == 0


def test_a_dropped_event_is_caught(tmp_path, rtl, monkeypatch):
    """The window of one event is not opened, so the RTL answers one time less."""
    make = ecl.records

    def without_first_flag(windows, idle):
        records = make(windows, idle)
        records[123 * ecl.beats().N_BEATS, -1] &= 0xFE
        return records

    monkeypatch.setattr(ecl, "records", without_first_flag)
    record = verify_ecl(Request(n_events=300, out=tmp_path / "record.json"), rtl=rtl)
    assert not record["passed"]
    assert (record["missing_events"], record["mismatched_events"], record["extra_events"]) == (1, 0, 0)
    (name,) = record["evidence"]["event_files"]
    assert read_events(tmp_path / name)["event"].tolist() == [123]


def test_the_record_does_not_depend_on_the_workers(tmp_path, rtl, small_blocks):
    records = [verify_ecl(Request(n_events=1700, out=tmp_path / "r.json", workers=n), rtl=rtl) for n in (1, 3)]
    one, three = ({key: value for key, value in record.items() if key not in TIMES} for record in records)
    assert one == three
    assert one["passed"]


def test_an_interrupted_verification_goes_on(tmp_path, rtl, small_blocks, monkeypatch):
    out = tmp_path / "r.json"
    simulate, n_calls = ecl.simulate, 0

    def interrupted(*args, **kwargs):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 3:
            raise KeyboardInterrupt
        return simulate(*args, **kwargs)

    whole = verify_ecl(Request(n_events=1700, out=tmp_path / "whole.json", workers=1), rtl=rtl)
    monkeypatch.setattr(ecl, "simulate", interrupted)
    with pytest.raises(KeyboardInterrupt, match="--resume"):
        verify_ecl(Request(n_events=1700, out=out, workers=1), rtl=rtl)
    assert not out.exists()
    with pytest.raises(InputError, match="another verification"):
        verify_ecl(Request(n_events=1600, out=out, resume=True), rtl=rtl)
    record = verify_ecl(Request(n_events=1700, out=out, resume=True), rtl=rtl)
    assert record["resumed_blocks"] == 2
    assert {**record, **{key: whole[key] for key in TIMES}} == whole
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "whole.json"}


def test_an_interrupt_ends_the_simulators_and_leaves_no_record(tmp_path, model):
    command = [
        sys.executable,
        "-c",
        "import sim.cli; sim.cli.main()",
        "verify",
        "ecl",
        "--events",
        "66000",
        "--workers",
        "1",
        "--out",
        "r.json",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 600
        while time.monotonic() < until and not _children_named(process.pid, "cosim_top"):
            time.sleep(0.1)
        simulators = _children_named(process.pid, "cosim_top")
        assert simulators
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command with --resume" in shown
    assert not (tmp_path / "r.json").exists()
    assert not any(Path(f"/proc/{number}").exists() for number in simulators)


def test_the_command_passes_and_shows_the_verdict(tmp_path):
    status, shown, _ = invoke("ecl", "--events", 200, "--out", tmp_path / "r.json")
    assert status == 0
    assert shown.startswith("passed: 200 events, 0 mismatched, 0 missing, 0 extra, 0 late")
    assert (tmp_path / "r.json").exists()


def test_the_command_fails_with_the_differing_values_of_both_sides(tmp_path, monkeypatch):
    rtl = mutated(Mutant.LML6_THRESHOLD)
    monkeypatch.setattr(verify, "ecl_rtl", lambda *_: rtl)
    status, shown, errors = invoke("ecl", "--events", N_EVENTS, "--out", tmp_path / "r.json")
    assert status == 1
    assert shown.startswith("FAILED:")
    assert "r.differing.npz" in shown
    lines = errors.splitlines()
    assert 1 <= len(lines) <= 5
    assert all(line.startswith("event ") and "model " in line and "rtl " in line for line in lines)


def test_parameters_and_calibration_of_the_user_reach_model_and_rtl(tmp_path):
    (tmp_path / "p.toml").write_text("lml_cl_e_cms_2 = 1.2\n")
    (tmp_path / "c.toml").write_text("dead = [100]\n[hot]\n200 = 300\n[gain]\ndefault = 1.1\n")
    options = ("--parameters", tmp_path / "p.toml", "--calibration", tmp_path / "c.toml")
    status, shown, _ = invoke("ecl", "--events", 100, "--out", tmp_path / "r.json", "--simulator", QUICKEST.value, *options)
    assert (status, shown.partition(":")[0]) == (0, "passed")
    default = EclParameters.default()
    assert (
        json.loads((tmp_path / "r.json").read_text())["digests"]["declarations"] != ecl_rtl(default, EclCalibration()).declarations
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("trax",), "tracks"),
        (("ecl", "--events", "0"), "--events must be at least 1, not 0"),
        (("ecl", "--seed", "-1"), "--seed must not be negative"),
        (("ecl", "--workers", "0"), "--workers must be 1"),
        (("ecl", "--simulator", "modelsim"), "verilator or icarus"),
        (("ecl", "--out", "no/such/folder/r.json"), "does not exist"),
        (("ecl", "--out", "r.txt"), "must end in .json"),
        (("ecl", "--parameters", "absent.toml"), "absent.toml"),
    ],
)
def test_bad_input_is_refused_before_any_work(tmp_path, monkeypatch, arguments, reason):
    monkeypatch.chdir(tmp_path)
    status, _, errors = invoke(*arguments)
    assert status == 2
    assert reason in errors
    assert list(tmp_path.iterdir()) == []


def test_idle_gaps_and_full_rate_are_both_in_every_block():
    from sim.cosim.workload import make_block

    trigger = EclTrigger()
    block = make_block(mix.ecl_mix(trigger.thresholds), trigger, 1, 0, 3200)
    idle = block.idle.reshape(3200, -1).sum(axis=1)
    assert np.count_nonzero(idle) > 100
    assert np.count_nonzero(idle == 0) > 2900
    assert sorted(block.origin.tolist()) == list(range(3200))
    source, record = block.primitives(17)
    assert source in {share.source.name for share in mix.ecl_mix(trigger.thresholds).shares}
    hits = [record.arrays.get(f"ecl_{name}") for name in ("offsets", "tc_id", "adc", "time", "phase")]
    for name, array in trigger.run(*hits).arrays().items():
        np.testing.assert_array_equal(array[0], block.decisions[name][17], err_msg=name)


def _children_named(parent: int, name: str) -> list[int]:
    """Descendants of a process whose program has this name."""
    found, todo = [], [parent]
    while todo:
        number = todo.pop()
        try:
            todo += [
                int(child) for task in os.listdir(f"/proc/{number}/task") for child in _read(f"/proc/{number}/task/{task}/children")
            ]
            found += [number] if _read(f"/proc/{number}/comm") == [name] else []
        except OSError:
            continue
    return found


def _read(path: str) -> list[str]:
    return Path(path).read_text().split()
