"""Real tracks of the neuro trigger from text files: integer inputs, reconstructed targets, answers of the network that ran.

Ref: format of the test data of the public repository juelg/belle2-pytorch-neuro-trigger [DATA]: tab separated, one header line,
42 columns, plain or gzip.
"""

import csv
import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.formats import CROSSING_ANGLE, NODE
from trigger.cdc.neuro.inputs import EXPERT_MISSING
from trigger.errors import InputError

N_SUPERLAYERS = 9
Z_SCALE_CM = 100.0
"""z of target or output 1. Source: neurotrigger_default.conf outputScale [SIM], confirmed by the data [DATA]."""
THETA_CENTRE_DEG, THETA_SCALE_DEG = 90.0, 80.0
"""theta of target or output 0, and the step to 1. Source: as for z."""

_INPUTS = tuple(f"SL{s}-{kind}" for s in range(N_SUPERLAYERS) for kind in ("relID", "driftT", "alpha"))
_INTEGERS = ("Experiment", "Run", "Subrun", "Event", "Track", "nTracks", "Expert", "iNodes", "oNodes", "RawZ", "RawTheta")
_NUMBERS = (*_INPUTS, "RecoZ", "RecoTheta", "ScaleZ", "ScaleTheta")
_FIXED = {"iNodes": len(_INPUTS), "oNodes": 2}
_RANGES: dict[str, tuple[float, float]] = dict.fromkeys(_NUMBERS, (-1.0, 1.0)) | {
    "Expert": (0, len(EXPERT_MISSING) - 1),
    "RawZ": (-4096, 4095),
    "RawTheta": (-4096, 4095),
}
_GZIP_MAGIC = b"\x1f\x8b"
_TARGET_DIGITS = 1e6


