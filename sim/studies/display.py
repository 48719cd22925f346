"""Event display: the 576 trigger cells unrolled in theta id and phi, with energies, seeds, clusters and the bits that fired."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from sim.studies.style import GRID, INK, MUTED, save, styled
from trigger.ecl import EclTrigger
from trigger.ecl.calibration import EclCalibration
from trigger.ecl.decision import EclDecision
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.parameters import ADC_LSB_GEV, EclParameters
from trigger.ecl.tables import cell_tables
from trigger.ecl.window import choose_window
from trigger.errors import InputError
from trigger.geometry.ecl import N_CELLS, Region, cells

ACCENT, VETO, EMPTY = "#d55e00", "#7a1f3d", "#f3f4f6"
_GAP = 0.35
_VETO_BITS = ("bhabha2d", "bhabha3d_veto", "bhabha3d_sel", "bhabha2d_type", "bhabha3d_intrack")


@dataclass(frozen=True, kw_only=True, eq=False)
class EventView:
    """One event as it is drawn: counts per cell inside and outside the chosen window, seeds, and the decision."""

    adc: NDArray[np.int64]
    outside_adc: NDArray[np.int64]
    seeds: NDArray[np.int64]
    decision: EclDecision
    title: str


def view(
    arrays: Mapping[str, np.ndarray],
    number: int,
    parameters: EclParameters | None = None,
    calibration: EclCalibration | None = None,
    source: str = "event",
    title: str = "",
) -> EventView:
    """What the trigger makes of event ``number`` (from 0) of these primitives; InputError if there is no such event.

    title: over the picture; else experiment, run and event number, or source and place.
    """
    n_events = arrays["ecl_offsets"].size - 1
    if not 0 <= number < n_events:
        msg = f"{source}: event must be 0..{n_events - 1}, not {number}"
        raise InputError(msg)
    entries = slice(int(arrays["ecl_offsets"][number]), int(arrays["ecl_offsets"][number + 1]))
    tc_id, adc = (np.asarray(arrays[f"ecl_{name}"][entries], np.int16) for name in ("tc_id", "adc"))
    offsets = np.array([0, tc_id.size], np.int64)
    time = np.asarray(arrays["ecl_time"][entries], np.int16) if "ecl_time" in arrays else None
    phase = np.asarray(arrays["ecl_phase"][number : number + 1], np.int16) if "ecl_phase" in arrays else None
    decision = EclTrigger(parameters, calibration).run(offsets, tc_id, adc, time, phase)
    everything = np.zeros(N_CELLS + 1, np.int64)
    np.maximum.at(everything, tc_id, adc)
    if time is not None:
        _, tc_id, adc, _, _ = choose_window(offsets, tc_id, adc, time, phase)
    shown = np.zeros(N_CELLS + 1, np.int64)
    shown[tc_id] = adc
    ids = [f"{name} {int(arrays[name][number])}" for name in ("experiment", "run", "event") if name in arrays]
    return EventView(
        adc=shown,
        outside_adc=np.where(shown == 0, everything, 0),
        seeds=_seeds(shown),
        decision=decision,
        title=title or ", ".join(ids) or f"{source}, event {number}",
    )


def _seeds(adc: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cells that start a cluster."""
    near = adc[cell_tables().seed] > 0
    blocked = near[:, :3].any(axis=1) | near[:, 3:].all(axis=1)
    return np.flatnonzero((adc > 0) & ~blocked)


def _boxes() -> NDArray[np.float64]:
    """(576, 4) of each cell: left phi edge in degrees, lower edge, width, height; theta ids grow downwards."""
    c = cells()
    boxes = np.zeros((N_CELLS, 4))
    phi = np.degrees(np.arctan2(c.y_cm, c.x_cm)) % 360
    for theta in range(1, int(c.theta_id.max()) + 1):
        ring = np.flatnonzero(c.theta_id == theta)
        order = ring[np.argsort(c.phi_id[ring])]
        width = 360 / ring.size
        first = np.angle(np.mean(np.exp(1j * np.radians(phi[order] - width * np.arange(ring.size))))) / np.pi * 180
        row = -(theta + _GAP * int(c.region[order[0]]))
        boxes[order] = [[(first + width * k - width / 2) % 360, row, width, 1.0] for k in range(ring.size)]
    return boxes


