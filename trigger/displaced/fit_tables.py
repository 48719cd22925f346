"""Integer tables of the fit in the transverse plane and of the line in z: for seeds, and for the rows that fits are linear around.

Matrices of a linear step have a mantissa of few bits and one power of two per row of the matrix: without that scale the row of the
bend, whose numbers are a thousand times smaller than those of the impact, would be lost.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.displaced.fit_rows import Rows, fit_centres, rows_around, stereo_wires
from trigger.displaced.formats import (
    AZIMUTH,
    BEND,
    COARSE,
    DEPTH,
    DRIFT,
    IMPACT,
    LENGTH,
    MANTISSA,
    MOVE,
    NEAR,
    RAD_PER_TURN,
    RESIDUAL,
    SLOPE,
)
from trigger.displaced.grid import SeedGrid
from trigger.fixed import Fixed
from trigger.geometry.cdc import DRIFT_CM_PER_NS, DRIFT_NS_PER_CM3, PRIORITY_SHIFT_HALF_CELLS, TIME_NS, superlayers

N_TIMES = 256
"""Drift times of the table. Source: the longest that the neuro trigger takes, NeuroTrigger.cc [SIM]."""
FACTOR_FRACTION = 7
"""Fraction bits of the factors that turn drift distance into azimuth, and azimuth into z."""
SHARE_FRACTION = 8
"""Fraction bits of the prediction of a superlayer's azimuth from the five."""
RESIDUAL_FRACTION = 9
"""Fraction bits of the factors that turn azimuth into residuals."""
STEREO_FRACTION = 8
"""Fraction bits of the factors that turn azimuth at axial superlayers into azimuth at stereo ones."""
STEREO_SLACK_CM = 5.0
"""How far beyond the ends of its wire a segment may put a track: our choice, about the error of z."""
TRIPLES = ((1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2))
"""Stereo superlayers of a line without superlayer 0, 1, 2, 3. The middle one is compared with the line through the other two."""


class Scaled(NamedTuple):
    """Matrices of integers: mantissa int32 (..., outputs, inputs), shift int32 (..., outputs); value = mantissa 2^-shift."""

    mantissa: NDArray[np.int32]
    shift: NDArray[np.int32]


class SeedTables(NamedTuple):
    """For the rows of the seed grid, read-only int32; missing: the superlayer that a fit goes without, the last index for none.

    azimuth: (rows, 5, 2 kinds), AZIMUTH from phi0 to the wires of an axial superlayer, kind 1 the second-priority ones. road:
    (rows, 5), COARSE, how far a wire of the seed's cell may be. start, width: (rows, 4), AZIMUTH from phi0 to the first wire at a
    stereo superlayer that the cell reaches, and COARSE of how many more. bend, impact: (rows,). move: (rows, 6, 3, 5), azimuths in
    COARSE to steps of BEND, IMPACT, AZIMUTH, the shift one for each output. share: (rows, 6, 5, 5), to the azimuth of the track
    through them at each superlayer, SHARE_FRACTION bits.
    """

    azimuth: NDArray[np.int32]
    road: NDArray[np.int32]
    start: NDArray[np.int32]
    width: NDArray[np.int32]
    bend: NDArray[np.int32]
    impact: NDArray[np.int32]
    move: Scaled
    share: NDArray[np.int32]


class FitTables(NamedTuple):
    """For the rows of `fit_centres`, read-only int32.

    angle: (2336, 3), AZIMUTH of a segment's priority wire at the backward end. drift: (256,), DRIFT of a drift time. bend, impact:
    (rows,). azimuth: (rows, 5, 2). stereo_azimuth: (rows, 4). per_drift, stereo_per_drift: (rows, 5), (rows, 4), AZIMUTH per step
    of DRIFT, FACTOR_FRACTION bits. move: (rows, 6, 3, 5), steps of AZIMUTH to BEND, IMPACT, AZIMUTH. residual: (rows, 6, 2, 5), to
    RESIDUAL, RESIDUAL_FRACTION bits. stereo: (rows, 6, 4, 5), to AZIMUTH at the stereo superlayers, STEREO_FRACTION bits.
    depth, start, range: (4,), DEPTH per step of AZIMUTH, FACTOR_FRACTION + SHARE_FRACTION bits; z at the backward end; length.
    weight: (rows, 4, 2), what `depth` is for the outer two of each of TRIPLES; offset: (rows, 4), DEPTH. line: (rows, 5, 2, 4),
    DEPTH to DEPTH at path 0 and to SLOPE.
    """

    angle: NDArray[np.int32]
    drift: NDArray[np.int32]
    bend: NDArray[np.int32]
    impact: NDArray[np.int32]
    azimuth: NDArray[np.int32]
    stereo_azimuth: NDArray[np.int32]
    per_drift: NDArray[np.int32]
    stereo_per_drift: NDArray[np.int32]
    move: Scaled
    residual: NDArray[np.int32]
    stereo: NDArray[np.int32]
    depth: NDArray[np.int32]
    start: NDArray[np.int32]
    range: NDArray[np.int32]
    weight: NDArray[np.int32]
    offset: NDArray[np.int32]
    line: Scaled


