"""Picture of the study of the displaced-vertex trigger, drawn from its table alone."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sim.provenance import describe
from sim.studies.displaced_counts import AMONG
from sim.studies.displaced_samples import CEILING, DVT, OR, UNIQUE
from sim.studies.style import INK, MARKERS, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table

_CURVES = ((CEILING, MUTED), (DVT, SERIES[0]), (OR, SERIES[1]), (UNIQUE, SERIES[2]))
_ROWS = dict(zip(AMONG, ("share of all pairs", "share where both\ncross four axial superlayers"), strict=True))


def plot(table: Table, path: Path) -> Path:
    """Draws efficiency against decay radius as PNG: a column per level of background, a row per denominator; the path."""
    levels = list(dict.fromkeys(str(value) for value in table.column("background")))
    with styled():
        figure = Figure(figsize=(12.5, 6.2), layout=ConstrainedLayoutEngine(rect=(0, 0.02, 1, 0.98)))
        grid = figure.subplots(len(_ROWS), len(levels), sharex=True, sharey=True)
        for row, (among, label) in zip(grid, _ROWS.items(), strict=True):
            for axes, level in zip(row, levels, strict=True):
                _panel(axes, table.where(background=level, among=among))
            row[0].set_ylabel(label)
        for axes, level in zip(grid[0], levels, strict=True):
            axes.set_title(f"background {level}")
        for axes in grid[-1]:
            axes.set_xlabel("transverse decay radius [cm]")
        grid[0, 0].set_ylim(0, 1.05)
        grid[0, 0].set_xlim(0, None)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(_CURVES))
        note(figure, describe({**table.stamp, "digests": {}}))
        return save(figure, path)


def _panel(axes: Axes, table: Table) -> None:
    for (decision, colour), marker in zip(_CURVES, MARKERS, strict=False):
        chosen = table.where(decision=decision)
        low_edge, high_edge, value, low, high = (
            np.array([np.nan if v is None else v for v in chosen.column(name)], float)
            for name in ("low_edge_cm", "high_edge_cm", "efficiency", "low", "high")
        )
        there = np.isfinite(value)
        axes.errorbar(
            ((low_edge + high_edge) / 2)[there], value[there], np.maximum([value - low, high - value], 0)[:, there],
            fmt=marker, color=colour, mfc="white", mew=1.1, elinewidth=1, ls="-", lw=0.8, label=decision,
        )  # fmt: skip
    axes.axhline(0, color=INK, lw=0.8)
