"""The check that every event passes at the door: names, types, lengths, offsets, ranges, order, NaN."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import NoReturn

import numpy as np

from trigger.errors import InputError
from trigger.fields import ANY_LENGTH, FREE_PREFIXES, GROUPS, KLM_LIMITS, OFFSETS, Field, count_events, declared, group_of
from trigger.geometry.klm import FIRST_SECTOR, strip_table

_KINDS = {"i": "integers", "u": "integers", "f": "floating-point numbers", "b": "booleans"}


def check_names(names: Iterable[str], where: str, required: Iterable[str] = ()) -> None:
    """Refuse required fields that are absent, jagged fields without offsets, and names that are not event fields."""
    present = tuple(names)
    for name in required:
        if name not in present:
            raise InputError(f"{where}: field {name} is missing")
    for name in present:
        base = name.removesuffix(OFFSETS)
        if name in declared():
            offsets = declared()[name].group + OFFSETS
            if offsets != OFFSETS and offsets not in present:
                raise InputError(f"{where}: field {offsets} is missing, and {name} needs it")
        elif name != base and (base in GROUPS or base.startswith(FREE_PREFIXES)):
            if not any(group_of(other, present) == base for other in present):
                raise InputError(f"{where}: field {name} has no {base}_* field beside it")
        elif not name.startswith(FREE_PREFIXES):
            close = difflib.get_close_matches(name, declared(), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"{where}: {name} is not an event field{hint}")


def check_rows(rows: Mapping[str, int], where: str) -> int:
    """Number of events; InputError if a per-event field or offsets have another number of rows.

    rows: field -> rows; jagged fields are left to `validate`.
    """
    n_events, counted_by = count_events(dict(rows))
    names = tuple(rows)
    for name in names:
        is_offsets = name.endswith(OFFSETS)
        wanted = n_events + int(is_offsets)
        if rows[name] != wanted and not group_of(name, names):
            bad = min(max(rows[name] - int(is_offsets), 0), n_events)
            reason = f"must have {wanted} rows for {n_events} events (by {counted_by}), not {rows[name]}"
            refuse(where, name, bad, reason)
    return n_events


def check_offsets(array: np.ndarray, name: str, where: str, *, first_event: int = 0) -> np.ndarray:
    """The offsets as int64; InputError if they do not start at 0 (where first_event is 0) or decrease."""
    if array.dtype.kind not in "iu" or array.ndim != 1:
        refuse(where, name, None, f"must hold integers in one dimension, not {array.dtype} of shape {array.shape}")
    array = array.astype(np.int64, copy=False)
    if array[0] < 0 or (first_event == 0 and array[0] != 0):
        refuse(where, name, first_event, f"must start at 0, not {array[0]}")
    falls = array[1:] < array[:-1]
    if falls.any():
        bad = int(falls.argmax())
        refuse(where, name, first_event + bad, f"must not decrease, but goes from {array[bad]} to {array[bad + 1]}")
    return array


def refuse(where: str, name: str, event: int | None, reason: str) -> NoReturn:
    """Raise the InputError of a field."""
    at = "" if event is None else f", event {event}"
    raise InputError(f"{where}: field {name}{at}: {reason}")


def validate(
    arrays: Mapping[str, np.ndarray], where: str, *, required: Iterable[str] = (), first_event: int = 0
) -> dict[str, np.ndarray]:
    """The same arrays in their declared dtypes; InputError with `where`, field, first bad event and reason otherwise.

    where: file or other origin, for the message. required: fields that the caller needs. first_event: index, in the
    whole file, of the first event of these arrays, so that a reader of chunks reports positions in the file.
    Integers of any width are taken where integers are declared, and converted after their range was checked.
    """
    check_names(arrays, where, required)
    given = {name: np.atleast_1d(array) for name, array in arrays.items()}
    check_rows({name: len(array) for name, array in given.items()}, where)
    door = _Door(where, first_event, tuple(given))
    for name in given:
        if name.endswith(OFFSETS):
            door.offsets_of[name.removesuffix(OFFSETS)] = check_offsets(given[name], name, where)
    checked = {
        name: door.offsets_of[name.removesuffix(OFFSETS)] if name.endswith(OFFSETS) else door.values(name, array)
        for name, array in given.items()
    }
    door.order(checked)
    door.klm_sections(checked)
    door.klm_strips(checked)
    return checked


def _has_shape(array: np.ndarray, declared_shape: tuple[int, ...]) -> bool:
    rows = array.shape[1:]
    return len(rows) == len(declared_shape) and all(
        length == wanted or wanted == ANY_LENGTH for length, wanted in zip(rows, declared_shape, strict=True)
    )


class _Door:
    """The checks of the values of one set of arrays; each raises with the first bad event."""

    def __init__(self, where: str, first_event: int, names: tuple[str, ...]) -> None:
        self.where = where
        self.first_event = first_event
        self.names = names
        self.offsets_of: dict[str, np.ndarray] = {}

    def refuse(self, name: str, event: int | None, reason: str) -> NoReturn:
        refuse(self.where, name, None if event is None else self.first_event + event, reason)

    def values(self, name: str, array: np.ndarray) -> np.ndarray:
        spec = declared().get(name)
        group = group_of(name, self.names)
        if array.dtype.kind not in _KINDS:
            self.refuse(name, None, f"must hold numbers, not {array.dtype}")
        if spec is not None and _KINDS[array.dtype.kind] != _KINDS[np.dtype(spec.dtype).kind]:
            self.refuse(name, None, f"must hold {_KINDS[np.dtype(spec.dtype).kind]}, not {array.dtype}")
        self.entries(name, array, group)
        if spec is None and not (array.ndim == 1 or (array.ndim == 2 and array.shape[1])):
            self.refuse(name, None, f"must have one or two dimensions and no empty rows, not shape {array.shape}")
        if spec is not None and not _has_shape(array, spec.shape):
            self.refuse(name, None, f"must have shape {('n', *spec.shape)}, not {('n', *array.shape[1:])}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            self.refuse_entry(name, group, array, ~np.isfinite(array), "finite")
        if spec is None:
            return array.astype(array.dtype.newbyteorder("="), copy=False)
        self.bounds(name, array, spec)
        return array.astype(spec.dtype, copy=False)

    def entries(self, name: str, array: np.ndarray, group: str) -> None:
        if not group:
            return
        offsets = self.offsets_of[group]
        if len(array) != offsets[-1]:
            bad = min(int(np.searchsorted(offsets[1:], len(array), side="right")), max(len(offsets) - 2, 0))
            self.refuse(name, bad, f"has {len(array)} entries, but {group}{OFFSETS} ends at {offsets[-1]}")

    def bounds(self, name: str, array: np.ndarray, spec: Field) -> None:
        if spec.bounds is None or array.size == 0:
            return
        lowest, highest = spec.bounds
        if array.min() < lowest or array.max() > highest:
            self.refuse_entry(name, spec.group, array, (array < lowest) | (array > highest), f"{lowest}..{highest}")

    def refuse_entry(self, name: str, group: str, array: np.ndarray, bad: np.ndarray, wanted: str) -> None:
        row = int(np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))[0])
        value = array[row][bad[row]].ravel()[0]
        self.refuse(name, self.event_at(row, group), f"must be {wanted}, not {value}")

    def event_at(self, row: int, group: str) -> int:
        return row if not group else int(np.searchsorted(self.offsets_of[group], row, side="right")) - 1

    def order(self, checked: Mapping[str, np.ndarray]) -> None:
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
            row = int(bad.argmax())
            self.refuse("ecl_tc_id", self.event_at(row, "ecl"), f"must be {rule}, but {ids[row + 1]} follows {ids[row]}")

    def klm_sections(self, checked: Mapping[str, np.ndarray]) -> None:
        """KLM sectors and layers exist in their section."""
        section = checked.get("klm_section")
        for name in KLM_LIMITS.keys() & checked.keys():
            if section is not None:
                limit = np.array(KLM_LIMITS[name], np.int8)[section]
                bad = checked[name] > limit
                if bad.any():
                    row = int(bad.argmax())
                    self.refuse_entry(name, "klm", checked[name], bad, f"0..{limit[row]} in section {section[row]}")

    def klm_strips(self, checked: Mapping[str, np.ndarray]) -> None:
        """KLM strips exist in their plane."""
        names = ("klm_section", "klm_sector", "klm_layer", "klm_plane", "klm_strip")
        if not checked.keys() >= set(names):
            return
        section, sector, layer, plane, strip = (checked[name] for name in names)
        limit = strip_table().n_strips[np.array(FIRST_SECTOR)[section] + sector, layer, plane] - 1
        bad = strip > limit
        if bad.any():
            row = int(bad.argmax())
            place = f"section {section[row]}, sector {sector[row]}, layer {layer[row]}, plane {plane[row]}"
            self.refuse_entry("klm_strip", "klm", strip, bad, f"0..{limit[row]} in {place}")
