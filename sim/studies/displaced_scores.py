"""The algorithms that are compared, each with a score to cut on, and the cuts for given rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.codesign import ANSWER
from trigger.displaced import DisplacedDecision, DisplacedTrigger
from trigger.displaced.hypotheses import LOWEST, HypothesesTrigger
from trigger.displaced.parameters import STEP_CLOCKS
from trigger.geometry.beams import RADIO_FREQUENCY_MHZ
from trigger.geometry.cdc import TICKS_PER_CLOCK

STEP_HZ = RADIO_FREQUENCY_MHZ * 1e6 / TICKS_PER_CLOCK / STEP_CLOCKS
"""Windows per second."""
RATES_HZ = (1000.0, 100.0)
"""Rates, beyond what the existing lines take, at which algorithms are compared."""
N_SCORES = 1024
"""Bins of a score; one more, the first, for events without any."""
Segments = Mapping[str, NDArray]


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """An entry of the benchmark. score: fields of the drift chamber's segments to int (n,), the larger the more displaced.

    low, high: the range that is counted; below low: nothing found; above high: the last bin.
    """

    name: str
    score: Callable[[Segments], NDArray[np.integer]]
    low: int
    high: int

    def bins(self, score: NDArray[np.integer]) -> NDArray[np.int64]:
        """Bin of each score, 0 .. N_SCORES."""
        place = (score.astype(np.int64) - self.low) * N_SCORES // (self.high + 1 - self.low)
        return np.where(score < self.low, 0, 1 + np.clip(place, 0, N_SCORES - 1))

    def raw_of(self, place: int) -> int:
        """Smallest score of a bin above 0."""
        return self.low - (-(place - 1) * (self.high + 1 - self.low) // N_SCORES)


def best(found: DisplacedDecision, kept: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Largest score of the vertices of each event, int64 (n,); below all answers without one. kept: bool (m,), those that count."""
    event = np.repeat(np.arange(len(found.displaced_vertex)), np.diff(found.displaced_offsets))
    score, chosen = np.full(len(found.displaced_vertex), ANSWER.raw_min - 1), slice(None) if kept is None else kept
    np.maximum.at(score, event[chosen], found.displaced_score_raw.astype(np.int64)[chosen])
    return score


@cache
def _hypotheses() -> HypothesesTrigger:
    return HypothesesTrigger()


@cache
def displaced_trigger() -> DisplacedTrigger:
    """One for all slices: its tables are made once."""
    return DisplacedTrigger()


def _multi_hypothesis(segments: Segments) -> NDArray[np.integer]:
    return _hypotheses().run(*segments.values()).displaced_score_raw


def _hough(segments: Segments) -> NDArray[np.integer]:
    return best(displaced_trigger().run(*segments.values()))


HYPOTHESES = Algorithm(name="multi-hypothesis", score=_multi_hypothesis, low=max(-256, LOWEST + 1), high=767)
HOUGH = Algorithm(name="d0-Hough", score=_hough, low=ANSWER.raw_min, high=ANSWER.raw_max)
ALGORITHMS = (HYPOTHESES, HOUGH)
"""Entries, drawn in this order."""


def cut_for(unique: NDArray[np.int64], windows: int, rate_hz: float) -> int:
    """First bin of a score with at most this rate at or above it, 1 .. N_SCORES + 1.

    unique: int64 (N_SCORES + 1,), windows that the existing lines do not take, by bin. windows: all that were simulated.
    """
    most = int(rate_hz / STEP_HZ * windows)
    above = np.cumsum(unique[::-1])[::-1]
    return int(np.argmax(np.append(above[1:], 0) <= most)) + 1
