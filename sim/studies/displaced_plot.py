"""Pictures of the study of the displaced-vertex trigger, drawn from its tables alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sim.provenance import describe
from sim.studies.displaced_counts import CROSSED
from sim.studies.displaced_losses import CROSSING, STAGES
from sim.studies.displaced_offline import FIVE, RUN, with_new
from sim.studies.displaced_samples import CEILING, OR
from sim.studies.displaced_scores import HOUGH, HYPOTHESES, RATES_HZ
from sim.studies.displaced_searches import CTAU
from sim.studies.displaced_tables import MASS_SCANS, UNIQUE, WITH, at
from sim.studies.style import MARKERS, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table

Curve = tuple[str, str, str]
"""Decision, label, colour."""
_X1 = "x1 (guess)"
_SCANS = (
    (MASS_SCANS[0], "mass [GeV]", "linear"),
    ("ctau", "c tau [cm]", "log"),
    ("segments", "part of the segments that is kept", "linear"),
    ("sides", "part of the known sides that is wrong", "linear"),
    ("background", "background / nominal guess", "linear"),
)
_OFFLINE = (
    (with_new(RUN), "lines without prescale, or dvt, dvt_ecl", SERIES[1], "-"),
    (RUN, "lines that run without prescale", SERIES[1], "--"),
    (with_new(FIVE), "ffy, stt, fyo, hie, lml, or dvt, dvt_ecl", SERIES[0], "-"),
    (FIVE, "ffy, stt, fyo, hie, lml", SERIES[0], "--"),
)
_OFFLINE_COLUMNS = 3


def curves(rate_hz: float) -> tuple[Curve, ...]:
    """What is drawn at a rate."""
    return (
        (CEILING, "ceiling of segments and acceptance", MUTED),
        (at(HYPOTHESES.name, rate_hz), f"{HYPOTHESES.name} (a)", SERIES[3]),
        (at(HOUGH.name, rate_hz), f"{HOUGH.name} (b)", SERIES[0]),
        (OR, "existing lines", SERIES[1]),
        (at(HOUGH.name, rate_hz, UNIQUE), "(b), existing lines do not", SERIES[2]),
        (at(HOUGH.name, rate_hz, WITH), "(b) or existing lines", SERIES[4]),
    )


def plots(tables: Mapping[str, Table], folder: Path) -> list[Path]:
    """Every picture; the paths."""
    return [
        radius_plot(tables["displaced"], folder / "displaced.png"),
        axes_plot(tables["displaced"], tables["displaced_scan"], folder / "displaced_axes.png"),
        scan_plot(tables["displaced_scan"], folder / "displaced_scan.png"),
        k_short_plot(tables["displaced_k_short"], folder / "displaced_k_short.png"),
        offline_plot(tables["displaced_offline"], folder / "displaced_offline.png"),
        losses_plot(tables["displaced_losses"], folder / "displaced_losses.png"),
    ]


def radius_plot(table: Table, path: Path) -> Path:
    """Efficiency against decay radius: a row per rate, a column per level of background."""
    levels = list(dict.fromkeys(str(value) for value in table.column("background")))
    with styled():
        figure, grid = _figure((13.5, 6.6), len(RATES_HZ), len(levels))
        for row, rate in zip(grid, RATES_HZ, strict=True):
            for axes, level in zip(row, levels, strict=True):
                _bins(axes, table.where(background=level, among=CROSSED, axis="radius"), curves(rate))
                axes.set_title(f"background {level}, {rate:g} Hz", fontsize=10)
            row[0].set_ylabel("efficiency, both daughters\ncross four axial superlayers")
        for axes in grid[-1]:
            axes.set_xlabel("transverse decay radius [cm]")
        grid[0, 0].set_xlim(0, None)
        return _done(figure, grid[0, 0], table, path)


def axes_plot(table: Table, scan: Table, path: Path) -> Path:
    """Efficiency against opening angle, transverse momentum, mass and decay length at the nominal level, a row per rate."""
    with styled():
        figure, grid = _figure((13.5, 6.6), len(RATES_HZ), 4, share_x=False)
        for row, rate in zip(grid, RATES_HZ, strict=True):
            for axes, (axis, label) in zip(row, (("opening", "opening angle [deg]"), ("pt", "smaller pT [GeV]")), strict=False):
                _bins(axes, table.where(background=_X1, among=CROSSED, axis=axis), curves(rate))
                axes.set_xlabel(label)
            for axes, (varied, label, kind) in zip(row[2:], _SCANS, strict=False):
                _points(axes, scan.where(varied=varied, among=CROSSED), curves(rate))
                axes.set_xlabel(label)
                axes.set_xscale(kind)
            row[0].set_ylabel(f"efficiency at {rate:g} Hz, crossing pairs")
        return _done(figure, grid[0, 0], table, path)


def scan_plot(scan: Table, path: Path) -> Path:
    """Efficiency against what a detector may lose, and against the mass for every decay, a row per rate."""
    with styled():
        figure, grid = _figure((14.0, 6.6), len(RATES_HZ), 4, share_x=False)
        for row, rate in zip(grid, RATES_HZ, strict=True):
            for axes, (varied, label, _) in zip(row, _SCANS[2:], strict=False):
                _points(axes, scan.where(varied=varied, among=CROSSED), curves(rate))
                axes.set_xlabel(label)
            for varied, colour, marker in zip(MASS_SCANS, SERIES, MARKERS, strict=False):
                chosen = scan.where(varied=varied, among=CROSSED, decision=at(HOUGH.name, rate))
                place = np.array(chosen.column("value"), float)
                _draw(row[-1], chosen, place, f"(b), to {varied.removeprefix('mass, ')}", colour, marker)
            row[-1].set_xlabel("mass [GeV]")
            row[-1].legend()
            row[0].set_ylabel(f"efficiency at {rate:g} Hz, crossing pairs")
        return _done(figure, grid[0, 0], scan, path)


def k_short_plot(table: Table, path: Path) -> Path:
    """Efficiency for K_S against decay radius, a column per rate."""
    with styled():
        figure, grid = _figure((9.0, 4.4), 1, len(RATES_HZ))
        for axes, rate in zip(grid[0], RATES_HZ, strict=True):
            _bins(axes, table.where(among=CROSSED, axis="radius"), curves(rate))
            axes.set_title(f"K_S -> pi pi, x1 (guess), {rate:g} Hz", fontsize=10)
            axes.set_xlabel("transverse decay radius [cm]")
        grid[0, 0].set_ylabel("efficiency, both pions\ncross four axial superlayers")
        return _done(figure, grid[0, 0], table, path)


def offline_plot(table: Table, path: Path) -> Path:
    """Part of the selected events of each search that the first level keeps, against what it scans."""
    searches = list(dict.fromkeys(str(value) for value in table.column("search")))
    rows = -(-len(searches) // _OFFLINE_COLUMNS)
    with styled():
        figure, grid = _figure((13.5, 3.6 * rows), rows, _OFFLINE_COLUMNS, share_x=False)
        for axes in grid.flat[len(searches) :]:
            axes.set_visible(False)
        for axes, search in zip(grid.flat, searches, strict=False):
            for (decision, label, colour, style), marker in zip(_OFFLINE, MARKERS, strict=False):
                chosen = table.where(search=search, decision=decision)
                _draw(axes, chosen, np.array(chosen.column("value"), float), label, colour, marker, style)
            scanned = str(table.where(search=search).column("scanned")[0])
            axes.set(xscale="log" if scanned == CTAU else "linear", xlabel=scanned)
            axes.set_title(search.replace(": ", ":\n"), fontsize=9)
        for row in grid:
            row[0].set_ylabel("part of the selected events\nthat the first level keeps")
        return _done(figure, grid[0, 0], table, path)


def losses_plot(table: Table, path: Path) -> Path:
    """What is left of the crossing pairs after each stage, a curve per mass; stages from top to bottom."""
    left = table.where(of=CROSSING)
    with styled():
        figure, grid = _figure((11.0, 6.0), 1, 1)
        axes = grid[0, 0]
        axes.set(xlim=(0, 1.05), ylim=(len(STAGES) - 0.5, -0.5), xlabel="part of the crossing pairs that is left")
        axes.set_yticks(range(len(STAGES)), STAGES)
        for mass, colour, marker in zip(dict.fromkeys(left.column("mass_gev")), SERIES, MARKERS, strict=False):
            chosen = left.where(mass_gev=mass)
            value, low, high = (np.array(chosen.column(name)[: len(STAGES)], float) for name in ("efficiency", "low", "high"))
            axes.errorbar(
                value, np.arange(len(STAGES)), xerr=np.maximum([value - low, high - value], 0),
                fmt=marker, color=colour, mfc="white", ms=4, mew=1.0, elinewidth=0.8, ls="-", lw=0.9, label=f"{mass:g} GeV",
            )  # fmt: skip
        return _done(figure, axes, table, path)


def _figure(size: tuple[float, float], rows: int, columns: int, share_x: bool = True) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(rect=(0, 0.03, 1, 0.97)))
    grid = figure.subplots(rows, columns, sharex=share_x, sharey=True, squeeze=False)
    grid[0, 0].set_ylim(0, 1.05)
    return figure, grid


def _done(figure: Figure, axes: Axes, table: Table, path: Path) -> Path:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3 if len(labels) > 4 else 2)
    note(figure, describe({**table.stamp, "digests": {}}))
    return save(figure, path)


def _bins(axes: Axes, table: Table, drawn: Sequence[Curve]) -> None:
    for (decision, label, colour), marker in zip(drawn, MARKERS, strict=False):
        chosen = table.where(decision=decision)
        edges = np.array([chosen.column("low_edge"), chosen.column("high_edge")], float)
        _draw(axes, chosen, edges.mean(axis=0), label, colour, marker)


def _points(axes: Axes, table: Table, drawn: Sequence[Curve]) -> None:
    for (decision, label, colour), marker in zip(drawn, MARKERS, strict=False):
        chosen = table.where(decision=decision)
        _draw(axes, chosen, np.array(chosen.column("value"), float), label, colour, marker)


def _draw(axes: Axes, table: Table, x: np.ndarray, label: str, colour: str, marker: str, style: str = "-") -> None:
    value, low, high = (
        np.array([np.nan if v is None else v for v in table.column(name)], float) for name in ("efficiency", "low", "high")
    )
    there = np.isfinite(value)
    axes.errorbar(
        x[there], value[there], np.maximum([value - low, high - value], 0)[:, there],
        fmt=marker, color=colour, mfc="white", ms=4, mew=1.0, elinewidth=0.8, ls=style, lw=0.9, label=label,
    )  # fmt: skip
