"""Compiled list of the tracks of a window: duplicates of a track share segments, and the best of them stays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.displaced.fit import N_AXIAL


class Tracks(NamedTuple):
    """Places of the list, int64 unless said otherwise; one more than the list has, the last one for the track that arrives.

    there: bool, the place is taken. values: (bend, impact, phi0). lines: (z at path 0, slope). rows: row of the fit. chi2: CHI2.
    times: event time that the track was fitted with. chosen: axial segments, -1 = none. n_stereo: stereo superlayers of the line.
    scans: azimuths at the radii of the scan.
    """

    there: NDArray[np.bool_]
    values: NDArray[np.int64]
    lines: NDArray[np.int64]
    rows: NDArray[np.int64]
    chi2: NDArray[np.int64]
    times: NDArray[np.int64]
    chosen: NDArray[np.int64]
    n_stereo: NDArray[np.int64]
    scans: NDArray[np.int64]


@kernel
def make_tracks(room, n_radii):
    """An empty list with `room` places."""
    n = room + 1
    return Tracks(
        np.zeros(n, np.bool_), np.zeros((n, 3), np.int64), np.zeros((n, 2), np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64),
        np.zeros(n, np.int64), np.zeros((n, N_AXIAL), np.int64), np.zeros(n, np.int64), np.zeros((n, n_radii), np.int64),
    )  # fmt: skip


@kernel
def shared(one, other):
    """Axial segments that two tracks have in common."""
    count = 0
    for k in range(N_AXIAL):
        count += one[k] >= 0 and one[k] == other[k]
    return count


@kernel
def better(tracks, one, other):
    """Whether the track at one place is preferred to that at another: more axial segments, then the smaller sum of squares."""
    n_one, n_other = (tracks.chosen[one] >= 0).sum(), (tracks.chosen[other] >= 0).sum()
    return n_one > n_other or (n_one == n_other and tracks.chi2[one] < tracks.chi2[other])


@kernel
def insert(tracks, shared_max):
    """Put the arriving track into the list; whether there was no place for it.

    It stays only if it is better than every track that it shares more than shared_max segments with. It takes the place of the
    first of them, the others are removed; without such a track it takes the first free place.
    """
    new = len(tracks.there) - 1
    place, free = -1, -1
    for other in range(new):
        if not tracks.there[other]:
            if free < 0:
                free = other
        elif shared(tracks.chosen[new], tracks.chosen[other]) > shared_max:
            if not better(tracks, new, other):
                return False
            if place < 0:
                place = other
    if place < 0:
        if free < 0:
            return True
        place = free
    for other in range(place + 1, new):
        if tracks.there[other] and shared(tracks.chosen[new], tracks.chosen[other]) > shared_max:
            tracks.there[other] = False
    tracks.there[place] = True
    tracks.values[place] = tracks.values[new]
    tracks.lines[place] = tracks.lines[new]
    tracks.rows[place] = tracks.rows[new]
    tracks.chi2[place] = tracks.chi2[new]
    tracks.times[place] = tracks.times[new]
    tracks.chosen[place] = tracks.chosen[new]
    tracks.n_stereo[place] = tracks.n_stereo[new]
    tracks.scans[place] = tracks.scans[new]
    return False
