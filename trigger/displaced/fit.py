"""Compiled fit of a seed in the transverse plane: one step with the nearest wires, one with drift times and the best sides.

All azimuths are differences from a prediction, so that the field of a wire's angle is the only one that runs round the circle.
"""

import numpy as np

from trigger.compiled import kernel
from trigger.displaced.fit_rows import BEND_STEP_LOG2, IMPACT_STEP_LOG2, N_BEND, N_IMPACT
from trigger.displaced.fit_tables import FACTOR_FRACTION, N_TIMES, RESIDUAL_FRACTION, SHARE_FRACTION, STEREO_FRACTION
from trigger.displaced.formats import AZIMUTH, BEND, CHI2_SHIFT, COARSE, COARSE_SHIFT, IMPACT, OFF, RESIDUAL, TURN

N_AXIAL, N_STEREO = 5, 4
N_NEAR = 2
"""Wires of a superlayer that are looked at, and of their two or four places the ones that enter the fit."""
_BEND_MAX, _IMPACT_MAX, _OFF_MAX, _RESIDUAL_MAX = BEND.raw_max, IMPACT.raw_max, OFF.raw_max, RESIDUAL.raw_max
HALF_TURN = 1 << (AZIMUTH.width - 1)
_MASK, _HALF = (1 << AZIMUTH.width) - 1, HALF_TURN
_COARSE_MASK, _COARSE_HALF = (1 << COARSE.width) - 1, 1 << (COARSE.width - 1)
_TURN_SHIFT, _TURN_MASK = AZIMUTH.width - TURN.width, (1 << TURN.width) - 1
_FAR = 1 << AZIMUTH.width


@kernel
def rounded(value, shift):
    """value / 2^shift to the nearest integer, ties upward; shift may be negative."""
    if shift <= 0:
        return value << -shift
    return (value + (1 << (shift - 1))) >> shift


@kernel
def saturated(value, largest):
    """An integer within +-largest."""
    return min(max(value, -largest), largest)


@kernel
def around(raw):
    """An AZIMUTH difference within half a turn both ways."""
    return ((raw + _HALF) & _MASK) - _HALF


@kernel
def coarse_off(angle, azimuth):
    """COARSE difference of two AZIMUTHs, each cut to its upper bits, within half a turn both ways."""
    return (((angle >> COARSE_SHIFT) - (azimuth >> COARSE_SHIFT) + _COARSE_HALF) & _COARSE_MASK) - _COARSE_HALF


@kernel
def nearest(hits, first, last, row, phi, table, near, off):
    """Choose the two wires of each axial superlayer that are nearest to the centre of the cell; returns how many have one.

    near: int64 (5, 2), segment, -1 = none; off: COARSE, its azimuth from the centre, 0 without. The earlier of two equals wins.
    """
    near[:], off[:] = -1, 0
    for i in range(first, last):
        k = hits.member[i]
        if k < 0:
            continue
        d = coarse_off(hits.angle[i], (phi + table.azimuth[row, k, hits.kind[i]]) & _MASK)
        if abs(d) > table.road[row, k]:
            continue
        if near[k, 0] < 0 or abs(d) < abs(off[k, 0]):
            near[k, 1], off[k, 1] = near[k, 0], off[k, 0]
            near[k, 0], off[k, 0] = i, d
        elif near[k, 1] < 0 or abs(d) < abs(off[k, 1]):
            near[k, 1], off[k, 1] = i, d
    return (near[:, 0] >= 0).sum()


@kernel
def missing_of(near):
    """Index of the constants: the one superlayer without a wire, the last index for none, -1 for two or more."""
    missing, count = N_AXIAL, 0
    for k in range(N_AXIAL):
        if near[k, 0] < 0:
            missing = k
            count += 1
    return missing if count < 2 else -1


@kernel
def total(factors, values):
    """Sum of products of a row of a matrix."""
    found = 0
    for k in range(len(values)):
        found += factors[k] * values[k]
    return found


@kernel
def event_time(hits, near, ahead):
    """Time of the earliest of the nearest segments, and somewhat before."""
    found, there = 0, False
    for k in range(N_AXIAL):
        if near[k, 0] >= 0 and (not there or hits.time[near[k, 0]] < found):
            found, there = hits.time[near[k, 0]], True
    return found - ahead


@kernel
def drift_of(time, t0, table):
    """DRIFT distance of a segment's time."""
    return table.drift[min(max(time - t0, 0), N_TIMES - 1)]


