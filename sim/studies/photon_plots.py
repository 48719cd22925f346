"""Pictures of the single-photon study, drawn from its tables alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.provenance import describe
from sim.studies.statistics import efficiency
from sim.studies.style import COLOURS, GRID, INK, MARKERS, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table
from sim.studies.turn_on import TurnOn

REACH_GEV = {"2 GeV": 8.34, "1 GeV": 9.53, "0.5 GeV": 10.07}
"""A' mass whose photon has this E*. Source: DERIVED from E* = (s - M^2) / (2 sqrt s)."""
PUBLISHED_PLATEAU = 0.99
"""Talks: about 99 % on mu mu gamma."""

MIN_E_STAR_GEV = 0.3
"""Left end of the control-sample figure, above the lowest generated E*."""
CONTROL_JOIN = 2
"""Bins that the control-sample figure joins."""

Tables = Mapping[str, Table]


def plots(tables: Tables, folder: Path) -> dict[str, Path]:
    """Draws every picture as PNG into ``folder``; the paths by name."""
    pictures: dict[str, Callable[[Tables], Figure]] = {
        "turn_on_control_sample": control_sample,
        "turn_on_gun": gun,
        "turn_on_by_position": by_position,
        "threshold_map": threshold_map,
        "cut_variants": variants,
        "mass_reach": mass_reach,
        "plateaus": plateaus,
        "losses": losses,
    }
    paths = {}
    for name, draw in pictures.items():
        with styled():
            paths[name] = save(draw(tables), folder / f"{name}.png")
    return paths


def _array(table: Table, column: str) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in table.column(column)], dtype=float)


def _foot(figure: Figure, table: Table) -> None:
    note(figure, describe(table.stamp))


