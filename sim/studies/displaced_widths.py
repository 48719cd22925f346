"""What each fixed-point format of the displaced-vertex fit costs: float minus fixed, one width changed at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.studies.tables import Table
from sim.studies.width_scan import Scan, matrix_rounded, rounded
from trigger.displaced.fit_rows import BEND_STEP_LOG2, IMPACT_STEP_LOG2, N_BEND, N_IMPACT, Rows, fit_centres, rows_around
from trigger.displaced.formats import AZIMUTH, BEND, COARSE, DRIFT, IMPACT, MANTISSA, RAD_PER_TURN
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import superlayers

DRIFT_CHAMBER_CM = 0.015
"""Resolution of a drift distance, to compare with. Our choice, the order of what the chamber reaches."""
_UNITS = np.array([BEND.resolution, IMPACT.resolution, AZIMUTH.resolution * RAD_PER_TURN])
"""What the matrices of the fit count a track in."""


BEND_HALF_PER_CM = float(np.ldexp(N_BEND / 2, BEND_STEP_LOG2) * BEND.resolution)
"""Half of the range of bends that the rows of the fit cover."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Fraction bits of the formats that the fit rounds to; None: not rounded. mantissa: width of the matrices' numbers.

    scaled: each row of a matrix has its own power of two; otherwise one for all.
    """

    azimuth: int | None = AZIMUTH.fraction
    coarse: int | None = COARSE.fraction
    drift: int | None = DRIFT.fraction
    mantissa: int | None = MANTISSA.width
    bend: int | None = BEND.fraction
    impact: int | None = IMPACT.fraction
    scaled: bool = True


FLOAT = Widths(azimuth=None, coarse=None, drift=None, mantissa=None, bend=None, impact=None)
SCANNED = {
    "azimuth": range(11, 19), "coarse": range(8, 15), "drift": range(3, 10), "mantissa": range(6, 15), "bend": range(13, 21),
    "impact": range(2, 10),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Tracks:
    """Ideal tracks, n of them, with a wire of known side in every axial superlayer that they reach in five or four.

    bend (1/cm), impact (cm), phi (rad): (n,). angle: (n, 5), rad, of the wires. distance: (n, 5), cm, positive where the track has
    the larger azimuth.
    """

    bend: NDArray[np.float64]
    impact: NDArray[np.float64]
    phi: NDArray[np.float64]
    angle: NDArray[np.float64]
    distance: NDArray[np.float64]


def tracks(rng: np.random.Generator, n: int) -> Tracks:
    """Tracks that cross all five axial superlayers, from all over the grid."""
    grid, lines = SeedGrid(), superlayers()
    bend = rng.uniform(-0.8, 0.8, 4 * n) * BEND_HALF_PER_CM
    impact = rng.uniform(-0.5, 0.5, 4 * n) * grid.impact_max_cm
    rows = rows_around(bend, impact)
    chosen = np.flatnonzero((np.abs(np.sin(rows.azimuth[..., 0])) < 0.9).all(axis=1))[:n]
    phi = rng.uniform(0, 2 * np.pi, len(chosen))
    cell = 2 * np.pi / lines.n_segments[lines.axial]
    azimuth = phi[:, None] + rows.azimuth[chosen, :, 0]
    angle = np.rint(azimuth / cell) * cell
    distance = (azimuth - angle) * rows.along[chosen] / rows.stretch[chosen, None]
    return Tracks(bend=bend[chosen], impact=impact[chosen], phi=phi, angle=angle, distance=distance)


def fitted(given: Tracks, widths: Widths) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(bend, impact, phi) that both steps of the fit give, with all numbers rounded to some widths."""
    grid = SeedGrid()
    place = place_of(given.bend, grid.bend_max_per_cm, grid.n_bend) * grid.n_impact
    row = place + place_of(given.impact, grid.impact_max_cm, grid.n_impact)
    cell = 2 * np.pi / grid.n_phi
    phi = (np.floor(given.phi / cell) + 0.5) * cell
    centre = taken(rows_around(grid.bend_per_cm, grid.impact_cm), row)
    off = rounded_angle(given.angle, widths.coarse) - rounded_angle(phi[:, None] + centre.azimuth[..., 0], widths.coarse)
    bend, impact, phi = _moved(centre, phi, off, widths, None)
    around = fit_rows_at(bend, impact)
    distance = rounded(given.distance, widths.drift) * around.stretch[:, None] / around.along
    off = (
        rounded_angle(given.angle, widths.azimuth)
        + rounded_angle(distance, widths.azimuth)
        - rounded_angle(phi, widths.azimuth)[:, None]
    )
    off = off - rounded_angle(around.azimuth[..., 0], widths.azimuth)
    return _moved(around, phi, off, widths, widths.mantissa)