@kernel
def row_of(bend, impact):
    """Row of the fit, the nearest one for a track outside."""
    a = min(max((bend >> BEND_STEP_LOG2) + N_BEND // 2, 0), N_BEND - 1)
    b = min(max((impact >> IMPACT_STEP_LOG2) + N_IMPACT // 2, 0), N_IMPACT - 1)
    return a * N_IMPACT + b


@kernel
def places(hits, near, off, predicted, row, phi, t0, table, value, choice):
    """Fill the two places of each superlayer that lie nearest to the track of the first step.

    value: int64 (5, 2), OFF from the row's track; choice: int64 (5, 2), segment, -1 = none. A wire has a place on the side where
    the track passes, or on both; on a tie the nearer wire and the smaller azimuth come first.
    """
    value[:], choice[:] = 0, -1
    for k in range(N_AXIAL):
        best, second = _FAR, _FAR
        for c in range(N_NEAR):
            i = near[k, c]
            if i < 0:
                continue
            x = rounded(drift_of(hits.time[i], t0, table) * table.per_drift[row, k], FACTOR_FRACTION)
            left = around(hits.angle[i] - phi - table.azimuth[row, k, hits.kind[i]])
            for side in (-1, 1):
                if hits.side[i] == -side:
                    continue
                miss = abs((off[k, c] << COARSE_SHIFT) - predicted[k] + side * x)
                place = saturated(left + side * x, _OFF_MAX)
                if miss < best:
                    second, value[k, 1], choice[k, 1] = best, value[k, 0], choice[k, 0]
                    best, value[k, 0], choice[k, 0] = miss, place, i
                elif miss < second:
                    second, value[k, 1], choice[k, 1] = miss, place, i


@kernel
def sides(value, choice, factors, missing):
    """(combination, RESIDUAL raw) of the places that fit best together: bit k is the place of superlayer k; the lowest wins a tie.

    The size of the two residuals is the larger one and half of the smaller one, the latter cut to an integer.
    """
    term = np.zeros((2, N_AXIAL, N_NEAR), np.int64)
    for out in range(2):
        for k in range(N_AXIAL):
            if k != missing:
                for c in range(N_NEAR):
                    term[out, k, c] = rounded(factors[out, k] * value[k, c], RESIDUAL_FRACTION)
    best, smallest = 0, _RESIDUAL_MAX + 1
    for combination in range(1 << N_AXIAL):
        one, other, there = 0, 0, True
        for k in range(N_AXIAL):
            c = (combination >> k) & 1
            one += term[0, k, c]
            other += term[1, k, c]
            there &= c == 0 or choice[k, 1] >= 0
        one, other = abs(one), abs(other)
        size = min(max(one, other) + (min(one, other) >> 1), _RESIDUAL_MAX)
        if there and size < smallest:
            best, smallest = combination, size
    return best, smallest


@kernel
def fit(hits, first, last, seed, given, has_given, fastest_ahead, tables, chosen, shift):
    """Fit a seed: (found, (bend, impact, phi TURN), event time, CHI2 raw, row of the fit, azimuth of the first step).

    seed: (row, AZIMUTH). tables: of the seeds, of the fit. chosen: int64 (5,), the segments, -1 = none. shift: int64 (4,), AZIMUTH
    steps at the stereo superlayers from the row's track. Without found the rest means nothing.
    """
    row, phi = seed
    of_seed, of_fit = tables
    near, off = np.zeros((N_AXIAL, N_NEAR), np.int64), np.zeros((N_AXIAL, N_NEAR), np.int64)
    nearest(hits, first, last, row, phi, of_seed, near, off)
    missing = missing_of(near)
    if missing < 0:
        return False, (0, 0, 0), 0, 0, 0, 0
    move, shifts = of_seed.move.mantissa[row, missing], of_seed.move.shift[row, missing]
    bend = saturated(of_seed.bend[row] + rounded(total(move[0], off[:, 0]), shifts[0]), _BEND_MAX)
    impact = saturated(of_seed.impact[row] + rounded(total(move[1], off[:, 0]), shifts[1]), _IMPACT_MAX)
    phi = (phi + rounded(total(move[2], off[:, 0]), shifts[2])) & _MASK
    predicted = np.zeros(N_AXIAL, np.int64)
    for k in range(N_AXIAL):
        predicted[k] = rounded(total(of_seed.share[row, missing, k], off[:, 0]), SHARE_FRACTION - COARSE_SHIFT)
    t0 = given if has_given else event_time(hits, near, fastest_ahead)
    row = row_of(bend, impact)
    value, choice = np.zeros((N_AXIAL, N_NEAR), np.int64), np.zeros((N_AXIAL, N_NEAR), np.int64)
    places(hits, near, off, predicted, row, phi, t0, of_fit, value, choice)
    combination, size = sides(value, choice, of_fit.residual[row, missing], missing)
    for k in range(N_AXIAL):
        c = (combination >> k) & 1
        chosen[k], off[k, 0] = choice[k, c], value[k, c]
    move, shifts = of_fit.move.mantissa[row, missing], of_fit.move.shift[row, missing]
    bend = saturated(of_fit.bend[row] + rounded(total(move[0], off[:, 0]), shifts[0]), _BEND_MAX)
    impact = saturated(of_fit.impact[row] + rounded(total(move[1], off[:, 0]), shifts[1]), _IMPACT_MAX)
    final = rounded(phi + rounded(total(move[2], off[:, 0]), shifts[2]), _TURN_SHIFT) & _TURN_MASK
    for s in range(N_STEREO):
        shift[s] = rounded(total(of_fit.stereo[row, missing, s], off[:, 0]), STEREO_FRACTION)
    return True, (bend, impact, final), t0, rounded(size * size, CHI2_SHIFT), row, phi
