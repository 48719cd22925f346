"""`cosim ecl`: the RTL's decisions under the model's field names, with the numbers of the events and their latency."""

import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import ecl, files
from sim.cosim.files import cosimulate_file
from sim.cosim.runner import WAVE_FILES, SimulationError
from sim.cosim.simulators import Simulator
from sim.cosim.stimulus.cuts import Cuts
from sim.cosim.stimulus.fills import Places
from sim.cosim.stimulus.timed import Timed
from sim.files import SUFFIXES, read_events, write_events
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.ecl.layout import DECISION_FIELDS
from trigger.errors import InputError
from trigger.events import EventRecord, with_event_numbers

TRIGGER = EclTrigger()
DEFAULTS = {"parameters": EclParameters.default(), "calibration": EclCalibration()}
SIMULATORS = [simulator for simulator in Simulator if simulator is Simulator.VERILATOR or shutil.which("iverilog")]


def sample(n_events: int, timed: bool = True) -> EventRecord:
    source = Places(Cuts(TRIGGER.thresholds))
    arrays = (Timed(source) if timed else source).make(n_events, 0, np.random.default_rng(8))
    return EventRecord(with_event_numbers(arrays, experiment=26, run=3, first_event=70), {"seed": 8})


def expected(record: EventRecord) -> dict[str, np.ndarray]:
    return TRIGGER.run(*(record.arrays.get(f"ecl_{name}") for name in ("offsets", "tc_id", "adc", "time", "phase"))).arrays()


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["cosim", "ecl", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_decisions_have_the_names_and_values_of_the_model(tmp_path, rtl, suffix, timed):
    record = sample(300, timed)
    write_events(tmp_path / f"in{suffix}", record)
    assert cosimulate_file(tmp_path / f"in{suffix}", tmp_path / f"out{suffix}", rtl=rtl, **DEFAULTS) == 300
    result = read_events(tmp_path / f"out{suffix}")
    for name, array in expected(record).items():
        np.testing.assert_array_equal(result[name], array, err_msg=name)
        assert result[name].dtype == array.dtype
    numbers = {"experiment", "run", "event", "weight"} | ({"ecl_phase"} if timed else set())
    assert set(result.arrays) == {field.name for field in DECISION_FIELDS} | numbers | {"ecl_latency"}
    for name in numbers:
        np.testing.assert_array_equal(result[name], record[name])
    assert set(result["ecl_latency"].tolist()) == {rtl.latency}
    assert result.meta["made_by"] == "cosim"
    assert result.meta["digests"]["verilog"] == rtl.verilog


def test_several_blocks_on_several_workers_stay_in_order(tmp_path, rtl, monkeypatch):
    import sim.blocks

    for module in (sim.blocks, files):
        monkeypatch.setattr(module, "BLOCK_EVENTS", 100)
    record = sample(450)
    write_events(tmp_path / "in.npz", record)
    cosimulate_file(tmp_path / "in.npz", tmp_path / "out.npz", rtl=rtl, workers=3, **DEFAULTS)
    result = read_events(tmp_path / "out.npz")
    np.testing.assert_array_equal(result["event"], record["event"])
    np.testing.assert_array_equal(result["ecl_word"], expected(record)["ecl_word"])
    cosimulate_file(tmp_path / "in.npz", tmp_path / "part.npz", rtl=rtl, selected=range(1, 3), **DEFAULTS)
    np.testing.assert_array_equal(read_events(tmp_path / "part.npz")["event"], record["event"][100:300])


def test_an_interrupted_run_goes_on(tmp_path, rtl, monkeypatch):
    import sim.blocks

    for module in (sim.blocks, files):
        monkeypatch.setattr(module, "BLOCK_EVENTS", 100)
    record = sample(250)
    write_events(tmp_path / "in.npz", record)
    simulate, calls, finished = ecl.simulate, [], []

    def interrupted(*args, **kwargs):
        calls.append(len(calls))
        if len(calls) == 2:
            raise KeyboardInterrupt
        answers = simulate(*args, **kwargs)
        finished.append(answers.n_events)
        return answers

    monkeypatch.setattr(ecl, "simulate", interrupted)
    with pytest.raises(KeyboardInterrupt, match="1 of 3 blocks are kept"):
        cosimulate_file(tmp_path / "in.npz", tmp_path / "out.npz", rtl=rtl, **DEFAULTS)
    assert not (tmp_path / "out.npz").exists()
    assert cosimulate_file(tmp_path / "in.npz", tmp_path / "out.npz", rtl=rtl, **DEFAULTS) == 250
    assert finished == [100, 100, 50], "no block was simulated to its end twice"
    np.testing.assert_array_equal(read_events(tmp_path / "out.npz")["ecl_word"], expected(record)["ecl_word"])


def test_a_missing_answer_is_an_error_and_nothing_is_written(tmp_path, rtl, monkeypatch):
    write_events(tmp_path / "in.npz", sample(50))
    make = ecl.records

    def without_first_flag(windows, idle):
        records = make(windows, idle)
        records[7 * ecl.beats().N_BEATS, -1] &= 0xFE
        return records

    monkeypatch.setattr(ecl, "records", without_first_flag)
    with pytest.raises(SimulationError, match="1 events without a decision"):
        cosimulate_file(tmp_path / "in.npz", tmp_path / "out.npz", rtl=rtl, **DEFAULTS)
    assert not (tmp_path / "out.npz").exists()


def test_an_empty_file_is_decided(tmp_path, rtl):
    write_events(tmp_path / "in.npz", sample(0))
    assert cosimulate_file(tmp_path / "in.npz", tmp_path / "out.npz", rtl=rtl, **DEFAULTS) == 0
    assert read_events(tmp_path / "out.npz").n_events == 0


def test_the_command_writes_decisions_and_a_waveform(tmp_path):
    record = sample(20)
    write_events(tmp_path / "in.npz", record)
    simulator = SIMULATORS[-1]
    status, shown, errors = invoke(tmp_path / "in.npz", "--out", tmp_path / "rtl.npz", "--simulator", simulator.value, "--waves")
    assert (status, errors) == (0, "")
    assert shown.startswith("20 events -> ")
    np.testing.assert_array_equal(read_events(tmp_path / "rtl.npz")["ecl_word"], expected(record)["ecl_word"])
    wave = (tmp_path / "rtl.npz").with_suffix("." + WAVE_FILES[simulator].partition(".")[2])
    assert wave.stat().st_size > 10_000


def test_waveforms_of_many_events_are_refused(tmp_path, rtl, monkeypatch):
    monkeypatch.setattr(files, "MAX_WAVE_EVENTS", 10)
    write_events(tmp_path / "in.npz", sample(11))
    with pytest.raises(InputError, match="--waves takes at most 10 events, not 11"):
        cosimulate_file(tmp_path / "in.npz", tmp_path / "out.npz", rtl=rtl, waves=True, **DEFAULTS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ecl_tc_id": np.array([0], np.int16)}, "field ecl_tc_id, event 0: must be 1..576, not 0"),
        ({"ecl_tc_id": np.array([577], np.int16)}, "must be 1..576, not 577"),
        ({"ecl_adc": np.array([4096], np.int16)}, "field ecl_adc, event 0: must be 1..4095, not 4096"),
        ({"ecl_offsets": np.array([0, 2, 1])}, "must not decrease"),
    ],
)
def test_bad_events_are_refused_and_nothing_is_written(tmp_path, change, reason):
    good = {"ecl_offsets": np.array([0, 1]), "ecl_tc_id": np.array([5], np.int16), "ecl_adc": np.array([50], np.int16)}
    np.savez(tmp_path / "in.npz", **(good | change))
    status, _, errors = invoke(tmp_path / "in.npz", "--out", tmp_path / "out.npz")
    assert status == 2
    assert reason in errors
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]


def test_a_missing_file_an_unknown_block_and_an_existing_output_are_refused(tmp_path):
    write_events(tmp_path / "in.npz", sample(5))
    assert invoke(tmp_path / "absent.npz", "--out", tmp_path / "out.npz")[0] == 2
    assert invoke(tmp_path / "in.npz", "--out", tmp_path / "in.npz")[0] == 2
    assert CliRunner().invoke(sim.cli.build_app(), ["cosim", "nothing", "in.npz", "--out", "out.npz"]).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]
