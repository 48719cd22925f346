"""What the fixed-point formats of the vertex cost: float minus fixed, one width changed at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.studies.displaced_widths import BEND_HALF_PER_CM, rounded_angle
from sim.studies.tables import Table
from sim.studies.width_scan import Scan, rounded
from trigger.displaced.constants import N_RADII, RADIUS_STEP_LOG2
from trigger.displaced.formats import BEND, CROSSING, DEPTH, IMPACT, TURN
from trigger.displaced.grid import crossing_sine, inverse_stretch
from trigger.displaced.pairs import ASIN_STEP_LOG2

STEP_CM = DEPTH.resolution * (1 << RADIUS_STEP_LOG2)
"""Step of the scan of radii."""
OPENING_RAD = (0.05, 1.5)
"""Angle between the two tracks at their vertex. Our choice: what pairs of 0.3 to 3 GeV have."""
VERTEX_CM = 0.33
"""Median error of the best vertex across the beam at 5-17.5 cm, to compare with. Source: table displaced_vertex [SIM]."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Fraction bits of what the vertex rounds to; None: not rounded. asin: of the sines that the table of azimuths has."""

    bend: int | None = BEND.fraction
    impact: int | None = IMPACT.fraction
    crossing: int | None = CROSSING.fraction
    asin: int | None = CROSSING.fraction - ASIN_STEP_LOG2
    turn: int | None = TURN.fraction
    depth: int | None = DEPTH.fraction


FLOAT = Widths(bend=None, impact=None, crossing=None, asin=None, turn=None, depth=None)
SCANNED = {
    "bend": range(13, 21), "impact": range(2, 10), "crossing": range(8, 15), "asin": range(6, 14), "turn": range(9, 17),
    "depth": range(0, 7),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Ideal pairs of tracks, n of them, both outgoing. bend (1/cm), impact (cm), phi (rad): (n, 2). radius: (n,), cm."""

    bend: NDArray[np.float64]
    impact: NDArray[np.float64]
    phi: NDArray[np.float64]
    radius: NDArray[np.float64]


def pairs(rng: np.random.Generator, n: int) -> Pairs:
    """Pairs whose tracks both reach the radius of the scan before their vertex."""
    many = 4 * n
    radius = rng.uniform(2 * STEP_CM, (N_RADII - 1) * STEP_CM, many)
    bend = rng.uniform(-0.8, 0.8, (many, 2)) * BEND_HALF_PER_CM
    middle, half = rng.uniform(-0.7, 0.7, many), rng.uniform(*OPENING_RAD, many) / 2
    sine = np.sin(np.stack([middle - half, middle + half], axis=1))
    impact = _impact_of(bend, sine, radius[:, None])
    phi = rng.uniform(0, 2 * np.pi, many)[:, None] - np.arcsin(np.clip(crossing_sine(bend, impact, radius[:, None]), -1, 1))
    before = crossing_sine(bend, impact, (np.floor(radius / STEP_CM) * STEP_CM)[:, None])
    good = (np.abs(impact) < IMPACT.maximum) & (np.abs(before) < 0.95)
    chosen = np.flatnonzero(good.all(axis=1))[:n]
    return Pairs(bend=bend[chosen], impact=impact[chosen], phi=phi[chosen], radius=radius[chosen])


def _impact_of(bend: NDArray[np.float64], sine: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Impact of tracks whose direction has a sine to the radius there: sin(alpha) = (F r / 2 - E / r) / sqrt(1 - 2 F E)."""
    impact = radius * (bend * radius / 2 - sine)
    for _ in range(20):
        impact = radius * (bend * radius / 2 - sine * inverse_stretch(bend, impact))
    return impact


def found(given: Pairs, widths: Widths) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(radius in cm, azimuth in rad) of the vertex, from azimuths at two radii of the scan, with all numbers rounded."""
    bend, impact = rounded(given.bend, widths.bend), rounded(given.impact, widths.impact)
    phi = rounded_angle(given.phi, widths.turn)

    def azimuth(radius: NDArray[np.float64]) -> NDArray[np.float64]:
        sine = rounded(np.clip(crossing_sine(bend, impact, radius[:, None]), -1, 1), widths.crossing)
        return phi + rounded_angle(np.arcsin(rounded(sine, widths.asin)), widths.turn)

    inner = np.floor(given.radius / STEP_CM) * STEP_CM
    apart = [_signed(np.diff(azimuth(radius), axis=1)[:, 0]) for radius in (inner, inner + STEP_CM)]
    both = np.abs(apart[0]) + np.abs(apart[1])
    radius = inner + STEP_CM * np.where(both > 0, np.abs(apart[0]) / np.where(both > 0, both, 1), 0.5)
    if widths.depth is not None:
        radius = np.floor(radius * 2.0**widths.depth) / 2.0**widths.depth
    return radius, azimuth(radius)[:, 0]


def _signed(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return (angle + np.pi) % (2 * np.pi) - np.pi


def losses(given: Pairs, widths: Widths) -> dict[str, float]:
    """Median and 90 % of the distance between fixed and float vertex, cm; and of that from the true one."""
    plain, fixed = found(given, FLOAT), found(given, widths)
    sine = crossing_sine(given.bend[:, 0], given.impact[:, 0], given.radius)
    lost = _apart(plain, fixed)
    error = _apart((given.radius, given.phi[:, 0] + np.arcsin(np.clip(sine, -1, 1))), fixed)
    return {
        "vertex_median_cm": float(np.median(lost)),
        "vertex_90_cm": float(np.quantile(lost, 0.9)),
        "error_median_cm": float(np.median(error)),
        "error_90_cm": float(np.quantile(error, 0.9)),
    }


def _apart(
    one: tuple[NDArray[np.float64], NDArray[np.float64]], other: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Distance of points in polar coordinates."""
    size = one[0] ** 2 + other[0] ** 2 - 2 * one[0] * other[0] * np.cos(one[1] - other[1])
    return np.asarray(np.sqrt(np.maximum(size, 0)))


def scan(n_pairs: int = 2000, seed: int = 1) -> Table:
    """A row per format and width, with the others as declared."""
    given = pairs(np.random.default_rng(seed), n_pairs)
    return Scan(
        name="displaced_widths_vertex",
        title="Displaced-vertex trigger, vertex: what a format costs, one width changed at a time",
        notes=(
            "columns 4 and 5: distance of the fixed from the float vertex of the same scan of radii; 6 and 7: from the true one",
            f"bits: fraction bits; to compare with: vertices are off by {VERTEX_CM} cm across the beam at 5-17.5 cm",
        ),
        seed=seed,
        tracks=2 * len(given.radius),
        declared=Widths(),
        plain=FLOAT,
        scanned=SCANNED,
        losses=lambda widths: losses(given, widths),
        others={},
    ).table()
