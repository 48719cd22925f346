"""Compiled vertex search: two tracks are scanned along the radius, without divisions or roots.

A track's direction makes the angle alpha with the radius, sin(alpha) = (1 + kappa d) (F r / 2 - E / r) [DERIVED].
"""

from trigger.compiled import kernel
from trigger.displaced.constants import N_RADII, RADIUS_STEP_LOG2
from trigger.displaced.fit import N_AXIAL, rounded, saturated
from trigger.displaced.formats import CROSSING, DEPTH, FACTOR, LENGTH, SLOPE, TURN
from trigger.displaced.stereo import crossing, signed_turn

_ONE = 1 << CROSSING.fraction
_CLOSE = 1 << (TURN.width - 3)
"""Two tracks meet only where they are less than an eighth of a turn apart."""
OUTSIDE = 1 << TURN.width
"""Azimuth of a track that does not get to a radius."""
POINTING_FRACTION = 8
_CROSSING_FRACTION = CROSSING.fraction
_SLOPE_FRACTION = SLOPE.fraction
_FACTOR_FRACTION = FACTOR.fraction
_LENGTH_TO_DEPTH = LENGTH.fraction - DEPTH.fraction
_DEPTH_RAW_MAX = DEPTH.raw_max


@kernel
def azimuth(bend, impact, phi, radius, table):
    """TURN raw of a track at a radius of the table (DEPTH raw); OUTSIDE if it does not get there."""
    u = crossing(bend, impact, table.scan_bend[radius], table.scan_impact[radius])
    if abs(u) == _ONE:
        return OUTSIDE
    return phi + table.asin[u + _ONE]


@kernel
def scan(track, table, azimuths):
    """Azimuths of a track at the radii of the scan."""
    for k in range(N_RADII):
        azimuths[k] = azimuth(track[0], track[1], track[2], (k + 1) << RADIUS_STEP_LOG2, table)


@kernel
def halve(one, other, low, sign, table):
    """Radius, DEPTH raw, where two tracks that cross within one step of the scan meet: the step is halved four times.

    low: radius where the step begins; sign: whether the difference of azimuth is negative there.
    """
    for k in range(RADIUS_STEP_LOG2):
        middle = low + (1 << (RADIUS_STEP_LOG2 - 1 - k))
        a = azimuth(one[0], one[1], one[2], middle, table)
        b = azimuth(other[0], other[1], other[2], middle, table)
        if (signed_turn(a - b) < 0) == sign:
            low = middle
    return low


@kernel
def depth_at(track, line, radius, table):
    """z of a track at a radius: both DEPTH raw. The path from the perigee is taken along the direction there."""
    u = crossing(track[0], track[1], table.scan_bend[radius], table.scan_impact[radius])
    path = rounded(radius * table.cosine[u + _ONE], _CROSSING_FRACTION)
    return saturated(line[0] + rounded(line[1] * path, _SLOPE_FRACTION), _DEPTH_RAW_MAX)


@kernel
def direction_at(track, row, radius, table):
    """(sine, cosine) of a track's direction to the radius, CROSSING raw."""
    s = crossing(track[0], -track[1], table.scan_bend[radius], table.scan_impact[radius])
    s = saturated(rounded(s * table.grow[row], _FACTOR_FRACTION), _ONE)
    return s, table.cosine[s + _ONE]


@kernel
def points(one, other, rows, radius, tangent, table):
    """Whether the pair's transverse momentum points along the vertex; tangent: of the largest angle, POINTING_FRACTION bits.

    A track counts with 1 / |curvature|; both sides are multiplied with the two curvatures.
    """
    weight_other = rounded(abs(one[0]) * table.grow[rows[0]], _FACTOR_FRACTION)
    weight_one = rounded(abs(other[0]) * table.grow[rows[1]], _FACTOR_FRACTION)
    sine_one, cosine_one = direction_at(one, rows[0], radius, table)
    sine_other, cosine_other = direction_at(other, rows[1], radius, table)
    across = abs(sine_one * weight_one + sine_other * weight_other)
    along = cosine_one * weight_one + cosine_other * weight_other
    return (across << POINTING_FRACTION) <= tangent * along


@kernel
def no_hit_inside(chosen, radius, behind, table):
    """Whether no axial wire of a track lies farther inside the vertex than `behind`, DEPTH raw."""
    least = (radius - behind) << _LENGTH_TO_DEPTH
    inside = 0
    for k in range(N_AXIAL):
        inside += chosen[k] >= 0 and table.radius[k, 0] < least
    return inside == 0


@kernel
def shared(one, other):
    """Axial segments that two tracks have in common."""
    count = 0
    for k in range(N_AXIAL):
        count += one[k] >= 0 and one[k] == other[k]
    return count


@kernel
def find(one, other, scans, lines, rows, chosen, cuts, table):
    """(found, radius, azimuth, z) of the vertex of two tracks: of the crossings that pass the cuts the one with the closest z.

    one, other: (bend, impact, phi). scans, lines, rows, chosen: of both tracks. The earlier crossing wins a tie.
    """
    found, best, vertex = False, cuts.depth + 1, (0, 0, 0)
    for k in range(N_RADII - 1):
        a0, a1, b0, b1 = scans[0][k], scans[0][k + 1], scans[1][k], scans[1][k + 1]
        if a0 == OUTSIDE or a1 == OUTSIDE or b0 == OUTSIDE or b1 == OUTSIDE:
            continue
        before, after = signed_turn(a0 - b0), signed_turn(a1 - b1)
        if (before < 0) == (after < 0) or abs(before) > _CLOSE or abs(after) > _CLOSE:
            continue
        radius = halve(one, other, (k + 1) << RADIUS_STEP_LOG2, before < 0, table)
        if not cuts.radius_low <= radius <= cuts.radius_high:
            continue
        z_one, z_other = depth_at(one, lines[0], radius, table), depth_at(other, lines[1], radius, table)
        if abs(z_one - z_other) >= best:
            continue
        if not (no_hit_inside(chosen[0], radius, cuts.behind, table) and no_hit_inside(chosen[1], radius, cuts.behind, table)):
            continue
        if not points(one, other, rows, radius, cuts.tangent, table):
            continue
        found, best = True, abs(z_one - z_other)
        phi = azimuth(one[0], one[1], one[2], radius, table)
        vertex = (radius, phi & (OUTSIDE - 1), (z_one + z_other) >> 1)
    return found, vertex[0], vertex[1], vertex[2]
