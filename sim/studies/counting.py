"""Integer counters of logical blocks: made by any number of workers, kept block by block, merged in block order."""

import os
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.parts import Interrupted
from sim.studies.engines import OneProcess, engine_of
from trigger.errors import InputError

Counters = dict[str, NDArray[np.int64]]
"""Named integer arrays; those of two blocks are added element by element."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One logical block of one sample: ``events`` events of block number ``block``."""

    sample: str
    block: int
    events: int

    @property
    def file_name(self) -> str:
        """Name of the checkpoint file."""
        return f"{self.sample}-{self.block:06d}.npz"


def add(left: Mapping[str, NDArray[np.int64]], right: Mapping[str, NDArray[np.int64]]) -> Counters:
    """Sum of two sets of counters; a name that is missing in one counts as zero there."""
    names = list(left) + [name for name in right if name not in left]
    both = {name: left[name] + right[name] for name in names if name in left and name in right}
    return {name: both[name] if name in both else (left if name in left else right)[name] for name in names}


def merged(parts: Iterable[Mapping[str, NDArray[np.int64]]]) -> Counters:
    """Sum of any number of sets of counters."""
    total: Counters = {}
    for part in parts:
        total = add(total, part)
    return total


def save(path: Path, counters: Mapping[str, NDArray[np.int64]], digest: str) -> None:
    """Puts the counters of a finished block at ``path`` in one step, stamped with the digest of what made them."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    arrays: dict[str, Any] = {"__digest__": np.array(digest), **{f"c_{k}": v for k, v in counters.items()}}
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
    partial.replace(path)


def load(path: Path, digest: str) -> Counters | None:
    """Counters of a finished block; None if there is no readable file of the same digest."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            if str(file["__digest__"]) != digest:
                return None
            return {name[2:]: file[name] for name in file.files if name.startswith("c_")}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def run(
    jobs: Sequence[Job],
    work: Callable[[Job], Counters],
    folder: Path,
    digest: str,
    workers: int = 1,
    done: Callable[[Job], None] = lambda job: None,
    scheduler: str | None = None,
) -> dict[str, Counters]:
    """Merged counters of each sample, equal for any number of workers and any engine.

    Finished blocks lie in ``folder`` and are not repeated if the call is made again with the same digest; after an
    interrupt the next call goes on where this one stopped. ``work`` must be picklable when ``workers`` > 1 or a dask ``scheduler``
    does it. ``done`` is called in this process after each block. InputError if the folder cannot be written; a worker's error
    is raised here.
    """
    engine = engine_of(workers, scheduler)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        msg = f"{folder}: cannot be written: {error.strerror}"
        raise InputError(msg) from error
    pending = []
    for job in jobs:
        if load(folder / job.file_name, digest) is None:
            pending.append(job)
        else:
            done(job)
    if len(pending) < 2 and scheduler is None:
        engine = OneProcess()
    kept = len(jobs) - len(pending)
    try:
        for job, counters in engine.map(work, pending):
            save(folder / job.file_name, counters, digest)
            kept += 1
            done(job)
    except KeyboardInterrupt as error:
        msg = f"interrupted; {kept} of {len(jobs)} blocks are kept in {folder}: run the same command again to resume"
        raise Interrupted(msg) from error
    return _merged(jobs, folder, digest)


def _merged(jobs: Sequence[Job], folder: Path, digest: str) -> dict[str, Counters]:
    merged: dict[str, Counters] = {}
    for job in sorted(jobs, key=lambda j: (j.sample, j.block)):
        counters = load(folder / job.file_name, digest)
        if counters is None:
            msg = f"{folder / job.file_name}: the counters of this block vanished"
            raise InputError(msg)
        merged[job.sample] = add(merged.get(job.sample, {}), counters)
    return merged
