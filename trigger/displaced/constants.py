"""Integer constants of pairs and vertices, generated from the geometry."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.displaced.fit_rows import fit_centres
from trigger.displaced.formats import BEND, CROSSING, DEPTH, FACTOR, IMPACT, LENGTH, RAD_PER_TURN, TURN_RAW
from trigger.displaced.grid import inverse_stretch
from trigger.geometry.cdc import superlayers

CROSSING_FRACTION = 10
"""Fraction bits of the factors that turn bend and impact into the sine of a crossing."""
RADIUS_STEP_LOG2 = 4
"""The scan looks at every 16th radius of its table, 2 cm; then it halves the step four times. Our choice."""
N_RADII = 26
"""Radii of the scan, from one step on: 2 to 52 cm."""


class Constants(NamedTuple):
    """What the compiled loops over pairs read, read-only int32.

    radius: (5, 2 kinds), LENGTH of axial wires; kind 1: second-priority. grow: (rows of the fit,), FACTOR, 1 + kappa d. asin,
    cosine: (8193,), at CROSSING raw + 4096: TURN raw, signed; CROSSING. scan_bend, scan_impact: (radii,), at radius raw DEPTH,
    factors that turn BEND and IMPACT into CROSSING, CROSSING_FRACTION more fraction bits.
    """

    radius: NDArray[np.int32]
    grow: NDArray[np.int32]
    asin: NDArray[np.int32]
    cosine: NDArray[np.int32]
    scan_bend: NDArray[np.int32]
    scan_impact: NDArray[np.int32]


@cache
def constants() -> Constants:
    """Return the constants; made once."""
    lines = superlayers()
    crossing = np.arange(-(1 << CROSSING.fraction), (1 << CROSSING.fraction) + 1) / (1 << CROSSING.fraction)
    radius = np.maximum(np.arange((N_RADII + 1 << RADIUS_STEP_LOG2) + 1), 1) * DEPTH.resolution
    scale = 1 << (CROSSING.fraction + CROSSING_FRACTION)
    made = {
        "radius": LENGTH.quantise(lines.radius_cm[lines.axial]),
        "grow": FACTOR.quantise(1 / np.maximum(inverse_stretch(*fit_centres()), FACTOR.resolution)),
        "asin": np.rint(np.arcsin(crossing) * (TURN_RAW / RAD_PER_TURN)),
        "cosine": CROSSING.quantise(np.sqrt(1 - crossing**2)),
        "scan_bend": np.rint(radius / 2 * BEND.resolution * scale),
        "scan_impact": np.rint(IMPACT.resolution / radius * scale),
    }
    ready = {name: value.astype(np.int32) for name, value in made.items()}
    for array in ready.values():
        array.setflags(write=False)
    return Constants(**ready)
