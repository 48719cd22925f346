"""Compiled loops of the 2D finder: votes, clusters of squares, segments of a track.

Ref: basf2 trg/cdc CDCTriggerHoughtrafo.cc, CDCTrigger2DFinderModule.cc (read in public source) [SIM]. Corners of a square are
bits: 1 left-bottom, 2 right-bottom, 4 left-top, 8 right-top; phi grows to the right, omega upward.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.geometry.cdc import FIRST_PRIORITY

LEFT_BOTTOM, RIGHT_BOTTOM, LEFT_TOP, RIGHT_TOP = 1, 2, 4, 8


class Hits(NamedTuple):
    """Segments of all events: CSR offsets, ids, priority positions, superlayers, turn of the sector in phi cells, table row
    (-1 = stereo)."""

    offsets: NDArray[np.int64]
    ts_id: NDArray[np.int16]
    priority: NDArray[np.int8]
    superlayer: NDArray[np.uint8]
    turn: NDArray[np.int32]
    row: NDArray[np.int32]


class Table(NamedTuple):
    """Windows of sector 0: first box and number of boxes, by row, position, y2 and parity of x2."""

    start: NDArray[np.int16]
    length: NDArray[np.uint8]


@kernel
def vote(hits, event, table, plane):
    """Set the superlayer's bit in every cell (phi, omega) that a segment of the event crosses."""
    n_phi, n_omega = plane.shape
    for i in range(hits.offsets[event], hits.offsets[event + 1]):
        row, position = hits.row[i], hits.priority[i] - 1
        if row < 0:
            continue
        bit = np.uint8(1 << (hits.superlayer[i] >> 1))
        for y in range(n_omega):
            x = table.start[row, position, 2 * y, 0] + hits.turn[i]
            for _ in range(table.length[row, position, 2 * y, 0]):
                if x >= n_phi:
                    x -= n_phi
                plane[x, y] |= bit
                x += 1


@kernel
def vote_all(hits, table, planes):
    """The votes of every event."""
    for event in range(len(planes)):
        vote(hits, event, table, planes[event])


@kernel
def squares_of(plane, is_candidate, squares):
    """Corner bits of the 2 x 2 squares; True if any cell is a candidate."""
    found = False
    for x in range(squares.shape[0]):
        for y in range(squares.shape[1]):
            bits = (
                is_candidate[plane[2 * x, 2 * y]] * LEFT_BOTTOM
                + is_candidate[plane[2 * x + 1, 2 * y]] * RIGHT_BOTTOM
                + is_candidate[plane[2 * x, 2 * y + 1]] * LEFT_TOP
                + is_candidate[plane[2 * x + 1, 2 * y + 1]] * RIGHT_TOP
            )
            squares[x, y] = bits
            found |= bits != 0
    return found


@kernel
def joined_right(left, right):
    """Whether a square is connected to its right neighbour: side by side, or rising."""
    return bool(
        (left & RIGHT_TOP and right & LEFT_TOP)
        or (left & RIGHT_BOTTOM and right & LEFT_BOTTOM)
        or (left & RIGHT_BOTTOM and right & LEFT_TOP)
    )


@kernel
def joined_up(down, up):
    """Whether a square is connected to its upper neighbour: one above the other, or rising."""
    return bool(
        (down & LEFT_TOP and up & LEFT_BOTTOM)
        or (down & RIGHT_TOP and up & RIGHT_BOTTOM)
        or (down & LEFT_TOP and up & RIGHT_BOTTOM)
    )


@kernel
def joined_diagonally(lower_left, upper_right):
    """Whether a square is connected to its upper right neighbour."""
    return bool(lower_left & RIGHT_TOP and upper_right & LEFT_BOTTOM)


@kernel
def is_seed(squares, x, y):
    """Whether a square is filled and not connected to its left, lower or lower left neighbour."""
    here, left = squares[x, y], (x - 1) % squares.shape[0]
    if here == 0 or joined_right(squares[left, y], here):
        return False
    return not (y > 0 and (joined_up(squares[x, y - 1], here) or joined_diagonally(squares[left, y - 1], here)))


