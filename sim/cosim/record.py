"""The record of a verification, and the checkpoint from which an interrupted one goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sim.cosim.compare import Comparison, Difference
from sim.files import atomic
from trigger.errors import InputError

CONFIDENCE = 0.95


def upper_limit(n_failed: int, n_events: int) -> float:
    """95 % upper limit on the failure rate: 3/N for no failure in N events, else the exact Clopper-Pearson bound (one-sided).

    1 for no events. Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.
    """
    if n_events == 0 or n_failed >= n_events:
        return 1.0
    if n_failed == 0:
        return min(3 / n_events, 1.0)
    from scipy.stats import beta

    return float(beta.ppf(CONFIDENCE, n_failed + 1, n_events - n_failed))


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON, complete or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


class ForeignCheckpoint(InputError):
    """A checkpoint is of another verification than the one that wants to go on."""


def checkpoint_path(record: Path) -> Path:
    """Where the finished blocks of an interrupted verification wait, beside its record."""
    return record.with_suffix(".checkpoint.jsonl")


class Checkpoint:
    """Finished blocks of one verification, one JSON line each, beside its record.

    job: digest of everything that the outcome depends on. resume: keep the blocks of an earlier run of the same job;
    ForeignCheckpoint if there is one of another job. A line that was cut by the end of a process is dropped.
    """

    def __init__(self, path: Path, job: str, *, resume: bool) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.blocks: dict[int, Comparison] = {}
        if resume and path.exists():
            self._read(job)
        else:
            self.path.write_text(json.dumps({"job": job}) + "\n", encoding="utf-8")

    def save(self, block: int, outcome: Comparison) -> None:
        """Keep a finished block; safe to call from several threads."""
        with self._lock, self.path.open("a", encoding="utf-8") as handle:
            self.blocks[block] = outcome
            handle.write(json.dumps({"block": block, "outcome": asdict(outcome)}) + "\n")

    def remove(self) -> None:
        """Forget the blocks: the record is written."""
        self.path.unlink(missing_ok=True)

    def _read(self, job: str) -> None:
        lines = self.path.read_text(encoding="utf-8").split("\n")
        whole = [json.loads(line) for line in lines[:-1]]
        if not whole or whole[0].get("job") != job:
            msg = f"{self.path}: belongs to another verification; run it as it was begun, or without --resume"
            raise ForeignCheckpoint(msg)
        self.blocks = {line["block"]: _outcome(line["outcome"]) for line in whole[1:]}
        self.path.write_text("".join(line + "\n" for line in lines[:-1]), encoding="utf-8")


def _outcome(values: dict[str, Any]) -> Comparison:
    return Comparison(
        n_events=values["n_events"],
        mismatched=tuple(values["mismatched"]),
        missing=tuple(values["missing"]),
        n_extra=values["n_extra"],
        latencies={int(cycles): count for cycles, count in values["latencies"].items()},
        differences=tuple(Difference(**row) for row in values["differences"]),
    )
