"""What the fixed-point formats of the line in z cost: float minus fixed, one width changed at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.studies.displaced_widths import BEND_HALF_PER_CM, fit_rows_at, rounded_angle
from sim.studies.tables import Table
from sim.studies.width_scan import Scan, matrix_rounded, rounded
from trigger.displaced.fit_rows import rows_around, stereo_wires
from trigger.displaced.fit_tables import FACTOR_FRACTION
from trigger.displaced.formats import AZIMUTH, DEPTH, DRIFT, MANTISSA, RAD_PER_TURN, SLOPE
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import superlayers

Z0_CM, SLOPES = 20.0, (-0.9, 1.9)
"""Range of z at the perigee, both ways, and of the slopes of the tracks: polar angles of 138 to 28 degrees. Our choice."""
VERTEX_Z_CM = 1.65
"""Median error of the best vertex along z at nominal background, to compare with. Source: table displaced_vertex [SIM]."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Fraction bits of what the line rounds to; None: not rounded. mantissa: width of the numbers of the line's matrix."""

    azimuth: int | None = AZIMUTH.fraction
    drift: int | None = DRIFT.fraction
    factor: int | None = FACTOR_FRACTION
    depth: int | None = DEPTH.fraction
    slope: int | None = SLOPE.fraction
    mantissa: int | None = MANTISSA.width


FLOAT = Widths(azimuth=None, drift=None, factor=None, depth=None, slope=None, mantissa=None)
SCANNED = {
    "azimuth": range(11, 19), "drift": range(3, 10), "factor": range(3, 10), "depth": range(0, 8), "slope": range(2, 10),
    "mantissa": range(5, 14),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """Ideal tracks, n of them, with a wire of known side in every stereo superlayer.

    bend (1/cm), impact (cm), z0 (cm), slope: (n,). azimuth: (n, 4), rad, of the track at the middle of the stereo wires. angle: (n,
    4), rad, of the wires' backward ends. distance: (n, 4), cm, positive where the track has the larger azimuth.
    """

    bend: NDArray[np.float64]
    impact: NDArray[np.float64]
    z0: NDArray[np.float64]
    slope: NDArray[np.float64]
    azimuth: NDArray[np.float64]
    angle: NDArray[np.float64]
    distance: NDArray[np.float64]


def lines(rng: np.random.Generator, n: int) -> Lines:
    """Tracks from all over the grid that cross all stereo superlayers within the length of their wires."""
    wires, grid = stereo_wires(), SeedGrid()
    many = 8 * n
    bend = rng.uniform(-0.8, 0.8, many) * BEND_HALF_PER_CM
    impact = rng.uniform(-0.5, 0.5, many) * grid.impact_max_cm
    z0, slope, phi = rng.uniform(-Z0_CM, Z0_CM, many), rng.uniform(*SLOPES, many), rng.uniform(0, 2 * np.pi, many)
    rows = rows_around(bend, impact)
    along_wire = (z0[:, None] + slope[:, None] * rows.path - wires.z_bwd_cm) / wires.length_cm
    good = (np.abs(np.sin(rows.stereo_azimuth)) < 0.9) & (along_wire > 0) & (along_wire < 1)
    chosen = np.flatnonzero(good.all(axis=1))[:n]
    azimuth = (phi[:, None] + rows.stereo_azimuth)[chosen]
    there = azimuth - along_wire[chosen] * wires.twist
    cell = 2 * np.pi / superlayers().n_segments[~superlayers().axial]
    angle = np.rint(there / cell) * cell
    distance = (there - angle) * rows.stereo_along[chosen] / np.minimum(rows.stretch[chosen, None], 2)
    return Lines(
        bend=bend[chosen],
        impact=impact[chosen],
        z0=z0[chosen],
        slope=slope[chosen],
        azimuth=azimuth,
        angle=angle,
        distance=distance,
    )


def fitted(given: Lines, widths: Widths) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(z at the perigee, slope) of the line through the four points, with all numbers rounded to some widths."""
    wires = stereo_wires()
    rows = fit_rows_at(given.bend, given.impact)
    per_cm = np.minimum(rows.stretch, 2)[:, None] / rows.stereo_along
    unit = DRIFT.resolution / (RAD_PER_TURN * AZIMUTH.resolution)
    factor = rounded(per_cm * unit, widths.factor) / unit
    drift = rounded_angle(rounded(given.distance, widths.drift) * factor, widths.azimuth)
    turned = rounded_angle(given.azimuth, widths.azimuth) - rounded_angle(given.angle, widths.azimuth) - drift
    z = rounded(turned * wires.length_cm / wires.twist, widths.depth) + rounded(wires.z_bwd_cm, widths.depth)
    design = np.stack([np.ones_like(rows.path), rows.path], axis=-1)
    units = np.array([DEPTH.resolution, SLOPE.resolution])
    matrix = np.linalg.pinv(design) * (DEPTH.resolution / units)[:, None]
    matrix = matrix_rounded(matrix, widths.mantissa)
    found = (matrix @ (z / DEPTH.resolution)[..., None])[..., 0] * units
    return rounded(found[:, 0], widths.depth), rounded(found[:, 1], widths.slope)


def losses(given: Lines, widths: Widths) -> dict[str, float]:
    """Median and 90 % of |fixed - float| of z at the perigee, cm, 90 % of that of the slope, and 90 % of |fixed - true| z."""
    plain, fixed = fitted(given, FLOAT), fitted(given, widths)
    z, slope = (np.abs(one - other) for one, other in zip(fixed, plain, strict=True))
    return {
        "z_median_cm": float(np.median(z)),
        "z_90_cm": float(np.quantile(z, 0.9)),
        "slope_90": float(np.quantile(slope, 0.9)),
        "error_90_cm": float(np.quantile(np.abs(fixed[0] - given.z0), 0.9)),
    }


def scan(n_tracks: int = 2000, seed: int = 1) -> Table:
    """A row per format and width, with the others as declared."""
    given = lines(np.random.default_rng(seed), n_tracks)
    return Scan(
        name="displaced_widths_z",
        title="Displaced-vertex trigger, line in z: what a format costs, one width changed at a time",
        notes=(
            "columns 4 to 6: |fixed - float| of the same line; error_90_cm: |fixed - true| z at the perigee, ideal drift times",
            f"bits: fraction bits, of the mantissa its width; to compare with: vertices are off by {VERTEX_Z_CM} cm in z",
        ),
        seed=seed,
        tracks=len(given.bend),
        declared=Widths(),
        plain=FLOAT,
        scanned=SCANNED,
        losses=lambda widths: losses(given, widths),
        others={},
    ).table()
