"""Compiled fit of a seed in the transverse plane: linear steps, the first from the wires, the others with drift times."""

import numpy as np

from trigger.compiled import kernel
from trigger.displaced.constants import N_TIMES, RESIDUAL_FRACTION
from trigger.displaced.formats import BEND, CHI2_SHIFT, FACTOR, IMPACT, SINE, SQUARE, TURN
from trigger.displaced.seeds import N_CELLS

N_AXIAL = 5
_TURN_MASK = (1 << TURN.width) - 1
_HALF_TURN = 1 << (TURN.width - 1)
_BEND_MAX, _IMPACT_MAX = BEND.raw_max, IMPACT.raw_max
_HALF_CELL = (1 << TURN.width) // (2 * N_CELLS)
_SQUARE_FRACTION = SQUARE.fraction
_SINE_FRACTION = SINE.fraction
_FACTOR_FRACTION = FACTOR.fraction


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
def away(hits, i, bend, impact, phi, table):
    """Distance of a segment's wire from a track along phi, LENGTH raw: positive where the wire has the larger azimuth."""
    k, kind = hits.member[i], hits.kind[i]
    measured = rounded(table.radius[k, kind] * table.sine[(hits.angle[i] - phi) & _TURN_MASK], _SINE_FRACTION)
    return measured - rounded(bend * table.square[k, kind], _SQUARE_FRACTION) - impact


@kernel
def ahead(hits, i, phi):
    """Whether a wire is on the same side of the axis as the direction phi."""
    turned = (hits.angle[i] - phi + (_HALF_TURN >> 1)) & _TURN_MASK
    return turned < _HALF_TURN


@kernel
def nearest(hits, first, last, seed, table, chosen, distance):
    """Choose the segment of each axial superlayer whose wire is nearest to the centre of the cell; returns how many were found.

    seed: (row, phi). The earlier segment wins a tie. chosen: int64 (5,), index of the segment, -1 = none.
    """
    row, phi = seed
    chosen[:] = -1
    for i in range(first, last):
        k = hits.member[i]
        if k < 0 or not ahead(hits, i, phi):
            continue
        d = away(hits, i, table.bend[row], table.impact[row], phi, table)
        if abs(d) > table.road[row, k]:
            continue
        if chosen[k] < 0 or abs(d) < abs(distance[k]):
            chosen[k], distance[k] = i, d
    return (chosen >= 0).sum()


@kernel
def refine(hits, first, last, track, t0, road, table, row, chosen, distance):
    """Choose the segment of each axial superlayer that is nearest with its drift distance; returns how many were found.

    track: (bend, impact, phi). The wire must lie within the road. A segment of unknown side is
    taken on the nearer one, left on a tie.
    """
    bend, impact, phi = track
    chosen[:] = -1
    for i in range(first, last):
        k = hits.member[i]
        if k < 0 or not ahead(hits, i, phi):
            continue
        wire = away(hits, i, bend, impact, phi, table)
        if abs(wire) > road:
            continue
        drift = table.drift[min(max(hits.time[i] - t0, 0), N_TIMES - 1)]
        drift = rounded(drift * table.stretch[row], _FACTOR_FRACTION)
        side = hits.side[i]
        if side == 0:
            side = 1 if wire <= 0 else -1
        d = wire + side * drift
        if chosen[k] < 0 or abs(d) < abs(distance[k]):
            chosen[k], distance[k] = i, d
    return (chosen >= 0).sum()


@kernel
def missing_of(chosen):
    """Index of the fit's constants: the one superlayer without a segment, the last index for none, -1 for two or more."""
    missing, count = N_AXIAL, 0
    for k in range(N_AXIAL):
        if chosen[k] < 0:
            missing = k
            count += 1
    return missing if count < 2 else -1


@kernel
def step(distance, missing, row, track, table):
    """The track after one linear step, (bend, impact, phi), and the sum of squares of the residuals, CHI2 raw."""
    moved = np.zeros(3, np.int64)
    chi2 = 0
    for out in range(3):
        total = 0
        for k in range(N_AXIAL):
            if k != missing:
                total += table.fit.mantissa[row, missing, out, k] * distance[k]
        moved[out] = rounded(total, table.fit.shift[row, missing, out])
    for out in range(2):
        total = 0
        for k in range(N_AXIAL):
            if k != missing:
                total += table.residual[row, missing, out, k] * distance[k]
        left = rounded(total, RESIDUAL_FRACTION)
        chi2 += left * left
    bend = saturated(track[0] + moved[0], _BEND_MAX)
    impact = saturated(track[1] + moved[1], _IMPACT_MAX)
    return (bend, impact, (track[2] + moved[2]) & _TURN_MASK), rounded(chi2, CHI2_SHIFT)


@kernel
def fit(hits, first, last, row, cell, roads, given, has_given, fastest_ahead, table, chosen, distance):
    """Fit a seed: (found, bend, impact, phi, event time, CHI2 raw); chosen: the segments of the last step."""
    phi = (2 * cell + 1) * _HALF_CELL
    track = (table.bend[row], table.impact[row], phi)
    t0, chi2 = given, 0
    nearest(hits, first, last, (row, phi), table, chosen, distance)
    for turn in range(len(roads) + 1):
        if turn > 0:
            refine(hits, first, last, track, t0, roads[turn - 1], table, row, chosen, distance)
        missing = missing_of(chosen)
        if missing < 0:
            return False, track, t0, chi2
        if turn == 0 and not has_given:
            t0 = hits.time[chosen[0 if missing != 0 else 1]]
            for k in range(N_AXIAL):
                if k != missing:
                    t0 = min(t0, hits.time[chosen[k]])
            t0 -= fastest_ahead
        track, chi2 = step(distance, missing, row, track, table)
    return True, track, t0, chi2
