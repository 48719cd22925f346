"""Event files as .npz: one .npy member per field and `metadata.json`, uncompressed, readable with numpy.load.

Members are written and read piece by piece, so that neither needs memory for the whole file. Compressed members are read
as well. Ref: numpy.lib.format (NPY 1.0 and 2.0), zip with 64-bit sizes.
"""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from sim.formats.common import Arrays, Source, format_meta, parse_meta, with_offsets
from trigger.door import check_names, check_offsets, check_rows
from trigger.errors import InputError
from trigger.events import group_of
from trigger.fields import OFFSETS

META_MEMBER = "metadata.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time stamp of every member: equal events give equal files."""
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)


@dataclass
class _Member:
    """An open .npy member: the stream stands at row `position`, after `last_row`."""

    stream: IO[bytes]
    dtype: np.dtype
    shape: tuple[int, ...]
    data_start: int
    position: int = 0
    last_row: np.ndarray | None = None

    @property
    def row_bytes(self) -> int:
        return self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))


class NpzReader:
    """An open .npz event file."""

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        self._members: dict[str, _Member] = {}
        with contextlib.ExitStack() as opened:
            try:
                self._zip = opened.enter_context(zipfile.ZipFile(path))
                opened.callback(self._close_members)
                files = self._zip.namelist()
                self.meta: dict[str, Any] = {}
                if META_MEMBER in files:
                    self.meta = parse_meta(self._zip.read(META_MEMBER), self._where)
                self.names = tuple(file.removesuffix(".npy") for file in files if file.endswith(".npy"))
                check_names(self.names, self._where)
                for name in self.names:
                    self._members[name] = self._open(name)
            except _DAMAGE as error:
                raise InputError(f"{path}: not a complete .npz file: {error}") from error
            self.rows = {name: member.shape[0] for name, member in self._members.items()}
            self.n_events = check_rows(self.rows, self._where)
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._opened.close()

    def _close_members(self) -> None:
        for member in self._members.values():
            member.stream.close()

    def read(self, start: int, stop: int, names: Collection[str]) -> Arrays:
        arrays: Arrays = {}
        wanted = with_offsets(names, self.names)
        for name in sorted(wanted, key=lambda key: not key.endswith(OFFSETS)):
            if name.endswith(OFFSETS):
                arrays[name] = self._offsets(name, start, stop)
        raw = dict(arrays)
        for name in wanted:
            group = group_of(name, self.names)
            if name.endswith(OFFSETS):
                arrays[name] = raw[name] - raw[name][0]
            elif group:
                bounds = raw[group + OFFSETS]
                self._check_entries(name, group, bounds, start, stop)
                arrays[name] = self._rows_of(name, int(bounds[0]), int(bounds[-1]))
            else:
                arrays[name] = self._rows_of(name, start, stop)
        return {name: arrays[name] for name in wanted}

    def _open(self, name: str) -> _Member:
        stream = self._zip.open(name + ".npy")
        try:
            return self._at_first_row(name, stream)
        except BaseException:
            stream.close()
            raise

    def _at_first_row(self, name: str, stream: IO[bytes]) -> _Member:
        try:
            version = npy.read_magic(stream)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran_order, dtype = header(stream)
        except ValueError as error:
            raise InputError(f"{self._where}: field {name}: not a .npy member: {error}") from error
        if dtype.hasobject or not shape:
            reason = f"must be an array of numbers, not {dtype} of shape {shape}"
            raise InputError(f"{self._where}: field {name}: {reason}")
        if fortran_order and len(shape) > 1:
            raise InputError(f"{self._where}: field {name}: must be stored events first (C order), not in Fortran order")
        member = _Member(stream, dtype, shape, stream.tell())
        stored, declared = self._zip.getinfo(name + ".npy").file_size, member.data_start + shape[0] * member.row_bytes
        if stored != declared:
            raise InputError(f"{self._where}: field {name}: has {stored} bytes, but its header asks for {declared}")
        return member

    def _offsets(self, name: str, start: int, stop: int) -> np.ndarray:
        raw = self._rows_of(name, start, stop + 1)
        return check_offsets(raw, name, self._where, first_event=start)

    def _check_entries(self, name: str, group: str, bounds: np.ndarray, start: int, stop: int) -> None:
        """Refuse a field with fewer entries than its offsets, or with more at the end of the file."""
        entries = self.rows[name]
        short = bounds[-1] > entries
        if short or (stop == self.n_events and bounds[-1] != entries):
            bad = start + min(int(np.searchsorted(bounds[1:], entries, side="right")), max(stop - start - 1, 0))
            reason = f"has {entries} entries, but {group}{OFFSETS} goes to {bounds[-1]}"
            raise InputError(f"{self._where}: field {name}, event {bad}: {reason}")

    def _rows_of(self, name: str, start: int, stop: int) -> np.ndarray:
        member = self._members[name]
        rows = np.empty((stop - start, *member.shape[1:]), member.dtype)
        # Offsets: the last row of a piece is the first of the next one.
        again = int(len(rows) > 0 and start == member.position - 1 and member.last_row is not None)
        try:
            if start < member.position - again:
                member.stream.close()
                self._members[name] = member = self._open(name)
            if start > member.position:
                member.stream.seek(member.data_start + start * member.row_bytes)
            if again:
                rows[0] = member.last_row
            _fill(rows[again:], member.stream)
        except _DAMAGE as error:
            raise InputError(f"{self._where}: field {name}: truncated or damaged: {error}") from error
        member.position, member.last_row = stop, rows[-1].copy() if len(rows) else None
        return rows


def _fill(rows: np.ndarray, stream: IO[bytes]) -> None:
    """Read the bytes of all rows; EOFError if there are fewer."""
    if rows.size:
        view, done = rows.reshape(-1).view(np.uint8).data, 0
        while done < len(view):
            got = stream.readinto(view[done:])  # type: ignore[attr-defined]
            if not got:
                raise EOFError("fewer rows than its header says")
            done += got


def write(path: Path, source: Source, meta: Mapping[str, Any]) -> None:
    """Write the events, member by member; equal events give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in source.names:
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w", force_zip64=True) as stream:
                _write_member(stream, name, source)
        archive.writestr(zipfile.ZipInfo(META_MEMBER, _EPOCH), format_meta(meta))


def _write_member(stream: IO[bytes], name: str, source: Source) -> None:
    base = 0
    for index in range(source.n_parts):
        rows = source.part(index, (name,))[name]
        if index == 0:
            total = (source.rows(name), *rows.shape[1:])
            header = {"descr": npy.dtype_to_descr(rows.dtype), "fortran_order": False, "shape": total}
            npy.write_array_header_1_0(stream, header)
        if name.endswith(OFFSETS):
            written = rows[(index > 0) :] + base
            base += int(rows[-1])
            rows = written
        stream.write(np.ascontiguousarray(rows).data.cast("B") if rows.size else b"")
