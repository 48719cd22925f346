"""Compiled seed search: which cells fire, and which of them are seeds."""

import numpy as np

from trigger.compiled import kernel
from trigger.displaced.grid import N_WORDS, WORD_BITS

N_CELLS = N_WORDS * WORD_BITS
_ONE = np.uint64(1)
_TOP = np.uint64(WORD_BITS - 1)


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
def count_superlayers(planes, four, five):
    """Cells with four or more, and with five superlayers: uint64 (2, rows) each."""
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
            both = ab & cd
            four[word, row] = both | (e & ((ab & (c | d)) | (cd & (a | b))))
            five[word, row] = both & e


@kernel
def three(words, row, word, bit):
    """Cells set among a cell and its two neighbours in azimuth, 0..3; azimuths are a ring."""
    here, other = words[word, row], words[1 - word, row]
    count = (here >> np.uint64(bit)) & _ONE
    count += (here >> np.uint64(bit - 1) if bit > 0 else other >> _TOP) & _ONE
    return count + ((here >> np.uint64(bit + 1) if bit < WORD_BITS - 1 else other) & _ONE)


@kernel
def around(four, five, row, word, bit, n_impact):
    """Score of a cell: cells with four superlayers, and again those with five, among the 27 around it."""
    total = np.uint64(0)
    a, b = row // n_impact, row % n_impact
    for da in range(max(-1, -a), min(2, four.shape[1] // n_impact - a)):
        for db in range(max(-1, -b), min(2, n_impact - b)):
            other = row + da * n_impact + db
            if four[0, other] | four[1, other] != 0:
                total += three(four, other, word, bit) + three(five, other, word, bit)
    return total


@kernel
def is_peak(score, row, cell, n_impact):
    """Whether no neighbour has a higher score, or the same and comes earlier in scan order: bend, impact, azimuth."""
    n_phi, own = score.shape[1], score[row, cell]
    a, b = row // n_impact, row % n_impact
    for da in range(max(-1, -a), min(2, score.shape[0] // n_impact - a)):
        for db in range(max(-1, -b), min(2, n_impact - b)):
            other = row + da * n_impact + db
            for dc in range(-1, 2):
                place = (cell + dc) % n_phi
                earlier = other < row or (other == row and dc < 0)
                if score[other, place] > own or (earlier and score[other, place] == own):
                    return False
    return True


@kernel
def select(four, five, n_impact, cap, score, fired, seeds):
    """Write the seeds, row and cell in azimuth, in scan order; returns how many there are, also those beyond the cap.

    Seeds are the peaks of the score; a ring of equal scores has no earliest cell and gives none.
    score: uint8 (rows, cells), all zero before and after. fired: int64 (rows x cells, 2).
    """
    n_fired, count = 0, 0
    for row in range(four.shape[1]):
        for word in range(N_WORDS):
            if four[word, row] == 0:
                continue
            for bit in range(WORD_BITS):
                if (four[word, row] >> np.uint64(bit)) & _ONE:
                    fired[n_fired, 0], fired[n_fired, 1] = row, WORD_BITS * word + bit
                    score[row, WORD_BITS * word + bit] = around(four, five, row, word, bit, n_impact)
                    n_fired += 1
    for i in range(n_fired):
        if is_peak(score, fired[i, 0], fired[i, 1], n_impact):
            if count < cap:
                seeds[count] = fired[i]
            count += 1
    for i in range(n_fired):
        score[fired[i, 0], fired[i, 1]] = 0
    return count
