"""How well a neuro trigger tells tracks of the interaction point from others: figures that no rescaling of outputs moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.studies.statistics import ONE_SIGMA

SIGNAL_CM, BACKGROUND_CM = 1.0, 30.0
"""|z_reco| below and above which a true track is signal and background. Source: the project's figure of merit."""
WORKING_POINTS = (0.90, 0.95)
METRICS = ("rejection_90", "rejection_95", "auc", "width_cm", "width_elsewhere_cm")
HIGHER_IS_BETTER = (True, True, True, False, False)
_CENTRAL = np.array([(1 - ONE_SIGMA) / 2, (1 + ONE_SIGMA) / 2])


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What one network says about n true tracks.

    name: of the network and of what is cut on. z: float64 (n,), in any unit and from any zero. likeness: float64 (n,), larger for
    tracks that look more like the interaction point, on any scale; None means that the cut is on |z - centre|.
    """

    name: str
    z: NDArray[np.float64]
    likeness: NDArray[np.float64] | None = None

    def select(self, rows: NDArray) -> Answer:
        """Some of the tracks."""
        return Answer(name=self.name, z=self.z[rows], likeness=None if self.likeness is None else self.likeness[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Figures of several answers on the same tracks, arrays (answers, metrics), and of each minus the first answer.

    error: standard deviation of a bootstrap by event. difference_low, difference_high: central 95 % of the paired differences.
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    difference: NDArray[np.float64]
    difference_low: NDArray[np.float64]
    difference_high: NDArray[np.float64]


def metrics(z_reco_cm: NDArray[np.float64], answer: Answer) -> NDArray[np.float64]:
    """The METRICS of one answer, float64 (5,).

    Rejection: share of the background that a cut removes which keeps 90 % or 95 % of the signal (the tightest such cut; what
    lies on it passes). auc: probability that a background track lies farther out than a signal track, ties count one half.
    Widths: half the central 68.27 % of z_cal - z_reco, for signal, and for tracks between signal and background; z_cal is z less
    its median for signal, over its response: the median of that over z_reco for background. NaN where a class is empty.
    """
    distance = np.abs(z_reco_cm)
    signal, background = distance < SIGNAL_CM, distance > BACKGROUND_CM
    if not signal.any() or not background.any():
        return np.full(len(METRICS), np.nan)
    centred = answer.z - np.median(answer.z[signal])
    far = np.abs(centred) if answer.likeness is None else -answer.likeness
    near_sorted, others = np.sort(far[signal]), far[background]
    cuts = [near_sorted[int(np.ceil(point * len(near_sorted) - 1e-9)) - 1] for point in WORKING_POINTS]
    rejections = [float(np.mean(others > cut)) for cut in cuts]
    below, up_to = (np.searchsorted(near_sorted, others, side=side) for side in ("left", "right"))
    auc = float(np.mean(below + up_to)) / (2 * len(near_sorted))
    response = np.median(centred[background] / z_reco_cm[background])
    if response == 0:
        return np.array([*rejections, auc, np.nan, np.nan])
    residual = centred / response - z_reco_cm
    return np.array([*rejections, auc, _width(residual[signal]), _width(residual[~signal & ~background])])


def compare(
    z_reco_cm: NDArray[np.float64], answers: Sequence[Answer], event: NDArray[np.int64], *, replicas: int, rng: np.random.Generator
) -> Comparison:
    """Compare answers about the same tracks; event: number (n,) of each track's event. Events are drawn with replacement.

    ValueError for fewer than two replicas. Replicas without signal or background do not count.
    """
    if replicas < 2:
        msg = f"replicas must be 2 or more, not {replicas}"
        raise ValueError(msg)
    value = np.array([metrics(z_reco_cm, answer) for answer in answers])
    order = np.argsort(event, kind="stable")
    _, start, count = np.unique(event[order], return_index=True, return_counts=True)
    drawn = np.empty((replicas, *value.shape))
    for replica in range(replicas):
        chosen = rng.integers(0, len(start), len(start))
        n = count[chosen]
        rows = order[np.repeat(start[chosen] - (np.cumsum(n) - n), n) + np.arange(n.sum())]
        drawn[replica] = [metrics(z_reco_cm[rows], answer.select(rows)) for answer in answers]
    difference = drawn - drawn[:, :1]
    low, high = _percentiles(difference)
    return Comparison(value=value, error=_deviation(drawn), difference=value - value[:1], difference_low=low, difference_high=high)


def _width(residual: NDArray[np.float64]) -> float:
    return float(np.diff(np.quantile(residual, _CENTRAL))[0] / 2) if len(residual) else float("nan")


def _deviation(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation over the replicas that have a value; NaN without any."""
    there = np.isfinite(drawn)
    n = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, drawn, 0).sum(axis=0) / n
    spread = np.sqrt((np.where(there, drawn - mean, 0) ** 2).sum(axis=0) / n)
    return np.where(there.any(axis=0), spread, np.nan)


def _percentiles(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ends (2, ...) of the central 95 % over the replicas that have a value; NaN without any."""
    flat = drawn.reshape(len(drawn), -1)
    ends = np.full((2, flat.shape[1]), np.nan)
    for column, values in enumerate(flat.T):
        kept = values[np.isfinite(values)]
        if len(kept):
            ends[:, column] = np.quantile(kept, [0.025, 0.975])
    return ends.reshape(2, *drawn.shape[1:])
