"""Compiled seed search: which cells fire, which patches of them are seeds, and which seeds leave in time.

The search goes round the circle in steps of a few sectors. In a step the patches of `COLUMNS` azimuths are decided, one azimuth
before the next sectors begin, for the last azimuth of a sector waits for its neighbour. The seeds of a step wait for each other: of
each lane one leaves in every slot, and in slot k at the earliest those of step k.
"""

import numpy as np

from trigger.compiled import kernel
from trigger.displaced.grid import N_LANES, N_WORDS, PATCH, WORD_BITS
from trigger.geometry.cdc import N_SECTORS

N_CELLS = N_WORDS * WORD_BITS
SECTORS_PER_STEP = 2
"""Sectors that are voted on at once. Our choice: half of the window's time is left for the fits."""
N_STEPS = N_SECTORS // SECTORS_PER_STEP
COLUMNS = N_CELLS // N_STEPS
SCORE_MAX = 15
"""A patch has 16 cells; more than this many fired ones count as this. Our choice: four bits."""
NEIGHBOURS = tuple(
    (bend, impact, azimuth)
    for bend in (-1, 0, 1)
    for impact in (-1, 0, 1)
    for azimuth in (-1, 0, 1)
    if (bend, impact, azimuth) < (0, 0, 0) and abs(bend) + abs(impact) + abs(azimuth) < 3
)
"""Patches that a peak must be above; it must not be below the opposite ones. Corners do not count. Our choice: with them there are
as many seeds, with the six nearest alone twice as many, more than can leave in time."""
_OFFSETS = np.array(NEIGHBOURS)
_ONE = np.uint64(1)


@kernel
def vote(rows, turns, members, mask, planes):
    """Set the cells of each axial superlayer; planes: uint64 (5, 2, rows), cleared first.

    rows: of the segments in the window table, counted with positions; turns: cells that their sector is further; members: axial
    superlayer 0..4 of each.
    """
    planes[:] = 0
    for i in range(len(rows)):
        window, plane = mask[rows[i]], planes[members[i]]
        swap, shift = turns[i] // WORD_BITS, np.uint64(turns[i] % WORD_BITS)
        low, high = window[swap], window[1 - swap]
        if shift == 0:
            plane[0] |= low
            plane[1] |= high
        else:
            back = np.uint64(WORD_BITS) - shift
            plane[0] |= (low << shift) | (high >> back)
            plane[1] |= (high << shift) | (low >> back)


@kernel
def fire(planes, only_five, fired):
    """Cells with four or more superlayers, or with all five: fired uint64 (2, rows)."""
    for word in range(N_WORDS):
        for row in range(planes.shape[2]):
            a, b, c, d, e = (
                planes[0, word, row],
                planes[1, word, row],
                planes[2, word, row],
                planes[3, word, row],
                planes[4, word, row],
            )
            ab, cd = a & b, c & d
            if only_five:
                fired[word, row] = ab & cd & e
            else:
                fired[word, row] = (ab & cd) | (e & ((ab & (c | d)) | (cd & (a | b))))


