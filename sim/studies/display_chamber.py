"""What displays of the drift chamber share: events from files, places of wires, arcs of particles, the chamber itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.detector.cdc.cells import azimuth_of_wire_0, radius_at
from sim.detector.cdc.geometry import OUTER_RADIUS_CM, wires
from sim.detector.ecl.species import charges
from sim.studies.style import GRID, INK, MUTED, SERIES
from trigger.cdc import SegmentFinder
from trigger.cdc.segments.shapes import segment_wires, shape_of
from trigger.errors import InputError
from trigger.geometry.cdc import N_WIRES, PT_RADIUS_GEV_PER_CM, layers, superlayers

WIRE_FIELDS = ("wire_offsets", "wire_id", "wire_time")
SEGMENT_FIELDS = ("cdc_offsets", "cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")
TRUTH_FIELDS = tuple(f"true_particle_{name}" for name in ("offsets", "pdg", "px", "py", "pz", "vx", "vy", "vz"))
AXIAL, STEREO, HITS = SERIES[0], SERIES[2], "#b8bec9"
AXIAL_SHADE, STEREO_SHADE = "#f4f6f9", "#e9edf3"
TRACK_COLOURS = (SERIES[1], SERIES[3], SERIES[4], SERIES[5])
STEPS = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class ChamberEvent:
    """What the chamber has of one event: wire hits (none if the file has segments alone), segments by field, truth, title.

    truth: columns (m, 6) of charged particles: azimuth and curvature [1/cm] at the vertex, cot(theta), vertex x, y, z [cm].
    """

    wire_id: NDArray[np.int64]
    segments: Mapping[str, NDArray]
    truth: NDArray[np.float64]
    title: str

    def places(self) -> list[NDArray]:
        """The segments as the trigger takes them."""
        return [self.segments[name] for name in SEGMENT_FIELDS]


def chamber_event(arrays: Mapping[str, np.ndarray], number: int, source: str, title: str) -> ChamberEvent:
    """Event ``number`` (from 0) of wire hits or segments; InputError if there is none.

    title: over the picture; else experiment, run and event number, or source and place.
    """
    from_wires = set(WIRE_FIELDS) <= set(arrays)
    fields = WIRE_FIELDS if from_wires else SEGMENT_FIELDS
    n_events = arrays[fields[0]].size - 1
    if not 0 <= number < n_events:
        msg = f"{source}: event must be 0..{n_events - 1}, not {number}"
        raise InputError(msg)
    one = event_of(arrays, fields, number)
    ids = [f"{name} {int(arrays[name][number])}" for name in ("experiment", "run", "event") if name in arrays]
    return ChamberEvent(
        wire_id=np.asarray(one["wire_id"], np.int64) if from_wires else np.zeros(0, np.int64),
        segments=SegmentFinder().run(*one.values()).arrays() if from_wires else one,
        truth=truth_of(event_of(arrays, TRUTH_FIELDS, number)) if set(TRUTH_FIELDS) <= set(arrays) else np.zeros((0, 6)),
        title=title or ", ".join(ids) or f"{source}, event {number}",
    )


def event_of(arrays: Mapping[str, np.ndarray], names: tuple[str, ...], number: int) -> dict[str, np.ndarray]:
    """One event of a group of fields, the first of which are its offsets."""
    first, last = (int(place) for place in arrays[names[0]][number : number + 2])
    return {names[0]: np.array([0, last - first], np.int64)} | {name: arrays[name][first:last] for name in names[1:]}


def truth_of(one: Mapping[str, NDArray]) -> NDArray[np.float64]:
    """Charged particles of one event, as in `ChamberEvent`."""
    columns = {name.removeprefix("true_particle_"): np.asarray(array, float) for name, array in one.items()}
    charge = charges(one["true_particle_pdg"])
    pt = np.hypot(columns["px"], columns["py"])
    seen = (charge != 0) & (pt > 0)
    rows = [
        np.arctan2(columns["py"], columns["px"]), charge * PT_RADIUS_GEV_PER_CM / np.maximum(pt, 1e-9),
        columns["pz"] / np.maximum(pt, 1e-9), columns["vx"], columns["vy"], columns["vz"],
    ]  # fmt: skip
    return np.stack(rows, axis=1)[seen]


@cache
def wire_places() -> NDArray[np.float64]:
    """x and y of every wire at z = 0, cm (14336, 2)."""
    lines, places = wires(False), np.zeros((N_WIRES, 2))
    for layer, (first, n) in enumerate(zip(layers().first_wire, layers().n_wires, strict=True)):
        azimuth = azimuth_of_wire_0(lines, layer, 0.0) + lines.cell[layer] * np.arange(n)
        part = -lines.z_bwd_cm[layer] / (lines.z_fwd_cm[layer] - lines.z_bwd_cm[layer])
        radius = radius_at(lines.radius_cm[layer], lines.half_twist_sine[layer], part)
        places[first : first + n] = radius * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    return places


def priority_wires(segments: Mapping[str, NDArray]) -> NDArray[np.int64]:
    """The wire that carries the priority hit of each segment."""
    ids = np.asarray(segments["cdc_ts_id"], np.int64)
    first = np.array([shape_of(s).first for s in range(len(superlayers().n_segments))])[superlayers().of_segment[ids]]
    return segment_wires()[ids, first + np.asarray(segments["cdc_priority"], np.int64) % 3].astype(np.int64)


def arc(phi0: float, omega: float, x0: float = 0.0, y0: float = 0.0) -> tuple[NDArray, NDArray, NDArray]:
    """(x, y, path) of the outgoing arm of a circle from its start to the outer wall; positive curvature lowers the azimuth."""
    reach = min(OUTER_RADIUS_CM, 2 / max(abs(omega), 1e-9)) - 1e-6
    chord = np.linspace(0, reach, STEPS)
    half = np.arcsin(np.clip(chord * omega / 2, -1, 1))
    path = np.where(np.abs(omega) > 1e-6, 2 * half / (omega if abs(omega) > 1e-6 else 1.0), chord)
    return x0 + chord * np.cos(phi0 - half), y0 + chord * np.sin(phi0 - half), path


def colour_of(number: int) -> str:
    """Of the tracks or vertices of an event, in turn."""
    return TRACK_COLOURS[number % len(TRACK_COLOURS)]


def truth_across(axes: Axes, truth: NDArray[np.float64]) -> None:
    """True charged particles across the beam."""
    for phi0, omega, _, x0, y0, _ in truth:
        axes.plot(*arc(phi0, omega, x0, y0)[:2], color=MUTED, lw=1.1, ls=(0, (4, 3)), zorder=3)


def truth_along(axes: Axes, truth: NDArray[np.float64]) -> None:
    """True charged particles along the beam."""
    for phi0, omega, cot, x0, y0, z0 in truth:
        x, y, path = arc(phi0, omega, x0, y0)
        axes.plot(z0 + path * cot, np.hypot(x, y), color=MUTED, lw=1.1, ls=(0, (4, 3)), zorder=3)


def legend_below(axes: Axes, marks: Sequence[Line2D], truth: NDArray[np.float64]) -> None:
    """What the marks mean, and the true particles if there are any."""
    particles = [Line2D([], [], color=MUTED, lw=1.1, ls=(0, (4, 3)), label="true charged particle")] if len(truth) else []
    handles = [*marks, *particles]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.075), ncols=3, fontsize=8.5, handlelength=1.6)


def listing(
    axes: Axes, columns: Sequence[float], heads: Sequence[str], rows: Sequence[Sequence[str]], room: int, foot: str
) -> None:
    """A list in numbers, its first column in the colours of what is drawn. room: rows that would fit. foot: under it."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    height = 0.80 / (room + 1)
    for x, head in zip(columns, heads, strict=True):
        axes.text(x, 0.90, head, ha="center", fontsize=8.5, color=MUTED)
    axes.plot([0, 1], [0.88, 0.88], color=GRID, lw=1)
    for place, cells in enumerate(rows):
        for x, text in zip(columns, cells, strict=True):
            colour, weight = (colour_of(place), "bold") if x == columns[0] else (INK, "normal")
            axes.text(x, 0.88 - height * (place + 1), text, ha="center", fontsize=9, color=colour, fontweight=weight)
    axes.text(0.0, 0.01, foot, fontsize=9.5, fontweight="bold")


