"""PSNM: prescale and mask of each line, then the L1 accept.

A hardware counter per line counts the line's own accepts in event order and lets every N-th through; it belongs to a stream. The
random mode accepts with probability 1/N like the experiment's simulation. Studies use neither: see `keep_probability`.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trigger.menu.menu import Period


def keep_probability(ftdl: NDArray[np.bool_], period: Period) -> NDArray[np.float64]:
    """Return the probability, float64 (n,), that an event with these lines is accepted by at least one of them.

    Exact for prescales that act independently of each other, as in the random mode: 1 minus the product of (1 - 1/N) over the lines
    that fire. Lines that fire together stay together: an event with two lines is counted once. For counters it is the mean over
    their phases; two lines that always fire together with equal N and equal phase pass together, 1/N in all.
    """
    factor = np.array([1.0 - 1.0 / n if n else 1.0 for n in period.prescales])
    return 1.0 - np.where(ftdl, factor, 1.0).prod(axis=1)


@dataclass(kw_only=True)
class PrescaleCounters:
    """The counters of one period, all starting at 0; `run` advances them, so events must come in stream order."""

    period: Period
    counts: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.period.prescales), dtype=np.int64)

    def run(self, ftdl: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the lines after prescale (PSNM), bool (n, n_lines): of each line's accepts, number N, 2N, 3N, ... counted from the
        start of the stream pass; prescale 0 passes nothing."""
        prescales = np.array(self.period.prescales, dtype=np.int64)
        number = self.counts + np.cumsum(ftdl, axis=0, dtype=np.int64)
        if len(ftdl):
            self.counts = number[-1].copy()
        return ftdl & (prescales > 0) & (number % np.maximum(prescales, 1) == 0)


def random_prescale(ftdl: NDArray[np.bool_], period: Period, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return PSNM bits, bool (n, n_lines), each line kept with probability 1/N; one draw per event and line whatever its value."""
    probability = np.array([1.0 / n if n else 0.0 for n in period.prescales])
    return ftdl & (rng.random(ftdl.shape) < probability)


def l1_accept(psnm: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the L1 accept, bool (n,): any line after prescale."""
    return np.asarray(psnm.any(axis=1))
