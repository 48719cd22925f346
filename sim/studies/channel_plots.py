"""Pictures of a search's efficiencies, drawn from its table alone: one panel per group of lines."""

import math
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
_LEVELS = {0.0: "no background", 1.0: "nominal background (GUESS)"}


def plot(channel: Channel, table: Table, folder: Path) -> Path:
    """Draws `<channel>_efficiency.png`: against the scanned value where the samples have one, else against the variable."""
    with styled():
        return save(_figure(channel, table), folder / f"{table.name}.png")


def _figure(channel: Channel, table: Table) -> Figure:
    wanted = {Kind.GROUP.value, Kind.ALL.value}
    pairs = zip(table.column("entry"), table.column("kind"), strict=True)
    groups = list(dict.fromkeys(str(name) for name, kind in pairs if kind in wanted))
    columns = min(_COLUMNS, len(groups))
    rows = math.ceil(len(groups) / columns)
    figure = Figure(figsize=(columns * _PANEL[0], rows * _PANEL[1] + 1.0), layout="constrained")
    top, foot = (0.35 / figure.get_figheight(), 0.25 / figure.get_figheight())
    figure.get_layout_engine().set(rect=(0.0, foot, 1.0, 1.0 - top - foot))  # type: ignore[union-attr, call-arg]
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for panel, name in zip(axes.flat, groups, strict=False):
        for place, level in enumerate(_LEVELS):
            _draw(panel, channel, table.where(entry=name, background_scale=level), place)
        panel.set_title(name)
        lines = str(table.where(entry=name).column("lines")[0])
        if len(lines) < 40:
            panel.text(0.03, 0.05, lines, transform=panel.transAxes, fontsize=8, color=MUTED)
        panel.set_ylim(0.0, 1.05)
    for panel in axes.flat[len(groups) :]:
        panel.set_visible(False)
    for place in range(len(groups)):
        axes.flat[place].tick_params(labelbottom=place + columns >= len(groups))
    figure.supxlabel(channel.scanned or channel.variables[0].label, fontsize=10.5, x=0.3)
    figure.supylabel("efficiency of selected events", fontsize=10.5)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper right", ncols=len(labels), bbox_to_anchor=(0.995, 0.995))
    figure.text(0.01, 0.985, table.title, ha="left", va="top", fontsize=11, fontweight="bold")
    note(figure, describe({**table.stamp, "digests": {"study": table.stamp["digests"]["study"]}}))
    return figure


def _draw(axes: Axes, channel: Channel, rows: Table, place: int) -> None:
    values = {sample.label: sample.value for sample in channel.samples if sample.value is not None}
    scanned = bool(channel.scanned) and bool(values) and set(rows.column("sample")) >= set(values)
    chosen = [row for row in _dicts(rows) if row["variable"] == ("" if scanned else channel.variables[0].name) and row["total"]]
    if not chosen:
        return
    if scanned:
        chosen = [row for row in chosen if row["sample"] in values]
        x = np.array([values[str(row["sample"])] for row in chosen], dtype=float)
        half = np.zeros_like(x)
    else:
        low, high = (np.array([row[f"{side}_edge"] for row in chosen], float) for side in ("low", "high"))
        x, half = (low + high) / 2, (high - low) / 2
    y, down, up = (np.array([row[name] for row in chosen], float) for name in ("efficiency", "low", "high"))
    axes.errorbar(
        x, y, xerr=half, yerr=(y - down, up - y), fmt=MARKERS[place], color=SERIES[place], label=_LEVELS[(0.0, 1.0)[place]],
        elinewidth=1.0, markersize=6.0 - 2.0 * place, markerfacecolor=SERIES[place] if place else "white",
    )  # fmt: skip


def _dicts(table: Table) -> list[dict[str, Value]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
