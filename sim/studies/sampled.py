"""Studies of samples: each sample is counted block by block, and the tables are made from all counters together."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from sim.blocks import blocks
from sim.studies.counting import Counters, Job, run
from sim.studies.tables import Table, write
from trigger.errors import InputError

KindT = TypeVar("KindT", bound=Enum)


class Sized(Protocol):
    """A sample: its name in file names and tables, and how many events it has."""

    @property
    def name(self) -> str: ...

    @property
    def events(self) -> int: ...


SizedT = TypeVar("SizedT", bound=Sized)


@dataclass(frozen=True, kw_only=True)
class Leveled(Generic[KindT]):
    """A kind of event under one level of background: scale times the nominal one."""

    kind: KindT
    scale: float
    events: int

    @property
    def name(self) -> str:
        """Name in file names and tables."""
        return f"{self.kind.name.lower()}_x{self.scale:g}"


def jobs_of(samples: Iterable[Sized]) -> list[Job]:
    """All blocks of all samples."""
    return [Job(sample=sample.name, block=block, events=events) for sample in samples for block, events in blocks(sample.events)]


def sample_of(job: Job, samples: Iterable[SizedT]) -> SizedT:
    """The sample that a job is of."""
    return next(sample for sample in samples if sample.name == job.sample)


def tabulate(
    jobs: list[Job],
    work: Callable[[Job], Counters],
    digest: Callable[[], str],
    tables: Callable[[dict[str, Counters]], Iterable[Table]],
    folder: Path,
    workers: int = 1,
    done: Callable[[Job], None] = lambda job: None,
) -> dict[str, Table]:
    """Writes every table that ``tables`` makes of the counters to ``folder`` and returns them by name.

    Interrupted, it keeps the finished blocks in ``folder/.blocks`` and goes on with them the next time. The tables do not
    depend on ``workers``. InputError if the folder cannot be written, or if the digest changed meanwhile: then a file that the
    study reads did.
    """
    checkpoints, started = folder / ".blocks", digest()
    counters = run(jobs, work, checkpoints, started, workers, done)
    if digest() != started:
        msg = f"{folder}: a file that the study reads changed while it ran; the same command makes it anew"
        raise InputError(msg)
    made = {table.name: table for table in tables(counters)}
    for table in made.values():
        write(table, folder)
    shutil.rmtree(checkpoints)
    return made
