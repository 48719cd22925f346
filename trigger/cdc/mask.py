"""Dead sense wires and dead track segments.

A dead wire gives no hit; a dead segment is never found, though its wires may serve its neighbours.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trigger.errors import InputError
from trigger.geometry.cdc import N_SEGMENTS, N_WIRES, layers, superlayers

_KEYS = ("wires", "segments", "layers", "superlayers")


@dataclass(frozen=True, kw_only=True, eq=False)
class CdcMask:
    """What is switched off; by default nothing.

    dead_wires: bool (14336,), by wire id. dead_segments: bool (2336,), by segment id. ValueError for another shape or kind.
    """

    dead_wires: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(N_WIRES, bool))
    dead_segments: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(N_SEGMENTS, bool))

    def __post_init__(self) -> None:
        for name, size in (("dead_wires", N_WIRES), ("dead_segments", N_SEGMENTS)):
            flags = getattr(self, name)
            if flags.shape != (size,) or flags.dtype != bool:
                msg = f"{name} must be bool ({size},), not {flags.dtype} {flags.shape}"
                raise ValueError(msg)
            flags.setflags(write=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CdcMask):
            return NotImplemented
        return np.array_equal(self.dead_wires, other.dead_wires) and np.array_equal(self.dead_segments, other.dead_segments)

    def __hash__(self) -> int:
        return hash((self.dead_wires.tobytes(), self.dead_segments.tobytes()))

    @classmethod
    def from_toml(cls, path: str | Path) -> "CdcMask":
        """Return the mask of a TOML file.

        Keys, each a list of ids or of ranges "first-last", both ends included: `wires` (0..14335, layer by layer), `segments`
        (0..2335), `layers` (0..55, all wires), `superlayers` (0..8, all segments). InputError for anything else.
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            msg = f"{path}: not a readable TOML file: {error}"
            raise InputError(msg) from error
        unknown = sorted(set(table) - set(_KEYS))
        if unknown:
            msg = f"{path}: unknown key {unknown[0]!r}; known are {', '.join(_KEYS)}"
            raise InputError(msg)
        lines, rings = layers(), superlayers()
        wires, segments = np.zeros(N_WIRES, bool), np.zeros(N_SEGMENTS, bool)
        for first, last in _ranges(table, "wires", N_WIRES, path):
            wires[first : last + 1] = True
        for first, last in _ranges(table, "layers", len(lines.n_wires), path):
            wires[lines.first_wire[first] : lines.first_wire[last] + lines.n_wires[last]] = True
        for first, last in _ranges(table, "segments", N_SEGMENTS, path):
            segments[first : last + 1] = True
        for first, last in _ranges(table, "superlayers", len(rings.n_segments), path):
            segments[rings.offset[first] : rings.offset[last + 1]] = True
        return cls(dead_wires=wires, dead_segments=segments)


def _ranges(table: dict, key: str, size: int, path: str | Path) -> Iterator[tuple[int, int]]:
    """(first, last) of each entry of a list; InputError if it is none or leaves 0..size - 1."""
    entries = table.get(key, [])
    if not isinstance(entries, list):
        msg = f"{path}: {key} must be a list, not {entries!r}"
        raise InputError(msg)
    for entry in entries:
        ends = entry.split("-") if isinstance(entry, str) else [str(entry)]
        if isinstance(entry, bool) or not isinstance(entry, int | str) or not all(end.strip().isdecimal() for end in ends):
            msg = f'{path}: {key} must hold ids or "first-last", not {entry!r}'
            raise InputError(msg)
        first, last = int(ends[0]), int(ends[-1])
        if len(ends) > 2 or not 0 <= first <= last < size:
            msg = f"{path}: {key} must be within 0..{size - 1} and ascending, not {entry!r}"
            raise InputError(msg)
        yield first, last
