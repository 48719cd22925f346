"""Compiled line in z: the stereo segments of a track, the three or four that lie on a line, and the line through them."""

import numpy as np

from trigger.compiled import kernel
from trigger.displaced.constants import CROSSING_FRACTION
from trigger.displaced.fit import N_STEREO, around, coarse_off, drift_of, rounded, saturated
from trigger.displaced.fit_tables import DEPTH_FRACTION, FACTOR_FRACTION, STEREO_SLACK_CM, TRIPLES
from trigger.displaced.formats import AZIMUTH, COARSE, CROSSING, DEPTH, MISS, OFF, SLOPE, TURN

MIN_STEREO = 3
N_POINTS = 4
"""Points of a superlayer that are looked at: a segment of unknown side is two."""
SLOPE_LOW, SLOPE_HIGH = -80, 152
"""Slopes of tracks, SLOPE raw: -1.25 to 2.375, polar angles of 141 to 23 degrees."""
DEPTH_MAX = 160 << DEPTH.fraction
"""Largest |z| of a track at path 0, DEPTH raw: our choice, what a track of the chamber has that starts within it."""
SLACK = int(DEPTH.quantise(STEREO_SLACK_CM))
MISS_MAX = MISS.raw_max
_DEPTH_RAW_MAX, _SLOPE_RAW_MAX, _OFF_MAX = DEPTH.raw_max, SLOPE.raw_max, OFF.raw_max
_ONE = 1 << CROSSING.fraction
_TURN_MASK, _HALF_TURN = (1 << TURN.width) - 1, 1 << (TURN.width - 1)
_MASK, _COARSE_MASK = (1 << AZIMUTH.width) - 1, (1 << COARSE.width) - 1
_TRIPLES = np.array(TRIPLES)
_OUTER, _INNER = 3, 0
"""Places in TRIPLES of the three inner and of the three outer superlayers, which a line of four consists of."""


@kernel
def signed_turn(raw):
    """A TURN difference within half a turn both ways."""
    return ((raw + _HALF_TURN) & _TURN_MASK) - _HALF_TURN


@kernel
def crossing(bend, impact, of_bend, of_impact):
    """CROSSING raw of a track at a radius, saturated: +-4096 where the track does not get there."""
    return saturated(rounded(bend * of_bend + impact * of_impact, CROSSING_FRACTION), _ONE)


@kernel
def points(hits, first, last, seed, track, shift, t0, tables, turned, z, there):
    """Fill the points of each stereo superlayer that a seed's tracks can have, the first of them in order, left before right.

    seed: (row, AZIMUTH) of the seed; track: (row, AZIMUTH) of the fit after its first step, shift what its second one adds. turned:
    int64 (4, 4), OFF from the backward end of the wire; z: DEPTH from there; there: bool, z lies on the wire.
    """
    of_seed, of_fit = tables
    row, phi = track
    count = np.zeros(N_STEREO, np.int64)
    there[:] = False
    for i in range(first, last):
        s = hits.stereo[i]
        if s < 0:
            continue
        if (coarse_off(hits.angle[i], (seed[1] + of_seed.start[seed[0], s]) & _MASK) & _COARSE_MASK) > of_seed.width[seed[0], s]:
            continue
        x = rounded(drift_of(hits.time[i], t0, of_fit) * of_fit.stereo_per_drift[row, s], FACTOR_FRACTION)
        for side in (-1, 1):
            if hits.side[i] == -side or count[s] == N_POINTS:
                continue
            c = count[s]
            count[s] += 1
            base = around(phi + of_fit.stereo_azimuth[row, s] - hits.angle[i]) - side * x
            turned[s, c] = saturated(base + shift[s], _OFF_MAX)
            z[s, c] = rounded(turned[s, c] * of_fit.depth[s], DEPTH_FRACTION)
            there[s, c] = -SLACK <= z[s, c] <= of_fit.range[s] + SLACK


