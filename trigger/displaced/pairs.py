"""Compiled search for pairs of tracks that cross: all pairs of a list in a ring, as many at a time as it has places.

Circles have two points in common at most; of more crossings of a pair, as rounding can make, the first and the last count.
"""

from trigger.compiled import kernel
from trigger.displaced.constants import N_RADII, RADIUS_STEP_LOG2
from trigger.displaced.formats import CROSSING, DEPTH, LENGTH, TURN
from trigger.displaced.stereo import crossing, signed_turn
from trigger.displaced.tracks import shared

PAIR_STEPS = 2
"""Distances in the ring that are compared in a cycle: all 120 pairs of 16 tracks take four. Our choice."""
ASIN_STEP_LOG2 = 2
"""Azimuths along the radius come from every 4th sine of the table: 0.06 mm at a radius of 25 cm. Our choice."""
OUTSIDE = 1 << TURN.width
"""Azimuth of a track that does not get to a radius."""
_ONE = 1 << CROSSING.fraction
_CLOSE = 1 << (TURN.width - 3)
"""Two tracks meet only where they are less than an eighth of a turn apart."""
_HALF_STEP = 1 << (ASIN_STEP_LOG2 - 1)
_LENGTH_TO_DEPTH = LENGTH.fraction - DEPTH.fraction


@kernel
def coarse(sine):
    """Index of a sine, CROSSING raw, in a table that has every 2^ASIN_STEP_LOG2-th entry only."""
    return (sine + _ONE + _HALF_STEP) >> ASIN_STEP_LOG2 << ASIN_STEP_LOG2


@kernel
def scan(track, table, azimuths):
    """TURN azimuths of a track at the radii of the scan; OUTSIDE where it does not get to."""
    for k in range(N_RADII):
        radius = (k + 1) << RADIUS_STEP_LOG2
        u = crossing(track[0], track[1], table.scan_bend[radius], table.scan_impact[radius])
        azimuths[k] = OUTSIDE if abs(u) == _ONE else (track[2] + table.asin[coarse(u)]) & (OUTSIDE - 1)


@kernel
def farthest(one, other, cuts, table):
    """Largest radius, DEPTH raw, of a vertex of two tracks: no axial wire of theirs lies farther than `behind` inside it."""
    first = 0 if one[0] >= 0 or other[0] >= 0 else 1
    return min(cuts.radius_high, (table.radius[first, 0] >> _LENGTH_TO_DEPTH) + cuts.behind)


@kernel
def meet(tracks, a, b, cuts):
    """Whether two tracks may be a pair: they do not share segments, and miss the axis."""
    if not (tracks.there[a] and tracks.there[b]):
        return False
    if shared(tracks.chosen[a], tracks.chosen[b]) > cuts.shared:
        return False
    one, other = abs(tracks.values[a, 1]), abs(tracks.values[b, 1])
    return max(one, other) > cuts.impact_high and min(one, other) > cuts.impact_low


@kernel
def crosses(one, other, k):
    """Whether two scans change order between radius k and the next, while they are close."""
    if one[k] == OUTSIDE or one[k + 1] == OUTSIDE or other[k] == OUTSIDE or other[k + 1] == OUTSIDE:
        return False
    before, after = signed_turn(one[k] - other[k]), signed_turn(one[k + 1] - other[k + 1])
    return (before < 0) != (after < 0) and abs(before) <= _CLOSE and abs(after) <= _CLOSE


@kernel
def radius_of(one, other, k):
    """Radius, DEPTH raw, of a crossing behind radius k: where the azimuths would meet if they were straight, rounded down."""
    before, after = abs(signed_turn(one[k] - other[k])), abs(signed_turn(one[k + 1] - other[k + 1]))
    return ((k + 1) << RADIUS_STEP_LOG2) + (before << RADIUS_STEP_LOG2) // (before + after)


@kernel
def candidates(tracks, cuts, table, queue):
    """Fill the queue with crossings of pairs; whether some were lost.

    Every place i is compared with place i + d of the ring of places, PAIR_STEPS distances d = 1, 2 .. in a cycle. The crossings of
    a cycle go to the end of the queue, in the order of d and i, inner ones first; one leaves in each cycle, and those whose turn
    would come after the last slot are lost. queue: int64 (slots, 3): first place, second place, radius DEPTH raw; first place -1 =
    nothing.
    """
    queue[:, 0] = -1
    room, slot, lost = len(tracks.there) - 1, 0, False
    for apart in range(1, room // 2 + 1):
        slot = max(slot, (apart - 1) // PAIR_STEPS)
        for a in range(apart if 2 * apart == room else room):
            b = (a + apart) % room
            if not meet(tracks, a, b, cuts):
                continue
            limit = farthest(tracks.chosen[a], tracks.chosen[b], cuts, table)
            first, last = -1, -1
            for k in range(N_RADII - 1):
                if (k + 1) << RADIUS_STEP_LOG2 <= limit and crosses(tracks.scans[a], tracks.scans[b], k):
                    first, last = k if first < 0 else first, k
            for k in (first, last if last > first else -1):
                if k < 0:
                    continue
                if slot == len(queue):
                    lost = True
                    continue
                queue[slot, 0], queue[slot, 1], queue[slot, 2] = a, b, radius_of(tracks.scans[a], tracks.scans[b], k)
                slot += 1
    return lost