def _counts(table: Table, join: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(edges, n, k) of an efficiency table against E*, `join` neighbouring bins made one; bins left over are dropped."""
    bins = len(table.rows) // join * join
    low, high = _array(table, "e_star_low")[:bins:join], _array(table, "e_star_high")[join - 1 : bins : join]
    n, k = (_array(table, name)[:bins].reshape(-1, join).sum(axis=1).astype(np.int64) for name in ("n", "k"))
    return np.append(low, high[-1]), n, k


def _points(axes: Axes, table: Table, colour: str, marker: str, label: str, join: int = 1) -> None:
    """Efficiency with its exact interval at the middle of each bin with entries."""
    edges, n, k = _counts(table, join)
    used = n > 0
    e = efficiency(k[used], n[used])
    x = ((edges[1:] + edges[:-1]) / 2)[used]
    # rounding may put a bound a hair past the value at 0 and 1
    errors = np.maximum([e.value - e.low, e.high - e.value], 0)
    axes.errorbar(x, e.value, errors, fmt=marker, color=colour, mfc="white", mew=1.1, elinewidth=1, label=label)


def _curve(tables: Tables, **where: str) -> TurnOn | None:
    """Fitted curve of one row of the fit table."""
    found = tables["turn_on_fits"].where(**where)
    values = dict(zip(found.columns, found.rows[0], strict=True)) if found.rows else {}
    if not values.get("valid"):
        return None
    number = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
    return TurnOn(
        e50=number["e50_gev"], e50_error=number["e50_error"], width=number["width_gev"], width_error=number["width_error"],
        plateau=number["plateau"], plateau_low=number["plateau_low"], plateau_high=number["plateau_high"],
        floor=number["floor"], deviance=number["deviance"], bins=int(number["bins"]), events=int(number["events"]), valid=True,
    )  # fmt: skip


def _threshold(tables: Tables, line: str) -> float:
    return float(_array(tables["turn_on_fits"].where(line=line), "threshold_gev")[0])


def control_sample(tables: Tables) -> Figure:
    """Spectrum with the passed subset above, efficiency below, of offline-selected mu mu gamma: the published layout."""
    figure = Figure(figsize=(11, 6.4))
    grid = figure.subplots(2, 2, sharex="col", gridspec_kw={"height_ratios": [1, 1.35], "hspace": 0.07, "wspace": 0.16})
    for column, (line, title, reach) in enumerate(
        (("lml6", "1 GeV single-cluster trigger", 3.0), ("lml13", "0.5 GeV single-cluster trigger", 2.0))
    ):
        above, below = grid[0][column], grid[1][column]
        table = tables["efficiency"].where(sample="mumugamma", selection="offline", line=line)
        edges, n, k = _counts(table, CONTROL_JOIN)
        mplhep.histplot(n, edges, ax=above, color=MUTED, label="selected offline", yerr=False, flow="none")
        mplhep.histplot(
            k, edges, ax=above, color=COLOURS[line], histtype="fill", alpha=0.45,
            label=f"{line} fired", flow="none",
        )  # fmt: skip
        above.set_title(f"{title} ({line})")
        above.set_ylabel(f"photons / {1000 * (edges[1] - edges[0]):.0f} MeV")
        shown = (edges[:-1] >= MIN_E_STAR_GEV - 1e-9) & (edges[1:] <= reach + 1e-9)
        above.set_ylim(0, 1.1 * max(int(n[shown].max()), 1))
        above.legend(loc="upper right")
        for selection, marker, colour, label in (
            ("offline", "o", COLOURS[line], "selected offline"),
            ("offline_isolated", "s", INK, "muons quiet and isolated"),
        ):
            chosen = tables["efficiency"].where(sample="mumugamma", selection=selection, line=line)
            _points(below, chosen, colour, marker, label, CONTROL_JOIN)
            # without isolation the muons add energy to the photon's cluster: no error function
            fit = _curve(tables, sample="mumugamma", selection=selection, line=line)
            if fit is not None and selection == "offline_isolated":
                x = np.linspace(MIN_E_STAR_GEV, 2 * _threshold(tables, line), 400)
                below.plot(x, fit(x), color=colour, lw=1.2)
        threshold = _threshold(tables, line)
        below.axvline(threshold, color=MUTED, lw=1, ls=":")
        below.axhline(PUBLISHED_PLATEAU, color=MUTED, lw=1, ls="--", label="published, about 0.99")
        below.set_xlim(MIN_E_STAR_GEV, reach)
        below.set_ylim(0, 1.09)
        below.set_xlabel("true E* of the photon [GeV]")
        below.set_ylabel("efficiency")
        below.legend(loc="lower right")
    _foot(figure, tables["efficiency"])
    figure.subplots_adjust(left=0.07, right=0.985, top=0.94, bottom=0.105)
    return figure


def gun(tables: Tables) -> Figure:
    """Turn-on of every line for isolated photons, in units of its threshold."""
    figure = Figure(figsize=(13, 4.6))
    grid = figure.subplots(1, 3, sharey=True, gridspec_kw={"wspace": 0.09})
    groups = (("0.5 GeV", ("lml13",)), ("1 GeV", ("lml6", "lml7")), ("2 GeV", ("lml1", "lml2", "lml4")))
    for axes, (group, lines) in zip(grid, groups, strict=True):
        threshold = _threshold(tables, lines[0])
        for line, marker in zip(lines, MARKERS, strict=False):
            fit = _curve(tables, sample="gun", selection="all", line=line, region="rings of the line", cut="counts, look-up")
            label = line if fit is None else f"{line}: E50 {fit.e50:.3f}, width {fit.width:.3f}, plateau {fit.plateau:.3f}"
            _points(axes, tables["efficiency"].where(sample="gun", selection="all", line=line), COLOURS[line], marker, label)
            if fit is not None:
                x = np.linspace(0.6 * threshold, 1.6 * threshold, 400)
                axes.plot(x, fit(x), color=COLOURS[line], lw=1.2)
        axes.axvline(threshold, color=MUTED, lw=1, ls=":")
        axes.set_xlim(0.7 * threshold, 1.5 * threshold)
        axes.set_ylim(0, 1.06)
        axes.set_title(f"{group} lines, isolated photons")
        axes.set_xlabel("true E* of the photon [GeV]")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), fontsize=8.5)
    grid[0].set_ylabel("efficiency")
    _foot(figure, tables["efficiency"])
    figure.subplots_adjust(left=0.05, right=0.99, top=0.92, bottom=0.32)
    return figure


def by_position(tables: Tables) -> Figure:
    """E50 by theta id and by azimuth."""
    figure = Figure(figsize=(13, 4.6))
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.05, "width_ratios": [1, 1.15]})
    rings = tables["turn_on_by_ring"]
    for k, line in enumerate(dict.fromkeys(str(name) for name in rings.column("line"))):
        table = rings.where(line=line, valid=True)
        shift = 0.12 * (k % 3 - 1)
        left.errorbar(
            _array(table, "theta_id") + shift, _array(table, "e50_over_threshold"),
            _array(table, "e50_error") / _array(table, "threshold_gev"),
            fmt=MARKERS[k], color=COLOURS[line], mfc="white", mew=1.1, label=line,
        )  # fmt: skip
    left.set_xticks(range(1, 18))
    left.set_xlabel("theta id")
    left.set_ylabel("E50 / threshold")
    left.set_title("By ring")
    left.legend(ncols=3, loc="lower center")
    phis = tables["turn_on_by_phi"]
    for k, group in enumerate(dict.fromkeys(str(name) for name in phis.column("group"))):
        table = phis.where(group=group, valid=True)
        right.errorbar(
            _array(table, "phi_deg"), _array(table, "e50_over_threshold"),
            _array(table, "e50_error") / _array(table, "threshold_gev"),
            fmt=MARKERS[k], color=SERIES[k], mfc="white", mew=1.1, label=f"{group} lines",
        )  # fmt: skip
    right.set_xlim(0, 365)
    right.set_xticks(range(0, 361, 45))
    right.set_xlabel("phi [deg]")
    right.set_title("By azimuth, all rings of the lines")
    right.legend(ncols=3, loc="lower center")
    low, high = left.get_ylim()
    left.set_ylim(low - 0.18 * (high - low), high)
    _foot(figure, rings)
    figure.subplots_adjust(left=0.055, right=0.99, top=0.92, bottom=0.14)
    return figure


def threshold_map(tables: Tables) -> Figure:
    """E50 by ring and azimuth beside what the 4-bit look-up alone predicts; each divided by its mean."""
    table = tables["threshold_map"]
    groups = list(dict.fromkeys(str(name) for name in table.column("group")))
    figure = Figure(figsize=(13, 6.6))
    grid = figure.subplots(2, len(groups), sharex=True, sharey=True, gridspec_kw={"wspace": 0.05, "hspace": 0.14})
    mesh = None
    for column, group in enumerate(groups):
        part = table.where(group=group)
        rows, columns = _array(part, "theta_id").astype(int), _array(part, "phi_bin").astype(int)
        for axes, name, title in (
            (grid[0][column], "e50_over_threshold", "fitted"),
            (grid[1][column], "look_up_over_exact", "look-up alone"),
        ):
            values = np.full((17, int(columns.max())), np.nan)
            values[rows - 1, columns - 1] = _array(part, name)
            if np.isnan(values).all():
                axes.text(180, 9, "too few events for fits", ha="center", va="center", color=MUTED)
            else:
                values /= np.nanmean(values)
            edges = 2.5 + 360 / values.shape[1] * np.arange(values.shape[1] + 1)
            axes.set_facecolor("#f3f4f6")
            mesh = axes.pcolormesh(edges, np.arange(0.5, 18.5), values, cmap="RdBu_r", vmin=0.92, vmax=1.08)
            axes.set_title(f"{group}: {title}", fontsize=10)
            axes.grid(False)
            axes.set_xticks(range(0, 360, 90))
        grid[1][column].set_xlabel("phi [deg]")
    for axes in grid[:, 0]:
        axes.set_ylabel("theta id")
        axes.set_yticks(range(1, 18, 2))
        axes.set_ylim(17.5, 0.5)
    if mesh is not None:
        bar = figure.colorbar(mesh, cax=figure.add_axes((0.925, 0.1, 0.012, 0.835)))
        bar.set_label("relative to the mean of the panel")
        bar.outline.set_visible(False)
    _foot(figure, table)
    figure.subplots_adjust(left=0.045, right=0.91, top=0.935, bottom=0.1)
    return figure


def variants(tables: Tables) -> Figure:
    """Width of the turn-on with the hardware's cut and with floating-point ones."""
    table = tables["turn_on_fits"].where(sample="gun", selection="all", region="35-120 deg")
    lines = [line for line in ("lml13", "lml6", "lml1") if table.where(line=line, valid=True).rows]
    cuts = list(dict.fromkeys(str(cut) for cut in table.column("cut")))
    figure = Figure(figsize=(11, 4.4))
    grid = figure.subplots(1, 2, gridspec_kw={"wspace": 0.2})
    for axes, column, error, title in (
        (grid[0], "width_over_threshold", "width_error", "Width / threshold [%]; crosses: half of 16-84 %"),
        (grid[1], "e50_over_threshold", "e50_error", "E50 / threshold [%]"),
    ):
        for k, cut in enumerate(cuts):
            chosen = [table.where(line=line, cut=cut) for line in lines]
            y = [100 * _array(t, column)[0] for t in chosen]
            dy = [100 * _array(t, error)[0] / _array(t, "threshold_gev")[0] for t in chosen]
            x = np.arange(len(lines)) + 0.16 * (k - 1.5)
            axes.errorbar(x, y, dy, fmt=MARKERS[k], color=SERIES[k], mfc="white", mew=1.2, ms=6, label=cut)
            if axes is grid[0]:
                axes.plot(x, [100 * _array(t, "half_16_84_over_threshold")[0] for t in chosen], "x", color=SERIES[k], ms=5)
        axes.set_xticks(range(len(lines)), lines)
        axes.set_xlim(-0.5, max(len(lines), 1) - 0.5)
        axes.set_title(title)
        axes.grid(axis="x", visible=False)
    _expectation(grid[0], table, lines)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, bbox_to_anchor=(0.5, 0.03))
    _foot(figure, table)
    figure.subplots_adjust(left=0.06, right=0.985, top=0.91, bottom=0.27)
    return figure


