"""Event-file fields, the record that holds them, and the check that every event passes at the door.

A record is one flat set of arrays, events first. Per-event fields have one row per event. The entries of a jagged group
`g` lie one after the other, and `g_offsets` (n_events + 1 numbers, first 0) says where each event starts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from trigger.errors import InputError
from trigger.fields import FREE_PREFIXES, GROUPS, OFFSETS, Field, declared

__all__ = ["EventRecord", "Field", "check_fields", "group_of", "validate", "with_event_numbers"]

Arrays = Mapping[str, np.ndarray]
_KINDS = {"i": "integers", "u": "integers", "f": "floating-point numbers", "b": "booleans"}


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
        """Chosen events, in the order asked for: a slice, event indices, or one boolean per event."""
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


def group_of(name: str, names: Iterable[str]) -> str:
    """Jagged group of a field: the longest `g` with `g_offsets` among the names that starts it; "" if per event."""
    spec = declared().get(name)
    if spec is not None:
        return spec.group
    groups = [other[: -len(OFFSETS)] for other in names if other.endswith(OFFSETS)]
    return max((g for g in groups if name.startswith(g + "_") and name != g + OFFSETS), key=len, default="")


def with_event_numbers(
    arrays: Arrays, experiment: int = 0, run: int = 0, first_event: int = 0
) -> dict[str, np.ndarray]:
    """The arrays with `experiment`, `run`, `event` and `weight` added where they are missing.

    Events count up from first_event, weights are 1.
    """
    n_events = _n_events(arrays)
    return {
        "experiment": np.full(n_events, experiment, np.int32),
        "run": np.full(n_events, run, np.int32),
        "event": np.arange(first_event, first_event + n_events, dtype=np.int64),
        "weight": np.ones(n_events, np.float64),
        **arrays,
    }


def check_fields(names: Iterable[str], where: str, required: Iterable[str] = ()) -> None:
    """Refuse names that are not event fields, jagged fields without offsets, and required fields that are absent."""
    present = set(names)
    for name in required:
        if name not in present:
            raise InputError(f"{where}: field {name} is missing")
    for name in sorted(present):
        base = name.removesuffix(OFFSETS)
        if name in declared():
            group = declared()[name].group
            if group and group + OFFSETS not in present:
                raise InputError(f"{where}: field {group}{OFFSETS} is missing, and {name} needs it")
        elif name != base and (base in GROUPS or base.startswith(FREE_PREFIXES)):
            if not any(group_of(other, present) == base for other in present):
                raise InputError(f"{where}: field {name} has no {base}_* field beside it")
        elif not name.startswith(FREE_PREFIXES):
            close = difflib.get_close_matches(name, declared(), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"{where}: {name} is not an event field{hint}")


def validate(
    arrays: Arrays, where: str, *, required: Iterable[str] = (), first_event: int = 0
) -> dict[str, np.ndarray]:
    """The same arrays in their declared dtypes; InputError with `where`, field, first bad event and reason otherwise.

    where: file or other origin, for the message. required: fields that the caller needs. first_event: index, in the
    whole file, of the first event of these arrays, so that a reader of chunks reports positions in the file.
    Checked: names, dtype kinds, lengths, offsets, ranges, order of the hits, NaN and infinity.
    """
    check_fields(arrays, where, required)
    door = _Door(where, first_event, arrays)
    checked: dict[str, np.ndarray] = {}
    for name in sorted(arrays, key=lambda key: not key.endswith(OFFSETS)):
        array = np.asarray(arrays[name])
        checked[name] = door.offsets(name, array) if name.endswith(OFFSETS) else door.values(name, array)
    door.order(checked)
    door.klm_layers(checked)
    return {name: checked[name] for name in arrays}


class _Door:
    """The checks of one set of arrays; each raises with the first bad event."""

    def __init__(self, where: str, first_event: int, arrays: Arrays) -> None:
        self.where = where
        self.first_event = first_event
        self.names = tuple(arrays)
        self.offsets_of: dict[str, np.ndarray] = {}
        self.counted_by = next((n for n in ("event", *self.names) if n in arrays and not group_of(n, arrays)), "")
        self.n_events = _n_events(arrays)

    def refuse(self, name: str, event: int | None, reason: str) -> None:
        at = "" if event is None else f", event {self.first_event + event}"
        raise InputError(f"{self.where}: field {name}{at}: {reason}")

    def kind(self, name: str, array: np.ndarray, wanted: str) -> None:
        given = array.dtype.kind
        if not (given == wanted or {given, wanted} <= {"i", "u"}):
            self.refuse(name, None, f"must hold {_KINDS[wanted]}, not {array.dtype}")

    def offsets(self, name: str, array: np.ndarray) -> np.ndarray:
        self.kind(name, array, "i")
        if array.ndim != 1 or len(array) != self.n_events + 1:
            shortest = min(len(array) - 1, self.n_events) if array.ndim == 1 else 0
            reason = f"must have n_events + 1 = {self.n_events + 1} numbers (by {self.counted_by}), not {array.shape}"
            self.refuse(name, max(shortest, 0), reason)
        array = array.astype(np.int64, copy=False)
        if array[0] != 0:
            self.refuse(name, 0, f"must start at 0, not {array[0]}")
        falls = array[1:] < array[:-1]
        if falls.any():
            bad = int(falls.argmax())
            self.refuse(name, bad, f"must not decrease, but goes from {array[bad]} to {array[bad + 1]}")
        self.offsets_of[name[: -len(OFFSETS)]] = array
        return array

    def values(self, name: str, array: np.ndarray) -> np.ndarray:
        spec = declared().get(name)
        group = group_of(name, self.names)
        if array.ndim == 0 or array.dtype.kind not in _KINDS:
            self.refuse(name, None, f"must be an array of numbers, not {array.dtype} of shape {array.shape}")
        if spec is not None:
            self.kind(name, array, np.dtype(spec.dtype).kind)
        self.length(name, array, group)
        if spec is not None and array.shape[1:] != spec.shape:
            self.refuse(name, None, f"must have shape {('n', *spec.shape)}, not {('n', *array.shape[1:])}")
        if array.dtype.kind == "f":
            finite = np.isfinite(array)
            if not finite.all():
                entry = _first_row(~finite)
                self.refuse(name, self.event_at(entry, group), f"must be finite, not {array[entry]}")
        if spec is None:
            return array.astype(array.dtype.newbyteorder("="), copy=False)
        self.bounds(name, array, spec)
        return array.astype(spec.dtype, copy=False)

    def length(self, name: str, array: np.ndarray, group: str) -> None:
        if not group:
            if len(array) != self.n_events:
                reason = f"must have {self.n_events} rows (by {self.counted_by}), not {len(array)}"
                self.refuse(name, min(len(array), self.n_events), reason)
            return
        offsets = self.offsets_of[group]
        if len(array) != offsets[-1]:
            bad = min(int(np.searchsorted(offsets[1:], len(array), side="right")), max(self.n_events - 1, 0))
            self.refuse(name, bad, f"has {len(array)} entries, but {group}{OFFSETS} ends at {offsets[-1]}")

    def bounds(self, name: str, array: np.ndarray, spec: Field) -> None:
        lowest, highest = spec.bounds
        if lowest is None or highest is None or array.size == 0:
            return
        if array.min() < lowest or array.max() > highest:
            entry = _first_row((array < lowest) | (array > highest))
            reason = f"must be {lowest}..{highest}, not {array[entry]}"
            self.refuse(name, self.event_at(entry, spec.group), reason)

    def event_at(self, entry: int, group: str) -> int:
        return entry if not group else int(np.searchsorted(self.offsets_of[group], entry, side="right")) - 1

    def order(self, checked: Arrays) -> None:
        """ECL hits: cells strictly ascending in an event; with times, by cell and then time."""
        ids, time = checked.get("ecl_tc_id"), checked.get("ecl_time")
        if ids is None or len(ids) < 2:
            return
        if time is None:
            bad, rule = ids[1:] <= ids[:-1], "strictly ascending in an event"
        else:
            bad = (ids[1:] < ids[:-1]) | ((ids[1:] == ids[:-1]) & (time[1:] < time[:-1]))
            rule = "in order of cell and then ecl_time in an event"
        starts = self.offsets_of["ecl"][1:-1]
        bad[starts[(starts > 0) & (starts < len(ids))] - 1] = False
        if bad.any():
            entry = int(bad.argmax())
            reason = f"must be {rule}, but {ids[entry + 1]} follows {ids[entry]}"
            self.refuse("ecl_tc_id", self.event_at(entry, "ecl"), reason)

    def klm_layers(self, checked: Arrays) -> None:
        """KLM sectors and layers exist in their section."""
        section = checked.get("klm_section")
        if section is None:
            return
        for name in ("klm_sector", "klm_layer"):
            if name in checked:
                limit = np.array(declared()[name].maximum_by_section, np.int8)[section]
                bad = checked[name] > limit
                if bad.any():
                    entry = int(bad.argmax())
                    reason = f"must be 0..{limit[entry]} in section {section[entry]}, not {checked[name][entry]}"
                    self.refuse(name, self.event_at(entry, "klm"), reason)


def _n_events(arrays: Arrays) -> int:
    """Events by the field `event`, else by the first per-event field, else by the first offsets."""
    per_event = [n for n in ("event", *arrays) if n in arrays and not n.endswith(OFFSETS) and not group_of(n, arrays)]
    if per_event:
        return np.shape(arrays[per_event[0]])[0] if np.ndim(arrays[per_event[0]]) else 0
    offsets = [n for n in arrays if n.endswith(OFFSETS)]
    return max(np.size(arrays[offsets[0]]) - 1, 0) if offsets else 0


def _first_row(bad: np.ndarray) -> int:
    return int(np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))[0])


def _take_range(arrays: Arrays, start: int, stop: int) -> dict[str, np.ndarray]:
    chosen = {}
    for name, array in arrays.items():
        group = group_of(name, arrays)
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
    entries: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if name.endswith(OFFSETS):
            counts = np.diff(array)[events]
            ends = np.cumsum(counts)
            chosen[name] = np.concatenate([np.zeros(1, np.int64), ends])
            entries[name[: -len(OFFSETS)]] = np.repeat(array[:-1][events] - (ends - counts), counts) + np.arange(
                counts.sum()
            )
    for name, array in arrays.items():
        if not name.endswith(OFFSETS):
            group = group_of(name, arrays)
            chosen[name] = array[entries[group]] if group else array[events]
    return {name: chosen[name] for name in arrays}


def _join(name: str, parts: list[np.ndarray]) -> np.ndarray:
    if not name.endswith(OFFSETS):
        return np.concatenate(parts)
    starts = np.cumsum([0, *(part[-1] for part in parts[:-1])])
    return np.concatenate([parts[0], *(part[1:] + start for part, start in zip(parts[1:], starts[1:], strict=True))])
