"""What displays of the drift chamber share: events from files, places of wires, arcs of particles, the chamber itself."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sim.detector.cdc.cells import azimuth_of_wire_0, radius_at
from sim.detector.cdc.geometry import OUTER_RADIUS_CM, wires
from sim.detector.ecl.species import charges
from sim.studies.style import SERIES
from trigger.cdc.segments.shapes import segment_wires, shape_of
from trigger.geometry.cdc import N_WIRES, PT_RADIUS_GEV_PER_CM, layers, superlayers

WIRE_FIELDS = ("wire_offsets", "wire_id", "wire_time")
SEGMENT_FIELDS = ("cdc_offsets", "cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")
TRUTH_FIELDS = tuple(f"true_particle_{name}" for name in ("offsets", "pdg", "px", "py", "pz", "vx", "vy", "vz"))
AXIAL, STEREO, HITS = SERIES[0], SERIES[2], "#b8bec9"
AXIAL_SHADE, STEREO_SHADE = "#f4f6f9", "#e9edf3"
TRACK_COLOURS = (SERIES[1], SERIES[3], SERIES[4], SERIES[5])
STEPS = 60


def event_of(arrays: Mapping[str, np.ndarray], names: tuple[str, ...], number: int) -> dict[str, np.ndarray]:
    """One event of a group of fields, the first of which are its offsets."""
    first, last = (int(place) for place in arrays[names[0]][number : number + 2])
    return {names[0]: np.array([0, last - first], np.int64)} | {name: arrays[name][first:last] for name in names[1:]}


def truth_of(one: Mapping[str, NDArray]) -> NDArray[np.float64]:
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
