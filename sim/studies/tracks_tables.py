"""Tables of the track study, from its counters alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.studies import tracks_counts as counts
from sim.studies.counting import Counters
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, efficiency_row
from sim.studies.statistics import ONE_SIGMA, efficiency
from sim.studies.tables import Table, Value
from sim.studies.tracks_samples import REFERENCE, Kind, Sample
from trigger.cdc import SingleTrackCuts
from trigger.cdc.neuro.formats import NODE_ONE

FULL_THETA_DEG = (35.0, 125.0)
"""Bins of the counters within which straight tracks cross nearly all layers (all of them from 35 to 123 degrees)."""
PT_FOR_THETA_GEV = 0.5
PUBLISHED_CM = {"pT > 1 GeV": 2.0, "pT 0.3 - 0.5 GeV": 5.0}
"""Resolution of the experiment's network in simulation, about. Source: abstract of S. McCarney, BELLE2-MTHESIS-2020-004 [PAPER];
neither the background nor what `high` and `low` momentum mean is stated there: these ranges are ours."""
RANGES_GEV = {"pT > 1 GeV": (1.0, 10.0), "pT 0.3 - 0.5 GeV": (0.3, 0.5)}
STT_AIM = 0.97
REPLICAS = 200
CUTS_CM = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.5, 15.0, 20.0, 25.0, 30.0, 40.0)
WORKING_POINTS = (0.90, 0.95)
_CENTRAL = ((1 - ONE_SIGMA) / 2, (1 + ONE_SIGMA) / 2)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Everything that the tables are made from. counters: by sample name. networks: names, in order."""

    samples: tuple[Sample, ...]
    counters: Mapping[str, Counters]
    networks: tuple[str, ...]
    seed: int
    stamp: Mapping[str, Any]

    def of(self, kind: Kind) -> Iterator[tuple[str, Counters]]:
        """(background level, counters) of the samples of a kind."""
        for sample in self.samples:
            if sample.kind is kind:
                yield level(sample), self.counters[sample.name]

    def table(self, name: str, title: str, columns: tuple[str, ...], rows: list[tuple[Value, ...]], *notes: str) -> Table:
        """A table with this study's stamp."""
        return Table(name=name, title=title, columns=columns, rows=tuple(rows), notes=notes, stamp=self.stamp)


def level(sample: Sample) -> str:
    """The background level in words."""
    return f"x{sample.scale:g}"


def tables(c: Counted) -> tuple[Table, ...]:
    """Every table."""
    make = (finder, resolution, resolution_summary, response, single_track, plateau, cuts, rejection, lines, extra)
    return tuple(table(c) for table in make)


def _within(edges: NDArray, low: float, high: float) -> slice:
    """Bins between two edges."""
    return slice(int(np.searchsorted(edges, low)), int(np.searchsorted(edges, high)))


THETA_BINS = _within(counts.THETA_EDGES, *FULL_THETA_DEG)
PT_BINS = _within(counts.PT_EDGES, PT_FOR_THETA_GEV, np.inf)


def _projections(grid: NDArray) -> Iterator[tuple[str, NDArray, NDArray]]:
    """(variable, edges, counts per bin) of a (pT, theta, ...) grid: pT in full acceptance, theta above the momentum limit."""
    yield "pt_gev", counts.PT_EDGES, grid[:, THETA_BINS].sum(axis=1)
    yield "theta_deg", counts.THETA_EDGES, grid[PT_BINS].sum(axis=0)


def finder(c: Counted) -> Table:
    """Efficiency of the 2D finder."""
    rows: list[tuple[Value, ...]] = []
    for background, found in c.of(Kind.PROMPT):
        pairs = zip(_projections(found["particles/pt_theta"]), _projections(found["2D/pt_theta"]), strict=True)
        for (variable, edges, n), (_, _, k) in pairs:
            rows += [
                (background, variable, float(edges[i]), float(edges[i + 1]), *efficiency_row(k[i], n[i])) for i in range(len(n))
            ]
    return c.table(
        "efficiency_2d", "2D finder: particles that have a 2D track",
        ("background", "variable", "low_edge", "high_edge", *EFFICIENCY_COLUMNS), rows,
        "pt_gev: polar angles 35 to 125 deg; theta_deg: pT > 0.5 GeV",
        "below 0.3 GeV a track lies outside the Hough plane",
    )  # fmt: skip


