"""Studies that are counted in logical blocks: by any engine, in parts by any batch system, with the same counters."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from sim.studies.counting import Counters, Job, run
from sim.studies.tables import Table, write
from trigger.errors import InputError


class BlockStudy(Protocol):
    """Everything that the counters depend on."""

    def jobs(self) -> list[Job]:
        """All blocks of all samples; the place in this list is the number of a block."""

    def task(self) -> Callable[[Job], Counters]:
        """The work on one of the jobs; picklable."""

    def digest(self) -> str:
        """Digest of the study, of the files that it reads and of what it is counted with."""


class TabledStudy(BlockStudy, Protocol):
    """A study whose counters are all that its tables need."""

    def tables(self, counters: dict[str, Counters]) -> Iterable[Table]:
        """Every table, of the counters by sample."""


def run_study(
    study: BlockStudy,
    folder: Path,
    *,
    blocks: range | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    done: Callable[[Job], None] = lambda job: None,
) -> dict[str, Counters]:
    """Counters of the study by the names of its jobs' samples; of the chosen blocks alone, if there are any.

    Interrupted, it keeps the finished blocks in `folder/.blocks` and goes on with them the next time; `forget` removes them once
    the results are safe. The counters do not depend on workers or scheduler. InputError if the folder cannot be written, or if
    the digest changed meanwhile: then a file that the study reads did.
    """
    jobs, started = study.jobs(), study.digest()
    chosen = jobs if blocks is None else [jobs[place] for place in blocks]
    counters = run(chosen, study.task(), checkpoints(folder, blocks), started, workers, done, scheduler)
    if study.digest() != started:
        msg = f"{folder}: a file that the study reads changed while it ran; the same command makes it anew"
        raise InputError(msg)
    return counters


def checkpoints(folder: Path, blocks: range | None = None) -> Path:
    """Where finished blocks wait; each part of a batch system has a place of its own."""
    return folder / (".blocks" if blocks is None else f".blocks-{blocks.start}-{blocks.stop}")


def forget(folder: Path, blocks: range | None = None) -> None:
    """Remove the finished blocks."""
    shutil.rmtree(checkpoints(folder, blocks))


def write_tables(tables: Iterable[Table], folder: Path) -> dict[str, Table]:
    """Writes the tables to `folder`, which is made if need be, and returns them by name."""
    made = {table.name: table for table in tables}
    folder.mkdir(parents=True, exist_ok=True)
    for table in made.values():
        write(table, folder)
    return made


def tabulate(
    study: TabledStudy,
    folder: Path,
    workers: int = 1,
    done: Callable[[Job], None] = lambda job: None,
    scheduler: str | None = None,
) -> dict[str, Table]:
    """Runs a study to the end: writes its tables to `folder` and returns them by name; see `run_study`."""
    counters = run_study(study, folder, workers=workers, scheduler=scheduler, done=done)
    made = write_tables(study.tables(counters), folder)
    forget(folder)
    return made
