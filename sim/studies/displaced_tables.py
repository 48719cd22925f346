"""Tables of the study of the displaced-vertex trigger, from its counters alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.studies import displaced_samples as decisions
from sim.studies.counting import Counters
from sim.studies.displaced_counts import ALL, ALONG_EDGES, AMONG, AXES, CROSSED, RADIUS_EDGES, TRANSVERSE_EDGES
from sim.studies.displaced_samples import NOMINAL, OR, SCORED, SOURCES, TRUE, Kind, Sample
from sim.studies.displaced_scores import ALGORITHMS, N_SCORES, RATES_HZ, STEP_HZ, cut_for
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, efficiency_row
from sim.studies.rate_samples import NB_PER_CM2, Clock, rate_samples
from sim.studies.rates import LUMINOSITIES
from sim.studies.statistics import ONE_SIGMA, clopper_pearson, upper_limit
from sim.studies.tables import Table, Value
from trigger.displaced.parameters import STEP_CLOCKS, WINDOW_CLOCKS

RANGES_CM = ((0.0, 50.0), (2.5, 5.0), (5.0, 17.5), (17.5, 20.0), (20.0, 25.0), (25.0, 40.0), (40.0, 50.0))
"""Ranges of the summary, edges of RADIUS_EDGES."""
POINT = "design"
"""Luminosity of the rates by source."""
K_SHORT_HZ = 1000.0
"""K_S that decay to two charged pions in the chamber, at the design luminosity. GUESS: an order of magnitude."""
RATED = {Kind.MUON_PAIR: "mu-mu", Kind.TAU_PAIR: "tau-tau", Kind.B_PAIR: "y4s", Kind.COSMIC: "cosmics"}
"""Sources whose rate is that of a sample of `sim.studies.rate_samples`."""
MASS_SCANS = tuple(f"mass, {decay.value}" for decay in decisions.DECAYS)
"""What is varied with the mass: the decay."""
FIRED, UNIQUE, WITH = "fires", "fires, existing lines do not", "fires, or existing lines do"
"""What is said of an algorithm at a rate."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Everything that the tables are made from. counters: by sample name."""

    samples: tuple[Sample, ...]
    counters: Mapping[str, Counters]
    stamp: Mapping[str, Any]

    def of(self, *kinds: Kind, varied: str = "") -> Iterator[tuple[Sample, Counters]]:
        """Samples of these kinds in which this is varied, by default nothing, with their counters."""
        for sample in self.samples:
            if sample.kind in kinds and sample.variant.varied[0] == varied:
                yield sample, self.counters[sample.name]

    def table(self, name: str, title: str, columns: tuple[str, ...], rows: Iterator[tuple[Value, ...]], *notes: str) -> Table:
        """A stamped table."""
        return Table(name=name, title=title, columns=columns, rows=tuple(rows), notes=notes, stamp=self.stamp)

    @cached_property
    def windows(self) -> tuple[int, dict[str, NDArray[np.int64]]]:
        """Windows of beam background at the nominal level; of those that the existing lines leave, scores by algorithm."""
        (found,) = (found for sample, found in self.of(Kind.BEAM) if sample.scale == NOMINAL)
        return _n(found), {algorithm.name: found[f"every/{ALL}/unique/{algorithm.name}"][0] for algorithm in ALGORITHMS}

    def cut(self, algorithm: str, rate_hz: float) -> int:
        """First bin of the score that is taken at a rate."""
        n, unique = self.windows
        return cut_for(unique[ALGORITHMS[-1].name if algorithm == TRUE else algorithm], n, rate_hz)


def _n(found: Counters) -> int:
    return int(found[f"every/{ALL}/events"].sum())


def level(sample: Sample) -> str:
    """Background of a sample in words."""
    return f"x{sample.scale:g} (guess)" if sample.scale else "none"


def at(algorithm: str, rate_hz: float, what: str = FIRED) -> str:
    """Name of a decision."""
    return f"{algorithm}, {rate_hz:g} Hz: {what}"


