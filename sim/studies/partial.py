"""Counters of some blocks of a study in one file, and the whole study from such files: for any batch system."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.studies.counting import Counters, add
from sim.studies.tables import write_atomically
from trigger.errors import InputError

_HEAD = "__head__"
_FIELDS = {"study", "recipe", "first", "stop", "n_blocks"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Counters of the blocks first..stop-1 of the n_blocks of a study, by sample.

    study: its digest. recipe: what it was asked for, as plain JSON values, so that it can be put together again.
    """

    study: str
    recipe: Mapping[str, Any]
    first: int
    stop: int
    n_blocks: int
    counters: Mapping[str, Counters]


def write_part(path: Path, part: Part) -> None:
    """Puts a part at `path` in one step; InputError if that cannot be written."""
    head = {name: getattr(part, name) for name in sorted(_FIELDS)}
    arrays: dict[str, Any] = {_HEAD: np.array(json.dumps(head, sort_keys=True))}
    arrays |= {f"{sample}/{name}": values for sample, found in part.counters.items() for name, values in found.items()}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_atomically(path, content.getvalue())


def read_part(path: Path) -> Part:
    """The part of a file; InputError for anything else."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            head = json.loads(str(file[_HEAD]))
            if set(head) != _FIELDS:
                msg = f"its head must have {', '.join(sorted(_FIELDS))}"
                raise ValueError(msg)
            counters: dict[str, Counters] = {}
            for key in file.files:
                sample, slash, name = key.partition("/")
                if slash:
                    counters.setdefault(sample, {})[name] = file[key]
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{path}: not counters of event blocks: {error}"
        raise InputError(msg) from error
    return Part(**head, counters=counters)


def merge_parts(parts: Mapping[Path, Part]) -> dict[str, Counters]:
    """Counters of the whole study by sample, summed in the order of the blocks.

    InputError, naming files and blocks: parts of different studies, blocks that two parts have, blocks that none has.
    """
    if not parts:
        msg = "merge needs at least one part"
        raise InputError(msg)
    ordered = sorted(parts.items(), key=lambda item: (item[1].first, item[1].stop))
    path, first = ordered[0]
    for other, part in ordered[1:]:
        if (part.study, part.n_blocks) != (first.study, first.n_blocks):
            msg = f"{other} is of study {part.study[:12]}, {path} of {first.study[:12]}: parts of different studies"
            raise InputError(msg)
    reached, last = 0, None
    missing: list[str] = []
    for place, part in ordered:
        if part.first < reached:
            msg = f"{place} and {last} both have {_span(part.first, min(reached, part.stop))}"
            raise InputError(msg)
        if part.first > reached:
            missing.append(_span(reached, part.first))
        reached, last = part.stop, place
    if reached < first.n_blocks:
        missing.append(_span(reached, first.n_blocks))
    if missing:
        msg = f"no part has {', '.join(missing)} of {first.n_blocks} blocks"
        raise InputError(msg)
    return _sum([part for _, part in ordered])


def _span(first: int, stop: int) -> str:
    return f"block {first}" if stop == first + 1 else f"blocks {first}:{stop}"


def _sum(parts: Sequence[Part]) -> dict[str, Counters]:
    total: dict[str, Counters] = {}
    for part in parts:
        for sample, found in part.counters.items():
            total[sample] = add(total.get(sample, {}), found)
    return total
