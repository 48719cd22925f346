"""Event files as .root: TTree `events`, one entry per event, jagged groups with their counter; TObjString `metadata`.

Ref: ROOT TTree and RNTuple by way of uproot. A user's own `events` may be either, with numbers, fixed arrays, and
variable-length arrays or vectors.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from sim.formats.common import Arrays, Columns, Source, column_group, format_meta, groups_in, parse_meta
from trigger.errors import InputError
from trigger.events import declared, group_of
from trigger.fields import OFFSETS

TREE, META_OBJECT, GROUPS_OBJECT = "events", "metadata", "groups"


class RootReader:
    """An open .root event file."""

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        with contextlib.ExitStack() as opened:
            try:
                self._file = opened.enter_context(uproot.open(path, array_cache=None))
                found = self._file.keys(cycle=False)
                tree: Any = self._file[TREE] if TREE in found else None
                kinds = tree.typenames(recursive=False) if _is_tree(tree) else {}
                self.n_events = int(tree.num_entries) if _is_tree(tree) else 0
                stored = {name: str(self._file[name]) for name in (META_OBJECT, GROUPS_OBJECT) if name in found}
                expected_bytes = int(self._file.file.fEND)
            except Exception as error:  # uproot reports damage by many kinds of exceptions
                raise InputError(f"{path}: not a readable ROOT file: {_first_line(error)}") from error
            if expected_bytes > path.stat().st_size:
                raise InputError(f"{path}: truncated: {path.stat().st_size} of {expected_bytes} bytes")
            if not _is_tree(tree):
                raise InputError(f"{path}: has no TTree '{TREE}' of event fields; it holds {', '.join(found) or 'nothing'}")
            self._tree = tree
            self._opened = opened.pop_all()
        self.meta: dict[str, Any] = parse_meta(stored.get(META_OBJECT, "{}"), self._where)
        self._groups = list(parse_meta(stored.get(GROUPS_OBJECT, "{}"), self._where))
        lists = [name for name, kind in kinds.items() if kind.endswith("[]") or kind.startswith("std::vector")]
        groups = dict.fromkeys(column_group(name, self._groups) for name in _fields_of(lists))
        counters = {"n" + name for name in (*groups, *lists)}
        self._branches = _fields_of(name for name in kinds if name not in counters)
        self.names = tuple(group + OFFSETS for group in groups if group) + tuple(self._branches)

    def close(self) -> None:
        self._opened.close()

    def read(self, start: int, stop: int, names: Collection[str]) -> Arrays:
        fields = [name for name in names if not name.endswith(OFFSETS)]
        branches = [branch for name in fields for branch in self._branches[name]]
        collected = Columns(self._where, start, self._groups)
        try:
            events = self._tree.arrays(branches, entry_start=start, entry_stop=stop, library="ak")
        except Exception as error:  # uproot reports damage by many kinds of exceptions
            reason = f"damaged in events {start}..{stop}: {_first_line(error)}"
            raise InputError(f"{self._where}: {reason}") from error
        for name in fields:
            for branch in self._branches[name]:
                self._collect(collected, name, branch, events[branch].layout)
            if self._branches[name] != [name]:
                collected.arrays[name] = np.stack([collected.arrays.pop(branch) for branch in self._branches[name]], axis=1)
        return collected.arrays

    def _collect(self, collected: Columns, field: str, name: str, layout: Any) -> None:
        values = layout.content if isinstance(layout, ak.contents.ListOffsetArray) else layout
        try:
            numbers = ak.to_numpy(values, allow_missing=False)
        except (TypeError, ValueError) as error:
            reason = f"must hold numbers or lists of numbers, not {layout.form.type}"
            raise InputError(f"{self._where}: field {name}: {reason}") from error
        if values is layout:
            collected.flat(name, numbers)
        else:
            collected.lists(name, np.asarray(layout.offsets), numbers, field)


def write(path: Path, source: Source, meta: Mapping[str, Any]) -> None:
    """Write the events, one basket per part of the source."""
    with uproot.recreate(path) as file:
        tree = None
        for index in range(source.n_parts):
            branches = _branches(source.part(index, source.names))
            if tree is None:
                tree = file.mktree(TREE, {name: _branch_type(array) for name, array in branches.items()})
            if len(next(iter(branches.values()))):
                tree.extend(branches)
        file[META_OBJECT] = format_meta(meta)
        file[GROUPS_OBJECT] = json.dumps(dict.fromkeys(groups_in(source.names), True))


def _branches(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Per-event fields as they are, the fields of a jagged group as one array of lists of records."""
    names = tuple(arrays)
    branches: dict[str, Any] = {}
    for name, array in arrays.items():
        group = group_of(name, names)
        if name.endswith(OFFSETS):
            group = name.removesuffix(OFFSETS)
            members = [other for other in names if group_of(other, names) == group]
            columns = {label: column for member in members for label, column in _columns(member, arrays[member])}
            contents = [ak.contents.NumpyArray(np.ascontiguousarray(column)) for column in columns.values()]
            record = ak.contents.RecordArray(contents, [label.removeprefix(group + "_") for label in columns])
            branches[group] = ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(array), record))
        elif not group:
            branches[name] = np.ascontiguousarray(array)
    return branches


def _columns(name: str, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Branches of a jagged field: itself, or one per number where a declared field has several per entry, numbered from 0."""
    if array.ndim == 1:
        yield name, array
        return
    if name not in declared():
        raise InputError(f"{name} has several numbers per entry: write .npz or .parquet")
    yield from ((f"{name}_{place}", array[:, place]) for place in range(array.shape[1]))


def _fields_of(branches: Iterable[str]) -> dict[str, list[str]]:
    """Fields with the branches that hold them: numbered branches of a declared jagged field belong together."""
    fields: dict[str, list[str]] = {}
    for branch in branches:
        stem, _, place = branch.rpartition("_")
        spec = declared().get(stem)
        joined = spec is not None and spec.group and spec.shape and place.isdigit()
        fields.setdefault(stem if joined else branch, []).append(branch)
    return {name: sorted(found, key=lambda branch: (len(branch), branch)) for name, found in fields.items()}


def _branch_type(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        return np.dtype((array.dtype, array.shape[1:])) if array.ndim > 1 else array.dtype
    content = array.layout.content
    fields = (f"{name}: {content[name].dtype.name}" for name in content.fields)
    return f"var * {{{', '.join(fields)}}}"


def _is_tree(item: Any) -> bool:
    return isinstance(item, uproot.TTree | uproot.behaviors.RNTuple.RNTuple)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
