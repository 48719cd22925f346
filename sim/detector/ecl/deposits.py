"""Energy that particles leave in trigger cells: the common currency between the shower, track and background models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Deposits:
    """Pieces of energy. row: int64, particle that left it. cell: int64, 1..576. energy_gev, time_ns: float64."""

    row: np.ndarray
    cell: np.ndarray
    energy_gev: np.ndarray
    time_ns: np.ndarray


class Sheet:
    """Preallocated columns that a kernel fills."""

    def __init__(self, capacity: int) -> None:
        self.row = np.empty(capacity, np.int64)
        self.cell = np.empty(capacity, np.int64)
        self.energy_gev = np.empty(capacity)
        self.time_ns = np.empty(capacity)

    def filled(self, written: int, rows: np.ndarray) -> Deposits:
        """The first `written` lines; kernel rows become `rows` of the event record."""
        return Deposits(
            row=rows[self.row[:written]],
            cell=self.cell[:written],
            energy_gev=self.energy_gev[:written],
            time_ns=self.time_ns[:written],
        )


def join(parts: Sequence[Deposits]) -> Deposits:
    """All deposits of the parts, in order."""
    return Deposits(
        row=np.concatenate([part.row for part in parts]),
        cell=np.concatenate([part.cell for part in parts]),
        energy_gev=np.concatenate([part.energy_gev for part in parts]),
        time_ns=np.concatenate([part.time_ns for part in parts]),
    )