def _expectation(axes: Axes, table: Table, lines: list[str]) -> None:
    """Expected width with the look-up as a bar, with an exact boost as a band."""
    for k, line in enumerate(lines):
        for text in dict.fromkeys(str(v) for v in table.where(line=line).column("expected_width")):
            low, _, high = text.partition("-")
            if high:
                axes.fill_between(
                    [k - 0.04, k + 0.4], 100 * float(low), 100 * float(high), color="#009e73", alpha=0.15, lw=0,
                    label="expected, exact boost" if k == 0 else None,
                )  # fmt: skip
            else:
                axes.plot(
                    [k - 0.4, k - 0.02], [100 * float(low)] * 2, color=MUTED, lw=2, alpha=0.6,
                    label="expected, look-up" if k == 0 else None,
                )  # fmt: skip


def mass_reach(tables: Tables) -> Figure:
    """Efficiency against the A' mass, for photons in the calorimeter and for offline-selected events."""
    table = tables["mass_reach"]
    figure = Figure(figsize=(13, 5.0))
    grid = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.05})
    for axes, selection, title in (
        (grid[0], "all", "photon in the calorimeter"),
        (grid[1], "offline", "selected offline"),
    ):
        for k, line in enumerate(COLOURS):
            part = table.where(selection=selection, line=line)
            used = _array(part, "n") > 0
            x, y = _array(part, "mass_gev")[used], _array(part, "efficiency")[used]
            errors = np.maximum([y - _array(part, "low")[used], _array(part, "high")[used] - y], 0)
            width = 2.2 if line == "or" else 1.3
            axes.errorbar(
                x,
                y,
                errors,
                fmt=f"{MARKERS[k]}-",
                color=COLOURS[line],
                mfc="white",
                lw=width,
                elinewidth=1,
                label="OR" if line == "or" else line,
            )
        for group, mass in REACH_GEV.items():
            axes.axvline(mass, color=MUTED, lw=1, ls=":")
            axes.text(mass, 1.045, group, ha="center", va="bottom", fontsize=8, color=MUTED)
        axes.set_title(f"e+e- -> gamma A', {title}", pad=18)
        axes.set_xlabel("M(A') [GeV]")
        axes.set_ylim(0, 1.04)
        axes.set_xlim(5.8, 10.4)
    grid[0].set_ylabel("efficiency")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), bbox_to_anchor=(0.5, 0.03))
    _foot(figure, table)
    figure.subplots_adjust(left=0.05, right=0.99, top=0.87, bottom=0.21)
    return figure


