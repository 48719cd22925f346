"""Tables of a search: efficiency of groups and lines in bins, all lines of the menu, kills, cut flow, luminosity of a yield."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.generation import FileSource
from sim.generators.process import CrossSection
from sim.studies.channel_counts import PER_ENTRY, PROBABILITY_UNIT, REFERENCES, Entry, Kind, entries_of, reference_of, serving
from sim.studies.channel_study import ChannelStudy
from sim.studies.channel_task import job_sample, lines_of
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.counting import Counters
from sim.studies.kills import factor_names, inner_names
from sim.studies.rate_counts import UNIT
from sim.studies.statistics import clopper_pearson
from sim.studies.tables import Table, Value
from trigger.chain import Chain

NB_PER_FB = 1e6
"""1 nb is 1e6 fb: events per fb^-1 of a cross-section of 1 nb."""
ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One sample at one level of the background: its counters. level: multiple of the nominal background, 0 for none."""

    sample: ChannelSample
    level: float
    found: Counters


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Counters of one search of a study."""

    study: ChannelStudy
    channel: Channel
    counters: Mapping[str, Counters]

    @property
    def chain(self) -> Chain:
        """The first trigger."""
        return self.study.chains[self.channel.name][0]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is counted, in the order of the counters."""
        return entries_of(self.channel, lines_of(self.chain))

    def points(self) -> Iterator[Point]:
        """All samples at all levels."""
        for number, sample in enumerate(self.study.samples(self.channel)):
            for preset, scale in self.study.levels:
                level = 0.0 if preset == "NONE" else scale
                yield Point(sample=sample, level=level, found=self.counters[job_sample(self.channel.name, number, preset, scale)])

    def table(self, name: str, title: str, columns: tuple[str, ...], rows: list[tuple[Value, ...]], *notes: str) -> Table:
        """A table of this search with its stamp."""
        return Table(
            name=f"{self.channel.name}_{name}", title=f"{title}: {self.channel.title}", columns=columns, rows=tuple(rows),
            notes=(*notes, *self.channel.notes), stamp=self.study.stamp(self.channel),
        )  # fmt: skip


def all_tables(counted: Counted, wanted: float) -> tuple[Table, ...]:
    """The tables of one trigger. wanted: events of the yield."""
    return (
        efficiency_table(counted), lines_table(counted), kills_table(counted), flow_table(counted), yield_table(counted, wanted),
    )  # fmt: skip


def bins(variables: tuple[Variable, ...]) -> list[tuple[str, str, float | None, float | None, str, slice]]:
    """(variable, bin, low edge, high edge, variable of the counters, places there) of `all` and of every bin of every variable.

    What lies outside the bins belongs to `all` alone.
    """
    found: list[tuple[str, str, float | None, float | None, str, slice]] = [("", ALL, None, None, variables[0].name, slice(None))]
    for variable in variables:
        for place, (low, high) in enumerate(itertools.pairwise(variable.edges), 1):
            found.append((variable.name, f"{low:g}-{high:g}", low, high, variable.name, slice(place, place + 1)))
    return found


def interval(passed: int, total: int) -> tuple[float | None, float, float]:
    """(k/n, low, high), exact at 68.27 %; None, 0, 1 for n = 0."""
    low, high = clopper_pearson(np.array([passed]), np.array([total]))
    return passed / total if total else None, float(low[0]), float(high[0])


def share(part: int, total: int, unit: int = 1) -> float | None:
    """part / unit / total; None for no total."""
    return part / unit / total if total else None


