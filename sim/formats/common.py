"""What the event-file formats share: where written events come from, how jagged columns become groups and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from sim.blocks import BLOCK_EVENTS
from trigger.errors import InputError
from trigger.events import EventRecord, declared, group_of
from trigger.fields import FREE_PREFIXES, OFFSETS

Arrays = dict[str, np.ndarray]


class Source(Protocol):
    """Events to be written, in parts that fit into memory; each part may be asked for many times."""

    @property
    def names(self) -> tuple[str, ...]:
        """Fields, offsets included, in the order of the file."""

    @property
    def n_parts(self) -> int:
        """Number of parts, at least one, each with all the fields."""

    def rows(self, name: str) -> int:
        """Rows of a field in all parts together (of offsets: n_events + 1)."""

    def part(self, index: int, names: Collection[str]) -> Mapping[str, np.ndarray]:
        """Some fields of one part, its offsets starting at 0."""


class Reader(Protocol):
    """An open event file."""

    @property
    def names(self) -> tuple[str, ...]:
        """Fields, offsets included."""

    @property
    def n_events(self) -> int:
        """Number of events."""

    @property
    def meta(self) -> dict[str, Any]:
        """Stored metadata."""

    def read(self, start: int, stop: int, names: Collection[str]) -> Arrays:
        """Fields of the events [start, stop), unchecked, writable; offsets start at 0."""

    def close(self) -> None:
        """Release the file."""


class RecordSource:
    """A record in memory, cut into parts of one block."""

    def __init__(self, record: EventRecord) -> None:
        self._record = record
        self.names = tuple(record.arrays)
        self.n_parts = max(1, -(-record.n_events // BLOCK_EVENTS))

    def rows(self, name: str) -> int:
        return len(self._record[name])

    def part(self, index: int, names: Collection[str]) -> Mapping[str, np.ndarray]:
        events = slice(index * BLOCK_EVENTS, (index + 1) * BLOCK_EVENTS)
        wanted = with_offsets(names, self.names)
        return EventRecord({name: self._record[name] for name in wanted}).select(events).arrays


def with_offsets(names: Collection[str], all_names: tuple[str, ...]) -> tuple[str, ...]:
    """The names and the offsets of their groups, in the order of all_names."""
    needed = set(names) | {group_of(name, all_names) + OFFSETS for name in names if group_of(name, all_names)}
    return tuple(name for name in all_names if name in needed)


def groups_in(names: Iterable[str]) -> list[str]:
    """Jagged groups, by their offsets."""
    return [name.removesuffix(OFFSETS) for name in names if name.endswith(OFFSETS)]


def column_group(name: str, recorded: Iterable[str]) -> str:
    """Group of a column that is stored as lists: declared, recorded in the file, or else its first two words of three.

    "" if the field is declared as one row per event or its name has no group.
    """
    if name in declared() or not name.startswith(FREE_PREFIXES):
        return group_of(name, ())
    known = group_of(name, tuple(group + OFFSETS for group in recorded))
    words = name.split("_")
    return known or ("_".join(words[:2]) if len(words) > 2 else "")


class Columns:
    """Collects columns, flat or of lists, into the arrays of a record."""

    def __init__(self, where: str, first_event: int, groups: Iterable[str]) -> None:
        self._where = where
        self._first_event = first_event
        self._groups = tuple(groups)
        self.arrays: Arrays = {}

    def flat(self, name: str, values: np.ndarray) -> None:
        """One row per event."""
        self.arrays[name] = np.array(values)

    def lists(self, name: str, offsets: np.ndarray, values: np.ndarray, field: str | None = None) -> None:
        """One list per event; values lie from offsets[0] on. InputError if a column of the group has other lengths.

        field: the field that the column is a part of, if that has another name.
        """
        group = column_group(field or name, self._groups)
        if not group:
            raise InputError(
                f"{self._where}: field {name}: must be one row per event, not a list (lists are named like off_photon_e)"
            )
        local = offsets.astype(np.int64) - offsets[0]
        known = self.arrays.setdefault(group + OFFSETS, local)
        if not np.array_equal(known, local):
            bad = int((np.diff(known) != np.diff(local)).argmax())
            reason = f"has {local[bad + 1] - local[bad]} entries where other {group}_* fields have"
            at = f"field {name}, event {self._first_event + bad}"
            raise InputError(f"{self._where}: {at}: {reason} {known[bad + 1] - known[bad]}")
        self.arrays[name] = np.array(values[offsets[0] : offsets[-1]])


def parse_meta(text: str | bytes, where: str) -> dict[str, Any]:
    """Metadata from its JSON text; InputError if it is not a JSON object."""
    try:
        meta = json.loads(text)
    except ValueError as error:
        raise InputError(f"{where}: metadata is not JSON: {error}") from error
    if not isinstance(meta, dict):
        raise InputError(f"{where}: metadata must be a JSON object, not {type(meta).__name__}")
    return meta


def format_meta(meta: Mapping[str, Any]) -> str:
    """Metadata as JSON text, the same for the same content."""
    return json.dumps(dict(meta), sort_keys=True, indent=1)
