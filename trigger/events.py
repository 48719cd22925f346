"""Events as arrays: the record that every block and study takes and gives.

A record is one flat set of arrays, events first. Per-event fields have one row per event. The entries of a jagged group
`g` lie one after the other, and `g_offsets` (n_events + 1 numbers, the first 0) says where each event starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from trigger.door import check_names, validate
from trigger.fields import OFFSETS, Field, count_events, declared, group_of

__all__ = ["EventRecord", "Field", "check_names", "declared", "group_of", "validate", "with_event_numbers"]

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class EventRecord:
    """Events as arrays, with what is known about where they come from.

    arrays: name -> array, events first, jagged groups with their offsets. Not checked here: `validate` does that.
    meta: seed, digests, versions and labels, as plain JSON values.
    """

    arrays: Arrays
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrays", MappingProxyType(dict(self.arrays)))
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))

    @property
    def n_events(self) -> int:
        """Number of events (0 for a record without fields)."""
        return _n_events(self.arrays)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self.arrays

    def select(self, which: slice | np.ndarray) -> EventRecord:
        """Chosen events, in the order asked for: a slice, event indices, or one boolean per event.

        A slice without step gives views of the same memory, offsets apart.
        """
        n_events = self.n_events
        if isinstance(which, slice) and which.step in (None, 1):
            start, stop, _ = which.indices(n_events)
            return EventRecord(_take_range(self.arrays, start, max(start, stop)), self.meta)
        return EventRecord(_take(self.arrays, np.arange(n_events)[which]), self.meta)

    @staticmethod
    def concatenate(records: Sequence[EventRecord]) -> EventRecord:
        """All events of the records, in order, with the metadata of the first; ValueError if their fields differ."""
        if not records:
            return EventRecord({})
        names = list(records[0].arrays)
        for record in records[1:]:
            if set(record.arrays) != set(names):
                msg = f"records must have the same fields; these differ: {sorted(set(names) ^ set(record.arrays))}"
                raise ValueError(msg)
        return EventRecord({name: _join(name, [r.arrays[name] for r in records]) for name in names}, records[0].meta)


def with_event_numbers(arrays: Arrays, experiment: int = 0, run: int = 0, first_event: int = 0) -> dict[str, np.ndarray]:
    """The arrays with `experiment`, `run`, `event` and `weight` added where they are missing.

    Events count up from first_event; weights are 1.
    """
    n_events = _n_events(arrays)
    return {
        "experiment": np.full(n_events, experiment, np.int32),
        "run": np.full(n_events, run, np.int32),
        "event": np.arange(first_event, first_event + n_events, dtype=np.int64),
        "weight": np.ones(n_events, np.float64),
        **arrays,
    }


def _n_events(arrays: Arrays) -> int:
    return count_events({name: len(array) for name, array in arrays.items()})[0]


def _take_range(arrays: Arrays, start: int, stop: int) -> dict[str, np.ndarray]:
    chosen = {}
    for name, array in arrays.items():
        group = group_of(name, tuple(arrays))
        if name.endswith(OFFSETS):
            chosen[name] = array[start : stop + 1] - array[start]
        elif group:
            offsets = arrays[group + OFFSETS]
            chosen[name] = array[offsets[start] : offsets[stop]]
        else:
            chosen[name] = array[start:stop]
    return chosen


def _take(arrays: Arrays, events: np.ndarray) -> dict[str, np.ndarray]:
    chosen: dict[str, np.ndarray] = {}
    rows = {"": events}
    for name, array in arrays.items():
        if name.endswith(OFFSETS):
            starts, counts = array[:-1][events], np.diff(array)[events]
            chosen[name] = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
            rows[name[: -len(OFFSETS)]] = np.repeat(starts - chosen[name][:-1], counts) + np.arange(chosen[name][-1])
    return {name: chosen[name] if name in chosen else array[rows[group_of(name, tuple(arrays))]] for name, array in arrays.items()}


def _join(name: str, parts: list[np.ndarray]) -> np.ndarray:
    if not name.endswith(OFFSETS):
        return np.concatenate(parts)
    starts = np.cumsum([0, *(part[-1] for part in parts[:-1])])
    return np.concatenate([parts[0], *(part[1:] + start for part, start in zip(parts[1:], starts[1:], strict=True))])
