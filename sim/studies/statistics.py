# Ref: Clopper, Pearson, Biometrika 26 (1934) 404; Wilson, JASA 22 (1927) 209; PDG review "Statistics".
"""Intervals of efficiencies from counts, and the paired comparison of two decisions on the same events."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

ONE_SIGMA = float(special.erf(1 / np.sqrt(2)))
"""Probability inside one standard deviation, 0.6827: the default level of every interval (PDG, ROOT TEfficiency)."""

NINETY_FIVE = 0.95
"""Level of the one-sided limits (our choice, as for mismatch rates)."""


class Method(Enum):
    """How the interval of a binomial fraction is made."""

    CLOPPER_PEARSON = "clopper-pearson"
    WILSON = "wilson"


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """k/n with its interval; arrays of one shape. n = 0 gives value NaN and the interval [0, 1]."""

    passed: NDArray[np.int64]
    total: NDArray[np.int64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    level: float
    method: Method


def _counts(passed: ArrayLike, total: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    k, n = np.broadcast_arrays(np.asarray(passed), np.asarray(total))
    for name, counts in (("passed", k), ("total", n)):
        if not np.issubdtype(counts.dtype, np.integer):
            msg = f"{name} must be integer counts, not {counts.dtype}: exact intervals do not exist for weighted events"
            raise TypeError(msg)
    if np.any(k < 0) or np.any(k > n):
        bad = int(np.flatnonzero((k < 0) | (k > n))[0])
        msg = f"passed must be between 0 and total, not {k.flat[bad]} of {n.flat[bad]}"
        raise ValueError(msg)
    return k.astype(np.int64), n.astype(np.int64)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        msg = f"level must be between 0 and 1, not {level}"
        raise ValueError(msg)


def clopper_pearson(
    passed: ArrayLike, total: ArrayLike, level: float = ONE_SIGMA
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, high) of the exact central interval; its coverage is never below ``level``.

    low = BetaInv(a/2; k, n-k+1) and 0 for k = 0; high = BetaInv(1-a/2; k+1, n-k) and 1 for k = n, with a = 1 - level.
    n = 0 gives [0, 1].
    """
    _check_level(level)
    k, n = _counts(passed, total)
    tail = (1 - level) / 2
    low = np.where(k > 0, special.betaincinv(np.maximum(k, 1), n - np.minimum(k, n) + 1, tail), 0.0)
    high = np.where(k < n, special.betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
    return low, high


def wilson(passed: ArrayLike, total: ArrayLike, level: float = ONE_SIGMA) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, high) of the score interval: shorter than the exact one, with coverage that is right on average only.

    n = 0 gives [0, 1].
    """
    _check_level(level)
    k, n = _counts(passed, total)
    z2 = float(special.ndtri((1 + level) / 2)) ** 2
    size = np.maximum(n, 1)
    fraction = k / size
    centre = (fraction + z2 / (2 * size)) / (1 + z2 / size)
    half = np.sqrt(z2 * fraction * (1 - fraction) / size + z2**2 / (4 * size**2)) / (1 + z2 / size)
    low = np.where(k > 0, np.clip(centre - half, 0, 1), 0.0)
    high = np.where(k < n, np.clip(centre + half, 0, 1), 1.0)
    return low, high


def efficiency(
    passed: ArrayLike, total: ArrayLike, level: float = ONE_SIGMA, method: Method = Method.CLOPPER_PEARSON
) -> Efficiency:
    """k/n with its interval. Raises TypeError for counts that are not integers, ValueError for k outside 0..n."""
    k, n = _counts(passed, total)
    interval = clopper_pearson if method is Method.CLOPPER_PEARSON else wilson
    low, high = interval(k, n, level)
    value = np.divide(k, n, out=np.full(n.shape, np.nan), where=n > 0)
    return Efficiency(passed=k, total=n, value=value, low=low, high=high, level=level, method=method)


def lower_limit(passed: ArrayLike, total: ArrayLike, level: float = NINETY_FIVE) -> NDArray[np.float64]:
    """One-sided exact lower limit of an efficiency; for k = n it is (1 - level)^(1/n), and 0 for n = 0."""
    k, n = _counts(passed, total)
    _check_level(level)
    return np.where(k > 0, special.betaincinv(np.maximum(k, 1), n - k + 1, 1 - level), 0.0)


def upper_limit(passed: ArrayLike, total: ArrayLike, level: float = NINETY_FIVE) -> NDArray[np.float64]:
    """One-sided exact upper limit of a fraction; for k = 0 it is 1 - (1 - level)^(1/n) (about 3/n), and 1 for n = 0."""
    k, n = _counts(passed, total)
    _check_level(level)
    return np.where(k < n, special.betaincinv(k + 1, np.maximum(n - k, 1), level), 1.0)


@dataclass(frozen=True, kw_only=True)
class Paired:
    """2x2 table of two decisions on the same events, with McNemar's exact test of "both fire equally often"."""

    both: int
    first_only: int
    second_only: int
    neither: int
    p_value: float

    @property
    def total(self) -> int:
        """Number of events compared."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def difference(self) -> float:
        """Efficiency of the first decision minus that of the second; NaN for no event."""
        return (self.first_only - self.second_only) / self.total if self.total else float("nan")

    @property
    def difference_sigma(self) -> float:
        """Standard deviation of ``difference`` from the discordant events alone; NaN for no event."""
        if not self.total:
            return float("nan")
        discordant = self.first_only + self.second_only
        net = self.first_only - self.second_only
        return float(np.sqrt(max(discordant - net**2 / self.total, 0.0))) / self.total


def paired(both: int, first_only: int, second_only: int, neither: int) -> Paired:
    """Comparison of two decisions taken on the same events, from the four counts.

    The p-value is McNemar's exact one: two-sided binomial of the discordant events at 1/2; 1 without discordant events.
    """
    if min(both, first_only, second_only, neither) < 0:
        msg = f"counts must not be negative, not {(both, first_only, second_only, neither)}"
        raise ValueError(msg)
    smaller, discordant = min(first_only, second_only), first_only + second_only
    p_value = min(1.0, 2 * float(special.bdtr(smaller, discordant, 0.5))) if discordant else 1.0
    return Paired(both=both, first_only=first_only, second_only=second_only, neither=neither, p_value=p_value)


def paired_from_masks(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    """Comparison of two boolean decisions of equal length, event by event."""
    if first.shape != second.shape:
        msg = f"decisions must have equal shapes, not {first.shape} and {second.shape}"
        raise ValueError(msg)
    return paired(
        int(np.sum(first & second)),
        int(np.sum(first & ~second)),
        int(np.sum(~first & second)),
        int(np.sum(~(first | second))),
    )
