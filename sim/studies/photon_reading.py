"""Counters of the single-photon study together with what is needed to read them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.studies import photon_counts as counts
from sim.studies.counting import Counters
from sim.studies.lines import Line, by_threshold, single_photon_lines
from sim.studies.photon_chain import Kind, Sample
from sim.studies.statistics import efficiency
from sim.studies.tables import Table, Value
from trigger.ecl import EclTrigger
from trigger.geometry.ecl import N_THETA

EFFICIENCY_COLUMNS = ("n", "k", "efficiency", "low", "high")


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """Samples, their merged counters by name, the trigger that decided, and the stamp that every table carries."""

    samples: tuple[Sample, ...]
    counters: Mapping[str, Counters]
    trigger: EclTrigger
    stamp: Mapping[str, Any]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Single-photon lines with the parameters of the trigger."""
        return single_photon_lines(self.trigger.parameters)

    @cached_property
    def groups(self) -> Mapping[str, tuple[Line, ...]]:
        """Lines by threshold."""
        return by_threshold(self.lines)

    @property
    def named_lines(self) -> tuple[tuple[str, Line | None], ...]:
        """Lines by name, and their OR, which belongs to no line."""
        return (*((line.name, line) for line in self.lines), (counts.OR, None))

    def table(self, name: str, title: str, columns: tuple[str, ...], rows: Iterable[tuple[Value, ...]], *notes: str) -> Table:
        """A stamped table."""
        return Table(name=name, title=title, columns=columns, rows=tuple(rows), notes=notes, stamp=self.stamp)

    def selections(self, *kinds: Kind) -> Iterator[tuple[Sample, str, Counters]]:
        """(sample, selection, counters) of the samples of these kinds."""
        for sample in self.samples:
            if sample.kind in kinds:
                found = self.counters[sample.name]
                for key in found:
                    if key.startswith("n_theta/"):
                        yield sample, key.removeprefix("n_theta/"), found


def in_rings(line: Line | None) -> NDArray[np.bool_]:
    """Marks the theta ids 0..17 of a line; 1..17 for None."""
    rings = np.arange(N_THETA + 1)
    return line.inside(rings) if line is not None else rings > 0


def efficiency_row(k: int, n: int) -> tuple[Value, ...]:
    """Values of `EFFICIENCY_COLUMNS`."""
    e = efficiency(int(k), int(n))
    return int(n), int(k), float(e.value), float(e.low), float(e.high)


def level(sample: Sample) -> str:
    """Background of a sample in words."""
    background = sample.background
    return "none" if background.level == 0 else f"{background.preset.name.lower()} x{background.scale:g} (guess)"
