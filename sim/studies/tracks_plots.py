"""Pictures of the track study, drawn from its tables alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from sim.provenance import describe
from sim.studies.style import INK, MARKERS, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table
from sim.studies.tracks_counts import ACCEPTANCES, EVERY, LINES
from sim.studies.tracks_tables import PUBLISHED_CM, RANGES_GEV, STT_AIM

REFERENCE_LEVEL = "x1"
"""Level at which networks are compared: the guess as it stands."""

Tables = Mapping[str, Table]


def plots(tables: Tables, folder: Path) -> dict[str, Path]:
    """Draws every picture as PNG into ``folder``; the paths by name."""
    pictures: dict[str, Callable[[Tables], Figure]] = {
        "efficiency_2d": finder,
        "resolution": resolution,
        "response": response,
        "single_track": single_track,
        "rejection": rejection,
        "lines": lines,
        "tracks_z": summary,
    }
    paths = {}
    for name, draw in pictures.items():
        with styled():
            figure = draw(tables)
            note(figure, describe({**tables["efficiency_2d"].stamp, "digests": {}}))
            paths[name] = save(figure, folder / f"{name}.png")
    return paths


def _figure(width: float, height: float) -> Figure:
    """An empty figure with room for the small print at its foot."""
    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(rect=(0, 0.13 / height, 1, 1 - 0.13 / height)))


def _array(table: Table, column: str) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in table.column(column)], dtype=float)


def _different(table: Table, column: str) -> list[str]:
    return list(dict.fromkeys(str(value) for value in table.column(column)))


def _bins(
    axes: Axes, table: Table, value: str, low: str, high: str, *, colour: str, marker: str, label: str, dashed: bool = False
) -> None:
    """Points with intervals in the middle of their bins (of the logarithm on such an axis); bins without a value are left out.

    low, high: columns of the interval; if both are the same it is the size of a symmetric error.
    """
    edges = _array(table, "low_edge"), _array(table, "high_edge")
    if axes.get_xscale() == "log":
        edges = np.log(edges[0]), np.log(edges[1])
    middle = (edges[0] + edges[1]) / 2
    x = np.exp(middle) if axes.get_xscale() == "log" else middle
    y = _array(table, value)
    errors = [_array(table, low)] * 2 if low == high else [y - _array(table, low), _array(table, high) - y]
    there = np.isfinite(y) & (_array(table, "n") > 0 if "n" in table.columns else True)
    axes.errorbar(
        x[there], y[there], np.maximum(errors, 0)[:, there], fmt=marker, color=colour, mfc="white", mew=1.1, elinewidth=1,
        ls="--" if dashed else "-", lw=0.8, label=label,
    )  # fmt: skip


def _logarithmic(axes: Axes, ticks: tuple[float, ...]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xticks([], minor=True)


PT_TICKS = (0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)
P_TICKS = (0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


def finder(tables: Tables) -> Figure:
    """Efficiency of the 2D finder against transverse momentum and angle."""
    figure = _figure(11, 4.4)
    left, right = figure.subplots(1, 2, sharey=True)
    _logarithmic(left, PT_TICKS)
    for axes, variable in ((left, "pt_gev"), (right, "theta_deg")):
        for k, level in enumerate(_different(tables["efficiency_2d"], "background")):
            chosen = tables["efficiency_2d"].where(variable=variable, background=level)
            _bins(
                axes,
                chosen,
                "efficiency",
                "low",
                "high",
                colour=SERIES[k],
                marker=MARKERS[k],
                label=f"{level} (guess)" if k else "none",
            )
    left.axvline(0.3, color=MUTED, lw=1, ls=":")
    left.annotate("edge of the Hough plane", (0.3, 0.06), (6, 0), textcoords="offset points", fontsize=8.5, color=MUTED)
    left.set_ylim(0, 1.05)
    left.set_xlabel("true pT [GeV]")
    left.set_ylabel("particles with a 2D track")
    left.set_title("polar angles 35 to 125°")
    right.set_xlabel("true polar angle [°]")
    right.set_title("pT > 0.5 GeV")
    right.legend(title="wire background", loc="lower center")
    return figure


def resolution(tables: Tables) -> Figure:
    """Resolution in z and theta against transverse momentum and angle, at every background level."""
    networks = _different(tables["resolution"], "network")
    figure = _figure(11, 7.4)
    grid = figure.subplots(2, 2, sharey="row", sharex="col")
    for row, (quantity, label, top) in enumerate(
        (("z_cm", "width of z [cm]", 12.0), ("theta_deg", "width of polar angle [°]", 12.0))
    ):
        for column, variable in enumerate(("pt_gev", "theta_deg")):
            axes = grid[row][column]
            if variable == "pt_gev":
                _logarithmic(axes, PT_TICKS)
            for n, network in enumerate(networks):
                for k, level in enumerate(_different(tables["resolution"], "background")):
                    chosen = tables["resolution"].where(network=network, background=level, quantity=quantity, variable=variable)
                    text = f"{network}, {level}" if k else f"{network}, none"
                    _bins(axes, chosen, "width", "error", "error", colour=SERIES[k], marker=MARKERS[n], label=text, dashed=n > 0)
            axes.set_ylim(0, top)
        grid[row][0].set_ylabel(label)
    _published(grid[0][0])
    grid[0][0].set_title("polar angles 35 to 125°")
    grid[0][1].set_title("pT > 0.5 GeV")
    grid[1][0].set_xlabel("true pT [GeV]")
    grid[1][1].set_xlabel("true polar angle [°]")
    grid[0][1].legend(title="network, wire background (guess)", loc="upper center", ncols=len(networks))
    return figure


def response(tables: Tables) -> Figure:
    """Bias and width of z along the beam line, without background and at the reference level."""
    figure = _figure(11, 4.4)
    left, right = figure.subplots(1, 2, sharex=True)
    table = tables["response"]
    for n, network in enumerate(_different(table, "network")):
        for k, level in enumerate(("x0", REFERENCE_LEVEL)):
            chosen = table.where(network=network, background=level)
            label = f"{network}, {f'{level} (guess)' if k else 'none'}"
            for axes, value, error in ((left, "median", "median_error"), (right, "width", "error")):
                mark = {"colour": SERIES[2 * k], "marker": MARKERS[n], "label": label, "dashed": n > 0}
                _bins(axes, chosen, value, error, error, **mark)  # type: ignore[arg-type]
    left.axhline(0, color=MUTED, lw=1)
    left.set_ylabel("median of z of the network - true z [cm]")
    right.set_ylabel("width of z [cm]")
    right.set_ylim(0, None)
    for axes in (left, right):
        axes.set_xlabel("true z of the vertex [cm]")
    left.set_title("Bias, muons of p > 1 GeV")
    right.set_title("Width")
    left.legend(title="network, wire background", loc="upper right")
    return figure


def _published(axes: Axes) -> None:
    """The published resolutions as lines over our momentum ranges."""
    for k, (region, value) in enumerate(PUBLISHED_CM.items()):
        values = " and ".join(f"{size:g}" for size in sorted(PUBLISHED_CM.values(), reverse=True))
        label = None if k else f"published, about {values} cm\n(simulation, background not stated)"
        axes.plot(RANGES_GEV[region], (value, value), color=INK, lw=2.2, ls="--", label=label)


def _aim(axes: Axes) -> None:
    """The efficiency that the single-track trigger aims at."""
    axes.axhline(STT_AIM, color=MUTED, lw=1, ls=":")
    axes.text(0.98, 0.06, f"dotted: aim {STT_AIM:g} above 1 GeV", transform=axes.transAxes, ha="right", fontsize=8.5, color=MUTED)


def single_track(tables: Tables) -> Figure:
    """Single-track decision against momentum and z, given a 2D track and in total."""
    figure = _figure(11, 7.4)
    grid = figure.subplots(2, 2, sharey=True, sharex="col")
    table = tables["single_track"].where(decision="stt")
    for row, given in enumerate(("2D track", "particle")):
        for column, variable in enumerate(("p_gev", "z_cm")):
            axes = grid[row][column]
            if variable == "p_gev":
                _logarithmic(axes, P_TICKS)
            for n, network in enumerate(_different(table, "network")):
                for k, level in enumerate(_different(table, "background")):
                    chosen = table.where(network=network, background=level, given=given, variable=variable)
                    _bins(axes, chosen, "efficiency", "low", "high", colour=SERIES[k], marker=MARKERS[n],
                          label=f"{network}, {level if k else 'none'}", dashed=n > 0)  # fmt: skip
            axes.set_ylim(0, 1.05)
        grid[row][0].set_ylabel("STT, given a 2D track" if row == 0 else "STT, of all muons")
    grid[0][0].set_title("from the interaction point")
    grid[0][1].set_title("along the beam line, p > 1 GeV")
    _aim(grid[0][0])
    for row in range(2):
        for edge in (-15, 15):
            grid[row][1].axvline(edge, color=MUTED, lw=1, ls=":")
    grid[1][0].set_xlabel("true momentum [GeV]")
    grid[1][1].set_xlabel("true z of the vertex [cm]")
    grid[1][0].legend(title="network, wire background (guess)", loc="lower right", ncols=len(_different(table, "network")))
    return figure


def _curves(axes: Axes, table: Table) -> None:
    """Signal kept against background passing; a point per cut, z and class."""
    for n, network in enumerate(_different(table, "network")):
        for j, cut_on in enumerate(("|z|", "class")):
            chosen = table.where(network=network, cut_on=cut_on)
            if not chosen.rows:
                continue
            x, y = _array(chosen, "efficiency"), _array(chosen, "passing")
            order = np.argsort(x)
            errors = np.maximum([y - _array(chosen, "passing_low"), _array(chosen, "passing_high") - y], 0)
            # Points without any background are drawn at the upper end of their interval.
            none = y == 0
            shown = np.where(none, _array(chosen, "passing_high"), y)
            label = f"{network}, cut on {cut_on}"
            colour = SERIES[2 * n + j]
            axes.plot(x[order], shown[order], color=colour, lw=0.8)
            axes.errorbar(
                x[~none], y[~none], errors[:, ~none], fmt=MARKERS[n], color=colour, mfc="white", elinewidth=1, label=label
            )
            axes.plot(x[none], shown[none], ls="", marker=7, color=colour)
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 1)
    axes.set_xlabel("2D tracks from the interaction point kept")


def rejection(tables: Tables) -> Figure:
    """Signal kept against background passing, at every background level."""
    levels = _different(tables["cuts"], "background")
    figure = _figure(13, 4.4)
    row = figure.subplots(1, len(levels), sharey=True, sharex=True)
    for axes, level in zip(row, levels, strict=True):
        _curves(axes, tables["cuts"].where(background=level, among=EVERY))
        axes.set_title("no wire background" if level == "x0" else f"wire background {level} (guess)")
        axes.set_xlim(0.5, 1.01)
    row[0].set_ylabel("background tracks kept (|z| of 30 to 100 cm)")
    row[0].legend(loc="upper left")
    return figure


def lines(tables: Tables) -> Figure:
    """Lines on muon pairs by acceptance."""
    table = tables["lines"]
    figure = _figure(11, 4.2)
    row = figure.subplots(1, len(ACCEPTANCES), sharey=True)
    networks = _different(table, "network")
    for axes, acceptance in zip(row, ACCEPTANCES, strict=True):
        for k, level in enumerate(_different(table, "background")):
            for n, network in enumerate(networks):
                chosen = table.where(background=level, acceptance=acceptance, network=network)
                y = _array(chosen, "efficiency")
                x = np.array([LINES.index(str(line)) for line in chosen.column("line")]) + 0.13 * (k - 1.5) + 0.03 * (n - 1)
                errors = np.maximum([y - _array(chosen, "low"), _array(chosen, "high") - y], 0)
                label = (f"{level} (guess)" if k else "none") if n == 0 else None
                axes.errorbar(x, y, errors, fmt=MARKERS[n], color=SERIES[k], mfc="white", elinewidth=1, label=label)
        axes.set_xticks(range(len(LINES)), LINES)
        axes.set_xlim(-0.5, len(LINES) - 0.5)
        axes.set_title(acceptance.replace(" deg", "°"), fontsize=10)
    row[0].set_ylim(0, 1.05)
    row[0].set_ylabel("muon pairs taken")
    row[-1].legend(title="wire background", loc="lower center", ncols=2)
    marks = [
        Line2D([], [], ls="", marker=MARKERS[n], color=INK, mfc="white", label=network or "2D finder alone")
        for n, network in enumerate(networks)
    ]
    row[0].legend(handles=marks, loc="lower center", ncols=len(marks))
    return figure


def summary(tables: Tables) -> Figure:
    """The networks at the reference level: z resolution, single-track efficiency against p and z, rejection."""
    figure = _figure(9.2, 6.6)
    figure.suptitle(f"Muons, wire background {REFERENCE_LEVEL} (guess)", fontsize=10.5, x=0.99, ha="right", color=MUTED)
    (width, momentum), (place, rejected) = figure.subplots(2, 2)
    _logarithmic(width, PT_TICKS)
    _logarithmic(momentum, P_TICKS)
    decided = tables["single_track"].where(background=REFERENCE_LEVEL, decision="stt")
    for n, network in enumerate(_different(decided, "network")):
        mark = {"colour": SERIES[2 * n], "marker": MARKERS[n], "label": network}
        chosen = tables["resolution"].where(network=network, background=REFERENCE_LEVEL, quantity="z_cm", variable="pt_gev")
        _bins(width, chosen, "width", "error", "error", **mark)  # type: ignore[arg-type]
        for axes, variable in ((momentum, "p_gev"), (place, "z_cm")):
            chosen = decided.where(network=network, given="2D track", variable=variable)
            _bins(axes, chosen, "efficiency", "low", "high", **mark)  # type: ignore[arg-type]
    _published(width)
    width.set_ylim(0, 10)
    width.set_xlabel("true pT [GeV]")
    width.set_ylabel("width of z [cm]")
    width.set_title("Resolution in z, polar angles 35 to 125°")
    width.legend(loc="upper right")
    _aim(momentum)
    momentum.set_xlabel("true momentum [GeV]")
    momentum.set_title("Single-track trigger, given a 2D track")
    place.set_xlabel("true z of the vertex [cm]")
    place.set_title("The same along the beam line, p > 1 GeV")
    for axes in (momentum, place):
        axes.set_ylim(0, 1.05)
        axes.set_ylabel("efficiency")
    for edge in (-15, 15):
        place.axvline(edge, color=MUTED, lw=1, ls=":")
    _curves(rejected, tables["cuts"].where(background=REFERENCE_LEVEL, among=EVERY))
    rejected.set_xlim(0.7, 1.005)
    rejected.set_ylabel("background tracks kept")
    rejected.set_title("Background tracks from |z| of 30 to 100 cm")
    rejected.legend(loc="upper left")
    return figure
