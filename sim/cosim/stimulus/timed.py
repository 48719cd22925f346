"""Timed hits: several per cell, on the edges of the candidate windows, equal sums in two windows, far away."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from sim.cosim.stimulus.grid import Arrays, Source
from trigger.ecl.window import CANDIDATE_CLOCKS, CLOCK_RAW, WINDOW_CLOCKS

FAR_RAW = 4071
"""4 us in raw time."""
PHASES = (-CLOCK_RAW + 1, 0)
SECOND_HIT_PROBABILITY = 0.2


class Times(enum.IntEnum):
    """How the times of an event are drawn."""

    TOGETHER = 0
    AROUND = 1
    FAR = 2
    EDGES = 3
    TWICE = 4


@dataclass(frozen=True)
class Timed:
    """The events of another source with times, phases and second hits of their cells."""

    source: Source

    @property
    def name(self) -> str:
        return f"timed_{self.source.name}"

    @property
    def n_cases(self) -> int:
        return 0

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        base = self.source.make(n, first, rng)
        counts = np.diff(base["ecl_offsets"])
        phase = np.where(rng.random(n) < 0.2, rng.choice(PHASES, n), rng.integers(PHASES[0], PHASES[1] + 1, n))
        kind = rng.integers(0, len(Times), n)
        row = np.repeat(np.arange(n), counts)
        second = (rng.random(len(row)) < SECOND_HIT_PROBABILITY) | (kind[row] == Times.TWICE)
        adc = np.concatenate([base["ecl_adc"], _second_counts(base["ecl_adc"], kind[row], rng)[second]])
        tc_id = np.concatenate([base["ecl_tc_id"], base["ecl_tc_id"][second]])
        repeat = np.concatenate([np.zeros(len(row), bool), np.ones(int(second.sum()), bool)])
        row = np.concatenate([row, row[second]])
        time = _times(kind, phase, row, repeat, rng)
        order = np.lexsort((time, tc_id, row))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(row, minlength=n))])
        return {
            "ecl_offsets": offsets,
            "ecl_tc_id": tc_id[order],
            "ecl_adc": adc[order],
            "ecl_time": time[order].astype(np.int16),
            "ecl_phase": phase.astype(np.int16),
        }


def _second_counts(adc: np.ndarray, kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Counts of the second hits: those of another hit, or the same where two windows shall have equal sums."""
    return np.where(kind == Times.TWICE, adc, rng.permutation(adc))


def _times(kind: np.ndarray, phase: np.ndarray, row: np.ndarray, repeat: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n, m = len(kind), len(row)
    starts = np.array(CANDIDATE_CLOCKS) * CLOCK_RAW
    length = WINDOW_CLOCKS * CLOCK_RAW
    low, high = int(starts.min()) - CLOCK_RAW, int(starts.max()) + length + CLOCK_RAW
    centre = rng.integers(low, high, n)
    edges = phase[row] + rng.choice(starts, m) + rng.choice((-1, 0, length - 1, length), m)
    shared = rng.integers(0, CLOCK_RAW, n)[row]
    twice = phase[row] + np.where(repeat, starts.max() + CLOCK_RAW, starts.min()) + shared
    choices = {
        Times.TOGETHER: centre[row] + rng.integers(-3, 4, m),
        Times.AROUND: rng.integers(low, high, m),
        Times.FAR: rng.integers(-FAR_RAW, FAR_RAW + 1, m),
        Times.EDGES: edges,
        Times.TWICE: twice,
    }
    return np.choose(kind[row], [choices[times] for times in Times])
