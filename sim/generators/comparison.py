"""One number of ours beside one of somebody else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One number of ours against one of somebody else; both in `unit`. Errors are one standard deviation (0: exact).

    tolerance: spread expected between the two beyond the statistical error, with its reason in `source`.
    """

    name: str
    ours: float
    error: float = 0.0
    reference: float
    tolerance: float
    unit: str = "nb"
    source: str

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance plus four standard deviations."""
        return abs(self.ours - self.reference) <= self.tolerance + 4.0 * self.error


def rounded(reference: float, step: float) -> dict[str, Any]:
    """A quoted number agrees within half of its last digit."""
    return {"reference": reference, "tolerance": 0.5 * step * 1.0001}


def measured(
    name: str, weight: np.ndarray, chosen: np.ndarray, quoted: dict[str, Any], source: str, unit: str = "nb"
) -> Comparison:
    """The mean weight of the chosen points of a sample, with its error. quoted: `reference` and `tolerance`."""
    kept = np.where(chosen, weight, 0.0)
    error = float(kept.std() / math.sqrt(len(kept)))
    return Comparison(name=name, ours=float(kept.mean()), error=error, unit=unit, source=source, **quoted)
