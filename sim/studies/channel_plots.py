"""Pictures of a search's efficiencies, drawn from its table alone: one panel per group of lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.provenance import describe
from sim.studies.channel_counts import Kind
from sim.studies.channels import Channel
from sim.studies.style import MARKERS, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table, Value

_COLUMNS, _PANEL = 4, (2.9, 2.35)
_LEVELS = (0.0, 1.0)
"""Levels of the background that are drawn, where the table has them; else its lowest two."""


@dataclass(frozen=True, kw_only=True)
class Abscissa:
    """What is drawn against: the scanned value of each sample, or else the first variable, for one sample.

    values: by sample, empty for a variable.
    """

    label: str
    values: Mapping[str, float]
    variable: str
    sample: str

    @classmethod
    def of(cls, channel: Channel, table: Table) -> Abscissa:
        """That of a table: a scan is drawn where all of its samples are there."""
        samples = list(dict.fromkeys(map(str, table.column("sample"))))
        values = {sample.label: sample.value for sample in channel.samples if sample.value is not None}
        if channel.scanned and values and set(samples) >= set(values):
            return cls(label=channel.scanned, values=values, variable="", sample="")
        variable = channel.variables[0]
        label = variable.label if len(samples) == 1 else f"{variable.label}, sample {samples[0]}"
        return cls(label=label, values={}, variable=variable.name, sample=samples[0])

    def points(self, rows: Table) -> tuple[list[dict[str, Value]], np.ndarray, np.ndarray]:
        """Rows with events, the middle of each, and half of its bin."""
        known = self.values or {self.sample: 0.0}
        chosen = [row for row in _dicts(rows) if row["variable"] == self.variable and row["sample"] in known and row["total"]]
        if self.values:
            x = np.array([self.values[str(row["sample"])] for row in chosen], float)
            return chosen, x, np.zeros_like(x)
        low, high = (np.array([row[f"{side}_edge"] for row in chosen], float) for side in ("low", "high"))
        return chosen, (low + high) / 2, (high - low) / 2


def plot(channel: Channel, table: Table, folder: Path) -> Path:
    """Draws `<channel>_efficiency.png`: against the scanned value where the samples have one, else against the variable."""
    with styled():
        return save(draw(channel, table), folder / f"{table.name}.png")


def draw(channel: Channel, table: Table) -> Figure:
    """The picture of a table of efficiencies."""
    wanted = {Kind.GROUP.value, Kind.ALL.value}
    pairs = zip(table.column("entry"), table.column("kind"), strict=True)
    groups = list(dict.fromkeys(str(name) for name, kind in pairs if kind in wanted))
    columns = min(_COLUMNS, len(groups))
    rows = math.ceil(len(groups) / columns)
    figure = Figure(figsize=(columns * _PANEL[0], rows * _PANEL[1] + 1.0), layout="constrained")
    top, foot = (0.35 / figure.get_figheight(), 0.25 / figure.get_figheight())
    figure.get_layout_engine().set(rect=(0.0, foot, 1.0, 1.0 - top - foot))  # type: ignore[union-attr, call-arg]
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    abscissa, present = Abscissa.of(channel, table), sorted({float(level or 0.0) for level in table.column("background_scale")})
    levels = [level for level in _LEVELS if level in present] or present[:2]
    for panel, name in zip(axes.flat, groups, strict=False):
        for place, level in enumerate(levels):
            _draw(panel, abscissa, table.where(entry=name, background_scale=level), place, _level_in_words(level))
        panel.set_title(name)
        lines = str(table.where(entry=name).column("lines")[0])
        if len(lines) < 40:
            panel.text(0.03, 0.05, lines, transform=panel.transAxes, fontsize=8, color=MUTED)
        panel.set_ylim(0.0, 1.05)
    for panel in axes.flat[len(groups) :]:
        panel.set_visible(False)
    for place in range(len(groups)):
        axes.flat[place].tick_params(labelbottom=place + columns >= len(groups))
    figure.supxlabel(abscissa.label, fontsize=10.5, x=0.3)
    figure.supylabel("efficiency of selected events", fontsize=10.5)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper right", ncols=max(len(labels), 1), bbox_to_anchor=(0.995, 0.995))
    figure.text(0.01, 0.985, table.title, ha="left", va="top", fontsize=11, fontweight="bold")
    note(figure, describe({**table.stamp, "digests": {"study": table.stamp["digests"]["study"]}}))
    return figure


def _level_in_words(level: float) -> str:
    if level == 1.0:
        return "nominal background (GUESS)"
    return f"background x {level:g} (GUESS)" if level else "no background"


def _draw(axes: Axes, abscissa: Abscissa, rows: Table, place: int, label: str) -> None:
    chosen, x, half = abscissa.points(rows)
    if not chosen:
        return
    y, down, up = (np.array([row[name] for row in chosen], float) for name in ("efficiency", "low", "high"))
    axes.errorbar(
        x, y, xerr=half, yerr=(y - down, up - y), fmt=MARKERS[place], color=SERIES[place], label=label,
        elinewidth=1.0, markersize=6.0 - 2.0 * place, markerfacecolor=SERIES[place] if place else "white",
    )  # fmt: skip


def _dicts(table: Table) -> list[dict[str, Value]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
