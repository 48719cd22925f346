"""Random halves of windows for the collector of the displaced-vertex trigger."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.inputs import SIDE
from trigger.displaced.collector import HALF_CYCLES, HALF_TICKS
from trigger.geometry.cdc import FIRST_PRIORITY, N_SUPERLAYERS, superlayers


def random_halves(
    rng: np.random.Generator, densities: Sequence[float]
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """(offsets, segments by field, cycle), as `collect` takes them.

    densities: of each half, the probability of a segment in a cycle of a lane.
    """
    fires = rng.random((len(densities), HALF_CYCLES, N_SUPERLAYERS)) < np.reshape(densities, (-1, 1, 1))
    cycle, superlayer = np.nonzero(fires)[1:]
    lines, n = superlayers(), len(cycle)
    segments = {
        "cdc_ts_id": lines.offset[superlayer] + rng.integers(lines.n_segments[superlayer]),
        "cdc_priority": rng.integers(1, FIRST_PRIORITY + 1, n),
        "cdc_lr": rng.integers(len(SIDE), size=n),
        "cdc_time": rng.integers(-HALF_TICKS // 2, 2 * HALF_TICKS, n),
    }
    return np.concatenate([[0], np.cumsum(fires.sum(axis=(1, 2)))]), segments, cycle
