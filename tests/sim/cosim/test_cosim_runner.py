"""The runner and the wrapper, with a small component, in every simulator."""

import multiprocessing
import shutil
import threading
from functools import partial
from pathlib import Path

import counting
import numpy as np
import pytest

from sim.cosim import runner, stream, wrapper
from sim.cosim.simulators import Cancelled, Simulator, parse_simulator, require
from sim.cosim.wrapper import Header
from trigger.errors import InputError

DRIVEN = Path(__file__).with_name("driven_bench.py").stem
SIMULATORS = [simulator for simulator in Simulator if simulator is Simulator.VERILATOR or shutil.which("iverilog")]
"""Icarus is optional; `test_a_missing_simulator_is_named_with_its_package` holds everywhere."""
QUICKEST = SIMULATORS[-1]
"""Icarus, which builds in no time, or else Verilator."""


@pytest.fixture(scope="module", params=SIMULATORS, ids=[simulator.value for simulator in SIMULATORS])
def model(request):
    return runner.build(counting.design(), request.param)


def simulated(model: runner.Model, folder: Path, records: np.ndarray) -> stream.Response:
    records.tofile(folder / wrapper.STIMULUS_FILE)
    assert runner.run(model, folder) == 1
    return stream.read_response(counting.PORTS, folder)


def random_windows(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 1 << counting.NUMBER_BITS, (n, counting.BEATS)), rng.integers(-16, 16, (n, counting.BEATS)), rng


@pytest.mark.parametrize("longest_idle", [0, 5])
def test_every_window_is_answered_at_full_rate_and_with_gaps(model, tmp_path, longest_idle):
    numbers, marks, rng = random_windows(2000)
    idle = rng.integers(0, longest_idle + 1, numbers.shape)
    response = simulated(model, tmp_path, counting.records(numbers, marks, idle))
    totals, last_marks = counting.answers(response)
    np.testing.assert_array_equal(totals, numbers.sum(axis=1))
    np.testing.assert_array_equal(last_marks, marks[:, -1])
    assert set(response.cycles - response.marks) == {counting.LATENCY}
    beats = np.cumsum(1 + idle.ravel())[counting.BEATS - 1 :: counting.BEATS] - idle[:, -1]
    np.testing.assert_array_equal(np.diff(response.marks), np.diff(beats))
    counts = runner.read_counts(tmp_path)
    assert (counts.n_marks, counts.n_results) == (2000, 2000)
    assert counts.cycle >= response.cycles[-1] + wrapper.DRAIN_CYCLES - counting.LATENCY


def test_protocol_disturbances_in_mid_stream(model, tmp_path):
    """An unfinished window, beats without a window, and a reset give no answer; the windows around them do."""
    numbers, marks, _ = random_windows(6)
    records = counting.records(numbers, marks, np.full(numbers.shape, 0))
    windows = records.reshape(6, counting.BEATS, -1)
    reset = stream.empty_records(counting.PORTS, 1)
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([2]))
    stray = windows[3, 1:]
    parts = [windows[0], windows[1, :2], windows[2], stray, windows[4, :3], reset, windows[4, 3:], windows[5]]
    response = simulated(model, tmp_path, np.concatenate(parts))
    np.testing.assert_array_equal(counting.answers(response)[0], numbers[[0, 2, 5]].sum(axis=1))
    assert len(response.marks) == 5, "the bench marks beats, whether or not a window is open"


def test_no_stimulus_gives_no_answer(model, tmp_path):
    response = simulated(model, tmp_path, counting.records(*(np.zeros((0, counting.BEATS), np.int64),) * 3))
    assert len(response.marks) == len(response.cycles) == len(response.results) == 0


def test_cocotb_drives_the_component_cycle_by_cycle(model, tmp_path):
    assert runner.run(model, tmp_path, module=DRIVEN) == 3