def draw(event: EventView) -> Figure:
    """The picture of one event."""
    with styled():
        figure = Figure(figsize=(13.5, 6.4))
        left = figure.add_axes((0.066, 0.135, 0.651, 0.775))
        scale = _draw_cells(left, event)
        colour_axes = figure.add_axes((0.727, 0.135, 0.012, 0.775))
        bar = figure.colorbar(scale, cax=colour_axes)
        bar.set_label("energy in the cell [GeV]")
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        _draw_bits(figure.add_axes((0.805, 0.04, 0.19, 0.90)), event.decision)
        _legend(figure)
        left.set_title(event.title, loc="left", pad=10)
        e_total = int(event.decision.ecl_etotal_adc[0]) * float(ADC_LSB_GEV)
        clusters = int(event.decision.ecl_n_clusters[0])
        more = " (more were found)" if event.decision.ecl_overflow[0] else ""
        left.set_title(
            f"{np.count_nonzero(event.adc)} cells, {clusters} clusters{more}, {e_total:.2f} GeV",
            loc="right", pad=10, fontweight="normal", color=MUTED,
        )  # fmt: skip
    return figure


def _draw_cells(axes: Axes, event: EventView) -> ScalarMappable:
    lsb = float(ADC_LSB_GEV)
    largest = max(float(event.adc.max()), float(event.outside_adc.max())) * lsb
    norm, colours = LogNorm(0.1, max(largest, 1.0)), colormaps["YlOrRd"]
    boxes = _boxes()
    for cell, box in enumerate(boxes, start=1):
        fill = to_hex(colours(float(norm(event.adc[cell] * lsb)))) if event.adc[cell] else EMPTY
        edge, hatch = (MUTED, "////") if event.outside_adc[cell] else ("white", None)
        for left in _wrapped(box):
            axes.add_patch(Rectangle((left, box[1]), box[2], box[3], fc=fill, ec=edge, lw=0.6, hatch=hatch))
    for cell in event.seeds:
        x, y = _centre(boxes[cell - 1])
        axes.plot(x, y, "o", ms=4.5, mfc="white", mec=INK, mew=0.9, zorder=5)
    _draw_clusters(axes, event, boxes)
    _frame(axes, boxes)
    return ScalarMappable(norm, colours)


def _wrapped(box: NDArray[np.float64]) -> list[float]:
    """Left edges at which a cell is drawn: twice if it crosses 360 degrees."""
    return [float(box[0])] if box[0] + box[2] <= 360 else [float(box[0]), float(box[0]) - 360]


def _centre(box: NDArray[np.float64]) -> tuple[float, float]:
    return float((box[0] + box[2] / 2) % 360), float(box[1] + 0.5)


def _draw_clusters(axes: Axes, event: EventView, boxes: NDArray[np.float64]) -> None:
    decision = event.decision
    slots = cell_tables().slots
    for k in range(int(decision.ecl_n_clusters[0])):
        centre = int(decision.ecl_cluster_tc[0, k])
        members = [int(c) for c in slots[centre] if c and event.adc[c]]
        for cell in members:
            box = boxes[cell - 1]
            for left in _wrapped(box):
                axes.add_patch(Rectangle((left, box[1]), box[2], box[3], fill=False, ec=INK, lw=1.5, zorder=4))
        energy = int(decision.ecl_cluster_adc[0, k]) * float(ADC_LSB_GEV)
        x, y = _centre(boxes[centre - 1])
        above = y - 2.1 > boxes[:, 1].min()
        label = f"{k + 1}: {energy:.2f} GeV"
        axes.annotate(
            label, (x, y), (min(max(x, 22), 338), y - 1.9 if above else y + 1.9), ha="center", va="center", fontsize=8.5,
            fontweight="bold", zorder=6, bbox={"boxstyle": "round,pad=0.25", "fc": "white", "ec": INK, "lw": 0.7},
            arrowprops={"arrowstyle": "-", "color": INK, "lw": 0.7},
        )  # fmt: skip


