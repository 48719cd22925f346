"""Event display of the track trigger: hits and segments across the beam, Hough plane, tracks along the beam, decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.detector.cdc.geometry import OUTER_RADIUS_CM
from sim.studies.display_chamber import (
    AXIAL,
    HITS,
    STEPS,
    STEREO,
    TRACK_COLOURS,
    ChamberEvent,
    arc,
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
from sim.studies.tracks_counts import theta_of, z_of
from trigger.cdc import HoughFinder, SingleTrackCuts, TrackDecision, TrackTrigger
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM, superlayers
from trigger.networks import FrozenNetwork

_ROWS = 10
"""Tracks that the list shows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackView(ChamberEvent):
    """One event as it is drawn: votes of the Hough plane, decision, name of the network."""

    votes: NDArray[np.uint8]
    decision: TrackDecision
    network: str


def view(
    arrays: Mapping[str, np.ndarray], number: int, network: FrozenNetwork, name: str, source: str = "event", title: str = ""
) -> TrackView:
    """What the track trigger makes of an event, with a network and what it is called. See `chamber_event`."""
    event = chamber_event(arrays, number, source, title)
    return TrackView(
        **vars(event),
        votes=HoughFinder().cells(*event.places()[:3])[0],
        decision=TrackTrigger(network=network.network).run(*event.places()),
        network=name,
    )


def draw(event: TrackView) -> Figure:
    """The picture of one event."""
    with styled():
        figure = Figure(figsize=(14, 8.2))
        across = figure.add_axes((0.05, 0.125, 0.48, 0.815))
        plane = figure.add_axes((0.61, 0.66, 0.335, 0.275))
        along = figure.add_axes((0.61, 0.33, 0.375, 0.24))
        listed = figure.add_axes((0.575, 0.01, 0.42, 0.255))
        _draw_across(across, event)
        _draw_plane(figure, plane, event)
        _draw_along(along, event)
        _draw_list(listed, event)
        across.set_title(event.title, loc="left", pad=10)
    return figure


def _draw_across(axes: Axes, event: TrackView) -> None:
    """Hits, segments and 2D tracks in the plane across the beam."""
    chamber_across(axes)
    hits = wire_places()[event.wire_id]
    axes.scatter(hits[:, 0], hits[:, 1], s=3, color=HITS, lw=0, zorder=2)
    x, y = wire_places()[priority_wires(event.segments)].T
    chosen = np.unique(event.decision.neuro.vectors.track_hit[event.decision.neuro.vectors.track_hit >= 0])
    axial = superlayers().axial[superlayers().of_segment[event.segments["cdc_ts_id"]]]
    for kind, colour in ((axial, AXIAL), (~axial, STEREO)):
        axes.scatter(x[kind], y[kind], s=26, facecolors="white", edgecolors=colour, lw=1.2, zorder=4)
    for kind, colour in ((axial[chosen], AXIAL), (~axial[chosen], STEREO)):
        axes.scatter(x[chosen][kind], y[chosen][kind], s=26, color=colour, lw=0, zorder=5)
    truth_across(axes, event.truth)
    tracks = event.decision.tracks
    for k, (phi0, omega) in enumerate(
        zip(tracks.plane.phi0_rad(tracks.track_phi_raw), tracks.plane.omega_per_cm(tracks.track_omega_raw), strict=True)
    ):
        px, py, _ = arc(float(phi0), float(omega))
        axes.plot(px, py, color=colour_of(k), lw=1.8, zorder=3)
        axes.annotate(
            str(k + 1), (px[-1], py[-1]), (px[-1] * 1.045, py[-1] * 1.045), ha="center", va="center", fontsize=9, fontweight="bold",
            color=colour_of(k), zorder=6,
        )  # fmt: skip
    _legend(axes, event)


def _legend(axes: Axes, event: TrackView) -> None:
    """What the marks mean."""
    marks = [
        Line2D([], [], ls="", marker="o", ms=5, color=AXIAL, label="axial segment of a track"),
        Line2D([], [], ls="", marker="o", ms=5, color=STEREO, label="stereo segment of a track, at z = 0"),
        Line2D([], [], ls="", marker="o", ms=5, mfc="white", mec=INK, label="other segment"),
        Line2D([], [], color=TRACK_COLOURS[0], lw=1.8, label="2D track"),
    ]
    if event.wire_id.size:
        marks.append(Line2D([], [], ls="", marker="o", ms=2.5, color=HITS, label="wire hit"))
    legend_below(axes, marks, event.truth)


