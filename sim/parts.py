"""Long runs that can be interrupted: finished blocks wait on disk beside the output until the last one is there.

The folder `.<output>.parts` holds `job.json` (the digest of what is being done) and one .npz per finished block. A second
run of the same job goes on where the first stopped; another job starts anew. The output itself appears complete or not
at all.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from sim.files import OutputError, check_output, write_source
from sim.formats import npz
from sim.formats.common import RecordSource
from trigger.errors import InputError
from trigger.events import EventRecord
from trigger.fields import OFFSETS

_KEPT_OPEN = 256
"""Block files that stay open while the output is written (our choice: far below the usual limit of 1024)."""
_JOB, _LOCK, _BLOCK = "job.json", "lock", "block-{:08d}.npz"


class Interrupted(KeyboardInterrupt):
    """A run was interrupted; the message says what is kept and how to go on."""


class Parts:
    """The blocks of one job, saved in any order, and put together by `finish`. A context manager.

    out: the event file to be made. job: digest of everything that the events depend on. n_blocks: how many blocks make
    the file. On KeyboardInterrupt the finished blocks stay and `Interrupted` is raised; bad input (InputError) removes them.
    OutputError if `out` cannot be written or another process works on it.
    """

    def __init__(self, out: str | Path, job: str, n_blocks: int, *, overwrite: bool = False) -> None:
        self.out = check_output(out, overwrite=overwrite)
        self.folder = self.out.with_name(f".{self.out.name}.parts")
        self.n_blocks = n_blocks
        self._overwrite = overwrite
        self._job = {"job": job, "n_blocks": n_blocks}
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        self._lock = open(self.folder / _LOCK, "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise OutputError(f"{self.out}: another process is writing it (it holds {self.folder})") from error
        if self._stored_job() != self._job:
            self._clear()
            (self.folder / _JOB).write_text(json.dumps(self._job))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None or (issubclass(kind, InputError) and not issubclass(kind, OutputError)):
            self._clear()
            (self.folder / _LOCK).unlink()
            self.folder.rmdir()
        if self._lock is not None:
            self._lock.close()
        if kind is KeyboardInterrupt:
            kept = f"{len(self.done)} of {self.n_blocks} blocks are kept in {self.folder}"
            raise Interrupted(f"interrupted; {kept}: run the same command again to resume") from error

    @property
    def done(self) -> frozenset[int]:
        """Blocks that are finished."""
        return frozenset(block for block in range(self.n_blocks) if self._path(block).exists())

    def save(self, block: int, record: EventRecord) -> None:
        """Keep a finished block: checked events, the same fields in every block."""
        if not 0 <= block < self.n_blocks:
            msg = f"block must be 0..{self.n_blocks - 1}, not {block}"
            raise ValueError(msg)
        temporary = self._path(block).with_suffix(".tmp")
        try:
            npz.write(temporary, RecordSource(record), record.meta)
            temporary.replace(self._path(block))
        except OSError as error:
            raise OutputError(f"{self.folder}: block {block} cannot be written: {error.strerror or error}") from error

    def read(self, block: int, names: Collection[str]) -> Mapping[str, np.ndarray]:
        """Fields of a finished block."""
        with contextlib.closing(npz.NpzReader(self._path(block))) as reader:
            return reader.read(0, reader.n_events, names)

    def finish(self, meta: Mapping[str, Any]) -> None:
        """Write the output from the blocks, in their order; ValueError if one is missing."""
        missing = sorted(set(range(self.n_blocks)) - self.done)
        if missing:
            msg = f"all {self.n_blocks} blocks must be there, not without {missing[0]}"
            raise ValueError(msg)
        with contextlib.closing(_PartSource([self._path(block) for block in range(self.n_blocks)])) as source:
            write_source(self.out, source, meta, overwrite=self._overwrite)

    def _path(self, block: int) -> Path:
        return self.folder / _BLOCK.format(block)

    def _stored_job(self) -> object:
        try:
            return json.loads((self.folder / _JOB).read_text())
        except (OSError, ValueError):
            return None

    def _clear(self) -> None:
        for path in (self.folder / _JOB, *self.folder.glob("block-*.npz"), *self.folder.glob("block-*.tmp")):
            path.unlink(missing_ok=True)


class _PartSource:
    """Blocks on disk as the source of a file. The first files stay open, since some formats go through them once per field."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._open: dict[int, npz.NpzReader] = {}
        self._rows: dict[str, int] = {}
        self.n_parts = len(paths)
        for index in range(len(paths)):
            with self._reader(index) as reader:
                self.names = reader.names
                for name, rows in reader.rows.items():
                    shared = int(name.endswith(OFFSETS))  # the last offset of a block is the first of the next one
                    self._rows[name] = self._rows.get(name, shared) + rows - shared

    def rows(self, name: str) -> int:
        return self._rows[name]

    def part(self, index: int, names: Collection[str]) -> Mapping[str, np.ndarray]:
        with self._reader(index) as reader:
            return reader.read(0, reader.n_events, names)

    def close(self) -> None:
        for reader in self._open.values():
            reader.close()
        self._open.clear()

    @contextlib.contextmanager
    def _reader(self, index: int) -> Iterator[npz.NpzReader]:
        reader = self._open.get(index)
        if reader is None and index < _KEPT_OPEN:
            reader = self._open[index] = npz.NpzReader(self._paths[index])
        if reader is not None:
            yield reader
            return
        with contextlib.closing(npz.NpzReader(self._paths[index])) as passing:
            yield passing