def _frame(axes: Axes, boxes: NDArray[np.float64]) -> None:
    c = cells()
    axes.set_xlim(0, 360)
    axes.set_ylim(boxes[:, 1].min() - 0.15, boxes[:, 1].max() + 1.15)
    axes.set_xticks(range(0, 361, 45))
    axes.set_xlabel("phi [deg]")
    rows = {int(t): float(b[1]) + 0.5 for t, b in zip(c.theta_id, boxes, strict=True)}
    axes.set_yticks(list(rows.values()), [str(t) for t in rows])
    axes.set_ylabel("theta id", labelpad=20)
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for region, name in ((Region.FWD, "forward"), (Region.BRL, "barrel"), (Region.BWD, "backward")):
        y = [rows[int(t)] for t in np.unique(c.theta_id[c.region == region])]
        axes.text(-14.5, float(np.mean(y)), name, rotation=90, ha="center", va="center", fontsize=8.5, color=MUTED)


def _legend(figure: Figure) -> None:
    """What the marks mean, under the cells."""
    figure.legend(
        handles=[
            Line2D([], [], marker="o", ls="", ms=5, mfc="white", mec=INK, label="seed"),
            Rectangle((0, 0), 1, 1, fc="#fee08b", ec=INK, lw=1.5, label="cells of a cluster, energy in its 3x3"),
            Rectangle((0, 0), 1, 1, fc="white", ec=MUTED, hatch="////", label="hit outside the chosen window"),
        ],
        loc="lower left", bbox_to_anchor=(0.06, 0.0), ncols=3, handlelength=1.2, columnspacing=1.8,
    )  # fmt: skip


def _draw_bits(axes: Axes, decision: EclDecision) -> None:
    """Every bit of the decision as a chip; those that fired are filled, the Bhabha ones in a colour of their own."""
    axes.set_axis_off()
    axes.set_xlim(0, 4)
    chips = [
        (f"{f.name.removeprefix('ecl_')}{k + first if f.length > 1 else ''}", f.name, bool(np.atleast_2d(value)[0, k]))
        for f in DECISION_FIELDS
        if f.width == 1
        for first in [1 if f.name == "ecl_hie" else 0]
        for value in [np.asarray(getattr(decision, f.name)).reshape(1, -1)]
        for k in range(f.length)
    ]
    groups = [
        ("low multiplicity", [c for c in chips if c[1] == "ecl_lml"]),
        ("energy", [c for c in chips if c[1] in ("ecl_elow", "ecl_ehigh", "ecl_elum", "ecl_burst", "ecl_physics", "ecl_hie")]),
        ("pairs", [c for c in chips if c[1] in ("ecl_mumu", "ecl_taub2b", "ecl_taub2b2", "ecl_taub2b3")]),
        ("Bhabha", [c for c in chips if c[1] in ("ecl_bhabha2d", "ecl_bhabha3d_veto", "ecl_bhabha3d_sel", "ecl_bhabha3d_intrack")]),
        ("Bhabha types", [(c[0].replace("bhabha2d_type", "type "), *c[1:]) for c in chips if c[1] == "ecl_bhabha2d_type"]),
    ]  # fmt: skip
    y = 0.0
    for title, members in groups:
        per_row = 2 if title == "Bhabha" else 4
        axes.text(0.04, y - 0.35, title, fontsize=9, fontweight="bold", va="center")
        y -= 1.0
        for k, (label, name, fired) in enumerate(members):
            width = 4 / per_row
            x, row = width * (k % per_row), y - 0.95 * (k // per_row)
            colour = (VETO if name.removeprefix("ecl_") in _VETO_BITS else ACCENT) if fired else "white"
            axes.add_patch(
                FancyBboxPatch(
                    (x + 0.07, row - 0.62),
                    width - 0.14,
                    0.6,
                    boxstyle="round,pad=0,rounding_size=0.12",
                    fc=colour,
                    ec=colour if fired else GRID,
                    lw=0.9,
                )
            )
            axes.text(
                x + width / 2, row - 0.33, label, ha="center", va="center", fontsize=7.8,
                color="white" if fired else "#a3a9b5", fontweight="bold" if fired else "normal",
            )  # fmt: skip
        y -= 0.95 * (-(-len(members) // per_row)) + 0.35
    axes.set_ylim(y, 0.2)


def display(
    arrays: Mapping[str, np.ndarray],
    number: int,
    path: Path,
    parameters: EclParameters | None = None,
    calibration: EclCalibration | None = None,
    source: str = "event",
    title: str = "",
) -> Path:
    """Draws event ``number`` into a PNG file; the path. See `view`."""
    return save(draw(view(arrays, number, parameters, calibration, source, title)), path)
