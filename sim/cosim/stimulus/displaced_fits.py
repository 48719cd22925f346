"""Windows and seeds for the fit of the displaced-vertex trigger: windows full of choices, windows of tracks and background."""

from __future__ import annotations

import numpy as np

from sim.cosim.displaced_fits import BEATS, N_BANKS, Windows
from sim.cosim.stimulus import displaced_fit_choices, displaced_fit_tracks
from sim.cosim.stimulus.displaced_fit_windows import joined
from trigger.displaced.grid import SeedGrid
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

PLAIN = 0.15
"""Part of the windows that are of tracks and background alone (our choice)."""
TRACKS = {"choices": displaced_fit_choices.TRACKS, "plain": displaced_fit_tracks.TRACKS}
"""Tracks of a window."""
AGAIN, LESS, EMPTY = 0.5, 0.2, 0.004
"""Part of every other pair of windows that are older ones again, of their superlayers that have less, of all that have nothing."""


def windows(rng: np.random.Generator, n: int, grid: SeedGrid, n_lanes: int) -> Windows:
    """n windows with SEED_BEATS x n_lanes seeds each, both kinds in random order, some of them made again from older ones."""
    n_plain = round(PLAIN * n)
    made = [
        displaced_fit_choices.choice_windows(rng, n - n_plain, grid, n_lanes),
        displaced_fit_tracks.track_windows(rng, n_plain, grid, n_lanes),
    ]
    return _repeated(rng, joined(made, rng.permutation(n)))


def _repeated(rng: np.random.Generator, windows: Windows) -> Windows:
    """Some windows are those that were in the same bank before, with less in some superlayers: what was there must be gone."""
    n = len(windows.offsets) - 1
    number = np.arange(n)
    again = (number % (2 * N_BANKS) >= N_BANKS) & (rng.random(n) < AGAIN)
    found = joined([windows], number - N_BANKS * again)
    room = np.where(again[:, None] & (rng.random((n, N_SUPERLAYERS)) < LESS), rng.integers(0, BEATS, (n, N_SUPERLAYERS)), BEATS)
    room[rng.random((n, N_SUPERLAYERS)) < EMPTY] = 0
    window = np.repeat(number, np.diff(found.offsets))
    kept = found.positions() < room[window, superlayers().of_segment[found.ts_id]]
    columns = {name: getattr(found, name)[kept] for name in ("ts_id", "priority", "lr", "time")}
    return Windows(offsets=np.searchsorted(window[kept], np.arange(n + 1)), **columns, seeds=found.seeds)
