"""Compiled line search in z: the stereo segments of a track, and the straight line through them."""

import numpy as np

from trigger.compiled import kernel
from trigger.displaced.constants import CROSSING_FRACTION, DEPTH_FRACTION, N_TIMES
from trigger.displaced.fit import rounded, saturated
from trigger.displaced.formats import CROSSING, DEPTH, SLOPE, TURN

N_STEREO = 4
MIN_STEREO = 3
SLOPE_STEP, SLOPE_LOW, SLOPE_HIGH = 8, -80, 152
"""Slopes of the search, SLOPE raw: steps of 1/8 from -1.25 to 2.375, polar angles of 141 to 23 degrees."""
DEPTH_MAX = 160 << DEPTH.fraction
"""Largest |z| of a track at path 0, DEPTH raw: our choice, what a track of the chamber has that starts within it."""
_DEPTH_RAW_MAX, _SLOPE_RAW_MAX = DEPTH.raw_max, SLOPE.raw_max
_ONE = 1 << CROSSING.fraction
_TURN_MASK = (1 << TURN.width) - 1
_HALF_TURN = 1 << (TURN.width - 1)
_SLOPE_FRACTION = SLOPE.fraction


@kernel
def signed_turn(raw):
    """An azimuth difference within half a turn both ways."""
    return ((raw + _HALF_TURN) & _TURN_MASK) - _HALF_TURN


@kernel
def crossing(bend, impact, of_bend, of_impact):
    """CROSSING raw of a track at a radius, saturated: +-4096 where the track does not get there."""
    return saturated(rounded(bend * of_bend + impact * of_impact, CROSSING_FRACTION), _ONE)


@kernel
def depths(hits, first, last, track, t0, row, table, z, member):
    """z of the track at each stereo segment that it can have fired, DEPTH raw, with superlayer 0..3; returns how many.

    A segment of unknown side gives two. z, member: with room for two per segment.
    """
    bend, impact, phi = track
    count = 0
    for i in range(first, last):
        s = hits.stereo[i]
        if s < 0:
            continue
        u = crossing(bend, impact, table.of_bend[s], table.of_impact[s])
        if abs(u) == _ONE:
            continue
        drift = rounded(table.drift[min(max(hits.time[i] - t0, 0), N_TIMES - 1)] * table.turn_per_drift[row, s], DEPTH_FRACTION)
        turned = phi + table.asin[u + _ONE] - hits.angle[i]
        for side in (-1, 1):
            if hits.side[i] not in (0, side):
                continue
            deep = rounded(signed_turn(turned - side * drift) * table.depth_per_turn[s], DEPTH_FRACTION)
            if deep < -table.depth_slack or deep > table.depth_range[s] + table.depth_slack:
                continue
            z[count], member[count] = table.depth_start[s] + deep, s
            count += 1
    return count


@kernel
def search(z, member, count, path, bin_log2, bins):
    """(superlayers, slope, z at path 0) of the best line, DEPTH and SLOPE raw; the first of equals, slopes ascending, then z.

    Bins of z overlap by half: bin b holds b and b + 1 times 2^bin_log2 from -DEPTH_MAX on. bins: uint8, scratch.
    """
    best, best_slope, best_z = 0, 0, 0
    for slope in range(SLOPE_LOW, SLOPE_HIGH + 1, SLOPE_STEP):
        bins[:] = 0
        for i in range(count):
            start = z[i] - rounded(slope * path[member[i]], _SLOPE_FRACTION)
            if -DEPTH_MAX <= start < DEPTH_MAX:
                place = (start + DEPTH_MAX) >> bin_log2
                bins[place + 1] |= 1 << member[i]
        for place in range(len(bins) - 1):
            both = bins[place] | bins[place + 1]
            found = (both & 1) + ((both >> 1) & 1) + ((both >> 2) & 1) + (both >> 3)
            if found > best:
                best, best_slope, best_z = found, slope, (place << bin_log2) - DEPTH_MAX
    return best, best_slope, best_z


@kernel
def straighten(z, member, count, row, road, start, slope, table):
    """(superlayers, z at path 0, slope) of the straight line through the point of each superlayer that is nearest to a line.

    Without MIN_STEREO superlayers their number is 0.

    road: points farther from the line, DEPTH raw, do not count; the earlier of two equals does.
    """
    left = np.zeros(N_STEREO, np.int64)
    there = np.zeros(N_STEREO, np.bool_)
    for i in range(count):
        s = member[i]
        d = z[i] - rounded(slope * table.path[row, s], _SLOPE_FRACTION) - start
        if abs(d) <= road and (not there[s] or abs(d) < abs(left[s])):
            left[s], there[s] = d, True
    missing, n = N_STEREO, 0
    for s in range(N_STEREO):
        if there[s]:
            n += 1
        else:
            missing = s
    if n < MIN_STEREO:
        return 0, start, slope
    moved = np.zeros(2, np.int64)
    for out in range(2):
        total = 0
        for s in range(N_STEREO):
            if s != missing:
                total += table.line.mantissa[row, missing, out, s] * left[s]
        moved[out] = rounded(total, table.line.shift[row, missing, out])
    return n, saturated(start + moved[0], _DEPTH_RAW_MAX), saturated(slope + moved[1], _SLOPE_RAW_MAX)


@kernel
def line(z, member, count, row, bin_log2, table, bins):
    """(superlayers, z at path 0, slope) of a track, 0 superlayers = none: search, then the line through the nearest points."""
    best, slope, start = search(z, member, count, table.path[row], bin_log2, bins)
    if best < MIN_STEREO:
        return 0, start, slope
    return straighten(z, member, count, row, 1 << bin_log2, start, slope, table)
