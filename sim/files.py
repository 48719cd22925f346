"""Event files in and out: .npz, .parquet and .root by suffix, whole or block by block, checked at the door.

A .root file may also be output of basf2. A file appears under its name complete or not at all: it is written beside its place and
then moved there.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.blocks import BLOCK_EVENTS, n_blocks
from sim.formats.common import Reader, RecordSource, Source, with_offsets
from trigger.errors import InputError
from trigger.events import EventRecord, check_names, validate

_READERS = {
    ".npz": ("sim.formats.npz", "NpzReader"),
    ".parquet": ("sim.formats.parquet", "ParquetReader"),
    ".root": ("sim.formats.basf2", "open_root"),
}
_WRITERS = {".npz": "sim.formats.npz", ".parquet": "sim.formats.parquet", ".root": "sim.formats.root"}
SUFFIXES = tuple(_READERS)


class OutputError(InputError):
    """A result cannot be written where the user wants it."""


class EventFile:
    """An event file, open for reading: `names`, `n_events`, `meta`, and its events in pieces.

    required: fields that must be there, refused by name if not. A context manager.
    """

    def __init__(self, path: str | Path, required: Iterable[str] = ()) -> None:
        self.path = Path(path)
        module, reader = _READERS[_suffix(self.path)]
        if not self.path.is_file():
            raise InputError(f"{self.path}: no such file")
        self._reader: Reader = getattr(importlib.import_module(module), reader)(self.path)
        self.names = self._reader.names
        self.n_events = self._reader.n_events
        self.meta = self._reader.meta
        try:
            check_names(self.names, str(self.path), required)
        except InputError:
            self._reader.close()
            raise

    def __enter__(self) -> EventFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def read(self, start: int = 0, stop: int | None = None, fields: Collection[str] | None = None) -> EventRecord:
        """Events [start, stop), checked; `fields` (with their offsets) or all. InputError if anything is wrong."""
        stop = self.n_events if stop is None else min(stop, self.n_events)
        names = with_offsets(self.names if fields is None else [n for n in self.names if n in fields], self.names)
        arrays = self._reader.read(min(start, stop), stop, names)
        return EventRecord(validate(arrays, str(self.path), first_event=start), self.meta)


def read_events(path: str | Path, *, required: Iterable[str] = ()) -> EventRecord:
    """All events of a file, checked, with its metadata; InputError with file, field, event and reason if it is bad."""
    with EventFile(path, required) as file:
        return file.read()


def iter_events(
    path: str | Path,
    chunk: int = BLOCK_EVENTS,
    *,
    start: int = 0,
    stop: int | None = None,
    required: Iterable[str] = (),
    fields: Collection[str] | None = None,
) -> Iterator[EventRecord]:
    """Events [start, stop) in pieces of `chunk` events, each checked, in memory one piece at a time."""
    with EventFile(path, required) as file:
        end = file.n_events if stop is None else min(stop, file.n_events)
        for first in range(start, end, chunk):
            yield file.read(first, min(first + chunk, end), fields)


def n_blocks_in(path: str | Path) -> int:
    """Logical blocks of a file, at least one; InputError if it is not an event file."""
    with EventFile(path) as file:
        return max(n_blocks(file.n_events), 1)


def write_events(path: str | Path, record: EventRecord, *, overwrite: bool = False) -> None:
    """Write a record in the format of the suffix, checked; InputError if the record, the name or the folder is bad."""
    checked = EventRecord(validate(record.arrays, str(path)), record.meta)
    write_source(path, RecordSource(checked), checked.meta, overwrite=overwrite)


def write_source(path: str | Path, source: Source, meta: Mapping[str, Any], *, overwrite: bool = False) -> None:
    """Write checked events part by part, in the format of the suffix."""
    path = check_output(path, overwrite=overwrite)
    writer = importlib.import_module(_WRITERS[path.suffix])
    with atomic(path) as temporary:
        writer.write(temporary, source, meta)


def check_output(path: str | Path, *, overwrite: bool = False, suffixes: tuple[str, ...] = SUFFIXES) -> Path:
    """The path, if a file of this name can be written there; InputError otherwise. Called before work starts."""
    path = Path(path)
    _suffix(path, suffixes)
    if not path.parent.is_dir():
        raise OutputError(f"{path}: output folder {path.parent} does not exist or is not a folder")
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, not a file name")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: exists; choose another name or allow it to be overwritten (--overwrite)")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise OutputError(f"{path}: output folder {path.parent} is not writable: {error.strerror}") from error


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A file name beside `path` to write to; moved to `path` at the end, removed on any error."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _suffix(path: Path, suffixes: tuple[str, ...] = SUFFIXES) -> str:
    if path.suffix not in suffixes:
        raise InputError(f"{path}: name must end in {', '.join(suffixes)}, not {path.suffix or 'nothing'}")
    return path.suffix