def width(histogram: NDArray[np.int64], edges: NDArray, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Half of the central 68.27 % and the median of a histogram, each with its error from a bootstrap; NaN below 10 entries."""
    n = int(histogram.sum())
    if n < 10:
        return float("nan"), float("nan"), float("nan"), float("nan")
    used = np.flatnonzero(histogram)
    drawn = np.concatenate([histogram[None, used], rng.multinomial(n, histogram[used] / n, REPLICAS)])
    low, middle, high = (_quantiles(drawn, edges[used], edges[used + 1], share) for share in (_CENTRAL[0], 0.5, _CENTRAL[1]))
    widths = (high - low) / 2
    return float(widths[0]), float(widths[1:].std()), float(middle[0]), float(middle[1:].std())


def _quantiles(drawn: NDArray[np.int64], left: NDArray, right: NDArray, share: float) -> NDArray[np.float64]:
    """Quantile of each row of counts in bins (left, right), flat inside a bin."""
    below = np.cumsum(drawn, axis=1)
    wanted = share * below[:, -1]
    place = np.argmax(below >= wanted[:, None], axis=1)
    rows = np.arange(len(drawn))
    inside = drawn[rows, place]
    return left[place] + (wanted - below[rows, place] + inside) / inside * (right - left)[place]


def _residuals(c: Counted) -> Iterator[tuple[str, str, str, NDArray, NDArray]]:
    """(network, background, quantity, edges, counts (pT, theta, residual))."""
    for network in c.networks:
        for background, found in c.of(Kind.PROMPT):
            yield network, background, "z_cm", counts.Z_RESIDUAL_EDGES, found[f"residual_z/{network}"]
            yield network, background, "theta_deg", counts.THETA_RESIDUAL_EDGES, found[f"residual_theta/{network}"]


def resolution(c: Counted) -> Table:
    """Width and median of the residuals against momentum and angle."""
    rows: list[tuple[Value, ...]] = []
    rng = stream(c.seed, "track resolution", Stage.STUDY, 0)
    for network, background, quantity, bins, grid in _residuals(c):
        for variable, edges, part in _projections(grid):
            for i in range(len(edges) - 1):
                row = (network, background, quantity, variable, float(edges[i]), float(edges[i + 1]), int(part[i].sum()))
                rows.append((*row, *width(part[i], bins, rng)))
    return c.table(
        "resolution", "Resolution of the neuro trigger for muons from the interaction point",
        ("network", "background", "quantity", "variable", "low_edge", "high_edge", "tracks", "width", "error", "median",
         "median_error"), rows,
        "width: half of the central 68.27 % of network minus truth; error: bootstrap; median: bias",
        "pt_gev: polar angles 35 to 125 deg; theta_deg: pT > 0.5 GeV; tracks without an answer are left out",
    )  # fmt: skip


def resolution_summary(c: Counted) -> Table:
    """The resolution in z at high and low transverse momentum beside the published numbers."""
    rows: list[tuple[Value, ...]] = []
    rng = stream(c.seed, "track resolution summary", Stage.STUDY, 0)
    for network, background, quantity, bins, grid in _residuals(c):
        for region, (low, high) in RANGES_GEV.items():
            part = grid[_within(counts.PT_EDGES, low, high)].sum(axis=(0, 1))
            published = PUBLISHED_CM[region] if quantity == "z_cm" else None
            rows.append((network, background, quantity, region, int(part.sum()), *width(part, bins, rng), published))
    return c.table(
        "resolution_summary", "Resolution at high and low transverse momentum, |z| < 1 cm, all polar angles",
        ("network", "background", "quantity", "region", "tracks", "width", "error", "median", "median_error",
         "published"), rows,
        "published: about 2 and 5 cm in the experiment's simulation (abstract of McCarney 2019); its background is not stated",
        "a network that pulls z toward 0 has a small width here: see the table `response`",
    )  # fmt: skip


def response(c: Counted) -> Table:
    """Bias and width of z along the beam line."""
    rows: list[tuple[Value, ...]] = []
    rng = stream(c.seed, "track response", Stage.STUDY, 0)
    edges = counts.Z_EDGES
    for network in c.networks:
        for background, found in c.of(Kind.ALONG):
            for i, part in enumerate(found[f"residual_along/{network}"]):
                row = (network, background, float(edges[i]), float(edges[i + 1]), int(part.sum()))
                rows.append((*row, *width(part, counts.Z_RESIDUAL_EDGES, rng)))
    return c.table(
        "response", "z of the network minus true z along the beam line, muons of p > 1 GeV",
        ("network", "background", "low_edge", "high_edge", "tracks", "width", "error", "median", "median_error"), rows,
        "median: bias, toward 0 where its sign is opposite to that of z; width: half of the central 68.27 %; errors: bootstrap",
    )  # fmt: skip


def single_track(c: Counted) -> Table:
    """Efficiency of the single-track and y decisions against momentum and z."""
    rows: list[tuple[Value, ...]] = []
    fast = _within(counts.P_EDGES, counts.P_PLATEAU_GEV, np.inf)
    for kind, variable, edges in ((Kind.PROMPT, "p_gev", counts.P_EDGES), (Kind.ALONG, "z_cm", counts.Z_EDGES)):
        for network in c.networks:
            for background, found in c.of(kind):
                for decision in ("stt", "y"):
                    for given, base in (("2D track", "2D/p_z"), ("particle", "particles/p_z")):
                        n, k = ((g.sum(axis=1) if variable == "p_gev" else g[fast].sum(axis=0))
                                for g in (found[base], found[f"{decision}/p_z/{network}"]))  # fmt: skip
                        rows += [
                            (network, background, decision, given, variable, float(edges[i]), float(edges[i + 1]),
                             *efficiency_row(k[i], n[i])) for i in range(len(n))
                        ]  # fmt: skip
    return c.table(
        "single_track", "Single-track (stt) and y decisions for muons",
        ("network", "background", "decision", "given", "variable", "low_edge", "high_edge", *EFFICIENCY_COLUMNS), rows,
        "p_gev: from the interaction point; z_cm: along the beam line, p > 1 GeV; polar angles 17 to 150 deg",
        "given: the particles in the denominator, all or those with a 2D track",
    )  # fmt: skip


def plateau(c: Counted) -> Table:
    """Efficiency for p > 1 GeV from the interaction point: 2D, answer, decisions."""
    rows: list[tuple[Value, ...]] = []
    fast = _within(counts.P_EDGES, counts.P_PLATEAU_GEV, np.inf)
    for network in c.networks:
        for background, found in c.of(Kind.PROMPT):
            particles, with_track = (int(found[name][fast].sum()) for name in ("particles/p_z", "2D/p_z"))
            rows.append((network, background, "2D", "particle", *efficiency_row(with_track, particles), None))
            for step in ("answered", "stt", "y"):
                k = int(found[f"{step}/p_z/{network}"][fast].sum())
                aim = STT_AIM if step == "stt" else None
                rows.append((network, background, step, "2D track", *efficiency_row(k, with_track), aim))
                rows.append((network, background, step, "particle", *efficiency_row(k, particles), None))
    return c.table(
        "plateau", "Muons of p > 1 GeV from the interaction point, polar angles 17 to 150 deg",
        ("network", "background", "step", "given", *EFFICIENCY_COLUMNS, "aim"), rows,
        "answered: one stereo superlayer at most is missing",
    )  # fmt: skip


def _passing(found: Counters, key: str) -> NDArray[np.int64]:
    """Tracks that pass each possible cut, loosest cut last; the last entry but one keeps every answer, the last every track."""
    histogram = found[key]
    ordered = histogram if key.startswith("abs_z") else np.append(histogram[-2::-1], histogram[-1])
    return np.cumsum(ordered)


def cuts(c: Counted) -> Table:
    """Signal efficiency and background passing at cuts on |z|, and at cuts on the class that keep as much signal."""
    rows: list[tuple[Value, ...]] = []
    for network, background, among, signal, other in _signal_and_background(c):
        kept, passed = (_passing(found, f"abs_z/{among}/{network}") for found in (signal, other))
        for cut in CUTS_CM:
            place = _below(cut)
            rows.append((network, background, among, "|z|", cut, *_both(kept, passed, place)))
            key = f"class/{among}/{network}"
            if key in signal:
                by_class, background_by_class = _passing(signal, key), _passing(other, key)
                same = min(int(np.searchsorted(by_class, kept[place])), len(by_class) - 2)
                rows.append((network, background, among, "class", _class_cut(same), *_both(by_class, background_by_class, same)))
    return c.table(
        "cuts", "Tracks that pass a cut: from the interaction point, and background tracks from |z| of 30 to 100 cm",
        ("network", "background", "among", "cut_on", "cut", "signal", "signal_kept", "efficiency", "efficiency_low",
         "efficiency_high", "others", "others_kept", "passing", "passing_low", "passing_high"), rows,
        "all 2D tracks of particles count, those without an answer fail; |z| cuts in cm; class: the odds exceed the cut",
        "GUESS: momenta and species of background tracks (generator background-tracks), flat in z",
    )  # fmt: skip


def _signal_and_background(c: Counted) -> Iterator[tuple[str, str, str, Counters, Counters]]:
    for network in c.networks:
        for (background, signal), (_, other) in zip(c.of(Kind.PROMPT), c.of(Kind.BACKGROUND), strict=True):
            for among in (counts.EVERY, counts.FAST):
                yield network, background, among, signal, other


def _below(cut_cm: float) -> int:
    """Largest |z_raw| strictly below a cut."""
    return int(np.ceil(cut_cm / float(SingleTrackCuts().z_range_cm[1]) * NODE_ONE)) - 1


def _class_cut(place: int) -> float:
    """Least class value that passes, as a number within -1..1."""
    return (NODE_ONE - place) / NODE_ONE


def _both(kept: NDArray, passed: NDArray, place: int) -> tuple[Value, ...]:
    return *efficiency_row(kept[place], kept[-1]), *efficiency_row(passed[place], passed[-1])


def rejection(c: Counted) -> Table:
    """Background that the tightest cut removes which keeps 90 % or 95 % of the signal."""
    rows: list[tuple[Value, ...]] = []
    for network, background, among, signal, other in _signal_and_background(c):
        for cut_on in ("|z|", "class"):
            key = f"{'abs_z' if cut_on == '|z|' else cut_on}/{among}/{network}"
            if key not in signal or not signal[key].sum():
                continue
            kept, passed = _passing(signal, key), _passing(other, key)
            for point in WORKING_POINTS:
                place = int(np.searchsorted(kept, point * kept[-1]))
                reached = place < len(kept) - 1
                cut = (place / NODE_ONE * 100 if cut_on == "|z|" else _class_cut(place)) if reached else None
                removed = int(passed[-1] - passed[place]) if reached else 0
                rows.append((network, background, among, cut_on, point, cut, int(kept[-1]), *efficiency_row(removed, passed[-1])))
    return c.table(
        "rejection", "Background tracks from |z| of 30 to 100 cm that a cut removes which keeps a share of the signal's 2D tracks",
        ("network", "background", "among", "cut_on", "signal_kept", "cut", "signal", "others", "removed", "rejection",
         "low", "high"), rows,
        "cut: |z| in cm, or the class; empty where so many tracks have no answer that the share cannot be kept",
    )  # fmt: skip


def lines(c: Counted) -> Table:
    """Two-track and single-track lines on muon pairs."""
    rows: list[tuple[Value, ...]] = []
    for background, found in c.of(Kind.MUON_PAIR):
        for line in counts.LINES:
            for network in ("", *c.networks):
                rows += [
                    (background, line, network, acceptance, *efficiency_row(events[1], events[0]), *_by_reference(events))
                    for acceptance, events in zip(counts.ACCEPTANCES, found.get(f"lines/{line}/{network}", ()), strict=False)
                ]
    return c.table(
        "lines", "Lines with tracks on e+e- -> mu+mu- with initial-state radiation",
        ("background", "line", "network", "acceptance", *EFFICIENCY_COLUMNS, "reference", "reference_events", "by_reference",
         "by_reference_low", "by_reference_high", "minus_truth"), rows,
        "ffo: two 2D tracks or more, two of them open (10 degree bins differ by 9 to 27)",
        "fyo: ffo and a y track; stt: a single track",
        "vetoes and prescales are left out",
        f"by_reference: of the events that {REFERENCE} takes (a back-to-back pair of calorimeter clusters), which shares no input "
        "with the lines; minus_truth: its difference to the efficiency, which is of all events of the acceptance",
    )  # fmt: skip


def _by_reference(events: NDArray[np.int64]) -> tuple[Value, ...]:
    """Name and events of the reference, the efficiency that it measures with its interval, and its difference to the truth.

    events: all, those that the line takes, those that the reference takes, those that both take.
    """
    total, passed, tagged, both = (int(n) for n in events)
    truth, found = efficiency(passed, total), efficiency(both, tagged)
    return REFERENCE, tagged, float(found.value), float(found.low), float(found.high), float(found.value - truth.value)


def extra(c: Counted) -> Table:
    """2D tracks that belong to no particle, and those among them that pass the single-track trigger."""
    rows: list[tuple[Value, ...]] = []
    for network in c.networks:
        for background, found in c.of(Kind.PROMPT):
            events, tracks, alone = (int(v) for v in found["tracks"])
            passed = int(found[f"stt_alone/{network}"][0])
            rows.append((network, background, events, tracks, alone, alone / events, passed, passed / events))
    return c.table(
        "extra_tracks", "2D tracks of no particle in events of one muon",
        ("network", "background", "events", "tracks", "extra", "extra_per_event", "extra_stt", "extra_stt_per_event"), rows,
        "a track belongs to a particle within 4 widths of 15 mrad and 4.4e-4 per cm",
    )  # fmt: skip
