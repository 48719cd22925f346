"""All searches next to each other: what the menu keeps of each, which line carries it, what would be lost without that line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sim.provenance import describe, stamp
from sim.studies.channel_study import ChannelStudy
from sim.studies.channel_tables import ALL
from sim.studies.channels import Channel, ChannelSample, Role
from sim.studies.style import INK, note, save, styled
from sim.studies.tables import Table, Value

_SHOWN = 0.25
"""Efficiency from which on a line has a column in the picture. Our choice."""
_MOST = 26
"""Columns of the picture at most. Our choice."""

Tables = Mapping[str, Mapping[str, Table]]


def benchmark(samples: tuple[ChannelSample, ...]) -> ChannelSample:
    """The sample that stands for a search: the middle one of its signals, else of all."""
    chosen = [sample for sample in samples if sample.role is Role.SIGNAL] or list(samples)
    return chosen[len(chosen) // 2]


def shown_level(study: ChannelStudy) -> float:
    """The level of the background that pictures and first tables show: the lowest, which rests least on the guess."""
    return min(0.0 if preset == "NONE" else scale for preset, scale in study.levels)


def summary_table(study: ChannelStudy, tables: Tables) -> Table:
    """One row per search, sample and level: offline efficiency, the menu, the line that carries it, what is lost without it."""
    rows: list[tuple[Value, ...]] = []
    for channel in study.channels:
        own = tables[channel.name]
        menu = _rows(own["efficiency"].where(entry="menu", bin=ALL))
        serving = {(row["sample"], row["background_scale"]): row for row in _rows(own["efficiency"].where(entry="all", bin=ALL))}
        for row in menu:
            point = (row["sample"], row["background_scale"])
            lines = _rows(own["lines"].where(sample=point[0], background_scale=point[1]))
            best = max(lines, key=lambda line: (line["after_prescale"], line["lost_without"]), default=None)
            carried = (None,) * 6
            if best is not None:
                carried = tuple(best[name] for name in ("line", "efficiency", "low", "high", "after_prescale", "lost_without"))
            rows.append(
                (
                    channel.name, point[0], row["role"], point[1], row["generated"], row["total"],
                    row["total"] / row["generated"] if row["generated"] else None,
                    *(serving[point][name] for name in ("efficiency", "low", "high")),
                    row["after_prescale"], row["generated_after_prescale"], *carried,
                )
            )  # fmt: skip
    return Table(
        name="summary",
        title="What the trigger keeps of every search",
        columns=(
            *("search", "sample", "role", "background_scale", "generated", "selected", "offline_efficiency"),
            *("serving_lines", "serving_low", "serving_high", "menu_after_prescale", "menu_of_generated"),
            *("carried_by", "line_efficiency", "line_low", "line_high", "line_after_prescale", "lost_without"),
        ),
        rows=tuple(rows),
        notes=(
            "Of selected events where not said otherwise. serving_lines: any line that the search names, before prescale.",
            "carried_by: the line that keeps most after prescale; lost_without: part of selected events lost without it.",
            "With background the menu also fires on what lies over the event: the level 0 says what the search itself gives.",
            "Each search with the menu and period that it declares; background_scale multiplies the nominal preset, a GUESS.",
        ),
        stamp=_stamp(study),
    )


def lines_table(study: ChannelStudy, tables: Tables) -> Table:
    """Search by line: every line that takes selected events of a sample."""
    rows: list[tuple[Value, ...]] = []
    names = ("sample", "role", "background_scale", "line", "serves", "prescale", "total", "efficiency", "low", "high")
    more = ("after_prescale", "lost_without", "share_of_accepted")
    for channel in study.channels:
        rows += [(channel.name, *(row[name] for name in (*names, *more))) for row in _rows(tables[channel.name]["lines"])]
    return Table(
        name="summary_lines",
        title="Search by line",
        columns=("search", *names, *more),
        rows=tuple(rows),
        notes=("Efficiency of selected events before prescale; expected after prescale; as in the tables of each search.",),
        stamp=_stamp(study),
    )


def _stamp(study: ChannelStudy) -> dict[str, Any]:
    return stamp(
        "study all",
        seed=study.seed,
        digests={"study": study.digest()},
        labels={"events": study.events, "background": "GUESS: preset nominal at the stated scale; no public source"},
        packages=("scipy", "pythia8mc"),
    )


def plot(study: ChannelStudy, summary: Table, lines: Table, folder: Path) -> Path:
    """Draws `summary.png`: the menu and each line for the benchmark of each search, at the lowest level of the background."""
    with styled():
        return save(_figure(study, summary, lines), folder / "summary.png")


def _figure(study: ChannelStudy, summary: Table, lines: Table) -> Figure:
    level = shown_level(study)
    rows = {channel.name: _efficiencies(study, channel, lines, level) for channel in study.channels}
    best: dict[str, float] = {}
    for found in rows.values():
        for line, (efficiency, serves) in found.items():
            if serves and efficiency >= _SHOWN:
                best[line] = best.get(line, 0.0) + efficiency
    columns = sorted(sorted(best, key=lambda line: -best[line])[:_MOST], key=lambda line: -best[line])
    whole = np.array([_whole(study, channel, summary, level) for channel in study.channels])
    each = np.array([[found.get(line, (0.0, False))[0] for line in columns] for found in rows.values()]).reshape(len(rows), -1)
    values = np.hstack([whole, np.full((len(rows), 1), np.nan), each])
    names = ["any line named", "menu, prescaled", "", *columns]
    height = 1.6 + 0.34 * len(rows)
    figure = Figure(figsize=(3.2 + 0.42 * max(len(names), 8), height), layout="constrained")
    top, foot = 0.4 / height, 0.25 / height
    figure.get_layout_engine().set(rect=(0.0, foot, 1.0, 1.0 - top - foot))  # type: ignore[union-attr, call-arg]
    axes = figure.subplots()
    axes.imshow(values, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if value >= 0.005:
            axes.text(
                column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=7.5, color="white" if value > 0.6 else INK
            )
    labels = [f"{name}, {benchmark(study.samples(channel)).label}" for name, channel in zip(rows, study.channels, strict=True)]
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8.5)
    axes.set_yticks(range(len(rows)), labels, fontsize=8.5)
    axes.tick_params(length=0)
    axes.grid(False)
    shown = f"background x {level:g} (GUESS)" if level else "no background"
    title = f"Efficiency of lines for selected events, in %, before prescale; {shown}"
    figure.text(0.01, 0.985, title, ha="left", va="top", fontsize=11, fontweight="bold")
    note(figure, describe({**lines.stamp, "digests": {"study": lines.stamp["digests"]["study"]}}))
    return figure


def _whole(study: ChannelStudy, channel: Channel, summary: Table, level: float) -> tuple[float, float]:
    """(any serving line before prescale, menu after it) for selected events of the benchmark."""
    label = benchmark(study.samples(channel)).label
    (row,) = _rows(summary.where(search=channel.name, sample=label, background_scale=level))
    return row["serving_lines"] or 0.0, row["menu_after_prescale"] or 0.0


def _efficiencies(study: ChannelStudy, channel: Channel, lines: Table, level: float) -> dict[str, tuple[float, bool]]:
    """(efficiency, whether it serves the search) of the lines that take selected events of the benchmark."""
    label = benchmark(study.samples(channel)).label
    found = _rows(lines.where(search=channel.name, sample=label, background_scale=level))
    return {row["line"]: (float(row["efficiency"]), bool(row["serves"])) for row in found}


def _rows(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
