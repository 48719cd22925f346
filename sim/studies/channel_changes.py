"""Tables of several triggers on the same events: what a change gains and loses, and averages over run periods."""

from __future__ import annotations

import math

from sim.studies.channel_compare import all_lines
from sim.studies.channel_counts import PROBABILITY_UNIT
from sim.studies.channel_tables import Counted, bins, interval, share
from sim.studies.counting import Counters
from sim.studies.rate_counts import UNIT
from sim.studies.statistics import paired
from sim.studies.tables import Table, Value


def change_table(counted: Counted) -> Table:
    """Per sample, level and entry: efficiency before and after on the same events, gained, lost, and the change after prescale."""
    counter = counted.channel.variables[0].name
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        found, total, made = point.found, int(point.found["flow"][-1]), int(point.found["generated"][0])
        for place, entry in enumerate(counted.entries):
            before, after = (int(found[f"{prefix}passed:{counter}"][place].sum()) for prefix in ("", "1/"))
            gained, lost = int(found["pair_gained"][place]), int(found["pair_lost"][place])
            kept = [share(int(found[f"{prefix}kept:{counter}"][place].sum()), total, PROBABILITY_UNIT) for prefix in ("", "1/")]
            change, sigma = mean_and_sigma(int(found["pair_change"][place]), int(found["pair_change_sq"][place]), total)
            of_made = [int(found[f"generated_pair_{what}"][place]) for what in ("gained", "lost")]
            rows.append(
                (
                    point.sample.label, point.sample.role.value, point.level, entry.name, entry.kind.value, total,
                    *interval(before, total), *interval(after, total), *_difference(gained, lost, before, total),
                    *kept, change, sigma, made, *of_made,
                )
            )  # fmt: skip
    return counted.table(
        "change",
        "Efficiency before and after the change, on the same events",
        (
            *("sample", "role", "background_scale", "entry", "kind", "selected"),
            *("before", "before_low", "before_high", "after", "after_low", "after_high"),
            *_DIFFERENCE,
            *("kept_before", "kept_after", "kept_change", "kept_change_sigma", "generated", "generated_gained", "generated_lost"),
        ),
        rows,
        _after(counted),
        *_PAIRED,
        "kept: expected after prescale, with the prescales of each trigger's period; its error is that of the paired events.",
    )


def changed_lines_table(counted: Counted) -> Table:
    """Lines of both menus that gain or lose a selected event; a line that a menu does not have never fires."""
    first, second = (chain.menu for chain in counted.study.chains[counted.channel.name])
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        found, total = point.found, int(point.found["flow"][-1])
        fired = dict(zip(first.line_names, (found["line_fired"] // UNIT).tolist(), strict=True))
        for place, line in enumerate(all_lines(first, second)):
            gained, lost = int(found["line_pair_gained"][place]), int(found["line_pair_lost"][place])
            if gained or lost:
                before = fired.get(line, 0)
                head = (point.sample.label, point.sample.role.value, point.level, line, total)
                values = (share(before, total), share(before + gained - lost, total))
                rows.append((*head, *values, *_difference(gained, lost, before, total)))
    return counted.table(
        "changed_lines",
        "Lines that the change touches",
        ("sample", "role", "background_scale", "line", "selected", "before", "after", *_DIFFERENCE),
        rows,
        _after(counted),
        *_PAIRED,
    )


_DIFFERENCE = (
    *("gained", "gained_share", "gained_low", "gained_high", "lost", "lost_share", "lost_low", "lost_high"),
    *("change", "change_sigma", "p_value"),
)
_PAIRED = (
    "gained, lost: selected events that fire only after, only before the change; shares with exact intervals.",
    "change: after minus before; its error from the events that differ alone; p_value: McNemar's exact test.",
)


def _difference(gained: int, lost: int, before: int, total: int) -> tuple[Value, ...]:
    both = paired(before - lost, gained, lost, total - before - gained)
    change = (both.difference, both.difference_sigma) if total else (None, None)
    return gained, *interval(gained, total), lost, *interval(lost, total), *change, both.p_value


def _after(counted: Counted) -> str:
    """The changed trigger in words."""
    after = counted.study.chains[counted.channel.name][1]
    changed = ", ".join(f"{key} = {float(value):g}" for key, value in after.settings.parameters.changed().items())
    before = counted.chain
    return (
        f"Before: menu {before.menu.name}, period {before.period.name}. After: menu {after.menu.name}, period {after.period.name}"
        + (f", {changed}." if changed else ".")
    )


def mean_and_sigma(total: int, squares: int, n: int) -> tuple[float | None, float | None]:
    """Mean of n values from the sums of values and squares in units of 1/PROBABILITY_UNIT, and its standard deviation."""
    if not n:
        return None, None
    mean = total / PROBABILITY_UNIT / n
    return mean, math.sqrt(max(squares / PROBABILITY_UNIT / n - mean**2, 0.0) / n)


def average_table(counted: Counted) -> Table:
    """Per sample, level, entry, variable and bin: the expected efficiency in each run period, and their average."""
    scenarios, channel = counted.study.scenarios, counted.channel
    whole = sum(scenario.luminosity for scenario in scenarios)
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        found = point.found
        for place, entry in enumerate(counted.entries):
            head = (point.sample.label, point.sample.role.value, point.level, entry.name, entry.kind.value)
            for variable, label, low, high, counter, chosen in bins(channel.variables):
                total = int(found[f"selected:{counter}"][chosen].sum())
                each = [
                    share(_kept(found, period, counter, place, chosen), total, PROBABILITY_UNIT) for period in range(len(scenarios))
                ]
                mean, square = (int(found[f"{name}:{counter}"][place][chosen].sum()) for name in ("average", "average_sq"))
                rows.append((*head, variable, label, low, high, total, *mean_and_sigma(mean, square, total), *each))
    return counted.table(
        "average",
        "Expected efficiency, averaged over run periods",
        (
            *("sample", "role", "background_scale", "entry", "kind", "variable", "bin", "low_edge", "high_edge", "selected"),
            *("average", "average_sigma"),
            *(scenario.name for scenario in scenarios),
        ),
        rows,
        f"Selected events, after prescale, weighted with luminosities of {whole:g} fb^-1: "
        + ", ".join(f"{item.name} {item.luminosity:g}" for item in scenarios)
        + ".",
        "The same events in every period; the error is that of their number.",
    )


def _kept(found: Counters, period: int, counter: str, place: int, chosen: slice) -> int:
    prefix = f"{period}/" if period else ""
    return int(found[f"{prefix}kept:{counter}"][place][chosen].sum())