def place_of(value: NDArray[np.float64], largest: float, n: int) -> NDArray[np.int64]:
    """Number of the cell, of n that cover +-largest; the first or the last one for what lies beyond."""
    return np.clip(np.floor((value / largest + 1) / 2 * n), 0, n - 1).astype(np.int64)


def fit_rows_at(bend: NDArray[np.float64], impact: NDArray[np.float64]) -> Rows:
    """The rows of the fit in whose cells tracks lie; the outermost for those beyond."""
    row = place_of(bend, BEND_HALF_PER_CM, N_BEND) * N_IMPACT
    row = row + place_of(impact, np.ldexp(N_IMPACT / 2, IMPACT_STEP_LOG2) * IMPACT.resolution, N_IMPACT)
    return taken(rows_around(*fit_centres()), row)


def taken(rows: Rows, index: NDArray[np.int64]) -> Rows:
    """Some of the rows."""
    return Rows._make(column[index] for column in rows)


def rounded_angle(value: NDArray[np.float64], bits: int | None) -> NDArray[np.float64]:
    """Radians, rounded in turns."""
    return rounded(value / RAD_PER_TURN, bits) * RAD_PER_TURN


def _moved(
    rows: Rows, phi: NDArray[np.float64], off: NDArray[np.float64], widths: Widths, mantissa: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A linear step from the rows' tracks with azimuths from them, all five superlayers."""
    off = (off + np.pi) % (2 * np.pi) - np.pi
    weighted = rows.slopes * rows.along[..., None]
    matrix = np.linalg.pinv(weighted) * rows.along[:, None, :] / _UNITS[:, None]
    matrix = matrix_rounded(matrix, mantissa, scaled=widths.scaled)
    move = (matrix @ off[..., None])[..., 0] * _UNITS
    return (
        rounded(rows.bend + move[:, 0], widths.bend),
        rounded(rows.impact + move[:, 1], widths.impact),
        rounded_angle(phi + move[:, 2], widths.azimuth),
    )


def losses(given: Tracks, widths: Widths) -> dict[str, float]:
    """Median and 90 % of |fixed - float| of the impact, cm, 90 % of that of the bend, 1/cm, and 90 % of |fixed - true| impact."""
    plain, fixed = fitted(given, FLOAT), fitted(given, widths)
    impact, bend = np.abs(fixed[1] - plain[1]), np.abs(fixed[0] - plain[0])
    return {
        "impact_median_cm": float(np.median(impact)),
        "impact_90_cm": float(np.quantile(impact, 0.9)),
        "bend_90_per_cm": float(np.quantile(bend, 0.9)),
        "error_90_cm": float(np.quantile(np.abs(fixed[1] - given.impact), 0.9)),
    }


def scan(n_tracks: int = 2000, seed: int = 1) -> Table:
    """A row per format and width, with the others as declared; and the matrices with one power of two for all."""
    given, declared = tracks(np.random.default_rng(seed), n_tracks), Widths()
    return Scan(
        name="displaced_widths",
        title="Displaced-vertex fit: what a format costs, one width changed at a time",
        notes=(
            "columns 4 to 6: |fixed - float| of the same two linear steps; error_90_cm: |fixed - true| impact, ideal drift times",
            f"bits: fraction bits, of the mantissa its width; to compare with: the chamber resolves some {DRIFT_CHAMBER_CM} cm",
        ),
        seed=seed,
        tracks=len(given.bend),
        declared=declared,
        plain=FLOAT,
        scanned=SCANNED,
        losses=lambda widths: losses(given, widths),
        others={"mantissa, one power of two for all": (declared.mantissa, replace(declared, scaled=False))},
    ).table()