DEPTH_FRACTION = FACTOR_FRACTION + SHARE_FRACTION
_STEPS_PER_RAD = 1 / (RAD_PER_TURN * AZIMUTH.resolution)
_COARSE_PER_RAD = 1 / (RAD_PER_TURN * COARSE.resolution)
_UNITS = np.array([BEND.resolution, IMPACT.resolution, 1 / _STEPS_PER_RAD])


def scaled(real: NDArray[np.float64], mantissa: Fixed = MANTISSA) -> Scaled:
    """Round matrices (..., outputs, inputs) to mantissas with the largest shift that still fits every output row."""
    largest = np.abs(real).max(axis=-1)
    safe = np.where(largest > 0, largest, 1.0)
    return _with_shift(real, np.floor(np.log2(mantissa.raw_max / safe)).astype(np.int32), mantissa)


def _with_shift(real: NDArray[np.float64], shift: NDArray[np.int32], mantissa: Fixed) -> Scaled:
    made = Scaled(mantissa.quantise(np.ldexp(real, shift[..., None])).astype(np.int32), shift)
    for array in made:
        array.setflags(write=False)
    return made


def _steps(rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Least squares of azimuths (rad) in the units of the track, (rows, 6 missing, 3, 5), each superlayer with its lengths in cm;
    and which of them have all their superlayers, (rows, 6)."""
    kept = ~np.eye(6, 5, dtype=bool)
    weight = rows.along[:, None, :] * kept
    inverse = np.linalg.pinv(rows.slopes[:, None] * weight[..., None])
    complete = np.asarray((rows.reached[:, None] | ~kept).all(axis=-1))
    return inverse * weight[:, :, None, :] / _UNITS[:, None], complete


@cache
def seed_tables(grid: SeedGrid) -> SeedTables:
    """Return the tables of a seed grid; made once per grid."""
    rows, lines = rows_around(grid.bend_per_cm, grid.impact_cm), superlayers()
    wires, half = stereo_wires(), np.array([grid.half_bend_per_cm, grid.half_impact_cm, np.pi / grid.n_phi])
    cell = 2 * np.pi / lines.n_segments
    road = rows.slopes @ half + cell[lines.axial] / 2
    slack = rows.stereo_slopes @ half + cell[~lines.axial] / 2 + np.abs(wires.twist) * STEREO_SLACK_CM / wires.length_cm
    first = rows.stereo_azimuth - np.maximum(wires.twist, 0) - slack
    step, complete = _steps(rows)
    largest = np.abs(step[complete]).max(axis=(0, 2)) / _COARSE_PER_RAD
    shift = np.broadcast_to(np.floor(np.log2(MOVE.raw_max / largest)).astype(np.int32), step.shape[:-1])
    share = rows.slopes[:, None] @ (step * _UNITS[:, None])
    return SeedTables(
        azimuth=_read_only(AZIMUTH.quantise(rows.azimuth / RAD_PER_TURN)),
        road=_read_only(NEAR.quantise(road / RAD_PER_TURN)),
        start=_read_only(AZIMUTH.quantise(first / RAD_PER_TURN)),
        width=_read_only(NEAR.quantise((np.abs(wires.twist) + 2 * slack) / RAD_PER_TURN)),
        bend=_read_only(BEND.quantise(grid.bend_per_cm)),
        impact=_read_only(IMPACT.quantise(grid.impact_cm)),
        move=_with_shift(step / _COARSE_PER_RAD, shift, MOVE),
        share=_read_only(np.rint(np.clip(share, -2, 2) * (1 << SHARE_FRACTION))),
    )


@cache
def fit_tables() -> FitTables:
    """Return the tables of the fit; made once."""
    rows, wires = rows_around(*fit_centres()), stereo_wires()
    step, _ = _steps(rows)
    per_step = wires.length_cm / wires.twist / _STEPS_PER_RAD / DEPTH.resolution
    one, middle, other = (np.array(column) for column in zip(*TRIPLES, strict=True))
    between = rows.path[:, other] - rows.path[:, one]
    share = (rows.path[:, other] - rows.path[:, middle]) / np.where(np.abs(between) < 1e-3, 1e-3, between)
    shares = np.clip(np.stack([share, 1 - share], axis=-1), -1, 2)
    ends = np.stack([one, other], axis=-1)
    offset = wires.z_bwd_cm[middle] - (shares * wires.z_bwd_cm[ends]).sum(axis=-1)
    drift = LENGTH.resolution * _STEPS_PER_RAD * np.minimum(rows.stretch, 2)[:, None]
    return FitTables(
        angle=_read_only(_angles()),
        drift=_read_only(_drift()),
        bend=_read_only(BEND.quantise(rows.bend)),
        impact=_read_only(IMPACT.quantise(rows.impact)),
        azimuth=_read_only(AZIMUTH.quantise(rows.azimuth / RAD_PER_TURN)),
        stereo_azimuth=_read_only(AZIMUTH.quantise(rows.stereo_azimuth / RAD_PER_TURN)),
        per_drift=_read_only(np.rint(drift / rows.along * (1 << FACTOR_FRACTION))),
        stereo_per_drift=_read_only(np.rint(drift / rows.stereo_along * (1 << FACTOR_FRACTION))),
        move=scaled(step / _STEPS_PER_RAD),
        residual=_read_only(_residuals(rows)),
        stereo=_read_only(_stereo_steps(rows, step)),
        depth=_read_only(np.rint(per_step * (1 << DEPTH_FRACTION))),
        start=_read_only(DEPTH.quantise(wires.z_bwd_cm)),
        range=_read_only(DEPTH.quantise(wires.length_cm)),
        weight=_read_only(np.rint(shares * per_step[ends] * (1 << DEPTH_FRACTION))),
        offset=_read_only(np.rint(offset / DEPTH.resolution)),
        line=_lines(rows.path),
    )


def _read_only(array: NDArray) -> NDArray[np.int32]:
    made = array.astype(np.int32)
    made.setflags(write=False)
    return made


def _angles() -> NDArray[np.int64]:
    lines = superlayers()
    place = np.arange(len(lines.of_segment)) - lines.offset[lines.of_segment]
    half_cells = 2 * place[:, None] + np.array(PRIORITY_SHIFT_HALF_CELLS[1:])
    return AZIMUTH.quantise(half_cells / (2 * lines.n_segments[lines.of_segment][:, None]))


def _drift() -> NDArray[np.int64]:
    """The time as a function of the distance, read the other way."""
    distance = np.arange(0, 2, 1e-4)
    time = (distance / DRIFT_CM_PER_NS + DRIFT_NS_PER_CM3 * distance**3) / TIME_NS
    return DRIFT.quantise(np.interp(np.arange(N_TIMES) + 0.5, time, distance))


def _residuals(rows: Rows) -> NDArray[np.float64]:
    """Two directions of residuals for five superlayers, one and nothing for four."""
    kept = ~np.eye(6, 5, dtype=bool)
    weight = rows.along[:, None, :] * kept
    design = rows.slopes[:, None] * weight[..., None]
    project = kept[None, :, :, None] * np.eye(5) - design @ np.linalg.pinv(design)
    vectors = np.linalg.svd(project)[2][:, :, :2].copy()
    vectors[:, :5, 1] = 0.0
    return np.rint(vectors * weight[:, :, None, :] / (_STEPS_PER_RAD * RESIDUAL.resolution) * (1 << RESIDUAL_FRACTION))


def _stereo_steps(rows: Rows, step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Azimuth at the stereo superlayers from that at the axial ones."""
    made = rows.stereo_slopes[:, None] @ (step * _UNITS[:, None])
    return np.rint(np.clip(made, -3.99, 3.99) * (1 << STEREO_FRACTION))


def _lines(path: NDArray[np.float64]) -> Scaled:
    """Straight lines through the points of four superlayers, or of three."""
    kept = ~np.eye(5, 4, dtype=bool)
    design = np.stack([np.ones_like(path), path], axis=-1)[:, None] * kept[None, :, :, None]
    unit = np.array([1.0, SLOPE.resolution / DEPTH.resolution])
    return scaled(np.linalg.pinv(design) / unit[:, None])
