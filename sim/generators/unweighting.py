"""Processes of weighted phase-space points: events of weight one by rejection against the largest weight of a pilot sample."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import ClassVar

import numpy as np

from sim.generators.beams import NOMINAL, Beams
from sim.generators.process import CrossSection

_CHUNK = 1 << 17


@dataclass(frozen=True, kw_only=True)
class PilotSample:
    """Points, seed, and the share of points that may exceed the bound of unweighting (our choice)."""

    events: int
    seed: int
    above: float = 1e-5


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """Mean and its error, and the weight that nearly all pilot points stay below."""

    mean: float
    error: float
    largest: float

    @staticmethod
    def of(weight: np.ndarray, above: float) -> Pilot:
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


@dataclass(frozen=True, kw_only=True)
class WeightedProcess(ABC):
    """A process of which phase-space points can be drawn with their weights.

    weighted: keep the phase-space weights (mean 1) instead of unweighting. A pilot sample of fixed seed gives the cross-section
    and the largest weight; unweighted events have weight 1, save the few above it, which keep the ratio.
    """

    pilot_sample: ClassVar[PilotSample]
    weighted: bool = False
    beams: Beams = field(default=NOMINAL)

    @abstractmethod
    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n phase-space points (..., n) and their weights (n,) in nb, mean the cross-section; weight 0 outside the region."""

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Phase-space points (..., n) of n events and their weights (n,)."""
        pilot = _pilot(self)
        if self.weighted:
            point, weight = self.draw(n, rng)
            return point, weight / pilot.mean
        return unweighted(lambda trials: self.draw(trials, rng), pilot, n, rng)

    def cross_section(self) -> CrossSection:
        """Cross-section of the generated region, from the pilot sample."""
        pilot = _pilot(self)
        return CrossSection(nb=pilot.mean, error_nb=pilot.error, source="DERIVED: mean weight of a pilot sample")


@cache
def _pilot(process: WeightedProcess) -> Pilot:
    if process.weighted:
        return _pilot(replace(process, weighted=False))
    size = process.pilot_sample
    rng = np.random.Generator(np.random.Philox(size.seed))
    weights = [process.draw(min(_CHUNK, size.events - start), rng)[1] for start in range(0, size.events, _CHUNK)]
    return Pilot.of(np.concatenate(weights), size.above)
