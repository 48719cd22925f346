"""Event display of displaced vertices: segments, seeds, the tracks of pairs and their vertices, across and along the beam."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.detector.cdc.geometry import OUTER_RADIUS_CM
from sim.studies.display_chamber import (
    AXIAL,
    SEGMENT_FIELDS,
    STEREO,
    TRACK_COLOURS,
    TRUTH_FIELDS,
    WIRE_FIELDS,
    arc,
    chamber_across,
    chamber_along,
    event_of,
    priority_wires,
    truth_of,
    wire_places,
)
from sim.studies.style import GRID, INK, MUTED, save, styled
from trigger.cdc import SegmentFinder
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.displaced import DisplacedDecision, DisplacedTrigger
from trigger.displaced.formats import BEND, DEPTH, IMPACT, RAD_PER_TURN, SLOPE, TURN_RAW
from trigger.displaced.grid import crossing_sine
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers

SEED = "#d9c8e3"
_STEPS, _SHOWN = 80, 8
"""Points of a line; vertices that the list shows."""
_RAD = RAD_PER_TURN / TURN_RAW


@dataclass(frozen=True, kw_only=True, eq=False)
class VertexView:
    """One event as it is drawn.

    seeds: float64 (k, 3): bend [1/cm], impact [cm], azimuth [rad] of their cells. truth: as in `display_chamber.truth_of`.
    """

    segments: Mapping[str, NDArray]
    seeds: NDArray[np.float64]
    decision: DisplacedDecision
    truth: NDArray[np.float64]
    tight_raw: int
    title: str


def view(arrays: Mapping[str, np.ndarray], number: int, source: str = "event", title: str = "") -> VertexView:
    """What the trigger makes of event ``number`` (from 0) of these wire hits or segments; InputError if there is none.

    title: over the picture; else experiment, run and event number, or source and place.
    """
    from_wires = set(WIRE_FIELDS) <= set(arrays)
    fields = WIRE_FIELDS if from_wires else SEGMENT_FIELDS
    n_events = arrays[fields[0]].size - 1
    if not 0 <= number < n_events:
        msg = f"{source}: event must be 0..{n_events - 1}, not {number}"
        raise InputError(msg)
    one = event_of(arrays, fields, number)
    segments = SegmentFinder().run(*one.values()).arrays() if from_wires else one
    places = [segments[name] for name in SEGMENT_FIELDS]
    trigger = DisplacedTrigger()
    grid, seeds = trigger.parameters.grid, trigger.seeds(*places)
    azimuth = (2 * seeds[:, 2] + 1) * np.pi / grid.n_phi
    ids = [f"{name} {int(arrays[name][number])}" for name in ("experiment", "run", "event") if name in arrays]
    return VertexView(
        segments=segments,
        seeds=np.stack([grid.bend_per_cm[seeds[:, 1]], grid.impact_cm[seeds[:, 1]], azimuth], axis=1),
        decision=trigger.run(*places),
        truth=truth_of(event_of(arrays, TRUTH_FIELDS, number)) if set(TRUTH_FIELDS) <= set(arrays) else np.zeros((0, 6)),
        tight_raw=trigger.parameters.score_tight_raw,
        title=title or ", ".join(ids) or f"{source}, event {number}",
    )


def outgoing(bend: float, impact: float, phi0: float) -> tuple[NDArray, NDArray, NDArray]:
    """(x, y, path from the perigee) of the outgoing arm of a track, from its perigee or the first cm to the outer wall."""
    radius = np.linspace(1.0, OUTER_RADIUS_CM, _STEPS)
    sine = crossing_sine(bend, impact, radius)
    there = np.abs(sine) < 1
    radius, phi = radius[there], phi0 + np.arcsin(sine[there])
    return radius * np.cos(phi), radius * np.sin(phi), radius * np.sqrt(1 - sine[there] ** 2)


def order(event: VertexView) -> NDArray[np.int64]:
    """Vertices with the largest score first, the earlier of two equals."""
    return np.argsort(-event.decision.displaced_score_raw.astype(np.int64), kind="stable")[:_SHOWN]


def draw(event: VertexView) -> Figure:
    """The picture of one event."""
    with styled():
        figure = Figure(figsize=(14, 8.2))
        across = figure.add_axes((0.05, 0.125, 0.48, 0.815))
        along = figure.add_axes((0.61, 0.50, 0.375, 0.42))
        listed = figure.add_axes((0.575, 0.03, 0.42, 0.37))
        _draw_across(across, event)
        _draw_along(along, event)
        _draw_list(listed, event)
        across.set_title(event.title, loc="left", pad=10)
    return figure


def _colour(vertex: int) -> str:
    return TRACK_COLOURS[vertex % len(TRACK_COLOURS)]


def _draw_across(axes: Axes, event: VertexView) -> None:
    """Segments, seeds, tracks and vertices in the plane across the beam."""
    chamber_across(axes)
    for bend, impact, phi0 in event.seeds:
        axes.plot(*outgoing(bend, impact, phi0)[:2], color=SEED, lw=0.9, zorder=1.5)
    x, y = wire_places()[priority_wires(event.segments)].T
    axial = superlayers().axial[superlayers().of_segment[event.segments["cdc_ts_id"]]]
    for kind, colour in ((axial, AXIAL), (~axial, STEREO)):
        axes.scatter(x[kind], y[kind], s=22, facecolors="white", edgecolors=colour, lw=1.2, zorder=4)
    for phi0, omega, _, x0, y0, _ in event.truth:
        axes.plot(*arc(phi0, omega, x0, y0)[:2], color=MUTED, lw=1.1, ls=(0, (4, 3)), zorder=3)
    found = event.decision
    for place, vertex in enumerate(order(event)):
        for bend, impact, phi0 in zip(*_tracks(found, int(vertex))[:3], strict=True):
            axes.plot(*outgoing(bend, impact, phi0)[:2], color=_colour(place), lw=1.6, zorder=3)
        radius, phi = found.displaced_radius_raw[vertex] * DEPTH.resolution, found.displaced_phi_raw[vertex] * _RAD
        at = (radius * np.cos(phi), radius * np.sin(phi))
        axes.plot(*at, "*", ms=13, mfc=_colour(place), mec=INK, mew=0.8, zorder=7)
        axes.annotate(
            str(place + 1), at, (9, 6), textcoords="offset points", fontsize=10, fontweight="bold", color=_colour(place), zorder=8
        )
    marks = [
        Line2D([], [], ls="", marker="o", ms=5, mfc="white", mec=AXIAL, label="axial segment"),
        Line2D([], [], ls="", marker="o", ms=5, mfc="white", mec=STEREO, label="stereo segment, at z = 0"),
        Line2D([], [], color=SEED, lw=1.5, label="seed"),
        Line2D([], [], color=TRACK_COLOURS[0], lw=1.8, label="track of a pair"),
        Line2D([], [], ls="", marker="*", ms=11, mfc=TRACK_COLOURS[0], mec=INK, label="vertex"),
    ]
    if len(event.truth):
        marks.append(Line2D([], [], color=MUTED, lw=1.1, ls=(0, (4, 3)), label="true charged particle"))
    axes.legend(handles=marks, loc="upper center", bbox_to_anchor=(0.5, -0.075), ncols=3, fontsize=8.5, handlelength=1.6)


def _tracks(found: DisplacedDecision, vertex: int) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """Bend, impact, azimuth, z at the perigee and slope of both tracks of a vertex."""
    return (
        found.displaced_bend_raw[vertex] * BEND.resolution,
        found.displaced_impact_raw[vertex] * IMPACT.resolution,
        found.displaced_phi0_raw[vertex] * _RAD,
        found.displaced_z0_raw[vertex] * DEPTH.resolution,
        found.displaced_slope_raw[vertex] * SLOPE.resolution,
    )


def _draw_along(axes: Axes, event: VertexView) -> None:
    """Tracks and vertices in the plane along the beam."""
    chamber_along(axes)
    for phi0, omega, cot, x0, y0, z0 in event.truth:
        x, y, path = arc(phi0, omega, x0, y0)
        axes.plot(z0 + path * cot, np.hypot(x, y), color=MUTED, lw=1.1, ls=(0, (4, 3)), zorder=3)
    found = event.decision
    for place, vertex in enumerate(order(event)):
        for bend, impact, phi0, start, slope in zip(*_tracks(found, int(vertex)), strict=True):
            x, y, path = outgoing(bend, impact, phi0)
            axes.plot(start + slope * path, np.hypot(x, y), color=_colour(place), lw=1.6, zorder=3)
        at = found.displaced_z_raw[vertex] * DEPTH.resolution, found.displaced_radius_raw[vertex] * DEPTH.resolution
        axes.plot(*at, "*", ms=13, mfc=_colour(place), mec=INK, mew=0.8, zorder=7)
    axes.set_title("Along the beam", fontsize=10)


def _draw_list(axes: Axes, event: VertexView) -> None:
    """The vertices in numbers, and the counts of the event."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    found = event.decision
    heads = ("vertex", "radius [cm]", "phi [°]", "z [cm]", "impacts [cm]", "score", "taken")
    columns = (0.05, 0.18, 0.32, 0.45, 0.64, 0.82, 0.95)
    height = 0.80 / (_SHOWN + 1)
    for x, head in zip(columns, heads, strict=True):
        axes.text(x, 0.90, head, ha="center", fontsize=8.5, color=MUTED)
    axes.plot([0, 1], [0.88, 0.88], color=GRID, lw=1)
    for place, vertex in enumerate(order(event)):
        score = int(found.displaced_score_raw[vertex])
        impacts = ", ".join(f"{impact:.1f}" for impact in found.displaced_impact_raw[vertex] * IMPACT.resolution)
        cells = (
            str(place + 1),
            f"{found.displaced_radius_raw[vertex] * DEPTH.resolution:.1f}",
            f"{np.degrees(found.displaced_phi_raw[vertex] * _RAD):.0f}",
            f"{found.displaced_z_raw[vertex] * DEPTH.resolution:.1f}",
            impacts,
            f"{score / NODE_ONE:.2f}",
            "yes" if score >= event.tight_raw else "no",
        )
        for x, text in zip(columns, cells, strict=True):
            colour, weight = (_colour(place), "bold") if x == columns[0] else (INK, "normal")
            axes.text(x, 0.88 - height * (place + 1), text, ha="center", fontsize=9, color=colour, fontweight=weight)
    n = len(found.displaced_score_raw)
    more = f" ({n - _SHOWN} not listed)" if n > _SHOWN else ""
    lost = ", some were lost" if found.displaced_overflow[0] else ""
    fired = "fires" if found.displaced_vertex[0] else "does not fire"
    counts = (
        f"{len(event.segments['cdc_ts_id'])} segments, {len(event.seeds)} seeds, {int(found.displaced_n_tracks[0])} tracks{lost}"
    )
    axes.text(0.0, 0.01, f"{counts}; vertices: {n}{more}; dvt {fired}", fontsize=9.5, fontweight="bold")


def display(arrays: Mapping[str, np.ndarray], number: int, path: Path, source: str = "event", title: str = "") -> Path:
    """Draws event ``number`` into a PNG file; the path. See `view`."""
    return save(draw(view(arrays, number, source, title)), path)
