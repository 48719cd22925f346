"""Studies of samples, each of which is counted block by block."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from sim.blocks import BLOCK_EVENTS
from sim.studies.counting import Job

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


def jobs_of(samples: Iterable[Sized], block_events: int = BLOCK_EVENTS) -> list[Job]:
    """All blocks of all samples; all but the last one of a sample have block_events events."""
    return [
        Job(sample=sample.name, block=first // block_events, events=min(block_events, sample.events - first))
        for sample in samples
        for first in range(0, sample.events, block_events)
    ]


def sample_of(job: Job, samples: Iterable[SizedT]) -> SizedT:
    """The sample that a job is of."""
    return next(sample for sample in samples if sample.name == job.sample)
