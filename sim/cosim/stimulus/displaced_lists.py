"""Windows of tracks that are like two tracks of the list at once: better than both, than one, than none.

For each place the RTL works out in a circuit of its own whether a track stays, from what all other places say, so that every two
places come together.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from sim.cosim.stimulus.displaced_aimed import N_SEGMENTS, N_TRACKS, T0_MAX, Arrivals, filled
from sim.cosim.stimulus.displaced_pairs import fit_row
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import CHI2
from trigger.displaced.stereo import MIN_STEREO, N_STEREO

GAPS_MAX, MISSING_SHARE = 0.3, 0.05
"""Largest part of the places behind a full list without a track; part of the tracks with one segment less (our choice)."""
N_OF_EACH = 2
"""Segments that a track has in common with each of the two."""


class Fate(IntEnum):
    """What a later track is to the two that it is like, to one, or to the one before it."""

    BETWEEN = 0
    BETTER = 1
    WORSE = 2
    STRANGER = 3
    ECHO = 4
    FOLLOWS = 5
    """The track at a place again, with a smaller sum of squares each time."""


SHARES = ((0.4, 0.02, 0.02, 0.03, 0.03, 0.5), (0.6, 0.06, 0.04, 0.03, 0.07, 0.2))
"""Part of the later tracks of each fate, in each lane (our choice): those between both leave the list as it is, those that follow
the number of its tracks. What the second lane does depends on whether the first one's track stays."""


def list_windows(rng: np.random.Generator, n: int, n_places: int) -> Arrivals:
    """Tracks of n windows: full lists, and then a track at nearly every place; n_places: of tracks in a window."""
    lists = filled(rng, n)
    row, m = np.arange(n)[:, None], n_places - N_TRACKS
    of = rng.random((n, m, N_TRACKS)).argsort(axis=2)[:, :, :2]
    chi2_of_list = n_places + (rng.integers(0, CHI2.raw_max + 1, (n, N_TRACKS)) >> rng.integers(0, CHI2.width - 10, (n, 1)))
    low, high = np.sort(chi2_of_list[row[:, :, None], of], axis=2).transpose(2, 0, 1)
    fate = np.stack([rng.choice(len(Fate), (n, m // len(SHARES)), p=shares) for shares in SHARES], axis=2).reshape(n, m)
    chi2 = np.select(
        [fate == Fate.BETWEEN, fate == Fate.BETTER, fate == Fate.WORSE, fate == Fate.FOLLOWS],
        [
            low + (rng.random((n, m)) * (high - low + 1)).astype(np.int64),
            low - n_places,
            high + rng.integers(0, 2, (n, m)),
            chi2_of_list[row, of[:, :, 0]] - np.arange(m) - 1,
        ],
        rng.integers(0, chi2_of_list.max(axis=1, keepdims=True) + 1, (n, m)),
    )
    order = rng.random((n, m, N_AXIAL)).argsort(axis=2)
    one, other = (lists.position[row, of[:, :, k]] for k in range(2))
    position = np.where(order < N_OF_EACH, one, other)
    new = (order == N_AXIAL - 1) | (fate == Fate.STRANGER)[:, :, None]
    position = np.where(new, rng.integers(0, N_SEGMENTS, position.shape), position)
    position = np.where((fate == Fate.FOLLOWS)[:, :, None], one, position)
    position = np.concatenate([lists.position, position], axis=1)
    missing = np.nonzero(rng.random(position.shape[:2]) < MISSING_SHARE)
    position[*missing, rng.integers(0, N_AXIAL, len(missing[0]))] = -1
    for k in range(N_TRACKS, n_places):
        echo = fate[:, k - N_TRACKS] == Fate.ECHO
        position[echo, k] = position[echo, k - 1]
    source = np.concatenate([np.broadcast_to(np.arange(N_TRACKS), (n, N_TRACKS)), of[:, :, 0]], axis=1)
    chi2 = np.clip(np.concatenate([chi2_of_list, chi2], axis=1), 0, CHI2.raw_max)
    there = (rng.random((n, n_places)) >= GAPS_MAX * rng.random((n, 1))) | (np.arange(n_places) < N_TRACKS)
    window, place = np.nonzero(there)
    values, lines = (each[row, source][there] for each in (lists.values, lists.lines))
    numbers = {
        "bend": values[:, 0],
        "impact": values[:, 1],
        "phi": values[:, 2],
        "t0": rng.integers(-T0_MAX, T0_MAX, len(window)),
        "z0": lines[:, 0],
        "slope": lines[:, 1],
        "chi2": chi2[there],
        "n_stereo": rng.integers(MIN_STEREO, N_STEREO + 1, len(window)),
        "row": fit_row(values[:, 0], values[:, 1]),
    }
    return Arrivals(window=window, place=place, numbers=numbers, position=position[there])
