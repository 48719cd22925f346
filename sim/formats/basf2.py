"""Output of basf2 as event file: TTree `tree` with one branch per member of a DataStore object.

Branches are found by the name of the object and the end of their path, since releases differ. Untested on a real file.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray

from sim.formats import root
from sim.formats.basf2_objects import ALIASES, DERIVED, PER_EVENT, SOURCES, Source
from sim.formats.common import Arrays, Reader
from trigger.errors import InputError
from trigger.fields import OFFSETS

TREE = "tree"
_PATH = re.compile(r"[/.]")
_INDEX = re.compile(r"\[\d*\]")


class Basf2Reader:
    """An open basf2 output file as event file: `names`, `n_events`, `meta`, and its events in pieces."""

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        self._file = uproot.open(path, array_cache=None)
        try:
            tree: Any = self._file[TREE]
            self._branches = _branches_of(tree)
            self.n_events = int(tree.num_entries)
            self._tree = tree
        except Exception as error:  # uproot reports damage by many kinds of exceptions
            self._file.close()
            raise InputError(f"{path}: not a readable basf2 file: {error}") from error
        self._sources = {}
        for source in reversed(SOURCES):
            if all((source.object, member) in self._branches for member in source.members):
                self._sources[source.group] = source
        self._flat = {name: place for name, place in PER_EVENT.items() if place in self._branches}
        self._derived = {
            name: derived
            for name, derived in DERIVED.items()
            if all((derived.object, member) in self._branches for member in derived.members)
        }
        if not self._sources and "rec_input_words" not in self._flat:
            self._file.close()
            wanted = [f"{source.object} with {', '.join(source.members)}" for source in SOURCES]
            needed = "; ".join([*wanted, "TRGSummary with m_inputBits"])
            raise InputError(f"{path}: TTree '{TREE}' has none of the branches that are needed: {needed}")
        jagged = [name for source in self._sources.values() for name in (source.group + OFFSETS, *self._fields(source))]
        self.names = (*self._flat, *self._derived, *jagged)
        objects = {group: source.object for group, source in self._sources.items()}
        recorded = {"recorded": "TRGSummary"} if "rec_input_words" in self._flat else {}
        self.meta: dict[str, Any] = {"format": "basf2", "objects": objects | recorded}

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def read(self, start: int, stop: int, names: Collection[str]) -> Arrays:
        """Fields of the events [start, stop), unchecked; the entries of a group in the order that an event file has."""
        try:
            arrays = {name: self._numbers(place, start, stop) for name, place in self._flat.items() if name in names}
            for name, derived in self._derived.items():
                if name in names:
                    members = {member: self._numbers((derived.object, member), start, stop) for member in derived.members}
                    arrays[name] = derived.convert(members)
            for group, source in self._sources.items():
                if any(name in names for name in (group + OFFSETS, *self._fields(source))):
                    arrays |= self._jagged(source, start, stop)
        except InputError:
            raise
        except Exception as error:  # uproot reports damage by many kinds of exceptions
            raise InputError(f"{self._where}: damaged in events {start}..{stop}: {error}") from error
        return {name: arrays[name] for name in self.names if name in names}

    def _members(self, source: Source) -> tuple[str, ...]:
        return (*source.members, *(name for name in source.optional if (source.object, name) in self._branches))

    def _fields(self, source: Source) -> tuple[str, ...]:
        return source.fields(self._members(source))

    def _numbers(self, place: tuple[str, str], start: int, stop: int) -> NDArray:
        return np.asarray(self._tree[self._branches[place]].array(entry_start=start, entry_stop=stop, library="np"))

    def _jagged(self, source: Source, start: int, stop: int) -> Arrays:
        """One group: members of all entries to fields, entries sorted by event, id and time."""
        members: Arrays = {}
        counts: NDArray[np.int64] | None = None
        for name in self._members(source):
            lists = self._tree[self._branches[source.object, name]].array(entry_start=start, entry_stop=stop, library="ak")
            sizes = ak.to_numpy(ak.num(lists, axis=1))
            if counts is not None and not np.array_equal(counts, sizes):
                bad = start + int((counts != sizes).argmax())
                reason = "has another number of entries than the other members"
                raise InputError(f"{self._where}: {source.object}.{name}, event {bad}: {reason}")
            counts, members[name] = sizes, ak.to_numpy(ak.flatten(lists, axis=1))
        assert counts is not None
        event, fields = source.convert(members, np.repeat(np.arange(stop - start), counts))
        order = np.lexsort((*reversed(list(fields.values())), event))
        offsets = np.searchsorted(event[order], np.arange(stop - start + 1))
        return {source.group + OFFSETS: offsets.astype(np.int64), **{name: values[order] for name, values in fields.items()}}


def open_root(path: Path) -> Reader:
    """The reader of a ROOT file: basf2 output if it has a TTree `tree` and none called `events`, else an event file of ours."""
    found: list[str] = []
    with contextlib.suppress(Exception), uproot.open(path) as file:  # what is wrong with a file, its reader says
        found = file.keys(cycle=False)
    return Basf2Reader(path) if TREE in found and root.TREE not in found else root.RootReader(path)


def _branches_of(tree: Any) -> Mapping[tuple[str, str], str]:
    """(object, member) -> path of the branch."""
    found: dict[tuple[str, str], str] = {}
    for path in tree.keys(recursive=True, full_paths=True):
        parts = [part for part in _PATH.split(_INDEX.sub("", path)) if part]
        for name in parts[:-1]:
            found.setdefault((name, ALIASES.get(parts[-1], parts[-1])), path)
    return found