@dataclass(frozen=True, kw_only=True, eq=False)
class RealTracks:
    """n rows of real tracks, in the order of the file.

    Attributes:
        experiment, run, subrun, track, expert: int32 (n,). event: int64 (n,).
        x_raw: int16 (n, 27), NODE format. Crossing angles go through their own format, as in the trigger; all is cut toward zero.
        target: float64 (n, 2), reconstructed z / 100 cm and (theta - 90 deg) / 80 deg.
        deployed_raw: int16 (n, 2), z and theta of the network that ran, 13 bits.
    """

    experiment: NDArray[np.int32]
    run: NDArray[np.int32]
    subrun: NDArray[np.int32]
    event: NDArray[np.int64]
    track: NDArray[np.int32]
    expert: NDArray[np.int32]
    x_raw: NDArray[np.int16]
    target: NDArray[np.float64]
    deployed_raw: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.event)

    def select(self, rows: NDArray) -> "RealTracks":
        """Some of the rows: indices, or one boolean per row."""
        return RealTracks(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def event_number(self) -> NDArray[np.int64]:
        """Number (n,) of the event of each row, 0.. in ascending order of (experiment, run, subrun, event)."""
        return _group(self.experiment, self.run, self.subrun, self.event)

    @property
    def true_track(self) -> NDArray[np.int64]:
        """Number (n,) of the reconstructed track of each row: rows of one event with equal targets are candidates of one track."""
        digits = np.rint(self.target * _TARGET_DIGITS).astype(np.int64)
        return _group(self.event_number, digits[:, 0], digits[:, 1])

    @property
    def first_of_track(self) -> NDArray[np.int64]:
        """One row (m,) per reconstructed track, ascending: the one with the lowest track number, the first of equal ones."""
        order = np.lexsort((np.arange(len(self)), self.track, self.true_track))
        first = np.diff(self.true_track[order], prepend=-1) != 0
        return np.sort(order[first])

    @property
    def event_hash(self) -> NDArray[np.uint64]:
        """64-bit hash (n,) of experiment, run and event: the first digits of a SHA-256, the same on every machine."""
        keys = np.stack([self.experiment, self.run, self.event], axis=1)
        unique, inverse = np.unique(keys, axis=0, return_inverse=True)
        hashes = [hashlib.sha256(f"kept:{e}:{r}:{n}".encode()).digest()[:8] for e, r, n in unique.tolist()]
        return np.array([int.from_bytes(h, "big") for h in hashes], dtype=np.uint64)[inverse.ravel()]


def kept_aside(tracks: RealTracks, share: Fraction = Fraction(3, 10)) -> NDArray[np.bool_]:
    """Whether each row (n,) belongs to the part that no training sees: whole events, by hash, about `share` of them.

    share: a number of tenths from 0 to 1; ValueError otherwise.
    """
    tenths = share * 10
    if tenths.denominator != 1 or not 0 <= tenths <= 10:
        msg = f"share must be tenths from 0 to 1, not {share}"
        raise ValueError(msg)
    upper = (tracks.event_hash >> np.uint64(32)).astype(np.int64)
    return upper % 10 < int(tenths)


def read_tracks(path: str | Path) -> RealTracks:
    """Return the tracks of a file; blank lines are left out.

    Raises:
        InputError: with file, line, column and reason: unreadable or truncated file, missing or repeated columns, a line of
            another length, text or NaN in place of a number, a value out of range, another network shape, no rows.
    """
    text = _text(Path(path))
    reader = csv.reader(io.StringIO(text), delimiter="\t")
    header = next(reader, [])
    names = (*_INTEGERS, *_NUMBERS)
    missing = [name for name in names if name not in header]
    if missing or len(set(header)) != len(header):
        what = f"columns are missing: {', '.join(missing[:5])}" if missing else "a column is there twice"
        msg = f"{path}: line 1: {what}" + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise InputError(msg)
    lines: list[int] = []
    rows: list[list[str]] = []
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            msg = f"{path}: line {reader.line_num}: must have {len(header)} columns, not {len(row)}"
            raise InputError(msg)
        lines.append(reader.line_num)
        rows.append(row)
    if not rows:
        msg = f"{path}: has no tracks"
        raise InputError(msg)
    table = np.array(rows)
    columns = {name: _column(path, name, table[:, header.index(name)], lines) for name in names}
    return _tracks(columns)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
        return content.decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        msg = f"{path}: not a readable text or gzip file: {getattr(error, 'strerror', None) or error}"
        raise InputError(msg) from error


def _column(path: str | Path, name: str, cells: NDArray, lines: list[int]) -> NDArray:
    """The numbers of one column, checked."""
    kind = np.int64 if name in _INTEGERS else np.float64
    try:
        values = cells.astype(kind)
    except (ValueError, OverflowError) as error:
        bad = next(k for k, cell in enumerate(cells.tolist()) if not _is_number(cell, kind))
        _refuse(
            path, name, lines[bad], f"must be {'an integer' if kind is np.int64 else 'a number'}, not {str(cells[bad])!r}", error
        )
    low, high = _RANGES.get(name, (0, np.iinfo(np.int64 if name == "Event" else np.int32).max))
    if name in _FIXED:
        low = high = _FIXED[name]
    wrong = ~((values >= low) & (values <= high))  # NaN is neither
    if wrong.any():
        bad = int(wrong.argmax())
        _refuse(path, name, lines[bad], f"must be {low}..{high}, not {cells[bad]}", None)
    return values


def _is_number(cell: str, kind: type) -> bool:
    try:
        np.array([cell]).astype(kind)
    except (ValueError, OverflowError):
        return False
    return True


def _refuse(path: str | Path, name: str, line: int, reason: str, cause: Exception | None) -> None:
    msg = f"{path}: line {line}, column {name}: {reason}"
    raise InputError(msg) from cause


def _tracks(columns: dict[str, NDArray]) -> RealTracks:
    inputs = np.stack([columns[name] for name in _INPUTS], axis=1)
    x_raw = NODE.quantise(inputs)
    x_raw[:, 2::3] = np.trunc(CROSSING_ANGLE.quantise(2 * inputs[:, 2::3]) / 2).astype(np.int64)
    names = {"experiment": "Experiment", "run": "Run", "subrun": "Subrun", "track": "Track", "expert": "Expert"}
    return RealTracks(
        **{field: columns[name].astype(np.int32) for field, name in names.items()},
        event=columns["Event"],
        x_raw=x_raw.astype(np.int16),
        target=np.stack([columns["RecoZ"], columns["RecoTheta"]], axis=1),
        deployed_raw=np.stack([columns["RawZ"], columns["RawTheta"]], axis=1).astype(np.int16),
    )


def _group(*keys: NDArray) -> NDArray[np.int64]:
    """Number of each row's combination of keys, in ascending order."""
    _, number = np.unique(np.stack([np.asarray(key, np.int64) for key in keys], axis=1), axis=0, return_inverse=True)
    return number.ravel().astype(np.int64)
