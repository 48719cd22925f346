"""Arrays that take long to make: kept in files, so that an interrupted command goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.files import atomic

Arrays = dict[str, NDArray]


def kept(path: Path, make: Callable[[], Arrays]) -> Arrays:
    """The arrays of a file, made and written if there is none."""
    if not path.exists():
        made = make()
        with atomic(path) as temporary:
            np.savez(temporary, allow_pickle=False, **made)
        return made
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Arrays of the same names one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
