"""Simulation models of components: built once per digest, kept in a cache, run on stimulus files.

The cache is `$XDG_CACHE_HOME/darktrigger/models` (`~/.cache/darktrigger/models` where that is not set). A model is built in a
folder of its own and renamed into place, under a lock: several processes can ask for the same model at once. Nothing in
the cache is needed: deleting it costs one build.
"""

import fcntl
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cocotb_tools.check_results import get_results

from sim.cosim import bench, wrapper
from sim.cosim.ports import Design, StreamPorts
from sim.cosim.simulators import Simulator, build_site, make_runner, versions
from trigger.digest import digest

BENCH = bench.__name__
TIMESCALE = ("1ns", "1ps")
LOG_LINES = 15
VERILATOR_ARGS = (
    "-Wno-fatal",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-assert",
    "--output-split",
    "20000",
    "--output-split-cfuncs",
    "2000",
)
QUIET = {"COCOTB_ANSI_OUTPUT": "0", "COCOTB_REWRITE_ASSERTION_FILES": ""}
"""Environment of every run: a plain log, and no import of pytest for its assertion rewriting (half of the start-up time)."""
WAVE_FILES = {Simulator.VERILATOR: "dump.vcd", Simulator.ICARUS: "dump.fst"}


class SimulationError(RuntimeError):
    """The simulator or the bench failed; the message ends with the last lines of its log."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A built simulation model."""

    simulator: Simulator
    ports: StreamPorts
    folder: Path
    waves: bool


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the wrapper counted in one run."""

    n_marks: int
    n_results: int
    cycle: int


def cache_folder() -> Path:
    """Folder of the models, unless the caller names another."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "darktrigger" / "models"


def build(
    design: Design,
    simulator: Simulator = Simulator.VERILATOR,
    *,
    waves: bool = False,
    cache: Path | None = None,
    cancel: threading.Event | None = None,
) -> Model:
    """The model of a design, from the cache or built now (seconds to a minute).

    waves: a model that can write waveforms (slower). cache: another folder than `cache_folder()`. cancel: set to stop.
    Raises InputError where the simulator is not installed, SimulationError where the build fails.
    """
    folder = model_folder(design, simulator, waves=waves, cache=cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _build_into(folder, design, simulator, waves, cancel or threading.Event())
    return Model(simulator=simulator, ports=design.ports, folder=folder, waves=waves)


def model_folder(design: Design, simulator: Simulator, *, waves: bool, cache: Path | None = None) -> Path:
    """Where the model of a design lies or will lie: named by the digest of all that it is built from and with."""
    key = digest(design.verilog, wrapper.verilog(design.ports), simulator, versions(simulator), build_site(), waves, VERILATOR_ARGS)
    return (cache or cache_folder()) / f"{design.ports.module}-{simulator.value}-{key[:20]}"


def run(
    model: Model,
    folder: Path,
    *,
    waves: bool = False,
    module: str = BENCH,
    environment: Mapping[str, str] | None = None,
    cancel: threading.Event | None = None,
) -> int:
    """Run the tests of a cocotb module on a model, in `folder`; returns their number.

    The default module streams `folder/stimulus.bin` through the component; `read_counts` and the result files are then in `folder`.
    waves: write `WAVE_FILES[simulator]` there; the model must have been built with waves.
    Raises SimulationError if the simulator or any test fails.
    """
    runner = make_runner(model.simulator, cancel or threading.Event())
    log = folder / "simulation.log"
    wave_args = [f"+dumpfile_path={folder / WAVE_FILES[model.simulator]}"] if model.simulator is Simulator.ICARUS else []
    with _named_failure(f"simulation of {model.ports.module} in {model.simulator.value}", log):
        results = runner.test(
            test_module=module,
            hdl_toplevel=wrapper.TOP,
            hdl_toplevel_lang="verilog",
            build_dir=model.folder,
            test_dir=folder,
            results_xml=str(folder / "results.xml"),
            plusargs=wave_args if waves else [],
            extra_env={**QUIET, **(environment or {})},
            waves=waves,
            log_file=log,
        )
        n_tests, n_failed = get_results(results)
        if n_failed or not n_tests:
            msg = f"{n_failed} of {n_tests} cocotb tests failed"
            raise RuntimeError(msg)
    return n_tests


def read_counts(folder: Path) -> Counts:
    """The counts that the default bench left in the folder of a run."""
    return Counts(**json.loads((folder / bench.COUNTS_FILE).read_text()))


def _build_into(folder: Path, design: Design, simulator: Simulator, waves: bool, cancel: threading.Event) -> None:
    """Build in a fresh folder beside the final one, keep what a run needs, and rename."""
    work = Path(tempfile.mkdtemp(prefix=folder.name + ".", dir=folder.parent))
    try:
        sources = [work / f"{design.ports.module}.v", work / f"{wrapper.TOP}.v"]
        for source, text in zip(sources, (design.verilog, wrapper.verilog(design.ports)), strict=True):
            source.write_text(text)
        log = work / "build.log"
        build_dir = work / "build"
        with _named_failure(f"build of {design.ports.module} for {simulator.value}", log):
            make_runner(simulator, cancel).build(
                sources=sources,
                hdl_toplevel=wrapper.TOP,
                build_dir=build_dir,
                build_args=_build_args(simulator),
                timescale=TIMESCALE,
                waves=waves,
                always=True,
                log_file=log,
            )
        for name in (wrapper.TOP, "sim.vvp"):
            if (build_dir / name).exists():
                os.rename(build_dir / name, work / name)
        shutil.rmtree(build_dir)
        os.rename(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _build_args(simulator: Simulator) -> Sequence[str]:
    return VERILATOR_ARGS if simulator is Simulator.VERILATOR else ()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _named_failure(what: str, log: Path) -> Iterator[None]:
    """Turn a failure of cocotb's runner, SystemExit included (it exits under pytest), into a SimulationError with the log's end."""
    try:
        yield
    except (RuntimeError, SystemExit) as error:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        msg = "\n".join([f"{what} failed: {error}", *lines[-LOG_LINES:]])
        raise SimulationError(msg) from error
