# Ref: Brandt and Dahmen, Z. Phys. C 1 (1979) 61: the axis is the sum of momenta with the signs that it gives them.
"""Thrust of events: the axis along which the momenta line up best."""

import numpy as np
from numpy.typing import NDArray

from sim.offline import jagged

_SEEDS, _STEPS = 4, 12
"""Particles whose directions start the search, the fastest of each event; steps until the signs stay. Our choice."""


def thrust(offsets: NDArray[np.int64], momentum: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(thrust (n,), unit axis (n, 3)) of momenta (particles, 3) of n events; zero vectors do not count.

    From each seed the signs are turned until none changes, which finds a local maximum; the best is taken. Events without momenta
    have thrust 0 and the axis z.
    """
    n_events = len(offsets) - 1
    event = jagged.event_index(offsets)
    size = np.linalg.norm(momentum, axis=1)
    total = jagged.total(offsets, size)
    best, axis = np.zeros(n_events), np.tile([0.0, 0.0, 1.0], (n_events, 1))
    order = np.lexsort((-size, event))
    place = np.arange(len(size)) - offsets[event]
    for seed in range(_SEEDS):
        trial = np.zeros((n_events, 3))
        chosen = order[place == seed]
        trial[event[chosen]] = momentum[chosen]
        for _ in range(_STEPS):
            sign = np.where(np.sum(momentum * trial[event], axis=1) >= 0, 1.0, -1.0)
            trial = np.stack([jagged.total(offsets, sign * momentum[:, k]) for k in range(3)], axis=1)
        length = np.linalg.norm(trial, axis=1)
        better = length > best
        best[better] = length[better]
        axis[better] = trial[better] / length[better, None]
    return np.divide(best, total, out=np.zeros(n_events), where=total > 0), axis