def efficiency_table(counted: Counted) -> Table:
    """One row per sample, level, entry, variable and bin; `all` is the sum of bins."""
    channel = counted.channel
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        found = point.found
        for place, entry in enumerate(counted.entries):
            reference = "" if entry.kind is Kind.MENU else reference_of(entry, counted.chain.menu) or ""
            lines = "" if entry.kind is Kind.MENU else " ".join(entry.lines)
            head = (point.sample.label, point.sample.role.value, point.level, entry.name, entry.kind.value, lines)
            for variable, label, low, high, counter, chosen in bins(channel.variables):
                sums = {name: int(found[f"{name}:{counter}"][place][chosen].sum()) for name in PER_ENTRY}
                total, made = (int(found[f"{name}:{counter}"][chosen].sum()) for name in ("selected", "generated"))
                of_made, kept = (int(found[f"generated_{name}:{counter}"][place][chosen].sum()) for name in ("passed", "kept"))
                alone = share(sums["alone"], total) if entry.kind in (Kind.GROUP, Kind.LINE) else None
                rows.append(
                    (
                        *head, variable, label, low, high,
                        sums["passed"], total, *interval(sums["passed"], total),
                        alone, share(sums["kept"], total, PROBABILITY_UNIT),
                        of_made, made, *interval(of_made, made), share(kept, made, PROBABILITY_UNIT),
                        reference, *_referred(sums, total),
                    )
                )  # fmt: skip
    return counted.table(
        "efficiency",
        "Trigger efficiency",
        (
            *("sample", "role", "background_scale", "entry", "kind", "lines", "variable", "bin", "low_edge", "high_edge"),
            *("passed", "total", "efficiency", "low", "high", "alone", "after_prescale"),
            *("generated_passed", "generated", "of_generated", "of_generated_low", "of_generated_high", "generated_after_prescale"),
            *("reference", "reference_events", "by_reference", "by_reference_low", "by_reference_high", "minus_truth"),
        ),
        rows,
        f"Variables: {', '.join(f'{v.name} is {v.label}' for v in channel.variables)}; bins of both selected and generated events.",
        "efficiency: of events that pass the offline selection; of_generated: of all. Before prescale; after_prescale: expected.",
        "alone: no other group fires (of lines: no other line that serves the search). menu: all lines that are not masked.",
        f"by_reference: measured with the line named, of {', '.join(REFERENCES)}, that shares no input with the entry.",
        "With background the menu also fires on what lies over the event.",
        "background_scale 0 is no background; others multiply the nominal preset, which is a GUESS.",
        *((f"Published: {channel.published}.",) if channel.published else ()),
    )


def _referred(sums: Mapping[str, int], total: int) -> tuple[Value, ...]:
    """Events of the reference, the efficiency that it measures with its interval, and its difference to the truth."""
    if not sums["reference"] or not total:
        return (sums["reference"], None, None, None, None)
    value, low, high = interval(sums["both"], sums["reference"])
    assert value is not None
    return sums["reference"], value, low, high, value - sums["passed"] / total


def lines_table(counted: Counted) -> Table:
    """Every line of the menu that takes a selected event: before prescale, after it, and what is lost without it."""
    own = set(serving(counted.channel))
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        found = point.found
        total = int(found["flow"][-1])
        accepted = int(found["line_accepted"][0])
        for place, name in enumerate(counted.chain.menu.line_names):
            fired = int(found["line_fired"][place]) // UNIT
            if not fired:
                continue
            kept, unique = (int(found[f"line_{quantity}"][place]) for quantity in ("kept", "exclusive"))
            head = (point.sample.label, point.sample.role.value, point.level, name, name in own)
            prescale = counted.chain.period.prescales[place]
            rows.append(
                (
                    *head, prescale, fired, total, *interval(fired, total), share(kept, total, UNIT), share(unique, total, UNIT),
                    unique / accepted if accepted else None,
                )
            )  # fmt: skip
    return counted.table(
        "lines",
        "Lines of the menu on selected events",
        (
            *("sample", "role", "background_scale", "line", "serves", "prescale", "passed", "total", "efficiency", "low", "high"),
            *("after_prescale", "lost_without", "share_of_accepted"),
        ),
        rows,
        "lost_without: part of the selected events that the menu loses without the line; share_of_accepted: of those it accepts.",
        "Expected values: prescales act independently. Lines that take no selected event are left out.",
    )


def kills_table(counted: Counted) -> Table:
    """For every line that serves the search, the factors of its condition that selected events fail."""
    inner = inner_names(counted.chain)
    names = {line: factor_names(counted.chain.menu, line, inner) for line in serving(counted.channel)}
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        total = int(point.found["flow"][-1])
        for line, factors in names.items():
            first, alone = (point.found[f"{what}/{line}"].tolist() for what in ("first", "alone"))
            for (number, factor), one, only in zip(factors, first, alone, strict=True):
                if one or only:
                    rows.append((point.sample.label, point.level, line, number, factor, one, only, total, share(one, total)))
    return counted.table(
        "kills",
        "Which condition of a line fails",
        ("sample", "background_scale", "line", "alternative", "condition", "first", "alone", "selected", "first_share"),
        rows,
        "Selected events that the line does not take. first: the first factor that fails, as the condition is written;",
        "alternatives of an OR are counted each by itself. alone: without this factor the line would take the event.",
        "Single-photon bits are opened: their own conditions stand in their place.",
    )