CURVES = tuple(
    at(name, rate, what) for rate in RATES_HZ for name in SCORED for what in ((FIRED,) if name == TRUE else (FIRED, UNIQUE, WITH))
)
"""Decisions of the algorithms."""
DECISIONS = (decisions.CEILING, OR, *CURVES)


def taken(counted: Counted, found: Counters, axis: str, among: str) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Every decision of DECISIONS that a sample has, with the events that it takes, bin by bin."""
    of = f"{axis}/{among}"
    for name in (decisions.CEILING, OR):
        if f"{of}/{name}" in found:
            yield name, found[f"{of}/{name}"]
    for rate in RATES_HZ:
        for name in SCORED:
            if f"{of}/score/{name}" in found:
                cut = counted.cut(name, rate)
                fired, unique = (found[f"{of}/{kind}/{name}"][:, cut:].sum(axis=1) for kind in ("score", "unique"))
                yield at(name, rate), fired
                if name != TRUE:
                    yield at(name, rate, UNIQUE), unique
                    yield at(name, rate, WITH), found[f"{of}/{OR}"] + unique


def tables(counted: Counted) -> tuple[Table, ...]:
    """All tables."""
    lines = f"{OR}: {', '.join(decisions.LINES)}; lml: low-multiplicity lines without prescale"
    ceiling = f"{decisions.CEILING}: both daughters cross four axial superlayers, and in four of them their segment is there"
    cuts = "cuts: table displaced_cuts"
    head = ("background", "among", "axis", "low_edge", "high_edge", "decision", *EFFICIENCY_COLUMNS)
    return (
        counted.table(
            "displaced_cuts",
            "Cuts on the scores for rates that the existing lines do not have, from windows of beam background at x1",
            ("algorithm", "wanted_hz", "score_raw", "windows", "k", "rate_hz", "rate_low_hz", "rate_high_hz", "upper_95_hz"),
            _cuts(counted),
            "the smallest cut with at most the rate, in the windows that it is chosen with; empty: no score is seldom enough",
            f"rate: {STEP_HZ:.0f} windows per second; an event seen by two overlapping windows is counted twice",
        ),
        counted.table("displaced", "Long-lived pairs that are taken", head, _fractions(counted, Kind.PAIR), lines, ceiling, cuts),
        counted.table("displaced_summary", "Long-lived pairs by range of radius", head, _summary(counted), lines, ceiling, cuts),
        counted.table(
            "displaced_scan",
            "Long-lived pairs at background x1 of which one thing is varied",
            ("varied", "value", "among", "decision", *EFFICIENCY_COLUMNS),
            _scan(counted),
            lines,
            ceiling,
            cuts,
        ),
        counted.table("displaced_k_short", "K_S -> pi pi that are taken", head, _fractions(counted, Kind.K_SHORT), lines, cuts),
        counted.table(
            "displaced_vertex",
            "Distance of the best vertex found from the true one, daughters that cross four axial superlayers",
            ("background", "low_edge_cm", "high_edge_cm", "direction", "n", "median_cm", "low_cm", "high_cm", "q90_cm"),
            _vertices(counted),
            "before any cut on the score; low, high: 68.27 % interval of the median from order statistics; empty: beyond the range",
        ),
        counted.table(
            "displaced_sources",
            "What else is taken, background x1",
            ("source", "among", "decision", *EFFICIENCY_COLUMNS, "upper_95", "rate_hz", "upper_95_hz"),
            _sources(counted),
            f"rates: {POINT} luminosity, {LUMINOSITIES[POINT]:g} per cm^2 and s; {K_SHORT_HZ:g} Hz of K_S (a guess)",
            cuts,
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


def _cuts(counted: Counted) -> Iterator[tuple[Value, ...]]:
    n, unique = counted.windows
    for algorithm in ALGORITHMS:
        for rate in RATES_HZ:
            cut = counted.cut(algorithm.name, rate)
            k = int(unique[algorithm.name][cut:].sum())
            bounds = (k / n, *(float(bound) for bound in clopper_pearson(k, n)), float(upper_limit(k, n)))
            yield algorithm.name, rate, algorithm.raw_of(cut) if cut <= N_SCORES else None, n, k, *(STEP_HZ * x for x in bounds)


def _fractions(counted: Counted, kind: Kind) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(kind):
        for axis, edges in AXES.items():
            for among in AMONG:
                n = found[f"{axis}/{among}/events"]
                for name, k in taken(counted, found, axis, among):
                    for place in range(len(edges) - 1):
                        bounds = float(edges[place]), float(edges[place + 1])
                        yield level(sample), among, axis, *bounds, name, *efficiency_row(k[place], n[place])


def _summary(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(Kind.PAIR):
        for among in AMONG:
            of = f"radius/{among}"
            others = ((name, found[f"{of}/{name}"]) for name in (*decisions.LINES, decisions.DVT, decisions.OVERFLOW))
            for name, k in (*taken(counted, found, "radius", among), *others):
                for low, high in RANGES_CM:
                    inside = (RADIUS_EDGES[:-1] >= low) & (RADIUS_EDGES[1:] <= high)
                    n = found[f"{of}/events"][inside].sum()
                    yield level(sample), among, "radius", low, high, name, *efficiency_row(k[inside].sum(), n)


def _scan(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for varied in (*MASS_SCANS, "ctau", "segments", "sides", "background"):
        for value, found in _points(counted, varied):
            for among in AMONG:
                n = int(found[f"every/{among}/events"].sum())
                for name, k in taken(counted, found, "every", among):
                    yield varied, value, among, name, *efficiency_row(int(k.sum()), n)


def _points(counted: Counted, varied: str) -> Iterator[tuple[float, Counters]]:
    """Values and counters: of segments and sides with the study's own pairs first, of background those at every level."""
    for sample, found in counted.of(Kind.PAIR):
        if varied == "background":
            yield sample.scale, found
        elif sample.scale == NOMINAL and varied in ("segments", "sides"):
            yield 1.0 if varied == "segments" else 0.0, found
    for sample, found in counted.of(Kind.PAIR, varied=varied):
        yield sample.variant.varied[1], found