def plateaus(tables: Tables) -> Figure:
    """Plateau of each line without background: isolated photons, and mu mu gamma with and without cuts on the muons."""
    table = tables["plateaus"]
    series = (
        ("gun", "all", "isolated photons"),
        ("mumugamma", "offline_isolated", "mu mu gamma, muons quiet and all apart by 30 deg"),
        ("mumugamma", "offline_quiet_muons", "mu mu gamma, both muon clusters below 0.25 GeV offline"),
        ("mumugamma", "offline", "mu mu gamma, selected offline"),
    )
    lines = [line for line in COLOURS if line != "or"]
    figure = Figure(figsize=(10, 4.6))
    axes = figure.subplots()
    for k, (sample, selection, label) in enumerate(series):
        for i, line in enumerate(lines):
            part = table.where(sample=sample, selection=selection, line=line)
            value, low, high = (_array(part, name)[0] for name in ("efficiency", "low", "high"))
            axes.errorbar(
                [i + 0.15 * (k - 1.5)], [value], [[max(value - low, 0)], [max(high - value, 0)]],
                fmt=MARKERS[k], color=SERIES[k], mfc="white", mew=1.2, ms=6, label=label if i == 0 else None,
            )  # fmt: skip
    axes.axhline(PUBLISHED_PLATEAU, color=MUTED, lw=1, ls="--", label="published, about 0.99")
    axes.set_xticks(range(len(lines)), lines)
    axes.set_xlim(-0.5, len(lines) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set_ylabel("efficiency above 1.3 thresholds")
    axes.set_title("Plateaus: the muons' own clusters count as other clusters")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=2)
    _foot(figure, table)
    figure.subplots_adjust(left=0.08, right=0.985, top=0.92, bottom=0.27)
    return figure