@kernel
def grow(squares, x, y, size, member):
    """Mark the squares of the cluster at (x, y), at most size x size to the right and up; returns its last member.

    member: bool (size, size), written. The last member is (dx, dy), the highest row and in it the rightmost column.
    """
    member[:] = False
    member[0, 0] = True
    top, right = 0, 0
    for dx in range(size):
        column, left = (x + dx) % squares.shape[0], (x + dx - 1) % squares.shape[0]
        for dy in range(min(size, squares.shape[1] - y)):
            here = squares[column, y + dy]
            if here == 0 or (dx == 0 and dy == 0):
                continue
            joins = dx > 0 and member[dx - 1, dy] and joined_right(squares[left, y + dy], here)
            joins |= dy > 0 and member[dx, dy - 1] and joined_up(squares[column, y + dy - 1], here)
            joins |= dx > 0 and dy > 0 and member[dx - 1, dy - 1] and joined_diagonally(squares[left, y + dy - 1], here)
            if joins:
                member[dx, dy] = True
                if dy > top or (dy == top and dx > right):
                    top, right = dy, dx
    return right, top


@kernel
def centres(squares, size, x2, y2):
    """Centres of all clusters, in scan order, as twice the cell index; returns how many. One-cell clusters are dropped."""
    n_phi, count = 2 * squares.shape[0], 0
    member = np.zeros((size, size), np.bool_)
    for x in range(squares.shape[0]):
        for y in range(squares.shape[1]):
            if not is_seed(squares, x, y):
                continue
            right, top = grow(squares, x, y, size, member)
            low = lowest_corner(squares[x, y])
            high = highest_corner(squares[(x + right) % squares.shape[0], y + top])
            dx, dy = 2 * right + (high & 1) - (low & 1), 2 * top + (high >> 1) - (low >> 1)
            if dx == 0 and dy == 0:
                continue
            x2[count] = (2 * (2 * x + (low & 1)) + dx) % (2 * n_phi)
            y2[count] = 2 * (2 * y + (low >> 1)) + dy
            count += 1
    return count


@kernel
def lowest_corner(bits):
    """Number (0..3) of the first corner set: left-bottom, left-top, right-bottom, right-top."""
    if bits & LEFT_BOTTOM:
        return 0
    if bits & LEFT_TOP:
        return 2
    return 1 if bits & RIGHT_BOTTOM else 3


@kernel
def highest_corner(bits):
    """Number (0..3) of the first corner set: right-top, right-bottom, left-top, left-bottom."""
    if bits & RIGHT_TOP:
        return 3
    if bits & RIGHT_BOTTOM:
        return 1
    return 2 if bits & LEFT_TOP else 0


@kernel
def crosses(x2, y2, row, turn, table, n_phi):
    """Whether any of the three wires of a segment crosses the box around the centre (x2, y2)."""
    for position in range(table.start.shape[1]):
        distance = (x2 // 2 - table.start[row, position, y2, x2 % 2] - turn) % n_phi
        if distance < table.length[row, position, y2, x2 % 2]:
            return True
    return False


@kernel
def choose(hits, event, x2, y2, table, n_phi, chosen):
    """Write the index in the event of the chosen segment of each superlayer, -1 = none."""
    first = hits.offsets[event]
    chosen[:] = -1
    for i in range(first, hits.offsets[event + 1]):
        if hits.row[i] < 0 or not crosses(x2, y2, hits.row[i], hits.turn[i], table, n_phi):
            continue
        best = chosen[hits.superlayer[i]]
        if best < 0 or better(hits, i, first + best):
            chosen[hits.superlayer[i]] = i - first


@kernel
def better(hits, i, earlier):
    """Whether segment i is preferred to an earlier one: first-priority wire, then the higher id."""
    first_priority = hits.priority[i] == FIRST_PRIORITY
    if first_priority != (hits.priority[earlier] == FIRST_PRIORITY):
        return first_priority
    return hits.ts_id[i] > hits.ts_id[earlier]


@kernel
def find(hits, table, is_candidate, shape, size, track_offsets, x2_out, y2_out, chosen_out, begin):
    """Tracks of the events from `begin` on; returns the first event that did not fit into the outputs (n_events if all did)."""
    plane = np.zeros(shape, np.uint8)
    squares = np.zeros((shape[0] // 2, shape[1] // 2), np.uint8)
    x2, y2 = np.zeros(squares.size, np.int64), np.zeros(squares.size, np.int64)
    for event in range(begin, len(hits.offsets) - 1):
        done = track_offsets[event]
        track_offsets[event + 1] = done
        plane[:] = 0
        vote(hits, event, table, plane)
        if not squares_of(plane, is_candidate, squares):
            continue
        count = centres(squares, size, x2, y2)
        if done + count > len(x2_out):
            return event
        for k in range(count):
            x2_out[done + k], y2_out[done + k] = x2[k], y2[k]
            choose(hits, event, x2[k], y2[k], table, shape[0], chosen_out[done + k])
        track_offsets[event + 1] = done + count
    return len(hits.offsets) - 1