def _vertices(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(Kind.PAIR):
        for low, high in RANGES_CM:
            inside = (RADIUS_EDGES[:-1] >= low) & (RADIUS_EDGES[1:] <= high)
            for name, edges in (("transverse", TRANSVERSE_EDGES), ("along", ALONG_EDGES)):
                entries = found[name][inside].sum(axis=0)
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


def source_hz(kind: Kind) -> float | None:
    """Events of a source per second; None where nothing says it."""
    if kind not in RATED:
        return K_SHORT_HZ if kind is Kind.K_SHORT else None
    sample = next(sample for sample in rate_samples() if sample.name == RATED[kind])
    return sample.per_event * (NB_PER_CM2 * LUMINOSITIES[POINT] if sample.clock is Clock.COLLISIONS else 1.0)


def _sources(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(*SOURCES):
        hz = source_hz(sample.kind)
        for among in AMONG if sample.kind.has_pair else (ALL,):
            n = int(found[f"every/{among}/events"].sum())
            for name, counts in taken(counted, found, "every", among):
                k = int(counts.sum())
                limit = float(upper_limit(k, n))
                rates = (None, None) if hz is None or among == CROSSED else (hz * k / n, hz * limit)
                yield sample.kind.value, among, name, *efficiency_row(k, n), limit, *rates


def _background(counted: Counted) -> Iterator[tuple[Value, ...]]:
    for sample, found in counted.of(Kind.WIRES, Kind.BEAM):
        n = _n(found)
        others = ((name, found[f"every/{ALL}/{name}"]) for name in (decisions.DVT, decisions.OVERFLOW))
        for name, counts in (*taken(counted, found, "every", ALL), *others):
            k = int(counts.sum())
            limit = float(upper_limit(k, n))
            per_window = (k / n, *(float(bound) for bound in clopper_pearson(k, n)), limit)
            rates = tuple(None if name == OR or name.endswith(WITH) else STEP_HZ * value for value in per_window)
            yield sample.kind.value, level(sample), name, *efficiency_row(k, n), limit, *rates