@kernel
def misses(turned, z, there, row, table, miss):
    """Fill what the middle point of three misses the line through the others by, MISS raw, int64 (4, 4, 4, 4): TRIPLES first."""
    miss[:] = MISS_MAX
    for t in range(len(_TRIPLES)):
        one, middle, other = _TRIPLES[t]
        for a in range(N_POINTS):
            left = rounded(turned[one, a] * table.weight[row, t, 0], DEPTH_FRACTION)
            for c in range(N_POINTS):
                if not (there[one, a] and there[other, c]):
                    continue
                line = left + rounded(turned[other, c] * table.weight[row, t, 1], DEPTH_FRACTION) - table.offset[row, t]
                for b in range(N_POINTS):
                    if there[middle, b]:
                        miss[t, a, b, c] = min(abs(z[middle, b] - line), MISS_MAX)


@kernel
def best_of_three(miss, chosen):
    """(smallest miss, superlayer without a point); chosen: int64 (4,), points. The first wins a tie."""
    best, missing = MISS_MAX, 0
    for t in range(len(_TRIPLES)):
        for a in range(N_POINTS):
            for b in range(N_POINTS):
                for c in range(N_POINTS):
                    if miss[t, a, b, c] < best:
                        best, missing = miss[t, a, b, c], t
                        chosen[:] = -1
                        chosen[_TRIPLES[t, 0]], chosen[_TRIPLES[t, 1]], chosen[_TRIPLES[t, 2]] = a, b, c
    return best, missing


@kernel
def best_of_four(miss, chosen):
    """Smallest sum of the two misses of a line of four points, whose middle ones are in both; chosen: int64 (4,), points."""
    best = 2 * MISS_MAX
    for b in range(N_POINTS):
        for c in range(N_POINTS):
            inner, outer = 0, 0
            for a in range(1, N_POINTS):
                if miss[_OUTER, a, b, c] < miss[_OUTER, inner, b, c]:
                    inner = a
                if miss[_INNER, b, c, a] < miss[_INNER, b, c, outer]:
                    outer = a
            size = miss[_OUTER, inner, b, c] + miss[_INNER, b, c, outer]
            if size < best:
                best = size
                chosen[0], chosen[1], chosen[2], chosen[3] = inner, b, c, outer
    return best


@kernel
def straight(z, chosen, missing, row, table):
    """(z at path 0, slope) of the straight line through points, DEPTH and SLOPE raw."""
    found = np.zeros(2, np.int64)
    for out in range(2):
        value = 0
        for s in range(N_STEREO):
            if s != missing:
                value += table.line.mantissa[row, missing, out, s] * (z[s, chosen[s]] + table.start[s])
        found[out] = rounded(value, table.line.shift[row, missing, out])
    return saturated(found[0], _DEPTH_RAW_MAX), saturated(found[1], _SLOPE_RAW_MAX)


@kernel
def line(hits, first, last, seed, track, shift, t0, cuts, tables):
    """(superlayers, z at path 0, slope, MISS raw) of a track, 0 superlayers for none; cuts: MISS raw for three and for four points.

    Four points on a line are preferred to three. The sum of the misses of four is cut at the largest MISS.
    """
    shape = (N_STEREO, N_POINTS)
    turned, z, there = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    points(hits, first, last, seed, track, shift, t0, tables, turned, z, there)
    miss = np.zeros((N_STEREO, N_POINTS, N_POINTS, N_POINTS), np.int64)
    misses(turned, z, there, track[0], tables[1], miss)
    chosen, four = np.zeros(N_STEREO, np.int64), np.zeros(N_STEREO, np.int64)
    size, missing = best_of_three(miss, chosen)
    size_four = best_of_four(miss, four)
    count = MIN_STEREO
    if size_four <= cuts[1]:
        size, missing, count = size_four, N_STEREO, N_STEREO
        chosen[:] = four
    elif size > cuts[0]:
        return 0, 0, 0, 0
    start, slope = straight(z, chosen, missing, track[0], tables[1])
    if abs(start) > DEPTH_MAX or not SLOPE_LOW <= slope <= SLOPE_HIGH:
        return 0, 0, 0, 0
    return count, start, slope, min(size, MISS_MAX)
