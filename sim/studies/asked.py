"""What a study was asked for, as plain values: on the command line, and in the files of a batch system."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from sim.studies.block_study import BlockStudy
from sim.studies.counting import Counters
from trigger.errors import InputError

StudyT = TypeVar("StudyT", bound=BlockStudy)

VERB = "verb"
"""Key of the verb among the JSON values."""


class Asked(ABC, Generic[StudyT]):
    """A frozen dataclass of the options of a verb, from which its study is made; files are named by their full path."""

    verb: ClassVar[str]

    @property
    def name(self) -> str:
        """Name in the files of parts, without the verb's group."""
        return self.verb.split()[-1]

    @abstractmethod
    def study(self) -> StudyT:
        """The study; InputError for anything that does not exist or cannot be read."""

    @abstractmethod
    def finish(
        self, study: StudyT, counters: dict[str, Counters], out: Path, workers: int = 1, scheduler: str | None = None
    ) -> list[str]:
        """Writes tables, pictures and reports of all counters to `out`; what is printed of them, line by line."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, the verb among them."""
        return {VERB: self.verb, **dataclasses.asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The options of `to_json`; InputError for anything else."""
        try:
            return cls(**{name: _frozen(value) for name, value in values.items() if name != VERB})
        except (TypeError, ValueError) as error:
            msg = f"not the options of a study: {cls.verb}: {error}"
            raise InputError(msg) from error


def _frozen(value: Any) -> Any:
    """Lists of JSON as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
