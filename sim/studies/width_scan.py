"""Scans of fixed-point widths: one format changed at a time, the others as declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.provenance import stamp
from sim.studies.tables import Table
from trigger.digest import digest

WidthsT = TypeVar("WidthsT")
FLOATS, DECLARED = "float", "declared"
"""Names of the rows without rounding, and with all widths as declared."""


@dataclass(frozen=True, kw_only=True)
class Scan(Generic[WidthsT]):
    """What is scanned. declared, plain: a frozen dataclass of widths, as declared and without rounding. scanned: widths by field.

    losses: what some widths lose, by column. others: further rows by name, with the bits that they are listed with.
    """

    name: str
    title: str
    notes: tuple[str, ...]
    seed: int
    tracks: int
    declared: WidthsT
    plain: WidthsT
    scanned: Mapping[str, range]
    losses: Callable[[WidthsT], dict[str, float]]
    others: Mapping[str, tuple[int | None, WidthsT]]

    def table(self) -> Table:
        """A row per format and width."""
        cases: list[tuple[str, int | None, bool, WidthsT]] = [
            (FLOATS, None, True, self.plain),
            (DECLARED, None, True, self.declared),
        ]
        for name, widths in self.scanned.items():
            own = getattr(self.declared, name)
            cases += [(name, bits, bits == own, self._changed(name, bits)) for bits in widths]
        cases += [(name, bits, False, widths) for name, (bits, widths) in self.others.items()]
        found = [(name, bits, declared, self.losses(widths)) for name, bits, declared, widths in cases]
        return Table(
            name=self.name,
            title=self.title,
            columns=("format", "bits", "declared", *found[0][-1]),
            rows=tuple((*case, *lost.values()) for *case, lost in found),
            notes=self.notes,
            stamp=stamp(
                self.name.replace("_", " "),
                seed=self.seed,
                digests={"widths": digest(self.declared)},
                labels={"tracks": self.tracks},
            ),
        )

    def _changed(self, name: str, bits: int) -> WidthsT:
        change: dict[str, Any] = {name: bits}
        widths: Any = self.declared
        changed: WidthsT = replace(widths, **change)
        return changed


def rounded(value: NDArray[np.float64], bits: int | None) -> NDArray[np.float64]:
    """Values to the nearest multiple of 2^-bits, ties upward; themselves for None."""
    return value if bits is None else np.ldexp(np.floor(np.ldexp(value, bits) + 0.5), -bits)


def matrix_rounded(matrix: NDArray[np.float64], mantissa: int | None, *, scaled: bool = True) -> NDArray[np.float64]:
    """Matrices (..., outputs, inputs) to mantissas of some width with one power of two per row; without scaled one for all."""
    if mantissa is None:
        return matrix
    largest = np.abs(matrix).max(axis=-1, keepdims=True) if scaled else np.abs(matrix).max()
    scale = np.exp2(np.floor(np.log2(((1 << (mantissa - 1)) - 1) / largest)))
    return np.asarray(np.floor(matrix * scale + 0.5) / scale)
