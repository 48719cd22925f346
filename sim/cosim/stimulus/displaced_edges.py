"""What a pair of tracks hangs on at one radius of the scan, and the judgement whether the answer does hang on it.

Judged by the model: its answer to the pair, and what that would be with the one flag of the radius the other way round.
"""

from enum import IntEnum

import numpy as np

from trigger.compiled import kernel
from trigger.displaced.constants import N_RADII, RADIUS_STEP_LOG2
from trigger.displaced.formats import TURN
from trigger.displaced.pairs import OUTSIDE, coarse, farthest, meet, scan
from trigger.displaced.stereo import crossing, signed_turn
from trigger.displaced.tracks import make_tracks
from trigger.displaced.vertex import find

CLOSE = 1 << (TURN.width - 3)
"""Distance at which two tracks still are near, TURN raw: an eighth of a turn, as in `trigger.displaced.pairs`."""
FOUND = 2
"""Grade of a pair whose edge decides whether there is a vertex; one less if it decides whether there is a crossing."""


class Edge(IntEnum):
    """What a pair hangs on, at its radius k: distances are azimuths of the first track less those of the second one."""

    ZERO = 0
    """Distance 0, where -1 would give another answer."""
    NEGATIVE = 1
    """The other way round."""
    CLOSE = 2
    """Distance exactly CLOSE, or -CLOSE: near."""
    BEYOND = 3
    """One unit, or a power of two, farther: not near."""
    TURNS = 4
    """A track turns round just outside the radius: it does not get there, and would be near."""
    CROSSES = 5
    """Crossing behind the radius: counts as far out as the segments allow."""
    LAST = 6
    """The second of two crossings."""
    IMPACT = 7
    """Impacts at a cut; a crossing behind the radius."""


_ZERO, _NEGATIVE, _CLOSE, _BEYOND, _TURNS, _LAST, _IMPACT = (
    int(edge) for edge in (Edge.ZERO, Edge.NEGATIVE, Edge.CLOSE, Edge.BEYOND, Edge.TURNS, Edge.LAST, Edge.IMPACT)
)


@kernel
def _azimuth(track, k, table):
    """Azimuth of a track at a radius, as if it got there where it does not."""
    radius = (k + 1) << RADIUS_STEP_LOG2
    u = crossing(track[0], track[1], table.scan_bend[radius], table.scan_impact[radius])
    return track[2] + table.asin[coarse(u)]


@kernel
def _ends(crossed):
    """First and last of the radii behind which two tracks cross, the same one for a single crossing, -1 for none."""
    first, last = -1, -1
    for k in range(len(crossed)):
        if crossed[k]:
            first, last = k if first < 0 else first, k
    return first, last


@kernel
def _crossings(negative, near, limit, crossed):
    """Fill the radii behind which two tracks cross, as these flags of the radii say."""
    for k in range(len(crossed)):
        within = (k + 1) << RADIUS_STEP_LOG2 <= limit
        crossed[k] = within and negative[k] != negative[k + 1] and near[k] and near[k + 1]


@kernel
def judge(values, lines, rows, chosen, aims, cuts, table, out):
    """Turn the second track of each pair to the wanted distance. aims: edge, radius, distance; out: azimuth, grade, (n,) each."""
    azimuth, grade = out
    tracks = make_tracks(1, N_RADII)
    tracks.there[:] = True
    away, negative, near = np.zeros(N_RADII, np.int64), np.zeros(N_RADII, np.bool_), np.zeros(N_RADII, np.bool_)
    crossed, otherwise = np.zeros(N_RADII - 1, np.bool_), np.zeros(N_RADII - 1, np.bool_)
    for i in range(len(grade)):
        edge, k, distance = aims[0][i], aims[1][i], aims[2][i]
        azimuth[i] = _azimuth(values[i, 0], k, table)
        apart = azimuth[i] - _azimuth(values[i, 1], k, table)
        values[i, 1, 2] = (values[i, 1, 2] + apart - distance) & (OUTSIDE - 1)
        for side in range(2):
            tracks.values[side], tracks.lines[side], tracks.rows[side] = values[i, side], lines[i, side], rows[i, side]
            tracks.chosen[side] = chosen[i, side]
            scan(tracks.values[side], table, tracks.scans[side])
        if edge != _IMPACT and not meet(tracks, 0, 1, cuts):
            continue
        for j in range(N_RADII):
            away[j] = signed_turn(_azimuth(tracks.values[0], j, table) - _azimuth(tracks.values[1], j, table))
            negative[j] = away[j] < 0
            near[j] = abs(away[j]) <= CLOSE and tracks.scans[0, j] != OUTSIDE and tracks.scans[1, j] != OUTSIDE
        limit = farthest(tracks.chosen[0], tracks.chosen[1], cuts, table)
        _crossings(negative, near, limit, crossed)
        otherwise[:] = crossed
        if edge in (_ZERO, _NEGATIVE):
            negative[k] = not negative[k]
            _crossings(negative, near, limit, otherwise)
        elif edge in (_CLOSE, _BEYOND, _TURNS):
            near[k] = not near[k]
            _crossings(negative, near, limit, otherwise)
        elif edge == _LAST:
            otherwise[k] = False
        elif negative[k] != negative[k + 1] and near[k] and near[k + 1]:
            otherwise[k] = not crossed[k]
        if edge == _LAST and (not crossed[k] or _ends(crossed)[1] != k or _ends(crossed)[0] == k):
            continue
        ends, others = _ends(crossed), _ends(otherwise)
        radii = _radii(ends, away), _radii(others, away)
        for one, two in (radii, radii[::-1]):
            for radius in one:
                if radius >= 0 and radius != two[0] and radius != two[1]:
                    grade[i] = max(grade[i], FOUND if find(tracks, 0, 1, radius, cuts, table)[0] else FOUND - 1)


@kernel
def _radii(ends, away):
    """Radius, DEPTH raw, of the first and of the last crossing; -1 for none."""
    first, last = ends
    return _radius(first, away), _radius(last, away)


@kernel
def _radius(k, away):
    if k < 0:
        return -1
    before, after = abs(away[k]), abs(away[k + 1])
    return ((k + 1) << RADIUS_STEP_LOG2) + (before << RADIUS_STEP_LOG2) // max(before + after, 1)
