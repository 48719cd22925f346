"""The left/right table: pattern of wires in, left/right decision out; and whether there is a segment at all.

Ref: basf2 trg/cdc, tables innerLUT and outerLUT (read in public source) [SIM]. The address is twice the pattern, plus
one if the priority position is the second left. Values: 0 no segment, 1 right, 2 left, 3 not known. The experiment's own tables
are not shipped; ours is made by simulation (`sim.studies.lr_table`), and theirs can be read.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.segments.shapes import HOURGLASS, MIN_LAYERS, PYRAMID, Shape
from trigger.digest import digest
from trigger.errors import InputError

NONE, RIGHT, LEFT, UNKNOWN = 0, 1, 2, 3
_SHIPPED = "lr_table.npz"
_SHAPES = {"inner": PYRAMID, "outer": HOURGLASS}


@dataclass(frozen=True, kw_only=True, eq=False)
class LeftRightTable:
    """Values by address, read-only: inner uint8 (2^16,) for superlayer 0, outer uint8 (2^12,) for the others.

    A value is 0 exactly where fewer than four layers are hit; InputError otherwise, or for another shape or value.
    """

    inner: NDArray[np.uint8]
    outer: NDArray[np.uint8]

    def __post_init__(self) -> None:
        for name, shape in _SHAPES.items():
            values = getattr(self, name)
            if values.dtype.kind not in "iu" or values.shape != (2 << shape.bits,):
                msg = f"{name} table must be integers ({2 << shape.bits},), not {values.dtype} {values.shape}"
                raise InputError(msg)
            wrong = (values < NONE) | (values > UNKNOWN) | ((values != NONE) != fires(shape))
            if wrong.any():
                at = int(wrong.argmax())
                msg = f"{name} table, address {at}: must be {'1..3' if fires(shape)[at] else '0'}, not {values[at]}"
                raise InputError(msg)
            table = values.astype(np.uint8)
            table.setflags(write=False)
            object.__setattr__(self, name, table)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LeftRightTable):
            return NotImplemented
        return np.array_equal(self.inner, other.inner) and np.array_equal(self.outer, other.outer)

    def __hash__(self) -> int:
        return hash((self.inner.tobytes(), self.outer.tobytes()))

    @classmethod
    def default(cls) -> "LeftRightTable":
        """The table that this package ships, made by our own simulation."""
        return _shipped()[0]

    @classmethod
    def undecided(cls) -> "LeftRightTable":
        """The table that finds segments and no side."""
        return cls(**{name: np.where(fires(shape), UNKNOWN, NONE) for name, shape in _SHAPES.items()})

    @classmethod
    def from_coe(cls, inner: str | Path, outer: str | Path) -> "LeftRightTable":
        """The table of two memory files of the experiment: radix 10, one value per address.

        InputError for an unreadable file, another radix, or values that are no table.
        """
        return cls(inner=_read_coe(Path(inner)), outer=_read_coe(Path(outer)))


def fires(shape: Shape) -> NDArray[np.bool_]:
    """Whether each address is a segment, bool (2 ** (bits + 1),): at least four layers are hit."""
    return np.repeat(shape.layers_hit() >= MIN_LAYERS, 2)


def training_record() -> dict:
    """How the shipped table was made: seed, sample, thresholds, counts, digests."""
    return json.loads(json.dumps(_shipped()[1]))


@cache
def _shipped() -> tuple[LeftRightTable, dict]:
    with (files("trigger.cdc.segments") / _SHIPPED).open("rb") as file, np.load(file, allow_pickle=False) as archive:
        record = json.loads(str(archive["record"]))
        table = LeftRightTable(inner=archive["inner"], outer=archive["outer"])
    found = digest(table.inner, table.outer)
    if found != record["digest"]:
        msg = f"{_SHIPPED}: digest of the table must be {record['digest']}, not {found}"
        raise InputError(msg)
    return table, record


def _read_coe(path: Path) -> NDArray:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: not a readable memory file: {error}"
        raise InputError(msg) from error
    statements = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    keys = {key.strip().lower(): value for key, value in statements.items()}
    if keys.get("memory_initialization_radix", "").strip() != "10":
        msg = f"{path}: memory_initialization_radix must be 10, not {keys.get('memory_initialization_radix', 'absent').strip()}"
        raise InputError(msg)
    words = keys.get("memory_initialization_vector", "").replace(",", " ").split()
    if not all(word.isdecimal() for word in words):
        msg = f"{path}: values must be decimal numbers, not {next(w for w in words if not w.isdecimal())!r}"
        raise InputError(msg)
    return np.array(words, dtype=np.int64)