def flow_table(counted: Counted) -> Table:
    """Events after each cut of the selection, where each cut comes from, and what is left out."""
    channel = counted.channel
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        left = point.found["flow"].tolist()
        rows.append((point.sample.label, point.level, "generated", left[0], 1.0, "", ""))
        for cut, count in zip(channel.cuts, left[1:], strict=True):
            origin = f"{cut.source}: {cut.certainty.value}"
            rows.append((point.sample.label, point.level, cut.name, count, count / left[0], cut.asks, origin))
    return counted.table(
        "flow",
        "Offline selection",
        ("sample", "background_scale", "cut", "events", "of_generated", "asks", "source"),
        rows,
        *(f"Left out: {item.name}: {item.reason}." for item in channel.left_out),
    )


def yield_table(counted: Counted, wanted: float) -> Table:
    """Luminosity in fb^-1 at which `wanted` selected signal events are expected: all of them, and those that the menu keeps."""
    menu = next(place for place, entry in enumerate(counted.entries) if entry.kind is Kind.MENU)
    first = counted.channel.variables[0].name
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        section = cross_section(point.sample)
        if point.sample.role is not Role.SIGNAL or section is None or section.nb <= 0.0:
            continue
        made, selected = int(point.found["generated"][0]), int(point.found["flow"][-1])
        taken = int(point.found[f"passed:{first}"][menu].sum())
        kept = point.found[f"kept:{first}"][menu].sum() / PROBABILITY_UNIT
        _, low, high = interval(taken, made)
        per_fb = section.nb * NB_PER_FB
        rows.append(
            (
                point.sample.label, point.level, section.nb, point.sample.assumes, section.source, wanted,
                *(_luminosity(wanted, per_fb, count / made) for count in (selected, taken, kept)),
                *(_luminosity(wanted, per_fb, value) for value in (high, low)),
            )
        )  # fmt: skip
    return counted.table(
        "yield",
        f"Luminosity for {wanted:g} selected signal events",
        (
            *("sample", "background_scale", "cross_section_nb", "assumes", "source", "events"),
            *("without_trigger", "with_menu", "after_prescale", "with_menu_low", "with_menu_high"),
        ),
        rows,
        "fb^-1; the interval is that of the efficiency alone, at 68.27 %. Cross-section and couplings as in the row.",
    )


def weights_table(counted: Counted) -> Table:
    """Efficiency of weighted events of a file: sum of weights that an entry takes over the sum of all, of selected events."""
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        found = {name: point.found[name] / PROBABILITY_UNIT for name in _WEIGHTS}
        total, square = float(found["weight"][0]), float(found["weight_sq"][0])
        for place, entry in enumerate(counted.entries):
            taken, taken_sq = float(found["weight_passed"][place]), float(found["weight_passed_sq"][place])
            value = sigma = None
            if total > 0:
                value = taken / total
                sigma = math.sqrt(max(taken_sq * (1 - 2 * value) + square * value**2, 0.0)) / total
            effective = total**2 / square if square else 0.0
            rows.append((point.sample.label, point.level, entry.name, total, effective, value, sigma))
    return counted.table(
        "weighted",
        "Efficiency of weighted events",
        ("sample", "background_scale", "entry", "sum_of_weights", "effective_events", "efficiency", "sigma"),
        rows,
        "Selected events, before prescale. Weights, of either sign, in units of the mean size of those of the first block.",
        "sigma: from the sums of squares, not exact, and meaningless for few effective events; other tables count events.",
    )


_WEIGHTS = ("weight", "weight_sq", "weight_passed", "weight_passed_sq")


def cross_section(sample: ChannelSample) -> CrossSection | None:
    """What the sample is normalised to; None if nobody knows."""
    if sample.cross_section is not None or isinstance(sample.process, FileSource):
        return sample.cross_section
    return sample.process.cross_section()


def _luminosity(wanted: float, per_fb: float, efficiency: float | NDArray) -> float | None:
    return wanted / (per_fb * float(efficiency)) if efficiency > 0 else None
