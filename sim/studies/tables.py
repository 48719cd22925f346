"""Result tables: CSV for people and spreadsheets, JSON for programs, both with the stamp of what made them."""

import csv
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trigger.errors import InputError

Value = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Named columns of plain values. ``notes`` say what a reader must know; NaN becomes an empty cell and JSON null."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()
    stamp: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                msg = f"{self.name}: a row must have {len(self.columns)} values, not {len(row)}: {row}"
                raise ValueError(msg)

    def column(self, name: str) -> list[Value]:
        """Values of one column; ValueError for an unknown name."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def where(self, **equal: Value) -> "Table":
        """The rows whose named columns have these values."""
        places = {self.columns.index(name): value for name, value in equal.items()}
        rows = tuple(row for row in self.rows if all(row[i] == value for i, value in places.items()))
        return Table(name=self.name, title=self.title, columns=self.columns, rows=rows, notes=self.notes, stamp=self.stamp)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Puts the content at ``path`` in one step, so that no half-written file is ever seen there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if isinstance(content, bytes):
            partial.write_bytes(content)
        else:
            partial.write_text(content, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        msg = f"{path}: cannot be written: {error.strerror}"
        raise InputError(msg) from error


def _cell(value: Value) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    return str(value)


def _plain(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_csv(table: Table, path: Path) -> None:
    """Writes the table as CSV under a ``#`` header of title, notes and stamp."""
    lines = [f"# {table.title}", *(f"# {note}" for note in table.notes)]
    lines += [f"# {key}: {json.dumps(value, sort_keys=True)}" for key, value in table.stamp.items()]
    buffer = _Lines()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    write_atomically(path, "\n".join(lines) + "\n" + "".join(buffer.parts))


class _Lines:
    """Sink of the csv writer."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.parts.append(text)
        return len(text)


def write_json(table: Table, path: Path) -> None:
    """Writes the table as one JSON object with ``title``, ``notes``, ``stamp``, ``columns`` and ``rows``."""
    content = {
        "name": table.name,
        "title": table.title,
        "notes": list(table.notes),
        "stamp": dict(table.stamp),
        "columns": list(table.columns),
        "rows": [[_plain(value) for value in row] for row in table.rows],
    }
    write_atomically(path, json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")


def write(table: Table, folder: Path) -> tuple[Path, Path]:
    """Writes ``folder/<name>.csv`` and ``folder/<name>.json``; the paths."""
    paths = folder / f"{table.name}.csv", folder / f"{table.name}.json"
    write_csv(table, paths[0])
    write_json(table, paths[1])
    return paths


def read(path: Path) -> Table:
    """The table of a JSON file that ``write`` made; InputError for anything else. Empty numbers come back as None."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Table(
            name=content["name"],
            title=content["title"],
            columns=tuple(content["columns"]),
            rows=tuple(tuple(row) for row in content["rows"]),
            notes=tuple(content["notes"]),
            stamp=content["stamp"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path}: not a table of a study: {error}"
        raise InputError(msg) from error


def as_text(table: Table, columns: Sequence[str] | None = None) -> str:
    """The table in aligned columns for a terminal; ``columns`` chooses some."""
    names = tuple(columns or table.columns)
    cells = [names, *(tuple(_short(v) for v in row) for row in zip(*(table.column(n) for n in names), strict=True))]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in cells)


def _short(value: Value) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
