"""A user's own background hits, for example from random triggers: read once, laid over simulated events.

Files: .npz (`offsets`, `tc_id`, `energy_gev`, `time_ns`), .parquet (one row per random trigger, the three as lists), .root
(tree `tree` with the members `m_TCId`, `m_edep` in GeV, `m_TimeAve` in ns of `TRGECLBGTCHits`, or the names above). Names are
matched by their ending.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trigger.errors import InputError
from trigger.geometry.ecl import N_CELLS

ROOT_TREE = "tree"
_CONTAINER = "TRGECLBGTCHits"
_ENDINGS = {"tc_id": ("tc_id", "m_TCId"), "energy_gev": ("energy_gev", "m_edep"), "time_ns": ("time_ns", "m_TimeAve")}
_MAX_GEV = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class BackgroundHits:
    """Random-trigger events in CSR form; InputError with `where`, field and first bad event.

    offsets: int64 (n + 1), n at least 1. tc_id: 1..576. energy_gev: 0..20. time_ns: relative to the
    trigger; the digitiser uses +-4 us.
    """

    offsets: np.ndarray
    tc_id: np.ndarray
    energy_gev: np.ndarray
    time_ns: np.ndarray
    where: str = "background hits"

    def __post_init__(self) -> None:
        for name in ("offsets", "tc_id"):
            if getattr(self, name).dtype.kind not in "iu":
                raise InputError(f"{self.where}: field {name} must hold integers, not {getattr(self, name).dtype}")
        if self.offsets.ndim != 1 or self.offsets.size < 2:
            raise InputError(f"{self.where}: field offsets must have at least two numbers (one event)")
        if self.offsets[0] != 0 or (np.diff(self.offsets.astype(np.int64)) < 0).any():
            raise InputError(f"{self.where}: field offsets must start at 0 and not decrease")
        for name in _ENDINGS:
            size = getattr(self, name).size
            if size != self.offsets[-1]:
                raise InputError(f"{self.where}: field {name} has {size} entries, but offsets ends at {self.offsets[-1]}")
        self._check("tc_id", (self.tc_id < 1) | (self.tc_id > N_CELLS), f"1..{N_CELLS}")
        self._check("energy_gev", ~((self.energy_gev >= 0) & (self.energy_gev <= _MAX_GEV)), f"0..{_MAX_GEV:g} GeV")
        self._check("time_ns", ~np.isfinite(self.time_ns), "finite")

    def _check(self, name: str, bad: np.ndarray, wanted: str) -> None:
        if bad.any():
            row = int(bad.argmax())
            event = int(np.searchsorted(self.offsets, row, side="right")) - 1
            raise InputError(f"{self.where}: field {name}, event {event}: must be {wanted}, not {getattr(self, name)[row]}")

    def draw(self, n_events: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(event, cell, energy_gev, time_ns): one random event of the library, with repetition, for each of n_events."""
        chosen = rng.integers(self.offsets.size - 1, size=n_events)
        counts = np.diff(self.offsets)[chosen]
        ends = np.cumsum(counts)
        rows = np.repeat(self.offsets[chosen] - (ends - counts), counts) + np.arange(counts.sum())
        event = np.repeat(np.arange(n_events), counts)
        return event, self.tc_id[rows].astype(np.int64), self.energy_gev[rows], self.time_ns[rows]


def read_background_hits(path: Path) -> BackgroundHits:
    """Background hits of a .npz, .parquet or .root file; InputError for anything that is not one."""
    readers = {".npz": _read_npz, ".parquet": _read_parquet, ".root": _read_root}
    if path.suffix not in readers:
        raise InputError(f"{path}: must end in {', '.join(readers)}, not {path.suffix!r}")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    columns = readers[path.suffix](path)
    return BackgroundHits(
        offsets=columns["offsets"],
        tc_id=columns["tc_id"],
        energy_gev=np.asarray(columns["energy_gev"], np.float64),
        time_ns=np.asarray(columns["time_ns"], np.float64),
        where=str(path),
    )


def _names(path: Path, present: list[str]) -> dict[str, str]:
    """Our field to the name in the file."""
    own = [name for name in present if _CONTAINER in name]
    names = {}
    for field, endings in _ENDINGS.items():
        matches = [name for name in (own or present) if name.endswith(endings)]
        if len(matches) != 1:
            found = f"{len(matches)} fields" if matches else "no field"
            raise InputError(f"{path}: {found} with a name that ends in {' or '.join(endings)}")
        names[field] = matches[0]
    return names


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            names = {"offsets": "offsets", **_names(path, archive.files)}
            if "offsets" not in archive.files:
                raise InputError(f"{path}: field offsets is missing")
            return {field: archive[name] for field, name in names.items()}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not a readable .npz file ({error})") from error


def _read_parquet(path: Path) -> dict[str, np.ndarray]:
    import awkward as ak

    try:
        table = ak.from_parquet(path)
    except Exception as error:
        raise InputError(f"{path}: not a readable .parquet file ({error})") from error
    names = _names(path, table.fields)
    return _flatten(path, {field: table[name] for field, name in names.items()})


def _read_root(path: Path) -> dict[str, np.ndarray]:
    import uproot

    try:
        with uproot.open(path) as file:
            tree = file[ROOT_TREE]
            present = set(tree.keys())  # uproot writes the counter of branch X as nX
            names = _names(path, [name for name in sorted(present) if not (name[0] == "n" and name[1:] in present)])
            columns = {field: tree[name].array() for field, name in names.items()}
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{path}: no readable tree {ROOT_TREE!r} ({error})") from error
    return _flatten(path, columns)


def _flatten(path: Path, columns: dict) -> dict[str, np.ndarray]:
    """CSR arrays from three lists of lists of equal structure."""
    import awkward as ak

    counts = {}
    for name, column in columns.items():
        if column.ndim != 2:
            raise InputError(f"{path}: field {name} must hold one list of numbers per event, not {column.type}")
        counts[name] = ak.to_numpy(ak.num(column))
    for name in ("energy_gev", "time_ns"):
        differ = np.flatnonzero(counts[name] != counts["tc_id"])
        if differ.size:
            event = int(differ[0])
            raise InputError(
                f"{path}: field {name}, event {event}: has {counts[name][event]} entries, tc_id {counts['tc_id'][event]}"
            )
    offsets = np.concatenate([[0], np.cumsum(counts["tc_id"])]).astype(np.int64)
    return {"offsets": offsets, **{name: ak.to_numpy(ak.flatten(column)) for name, column in columns.items()}}