def losses(tables: Tables) -> Figure:
    """Photons left after each step, for each multiple of the guessed background."""
    table = tables["losses"]
    figure = Figure(figsize=(13, 4.8))
    lines = ("lml13", "lml6", "lml1")
    grid = figure.subplots(1, len(lines), sharey=True, gridspec_kw={"wspace": 0.05})
    samples = [name for name in dict.fromkeys(str(s) for s in table.column("sample")) if name.startswith("gun")]
    for axes, line in zip(grid, lines, strict=True):
        for k, sample in enumerate(samples):
            part = table.where(sample=sample, line=line)
            level = str(part.column("background")[0])
            y = _array(part, "efficiency")[:-1]
            axes.plot(range(y.size), y, f"{MARKERS[k]}-", color=SERIES[k], mfc="white", mew=1.2, label=level)
        steps = ["photon", "digitised", "in window", "above\nthreshold", "quiet", "bit"]
        axes.set_xticks(range(len(steps)), steps, fontsize=8.5)
        axes.set_title(f"{line}: isolated photons on the plateau")
        axes.set_ylim(0, 1.04)
    grid[0].set_ylabel("fraction left")
    grid[0].legend(loc="lower left", title="beam background", title_fontsize=9)
    grid[0].get_legend().get_title().set_color(INK)
    for axes in grid:
        axes.grid(axis="x", color=GRID)
    _foot(figure, table)
    figure.subplots_adjust(left=0.05, right=0.99, top=0.92, bottom=0.13)
    return figure