@pytest.mark.parametrize("fault", ["cut", "absent"])
def test_bad_stimulus_is_an_error_of_the_bench(model, tmp_path, fault):
    if fault == "cut":
        data = counting.records(*random_windows(3)[:2], np.zeros((3, counting.BEATS), np.int64)).tobytes()
        (tmp_path / wrapper.STIMULUS_FILE).write_bytes(data[:-1])
    with pytest.raises(runner.SimulationError, match="ends inside a record"):
        runner.run(model, tmp_path)


def test_a_failing_cocotb_test_is_an_error_with_its_message(model, tmp_path):
    with pytest.raises(runner.SimulationError, match="on purpose"):
        runner.run(model, tmp_path, module="failing_bench")


def test_a_waveform_has_the_signals_inside_the_component(model, tmp_path):
    with_waves = runner.build(counting.design(), model.simulator, waves=True)
    counting.records(*random_windows(3)[:2], np.zeros((3, counting.BEATS), np.int64)).tofile(tmp_path / wrapper.STIMULUS_FILE)
    runner.run(with_waves, tmp_path, waves=True)
    wave = tmp_path / runner.WAVE_FILES[model.simulator]
    assert b"total" in wave.read_bytes() if wave.suffix == ".vcd" else wave.stat().st_size > 300


def test_a_model_is_built_once_by_any_number_of_processes(tmp_path):
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        folders = pool.map(_build_counting, [tmp_path] * 3)
    assert len(set(folders)) == 1
    stamps = {path.stat().st_mtime_ns for path in folders[0].iterdir()}
    assert _build_counting(tmp_path) == folders[0]
    assert {path.stat().st_mtime_ns for path in folders[0].iterdir()} == stamps
    assert {path.name for path in tmp_path.iterdir()} == {folders[0].name, folders[0].name + ".lock"}, "no scratch folder is left"


def test_all_that_a_model_depends_on_is_in_its_name(tmp_path):
    base = counting.design()
    other = counting.design(counting.LATENCY + 1)
    folder = partial(runner.model_folder, cache=tmp_path)
    folders = [
        folder(design, simulator, waves=waves) for design in (base, other) for simulator in SIMULATORS for waves in (False, True)
    ]
    assert len(set(folders)) == len(folders)
    assert folder(counting.design(), Simulator.VERILATOR, waves=False) == folders[0]


def test_a_failed_build_leaves_nothing(tmp_path):
    broken = counting.Design(ports=counting.PORTS, verilog="module counting(input wire nonsense;\nendmodule\n")
    with pytest.raises(runner.SimulationError, match="build of counting for verilator failed"):
        runner.build(broken, cache=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_the_cache_follows_the_users_setting(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert runner.cache_folder() == tmp_path / "darktrigger" / "models"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert runner.cache_folder() == tmp_path / "home" / ".cache" / "darktrigger" / "models"


def test_a_running_simulation_can_be_cancelled(model, tmp_path):
    numbers, marks, _ = random_windows(200_000)
    counting.records(numbers, marks, np.full(numbers.shape, 1000)).tofile(tmp_path / wrapper.STIMULUS_FILE)
    cancel = threading.Event()
    threading.Timer(1.0, cancel.set).start()
    with pytest.raises(Cancelled):
        runner.run(model, tmp_path, cancel=cancel)


@pytest.mark.parametrize(
    ("simulator", "package"), [(Simulator.ICARUS, "Debian package iverilog"), (Simulator.VERILATOR, r"Debian package g\+\+")]
)
def test_a_missing_simulator_is_named_with_its_package(monkeypatch, tmp_path, simulator, package):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=package):
        require(simulator)
    with pytest.raises(InputError, match=package):
        runner.build(counting.design(), simulator, cache=tmp_path)


def test_an_unknown_simulator_is_refused():
    assert parse_simulator("icarus") is Simulator.ICARUS
    with pytest.raises(InputError, match="verilator or icarus, not 'modelsim'"):
        parse_simulator("modelsim")


def _build_counting(cache: Path) -> Path:
    return runner.build(counting.design(), QUICKEST, cache=cache).folder