def chamber_across(axes: Axes) -> None:
    """The superlayers across the beam, and the frame."""
    angle = np.linspace(0, 2 * np.pi, 361)
    lines = layers()
    for s in range(len(superlayers().n_segments)):
        radii = lines.radius_cm[lines.superlayer == s]
        shade = AXIAL_SHADE if superlayers().axial[s] else STEREO_SHADE
        axes.fill(*(radii.max() * np.stack([np.cos(angle), np.sin(angle)])), color=shade, lw=0, zorder=0.5 - 0.01 * s)
    inner = lines.radius_cm.min() * np.stack([np.cos(angle), np.sin(angle)])
    axes.fill(*inner, color="white", lw=0, zorder=0.6)
    limit = 1.07 * OUTER_RADIUS_CM
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xlabel="x [cm]", ylabel="y [cm]")
    axes.grid(False)


def chamber_along(axes: Axes) -> None:
    """The superlayers along the beam, and the frame."""
    lines, shown = wires(False), layers()
    for s in range(len(superlayers().n_segments)):
        inside = np.flatnonzero(shown.superlayer == s)
        inner, outer = inside[0], inside[-1]
        z = [lines.z_bwd_cm[inner], lines.z_fwd_cm[inner], lines.z_fwd_cm[outer], lines.z_bwd_cm[outer]]
        r = [lines.radius_cm[inner], lines.radius_cm[inner], lines.radius_cm[outer], lines.radius_cm[outer]]
        axes.fill(z, r, color=AXIAL_SHADE if superlayers().axial[s] else STEREO_SHADE, lw=0)
    axes.set(xlim=(-160, 270), ylim=(-4, 1.04 * OUTER_RADIUS_CM), xlabel="z [cm]", ylabel="r [cm]")
    axes.xaxis.labelpad = 2
    axes.grid(False)
