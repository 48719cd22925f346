"""Event files as .parquet: one row per event, jagged fields as list columns, one row group per block.

Ref: Apache Parquet by way of pyarrow; metadata and the names of the jagged groups are JSON in the schema's key-value part.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.formats.common import Arrays, Columns, Source, column_group, format_meta, groups_in, parse_meta
from trigger.errors import InputError
from trigger.events import group_of
from trigger.fields import OFFSETS

META_KEY, GROUPS_KEY = b"darktrigger", b"darktrigger.groups"


class ParquetReader:
    """An open .parquet event file."""

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: not a complete .parquet file: {error}") from error
        schema = self._file.schema_arrow
        stored = schema.metadata or {}
        self.meta: dict[str, Any] = parse_meta(stored.get(META_KEY, b"{}"), self._where)
        self._groups = list(parse_meta(stored.get(GROUPS_KEY, b"{}"), self._where))
        lists = [field.name for field in schema if _is_list(field.type)]
        offsets = dict.fromkeys(column_group(name, self._groups) + OFFSETS for name in lists)
        self.names = tuple(name for name in (*offsets, *schema.names) if name != OFFSETS)
        self.n_events = self._file.metadata.num_rows
        rows = [self._file.metadata.row_group(index).num_rows for index in range(self._file.num_row_groups)]
        self._group_starts = np.concatenate([[0], np.cumsum(rows, dtype=np.int64)])

    def close(self) -> None:
        self._file.close()

    def read(self, start: int, stop: int, names: Collection[str]) -> Arrays:
        columns = [name for name in names if not name.endswith(OFFSETS)]
        first = int(np.searchsorted(self._group_starts, start, side="right")) - 1
        last = int(np.searchsorted(self._group_starts, stop, side="left"))
        try:
            table = self._file.read_row_groups(list(range(first, last)), columns=columns)
        except (pa.ArrowException, OSError) as error:
            reason = f"damaged in events {start}..{stop}: {error}"
            raise InputError(f"{self._where}: {reason}") from error
        table = table.slice(start - int(self._group_starts[first]) if last > first else 0, stop - start)
        collected = Columns(self._where, start, self._groups)
        for name in columns:
            self._collect(collected, name, table.column(name), start)
        return collected.arrays

    def _collect(self, collected: Columns, name: str, column: pa.ChunkedArray, start: int) -> None:
        array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
        if array.null_count:
            bad = start + int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
            raise InputError(f"{self._where}: field {name}, event {bad}: must be a number, not null")
        if _is_list(array.type):
            offsets = array.offsets.to_numpy()
            collected.lists(name, offsets - offsets[0], self._numbers(name, array.flatten()))
        else:
            collected.flat(name, self._numbers(name, array))

    def _numbers(self, name: str, array: pa.Array) -> np.ndarray:
        kind = array.type
        if array.null_count:
            raise InputError(f"{self._where}: field {name}: must hold numbers, not null")
        if pa.types.is_fixed_size_list(kind):
            return self._numbers(name, array.flatten()).reshape(len(array), kind.list_size)
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            raise InputError(f"{self._where}: field {name}: must hold numbers, not {kind}")
        return array.to_numpy(zero_copy_only=False)


def write(path: Path, source: Source, meta: Mapping[str, Any]) -> None:
    """Write the events, one row group per part of the source."""
    groups = dict.fromkeys(groups_in(source.names), True)
    stored = {META_KEY: format_meta(meta), GROUPS_KEY: json.dumps(groups)}
    writer = None
    try:
        for index in range(source.n_parts):
            table = _table(source.part(index, source.names))
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema.with_metadata(stored), compression="zstd")
            writer.write_table(table.replace_schema_metadata(stored))
    finally:
        if writer is not None:
            writer.close()


def _table(arrays: Mapping[str, np.ndarray]) -> pa.Table:
    names = tuple(arrays)
    columns = {}
    for name, array in arrays.items():
        if name.endswith(OFFSETS):
            continue
        values = pa.array(np.ascontiguousarray(array).reshape(-1))
        if array.ndim > 1:
            values = pa.FixedSizeListArray.from_arrays(values, array.shape[1])
        group = group_of(name, names)
        if group:
            values = pa.LargeListArray.from_arrays(arrays[group + OFFSETS], values)
        columns[name] = values
    return pa.table(columns)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)
