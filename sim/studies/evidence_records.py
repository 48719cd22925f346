"""Records that the evidence report is made of: verifications, costs, proofs, mutants, exports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.sources import sources_hold
from sim.studies.tables import Table, read
from trigger.errors import InputError

FAULTS = ("mismatched_events", "missing_events", "extra_events", "late_events")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A record of a verification. unit: what its events are. was_kept: taken over from an earlier run of the same command."""

    record: Mapping[str, Any]
    file: str
    unit: str = "events"
    was_kept: bool = False


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Records of other tools, None or empty where there are none.

    runs: other verifications, netlists among them. modules: costs of large blocks by module.
    """

    runs: Sequence[Run] = ()
    costs: Table | None = None
    placed: Table | None = None
    modules: Sequence[Table] = ()
    proofs: Mapping[str, Any] | None = None
    exports: Mapping[str, Any] | None = None
    mutations: Sequence[Mapping[str, Any]] = ()


def read_stored(folder: Path) -> Stored:
    """The records of a folder (verify-*, mutation-*, costs, placed, *_costs, proofs, exports .json).

    What is not there counts as not measured.

    InputError for a file that is not what its name says.
    """

    def table(name: str) -> Table | None:
        return read(folder / name) if (folder / name).exists() else None

    runs = [Run(record=_read(path, "block", "n_events", *FAULTS), file=path.name) for path in sorted(folder.glob("verify-*.json"))]
    return Stored(
        runs=runs,
        costs=table("costs.json"),
        placed=table("placed.json"),
        modules=[read(path) for path in sorted(folder.glob("*_costs.json"))],
        proofs=_read(folder / "proofs.json", "proofs", "passed") if (folder / "proofs.json").exists() else None,
        exports=_read(folder / "exports.json", "exports", "passed") if (folder / "exports.json").exists() else None,
        mutations=[_read(path, "block", "sides") for path in sorted(folder.glob("mutation-*.json"))],
    )


def _read(path: Path, *keys: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {**content, **{key: content[key] for key in keys}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path}: not such a record: {error!r}"
        raise InputError(msg) from error


def done_runs(stored: Stored, units: Mapping[str, str]) -> list[Run]:
    """The record with the most events of each block, of today's sources if there is one, netlists apart.

    units: what an event is, by block, in order.
    """

    def rank(run: Run) -> tuple[bool, int]:
        return sources_hold(run.record), run.record["n_events"]

    found: dict[str, list[Run]] = {}
    for run in stored.runs:
        if "netlist" not in run.record:
            found.setdefault(run.record["block"], []).append(run)
    best = {block: max(runs, key=rank) for block, runs in found.items()}
    return [replace(best[block], unit=unit, was_kept=True) for block, unit in units.items() if block in best]
