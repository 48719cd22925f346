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
    STEREO,
    TRACK_COLOURS,
    ChamberEvent,
    chamber_across,
    chamber_along,
    chamber_event,
    colour_of,
    legend_below,
    listing,
    priority_wires,
    truth_across,
    truth_along,
    wire_places,
)
from sim.studies.style import INK, save, styled
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.displaced import DisplacedDecision, DisplacedTrigger
from trigger.displaced.formats import BEND, DEPTH, IMPACT, RAD_PER_TURN, SLOPE, TURN_RAW
from trigger.displaced.grid import crossing_sine
from trigger.geometry.cdc import superlayers

SEED = "#d9c8e3"
_STEPS, _SHOWN = 80, 8
"""Points of a line; vertices that the list shows."""
_RAD = RAD_PER_TURN / TURN_RAW


@dataclass(frozen=True, kw_only=True, eq=False)
class VertexView(ChamberEvent):
    """One event as it is drawn.

    seeds: float64 (k, 3): bend [1/cm], impact [cm], azimuth [rad] of their cells.
    """

    seeds: NDArray[np.float64]
    decision: DisplacedDecision
    tight_raw: int


def view(arrays: Mapping[str, np.ndarray], number: int, source: str = "event", title: str = "") -> VertexView:
    """What the trigger makes of an event. See `chamber_event`."""
    event, trigger = chamber_event(arrays, number, source, title), DisplacedTrigger()
    grid, seeds = trigger.parameters.grid, trigger.seeds(*event.places())
    azimuth = (2 * seeds[:, 2] + 1) * np.pi / grid.n_phi
    return VertexView(
        **vars(event),
        seeds=np.stack([grid.bend_per_cm[seeds[:, 1]], grid.impact_cm[seeds[:, 1]], azimuth], axis=1),
        decision=trigger.run(*event.places()),
        tight_raw=trigger.parameters.score_tight_raw,
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


def _draw_across(axes: Axes, event: VertexView) -> None:
    """Segments, seeds, tracks and vertices in the plane across the beam."""
    chamber_across(axes)
    for bend, impact, phi0 in event.seeds:
        axes.plot(*outgoing(bend, impact, phi0)[:2], color=SEED, lw=0.9, zorder=1.5)
    x, y = wire_places()[priority_wires(event.segments)].T
    axial = superlayers().axial[superlayers().of_segment[event.segments["cdc_ts_id"]]]
    for kind, colour in ((axial, AXIAL), (~axial, STEREO)):
        axes.scatter(x[kind], y[kind], s=22, facecolors="white", edgecolors=colour, lw=1.2, zorder=4)
    truth_across(axes, event.truth)
    found = event.decision
    for place, vertex in enumerate(order(event)):
        for bend, impact, phi0 in zip(*_tracks(found, int(vertex))[:3], strict=True):
            axes.plot(*outgoing(bend, impact, phi0)[:2], color=colour_of(place), lw=1.6, zorder=3)
        radius, phi = found.displaced_radius_raw[vertex] * DEPTH.resolution, found.displaced_phi_raw[vertex] * _RAD
        at = (radius * np.cos(phi), radius * np.sin(phi))
        axes.plot(*at, "*", ms=13, mfc=colour_of(place), mec=INK, mew=0.8, zorder=7)
        axes.annotate(
            str(place + 1), at, (9, 6), textcoords="offset points", fontsize=10, fontweight="bold", color=colour_of(place), zorder=8
        )
    marks = [
        Line2D([], [], ls="", marker="o", ms=5, mfc="white", mec=AXIAL, label="axial segment"),
        Line2D([], [], ls="", marker="o", ms=5, mfc="white", mec=STEREO, label="stereo segment, at z = 0"),
        Line2D([], [], color=SEED, lw=1.5, label="seed"),
        Line2D([], [], color=TRACK_COLOURS[0], lw=1.8, label="track of a pair"),
        Line2D([], [], ls="", marker="*", ms=11, mfc=TRACK_COLOURS[0], mec=INK, label="vertex"),
    ]
    legend_below(axes, marks, event.truth)


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
    truth_along(axes, event.truth)
    found = event.decision
    for place, vertex in enumerate(order(event)):
        for bend, impact, phi0, start, slope in zip(*_tracks(found, int(vertex)), strict=True):
            x, y, path = outgoing(bend, impact, phi0)
            axes.plot(start + slope * path, np.hypot(x, y), color=colour_of(place), lw=1.6, zorder=3)
        at = found.displaced_z_raw[vertex] * DEPTH.resolution, found.displaced_radius_raw[vertex] * DEPTH.resolution
        axes.plot(*at, "*", ms=13, mfc=colour_of(place), mec=INK, mew=0.8, zorder=7)
    axes.set_title("Along the beam", fontsize=10)


def _draw_list(axes: Axes, event: VertexView) -> None:
    """The vertices in numbers, and the counts of the event."""
    found = event.decision
    heads = ("vertex", "radius [cm]", "phi [°]", "z [cm]", "impacts [cm]", "score", "taken")
    rows = []
    for place, vertex in enumerate(order(event)):
        score = int(found.displaced_score_raw[vertex])
        rows.append(
            (
                str(place + 1),
                f"{found.displaced_radius_raw[vertex] * DEPTH.resolution:.1f}",
                f"{np.degrees(found.displaced_phi_raw[vertex] * _RAD):.0f}",
                f"{found.displaced_z_raw[vertex] * DEPTH.resolution:.1f}",
                ", ".join(f"{impact:.1f}" for impact in found.displaced_impact_raw[vertex] * IMPACT.resolution),
                f"{score / NODE_ONE:.2f}",
                "yes" if score >= event.tight_raw else "no",
            )
        )
    n = len(found.displaced_score_raw)
    more = f" ({n - _SHOWN} not listed)" if n > _SHOWN else ""
    lost = ", some were lost" if found.displaced_overflow[0] else ""
    fired = "fires" if found.displaced_vertex[0] else "does not fire"
    counts = (
        f"{len(event.segments['cdc_ts_id'])} segments, {len(event.seeds)} seeds, {int(found.displaced_n_tracks[0])} tracks{lost}"
    )
    listing(axes, (0.05, 0.18, 0.32, 0.45, 0.64, 0.82, 0.95), heads, rows, _SHOWN, f"{counts}; vertices: {n}{more}; dvt {fired}")


def display(arrays: Mapping[str, np.ndarray], number: int, path: Path, source: str = "event", title: str = "") -> Path:
    """Draws event ``number`` into a PNG file; the path. See `view`."""
    return save(draw(view(arrays, number, source, title)), path)
