"""Picture of an exploration, drawn from its table alone: what a network finds against what it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.provenance import describe
from sim.studies.explore_table import FRONTS, lut_per_dsp
from sim.studies.style import INK, MARKERS, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table

_LABELS = {
    "stt_efficiency": "single-track efficiency, p > 1 GeV, given a 2D track",
    "high_pt_width_cm": "z resolution, pT > 1 GeV [cm]",
}
_INTERVALS = {
    "stt_efficiency": ("stt_low", "stt_high"),
    "high_pt_width_cm": ("high_pt_error_cm",),
}
"""Columns of the ends of an interval, or of the size of a symmetric error."""


def plot(table: Table, folder: Path) -> Path:
    """Draws `folder`/explore.png; the path. Rows without a cost are left out."""
    reuses = sorted({int(reuse) for reuse in table.column("reuse") if isinstance(reuse, int)})
    with styled():
        figure = Figure(figsize=(12, 6), layout=ConstrainedLayoutEngine(rect=(0, 0.03, 1, 0.97)))
        panels = figure.subplots(1, len(FRONTS))
        for axes, name in zip(panels, FRONTS, strict=True):
            _panel(axes, table, name, reuses)
        panels[0].set_title("Single tracks, all networks at the same background")
        panels[1].set_title("Resolution of z, muons from the interaction point")
        figure.legend(handles=_legend(reuses), loc="outside upper center", ncols=len(reuses) + 1)
        note(figure, describe({**table.stamp, "digests": {}}))
        return save(figure, folder / f"{table.name}.png")


def _panel(axes: Axes, table: Table, name: str, reuses: list[int]) -> None:
    cost, value = _array(table, "cost"), _array(table, name)
    front = np.array(table.column(FRONTS[name]), bool)
    below, above = _errors(table, name, value)
    steps = "steps-post"  # what a cost buys holds until the next point of the front
    order = np.flatnonzero(front)[np.argsort(cost[front], kind="stable")]
    axes.plot(cost[order], value[order], color=MUTED, lw=1, ls="--", drawstyle=steps, zorder=1)
    named: set[str] = set()
    for k in np.flatnonzero(np.isfinite(cost) & np.isfinite(value)).tolist():
        row = dict(zip(table.columns, table.rows[k], strict=True))
        place = reuses.index(int(str(row["reuse"])))
        axes.errorbar(
            cost[k], value[k], [[below[k]], [above[k]]], fmt=MARKERS[place], ms=8 if row["shipped"] else 6, color=SERIES[place],
            mfc=SERIES[place] if front[k] else "white", mew=1.2, elinewidth=0.9, zorder=2,
        )  # fmt: skip
        peer = str(row["variant"] or "").partition(",")[0]
        text = f"{row['network']}, {peer}" if peer else str(row["network"])
        if (front[k] or row["shipped"]) and text not in named:
            _write(axes, cost[k], value[k], text, below=name == "stt_efficiency")
            named.add(text)
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.12)
    axes.set_xlabel(f"look-up tables + {lut_per_dsp()} per DSP slice")
    axes.set_ylabel(_LABELS[name])


def _write(axes: Axes, x: float, y: float, text: str, *, below: bool) -> None:
    """Name of a point in small print, slanted away from it to the side where better and dearer networks do not lie."""
    place, va, slant = ((3, -5), "top", -40) if below else ((3, 5), "bottom", 40)
    axes.annotate(
        text, (x, y), place, textcoords="offset points", ha="left", va=va, rotation=slant, rotation_mode="anchor",
        fontsize=7.5, color=INK,
    )  # fmt: skip


def _errors(table: Table, name: str, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances of the ends of the interval below and above each value."""
    ends = [_array(table, column) for column in _INTERVALS[name]]
    if len(ends) == 1:
        return ends[0], ends[0]
    return np.maximum(value - ends[0], 0), np.maximum(ends[1] - value, 0)


def _legend(reuses: list[int]) -> list[Line2D]:
    handles = [
        Line2D([], [], ls="", marker=MARKERS[k], color=SERIES[k], mfc="white", label=f"reuse {reuse}: a track every "
               + ("cycle" if reuse == 1 else f"{reuse} cycles"))
        for k, reuse in enumerate(reuses)
    ]  # fmt: skip
    handles.append(Line2D([], [], ls="--", marker="o", color=MUTED, lw=1, label="filled: on the front"))
    return handles


def _array(table: Table, column: str) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in table.column(column)], dtype=float)
