"""Integer constants of fit, stereo line and vertex scan, generated from the geometry for each row of the seed grid.

Constants of a linear fit have a mantissa of few bits and one power of two per row of the matrix: without that scale the row of the
bend, whose numbers are a thousand times smaller than those of the impact, would be lost.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.displaced.formats import (
    BEND,
    CROSSING,
    DEPTH,
    DRIFT,
    FACTOR,
    IMPACT,
    LENGTH,
    MANTISSA,
    RAD_PER_TURN,
    SINE,
    SLOPE,
    SQUARE,
    TURN,
    TURN_RAW,
)
from trigger.displaced.grid import SeedGrid, crossing_sine, inverse_stretch
from trigger.fixed import Fixed
from trigger.geometry.cdc import (
    DRIFT_CM_PER_NS,
    DRIFT_NS_PER_CM3,
    PRIORITY_SHIFT_HALF_CELLS,
    TIME_NS,
    layers,
    superlayers,
)

N_TIMES = 256
"""Drift times of the table. Source: the longest that the neuro trigger takes, NeuroTrigger.cc [SIM]."""
CROSSING_FRACTION = 10
"""Fraction bits of the factors that turn bend and impact into the sine of a crossing."""
DEPTH_FRACTION = 8
"""Fraction bits of the factors that turn azimuth into z and drift distance into azimuth."""
RESIDUAL_FRACTION = MANTISSA.width - 2
"""Fraction bits of the residual projection: its elements are at most 1."""
DEPTH_SLACK_CM = 5.0
"""How far beyond the ends of its wire a segment may put a track: our choice, about the error of z."""
RADIUS_STEP_LOG2 = 4
"""The scan looks at every 16th radius of its table, 2 cm; then it halves the step four times. Our choice."""
N_RADII = 26
"""Radii of the scan, from one step on: 2 to 52 cm."""


class Scaled(NamedTuple):
    """Matrices of integers: mantissa int32 (..., outputs, inputs), shift int32 (..., outputs); value = mantissa 2^-shift."""

    mantissa: NDArray[np.int32]
    shift: NDArray[np.int32]


class Constants(NamedTuple):
    """Everything that the compiled loops read, read-only, int32 unless said otherwise.

    Axial superlayers count 0..4, stereo ones 0..3. kind 0 is a first-priority wire, 1 a second-priority one. missing: the
    superlayer that a fit goes without, the last index for none.

    angle: (2336, 3), TURN of the priority wire at the backward end. sine: (turn,). drift: (256,), LENGTH of a drift time.
    radius, square: (5, 2 kinds), LENGTH and SQUARE of axial wires. bend, impact: (rows,), centres of the cells. road: (rows, 5),
    LENGTH, half the width of a cell at each superlayer. stretch, grow: (rows,), FACTOR, 1 / (1 + kappa d) and its inverse.
    fit: (rows, 6 missing, 3, 5), residuals in LENGTH to BEND, IMPACT, TURN. residual: (rows, 6, 2, 5), RESIDUAL_FRACTION bits.
    asin, cosine: (8193,), at CROSSING raw + 4096: TURN raw, signed; CROSSING. of_bend, of_impact: (4,) for stereo radii.
    depth_per_turn, depth_start, depth_range: (4,), DEPTH. path: (rows, 4), DEPTH. turn_per_drift: (rows, 4).
    line: (rows, 5 missing, 2, 4), DEPTH to DEPTH at path 0 and to SLOPE. scan_bend, scan_impact: (radii,), of_bend and of_impact at
    radius raw DEPTH. depth_slack: int, DEPTH, how far beyond the ends of its wire a segment may put a track.
    """

    angle: NDArray[np.int32]
    sine: NDArray[np.int32]
    drift: NDArray[np.int32]
    radius: NDArray[np.int32]
    square: NDArray[np.int32]
    bend: NDArray[np.int32]
    impact: NDArray[np.int32]
    road: NDArray[np.int32]
    stretch: NDArray[np.int32]
    grow: NDArray[np.int32]
    fit: Scaled
    residual: NDArray[np.int32]
    asin: NDArray[np.int32]
    cosine: NDArray[np.int32]
    of_bend: NDArray[np.int32]
    of_impact: NDArray[np.int32]
    depth_per_turn: NDArray[np.int32]
    depth_start: NDArray[np.int32]
    depth_range: NDArray[np.int32]
    depth_slack: int
    path: NDArray[np.int32]
    turn_per_drift: NDArray[np.int32]
    line: Scaled
    scan_bend: NDArray[np.int32]
    scan_impact: NDArray[np.int32]


def scaled(real: NDArray[np.float64], mantissa: Fixed = MANTISSA) -> Scaled:
    """Round matrices (..., outputs, inputs) to mantissas with the largest shift that still fits every output row."""
    largest = np.abs(real).max(axis=-1)
    safe = np.where(largest > 0, largest, 1.0)
    shift = np.floor(np.log2(mantissa.raw_max / safe)).astype(np.int32)
    return Scaled(mantissa.quantise(np.ldexp(real, shift[..., None])).astype(np.int32), shift)


@cache
def constants(grid: SeedGrid) -> Constants:
    """Return the constants of a grid; made once per grid."""
    axial, stereo = _axial(grid), _stereo(grid)
    crossing = np.arange(-(1 << CROSSING.fraction), (1 << CROSSING.fraction) + 1) / (1 << CROSSING.fraction)
    radius = np.arange((N_RADII + 1 << RADIUS_STEP_LOG2) + 1) * DEPTH.resolution
    scan = _crossing_factors(np.maximum(radius, DEPTH.resolution))
    stretch = inverse_stretch(grid.bend_per_cm, grid.impact_cm)
    made = {
        **axial,
        **stereo,
        "angle": _angles(),
        "sine": SINE.quantise(np.sin(np.arange(TURN_RAW) * (RAD_PER_TURN / TURN_RAW))),
        "drift": _drift(),
        "bend": BEND.quantise(grid.bend_per_cm),
        "impact": IMPACT.quantise(grid.impact_cm),
        "stretch": FACTOR.quantise(stretch),
        "grow": FACTOR.quantise(1 / np.maximum(stretch, FACTOR.resolution)),
        "asin": np.rint(np.arcsin(crossing) * (TURN_RAW / RAD_PER_TURN)),
        "cosine": CROSSING.quantise(np.sqrt(1 - crossing**2)),
        "scan_bend": scan[0],
        "scan_impact": scan[1],
    }
    ready: dict[str, Any] = {name: value if isinstance(value, Scaled) else value.astype(np.int32) for name, value in made.items()}
    for value in ready.values():
        for array in value if isinstance(value, Scaled) else (value,):
            array.setflags(write=False)
    return Constants(**ready, depth_slack=int(DEPTH.quantise(DEPTH_SLACK_CM)))


def _angles() -> NDArray[np.int64]:
    """TURN azimuth of the priority wires of all segments at the backward end, (2336, 3 positions)."""
    lines = superlayers()
    place = np.arange(len(lines.of_segment)) - lines.offset[lines.of_segment]
    half_cells = 2 * place[:, None] + np.array(PRIORITY_SHIFT_HALF_CELLS[1:])
    return TURN.quantise(half_cells / (2 * lines.n_segments[lines.of_segment][:, None]))


def _drift() -> NDArray[np.int64]:
    """LENGTH of each drift time: the time as a function of the distance, read the other way."""
    distance = np.arange(0, 2, 1e-4)
    time = (distance / DRIFT_CM_PER_NS + DRIFT_NS_PER_CM3 * distance**3) / TIME_NS
    return DRIFT.quantise(np.interp(np.arange(N_TIMES) + 0.5, time, distance))


def _axial(grid: SeedGrid) -> dict[str, NDArray | Scaled]:
    """Tables of the fit in the transverse plane."""
    lines = superlayers()
    radius = lines.radius_cm[lines.axial]
    sine = crossing_sine(grid.bend_per_cm[:, None], grid.impact_cm[:, None], radius[:, 0])
    along = radius[:, 0] * np.sqrt(1 - np.clip(sine, -0.98, 0.98) ** 2)
    one = np.ones_like(along)
    design = np.stack([one * (radius[:, 0] ** 2 / 2), one, along], axis=-1)
    kept = ~np.eye(6, 5, dtype=bool)
    weighted = design[:, None] * kept[None, :, :, None]
    inverse = np.linalg.pinv(weighted)
    unit = np.array([BEND.resolution, IMPACT.resolution, RAD_PER_TURN / TURN_RAW]) / LENGTH.resolution
    project = kept[None, :, :, None] * np.eye(5) - weighted @ inverse
    vectors = np.linalg.svd(project)[2][:, :, :2]
    vectors[:, :5, 1] = 0.0
    half_phi = np.pi / grid.n_phi
    road = grid.half_bend_per_cm * radius[:, 0] ** 2 / 2 + grid.half_impact_cm + along * half_phi
    road = road + np.pi * radius[:, 0] / lines.n_segments[lines.axial]
    return {
        "radius": LENGTH.quantise(radius),
        "square": SQUARE.quantise(radius**2 / 2 * (BEND.resolution / LENGTH.resolution)),
        "road": LENGTH.quantise(road),
        "fit": scaled(inverse / unit[:, None]),
        "residual": np.rint(vectors * (1 << RESIDUAL_FRACTION)),
    }


def _stereo(grid: SeedGrid) -> dict[str, NDArray | Scaled]:
    """Tables of the line in z."""
    wires, stereo = layers(), np.flatnonzero(~superlayers().axial)
    layer = np.array([np.flatnonzero(wires.radius_cm == superlayers().radius_cm[s, 0])[0] for s in stereo])
    twist = wires.n_shift_halfcells[layer] * (np.pi / wires.n_wires[layer])
    radius = wires.radius_cm[layer] * np.cos(twist / 2)
    bend, impact = grid.bend_per_cm[:, None], grid.impact_cm[:, None]
    stretch = np.maximum(inverse_stretch(bend, impact), FACTOR.resolution)
    along = radius * np.sqrt(1 - np.clip(crossing_sine(bend, impact, radius), -0.98, 0.98) ** 2)
    turned = np.clip(along * bend / stretch, -0.98, 0.98)
    path = along * np.where(np.abs(turned) < 1e-6, 1.0, np.arcsin(turned) / np.where(turned == 0, 1.0, turned))
    slant = np.clip((bend * radius / 2 - impact / radius) / stretch, -0.98, 0.98)
    per_drift = LENGTH.resolution * TURN_RAW / RAD_PER_TURN / (radius * np.sqrt(1 - slant**2))
    length = wires.z_fwd_cm[layer] - wires.z_bwd_cm[layer]
    per_turn = length / twist * (RAD_PER_TURN / TURN_RAW) / DEPTH.resolution
    kept = ~np.eye(5, 4, dtype=bool)
    design = np.stack([np.ones_like(path), path], axis=-1)[:, None] * kept[None, :, :, None]
    unit = np.array([DEPTH.resolution, SLOPE.resolution]) / DEPTH.resolution
    of_bend, of_impact = _crossing_factors(radius)
    return {
        "of_bend": of_bend,
        "of_impact": of_impact,
        "depth_per_turn": np.rint(per_turn * (1 << DEPTH_FRACTION)),
        "depth_start": DEPTH.quantise(wires.z_bwd_cm[layer]),
        "depth_range": DEPTH.quantise(length),
        "path": DEPTH.quantise(path),
        "turn_per_drift": np.rint(per_drift * (1 << DEPTH_FRACTION)),
        "line": scaled(np.linalg.pinv(design) / unit[:, None]),
    }


def _crossing_factors(radius_cm: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Integers that turn BEND and IMPACT into CROSSING at a radius, CROSSING_FRACTION more fraction bits."""
    scale = 1 << (CROSSING.fraction + CROSSING_FRACTION)
    return np.rint(radius_cm / 2 * BEND.resolution * scale), np.rint(IMPACT.resolution / radius_cm * scale)