def _draw_plane(figure: Figure, axes: Axes, event: TrackView) -> None:
    """Number of axial superlayers that vote for each cell, and the tracks."""
    plane = event.decision.tracks.plane
    count = np.zeros(event.votes.shape, int)
    for bit in range(5):
        count += (event.votes >> bit) & 1
    half = plane.n_omega * plane.omega_step_per_cm * 100
    colours = ListedColormap(["white", "#e3e8f0", "#c3cede", "#93a8c4", "#4f6f9c", "#12284a"])
    image = axes.imshow(
        count.T, origin="lower", aspect="auto", extent=(-180, 180, -half, half), cmap=colours,
        norm=BoundaryNorm(np.arange(-0.5, 6), 6), interpolation="nearest",
    )  # fmt: skip
    tracks = event.decision.tracks
    phi = np.degrees(plane.phi0_rad(tracks.track_phi_raw))
    omega = plane.omega_per_cm(tracks.track_omega_raw) * 100
    for k, (x, y) in enumerate(zip(phi, omega, strict=True)):
        axes.plot(x, y, "o", ms=9, mfc="none", mec=colour_of(k), mew=1.8)
        axes.annotate(str(k + 1), (x, y), (8, 5), textcoords="offset points", fontsize=9, fontweight="bold", color=colour_of(k))
    axes.set_xticks(range(-180, 181, 60))
    axes.set_xlabel("azimuth at the origin [°]", labelpad=2)
    axes.set_ylabel("curvature [1/m]")
    axes.set_title("Hough plane: axial superlayers per cell", fontsize=10)
    axes.grid(False)
    bar = figure.colorbar(image, ax=axes, ticks=range(6), pad=0.015, fraction=0.04)
    bar.outline.set_visible(False)


def _draw_along(axes: Axes, event: TrackView) -> None:
    """Tracks with z and polar angle in the plane along the beam."""
    chamber_along(axes)
    limit = float(SingleTrackCuts().z_stt_cm)
    axes.plot([-limit, limit], [0, 0], color=INK, lw=4, solid_capstyle="butt", zorder=4)
    axes.annotate(f"|z| < {limit:g} cm", (-limit, 0), (-6, -1), textcoords="offset points", ha="right", fontsize=8.5)
    truth_along(axes, event.truth)
    decision = event.decision
    raw = np.stack([decision.neuro.track_z_raw, decision.neuro.track_theta_raw], axis=1)
    omegas = decision.tracks.plane.omega_per_cm(decision.tracks.track_omega_raw)
    for k in np.flatnonzero(decision.neuro.track_expert >= 0):
        _, _, path = arc(0.0, float(omegas[k]))
        radius = np.linspace(0, min(OUTER_RADIUS_CM, 2 / max(abs(float(omegas[k])), 1e-9)) - 1e-6, STEPS)
        axes.plot(z_of(raw)[k] + path / np.tan(np.radians(theta_of(raw)[k])), radius, color=colour_of(int(k)), lw=1.8, zorder=3)
    axes.set_title(f"Along the beam: z and polar angle of the {event.network} network", fontsize=10)


def _draw_list(axes: Axes, event: TrackView) -> None:
    """The tracks in numbers, and the counts of the event."""
    decision = event.decision
    tracks, single = decision.tracks, decision.single
    raw = np.stack([decision.neuro.track_z_raw, decision.neuro.track_theta_raw], axis=1)
    heads = ("track", "phi0 [°]", "pT [GeV]", "z [cm]", "theta [°]", "p [0.1 GeV]", "segments", "decision")
    n = len(tracks.track_phi_raw)
    rows = []
    for k in range(min(n, _ROWS)):
        answered = decision.neuro.track_expert[k] >= 0
        omega = abs(float(tracks.plane.omega_per_cm(tracks.track_omega_raw[k])))
        passed = [name for name, flag in (("stt", single.track_stt[k]), ("y", single.track_y[k])) if flag]
        rows.append(
            (
                str(k + 1),
                f"{np.degrees(tracks.plane.phi0_rad(tracks.track_phi_raw[k])):.1f}",
                f"{PT_RADIUS_GEV_PER_CM / omega:.2f}" if omega > 0 else "straight",
                f"{z_of(raw)[k]:.1f}" if answered else "-",
                f"{theta_of(raw)[k]:.0f}" if answered else "-",
                str(int(single.track_p_raw[k])) if answered else "-",
                f"{(tracks.track_ts[k] >= 0).sum()} + {((decision.track_ts[k] >= 0) & ~superlayers().axial).sum()}",
                ", ".join(passed) or ("none" if answered else "no answer"),
            )
        )
    fired = "fired" if single.grl_typ[0] else "not fired"
    more = f" ({n - _ROWS} not listed)" if n > _ROWS else ""
    text = f"{len(event.segments['cdc_ts_id'])} segments, {n} 2D tracks{more}; single-track trigger {fired}"
    listing(axes, (0.05, 0.16, 0.28, 0.40, 0.52, 0.66, 0.80, 0.94), heads, rows, _ROWS, text)


def display(
    arrays: Mapping[str, np.ndarray],
    number: int,
    path: Path,
    network: FrozenNetwork,
    name: str,
    source: str = "event",
    title: str = "",
) -> Path:
    """Draws event ``number`` into a PNG file; the path. See `view`."""
    return save(draw(view(arrays, number, network, name, source, title)), path)