@kernel
def rate(fired, score, places):
    """Write the score of every patch in which a cell fires, (patches in bend, in impact, cells in azimuth); returns their number.

    score: uint8, all zero before. places: int64 (patches x cells, 3), theirs, in the order of bend, impact, azimuth.
    """
    count, n_impact = 0, score.shape[1] * PATCH
    for bend in range(score.shape[0]):
        for impact in range(score.shape[1]):
            for word in range(N_WORDS):
                some = np.uint64(0)
                for cell in range(PATCH * PATCH):
                    some |= fired[word, (bend * PATCH + cell // PATCH) * n_impact + impact * PATCH + cell % PATCH]
                for bit in range(WORD_BITS if some else 0):
                    if (some >> np.uint64(bit)) & _ONE:
                        azimuth = WORD_BITS * word + bit
                        total = weigh(fired, n_impact, bend, impact, azimuth)[0]
                        score[bend, impact, azimuth] = min(total, SCORE_MAX)
                        places[count, 0], places[count, 1], places[count, 2] = bend, impact, azimuth
                        count += 1
    return count


@kernel
def weigh(fired, n_impact, bend, impact, azimuth):
    """(fired cells of a patch, sum of their places in bend, in impact), places 0 to PATCH - 1."""
    word, bit = azimuth // WORD_BITS, np.uint64(azimuth % WORD_BITS)
    total, in_bend, in_impact = 0, 0, 0
    for a in range(PATCH):
        for b in range(PATCH):
            if (fired[word, (bend * PATCH + a) * n_impact + impact * PATCH + b] >> bit) & _ONE:
                total, in_bend, in_impact = total + 1, in_bend + a, in_impact + b
    return total, in_bend, in_impact


@kernel
def middle(total, moment):
    """The mean place, rounded to the nearest, up on a tie."""
    return (2 * moment + total) // (2 * total)


@kernel
def is_peak(score, bend, impact, azimuth):
    """Whether no neighbour has a higher score, or the same and comes earlier in the order of bend, impact, azimuth."""
    own = score[bend, impact, azimuth]
    for side in (1, -1):
        for k in range(len(_OFFSETS)):
            a, b = bend + side * _OFFSETS[k, 0], impact + side * _OFFSETS[k, 1]
            if 0 <= a < score.shape[0] and 0 <= b < score.shape[1]:
                other = score[a, b, (azimuth + side * _OFFSETS[k, 2]) % N_CELLS]
                if other > own or (side == 1 and other == own):
                    return False
    return True


@kernel
def leave(peaks, slots, order):
    """(seeds, how many of them leave): order: int64 (N_LANES x slots, 3), those that leave, in their order: slot, then lane.

    peaks: bool (patches in bend, in impact, cells in azimuth). In a step the earlier azimuth goes first, then bend, then impact.
    slots: of each lane; at its end the other seeds are lost.
    """
    at, count = np.full((N_LANES * slots, 3), -1, np.int64), 0
    for lane in range(N_LANES):
        free = 0
        for step in range(N_STEPS):
            free = max(free, step)
            for column in range(COLUMNS):
                azimuth = (COLUMNS * (step + 1) - 1 + column) % N_CELLS
                for bend in range(peaks.shape[0]):
                    for impact in range(lane, peaks.shape[1], N_LANES):
                        if not peaks[bend, impact, azimuth]:
                            continue
                        count += 1
                        if free < slots:
                            place = N_LANES * free + lane
                            at[place, 0], at[place, 1], at[place, 2] = bend, impact, azimuth
                            free += 1
    n_left = 0
    for place in range(len(at)):
        if at[place, 0] >= 0:
            order[n_left] = at[place]
            n_left += 1
    return count, n_left


@kernel
def select(fired, slots, score, peaks, places, order, seeds):
    """(seeds, how many of them leave): seeds: int64 (N_LANES x slots, 2), row and cell in azimuth of those, in their order.

    A seed is a patch whose score is a peak; its row is that of the mean place of its fired cells. A ring of equal scores has no
    earliest patch and gives none. score: uint8, peaks: bool (patches in bend, in impact, cells), all zero before and after. places,
    order: int64 (patches x cells, 3), (N_LANES x slots, 3), scratch.
    """
    n_impact = score.shape[1] * PATCH
    n_places = rate(fired, score, places)
    for i in range(n_places):
        bend, impact, azimuth = places[i]
        peaks[bend, impact, azimuth] = is_peak(score, bend, impact, azimuth)
    count, n_left = leave(peaks, slots, order)
    for i in range(n_places):
        score[places[i, 0], places[i, 1], places[i, 2]] = 0
        peaks[places[i, 0], places[i, 1], places[i, 2]] = False
    for i in range(n_left):
        bend, impact, azimuth = order[i]
        total, in_bend, in_impact = weigh(fired, n_impact, bend, impact, azimuth)
        row = (bend * PATCH + middle(total, in_bend)) * n_impact + impact * PATCH + middle(total, in_impact)
        seeds[i, 0], seeds[i, 1] = row, azimuth
    return count, n_left
