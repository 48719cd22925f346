"""Tables of the study of the displaced-vertex trigger, from its counters alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.studies import displaced_samples as decisions
from sim.studies.counting import Counters
from sim.studies.displaced_counts import ALONG_EDGES, AMONG, RADIUS_EDGES, TRANSVERSE_EDGES
from sim.studies.displaced_samples import Kind, Sample
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, efficiency_row
from sim.studies.statistics import ONE_SIGMA, clopper_pearson, upper_limit
from sim.studies.tables import Table, Value
from trigger.displaced.parameters import STEP_CLOCKS, WINDOW_CLOCKS
from trigger.geometry.beams import RADIO_FREQUENCY_MHZ
from trigger.geometry.cdc import TICKS_PER_CLOCK

STEP_HZ = RADIO_FREQUENCY_MHZ * 1e6 / TICKS_PER_CLOCK / STEP_CLOCKS
"""Windows per second."""
RANGES_CM = ((0.0, 50.0), (2.5, 5.0), (5.0, 17.5), (17.5, 20.0), (20.0, 25.0), (25.0, 40.0), (40.0, 50.0))
"""Ranges of the summary, edges of RADIUS_EDGES."""
AGAINST_RADIUS = (decisions.DVT, decisions.TRUE, decisions.CEILING, decisions.OR, decisions.UNIQUE)
SUMMARY = (*AGAINST_RADIUS, *decisions.LINES, decisions.OVERFLOW)
IN_WINDOWS = (decisions.DVT, decisions.OR, decisions.UNIQUE, decisions.OVERFLOW)
_WITHIN = ("low_edge_cm", "high_edge_cm")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Everything that the tables are made from. counters: by sample name."""

    samples: tuple[Sample, ...]
    counters: Mapping[str, Counters]
    stamp: Mapping[str, Any]

    def of(self, *kinds: Kind) -> Iterator[tuple[Sample, Counters]]:
        """Samples of these kinds with their counters."""
        return ((sample, self.counters[sample.name]) for sample in self.samples if sample.kind in kinds)

    def table(self, name: str, title: str, columns: tuple[str, ...], rows: Iterator[tuple[Value, ...]], *notes: str) -> Table:
        """A stamped table."""
        return Table(name=name, title=title, columns=columns, rows=tuple(rows), notes=notes, stamp=self.stamp)


def level(sample: Sample) -> str:
    """Background of a sample in words."""
    return f"x{sample.scale:g} (guess)" if sample.scale else "none"


def tables(counted: Counted) -> tuple[Table, ...]:
    """All tables."""
    what = "Long-lived pairs that the displaced-vertex trigger and the existing lines take"
    lines = f"{decisions.OR}: {', '.join(decisions.LINES)}; lml: low-multiplicity lines without prescale"
    ceiling = f"{decisions.CEILING}: both daughters cross four axial superlayers, and in four of them their segment is there"
    head = ("background", "among", *_WITHIN, "decision", *EFFICIENCY_COLUMNS)
    bins = tuple(zip(RADIUS_EDGES[:-1].tolist(), RADIUS_EDGES[1:].tolist(), strict=True))
    return (
        counted.table("displaced", f"{what}, by decay radius", head, _fractions(counted, bins, AGAINST_RADIUS), ceiling, lines),
        counted.table("displaced_summary", what, head, _fractions(counted, RANGES_CM, SUMMARY), ceiling, lines),
        counted.table(
            "displaced_vertex",
            "Distance of the vertices found from the true one, daughters that cross four axial superlayers",
            ("background", *_WITHIN, "direction", "n", "median_cm", "low_cm", "high_cm", "q90_cm"),
            _vertices(counted),
            "every vertex counts; low, high: 68.27 % interval of the median from order statistics; an empty cell: beyond the range",
        ),
        counted.table(
            "displaced_prompt",
            "Muon pairs from the interaction point that the displaced-vertex trigger takes",
            ("background", "among", "decision", *EFFICIENCY_COLUMNS, "upper_95"),
            _prompt(counted),
        ),
        counted.table(
            "displaced_background",
            "Windows of background that are taken, as rates at the true step of the window",
            (
                "sample", "background", "decision", *EFFICIENCY_COLUMNS, "upper_95",
                "rate_hz", "rate_low_hz", "rate_high_hz", "rate_upper_95_hz",
            ),
            _background(counted),
            f"rate: fraction times {STEP_HZ:.0f} windows per second; an event seen by two overlapping windows is counted twice",
            f"window: {WINDOW_CLOCKS} data clocks every {STEP_CLOCKS}; simulated ones hold the 600 ns that the chamber reads",
            "existing lines have windows of their own: for them the share alone, by chance hits and beam background",
            f"GUESS: {decisions.BEAM_EVENTS:g} beam-background events with tracks in a window at x1, unverified like all levels",
        ),
    )  # fmt: skip


def _fractions(counted: Counted, ranges: tuple[tuple[float, float], ...], chosen: tuple[str, ...]) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(Kind.PAIR):
        for among in AMONG:
            for low, high in ranges:
                inside = _inside(low, high)
                n = int(found[f"events/{among}"][inside].sum())
                for name in chosen:
                    k = int(found[f"{name}/{among}"][inside].sum())
                    yield level(sample), among, low, high, name, *efficiency_row(k, n)


def _inside(low: float, high: float) -> NDArray[np.bool_]:
    return (RADIUS_EDGES[:-1] >= low) & (RADIUS_EDGES[1:] <= high)


def _vertices(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(Kind.PAIR):
        for low, high in RANGES_CM:
            for name, edges in (("transverse", TRANSVERSE_EDGES), ("along", ALONG_EDGES)):
                entries = found[name][_inside(low, high)].sum(axis=0)
                yield level(sample), low, high, name, int(entries.sum()), *quantiles(entries, edges)


def quantiles(entries: NDArray[np.int64], edges: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Median, its exact interval, and the 90 % quantile of counts in bins, the last one beyond the edges; middle of the bin.

    The median lies between the order statistics of ranks BinomialInv(a / 2; n, 1/2) and BinomialInv(1 - a / 2; n, 1/2) + 1, a = 1 -
    0.6827. NaN for what lies beyond the edges, and without entries.
    """
    n = int(entries.sum())
    if not n:
        return (np.nan,) * 4
    low, high = stats.binom.ppf(((1 - ONE_SIGMA) / 2, (1 + ONE_SIGMA) / 2), n, 0.5)
    ranks = np.clip([np.ceil(n / 2), low, high + 1, np.ceil(0.9 * n)], 1, n)
    middle = np.append((edges[1:] + edges[:-1]) / 2, np.nan)
    median, below, above, most = middle[np.searchsorted(np.cumsum(entries), ranks)].tolist()
    return median, below, above, most


def _prompt(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(Kind.MUON_PAIR):
        for among in AMONG:
            n = int(found[f"events/{among}"].sum())
            for name in IN_WINDOWS:
                k = int(found[f"{name}/{among}"].sum())
                yield level(sample), among, name, *efficiency_row(k, n), float(upper_limit(k, n))


def _background(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(Kind.WIRES, Kind.BEAM):
        n = int(found[f"events/{AMONG[0]}"].sum())
        for name in IN_WINDOWS:
            k = int(found[f"{name}/{AMONG[0]}"].sum())
            limit = float(upper_limit(k, n))
            per_window = (k / n, *(float(bound) for bound in clopper_pearson(k, n)), limit)
            rates = tuple(None if name == decisions.OR else STEP_HZ * value for value in per_window)
            yield sample.kind.value, level(sample), name, *efficiency_row(k, n), limit, *rates
