"""Events of weight one from weighted phase-space points, by rejection against the largest weight of a pilot sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_CHUNK = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """Mean and its error, and the weight that nearly all pilot points stay below."""

    mean: float
    error: float
    largest: float

    @staticmethod
    def of(weight: np.ndarray, above: float = 1e-5) -> Pilot:
        """Summary of the weights of a pilot sample; `above` is the share of points that may exceed `largest`."""
        return Pilot(
            mean=float(weight.mean()),
            error=float(weight.std() / math.sqrt(len(weight))),
            largest=float(np.quantile(weight, 1.0 - above)),
        )


def unweighted(
    draw: Callable[[int], tuple[np.ndarray, np.ndarray]], pilot: Pilot, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """n points (..., n) and their weights: 1, save for the few above the pilot's largest, which keep the ratio.

    draw: weighted points (..., trials) and weights (trials,), from the same `rng`.
    """
    points, weights, missing = [], [], n
    while missing > 0:
        # Chunks follow the expected need, so that a block costs no more than it must.
        trials = min(_CHUNK, int(1.1 * missing * pilot.largest / pilot.mean) + 100)
        point, weight = draw(trials)
        kept = rng.random(trials) * pilot.largest < weight
        points.append(point[..., kept])
        weights.append(np.maximum(weight[kept] / pilot.largest, 1.0))
        missing -= int(kept.sum())
    return np.concatenate(points, axis=-1)[..., :n], np.concatenate(weights)[:n]
