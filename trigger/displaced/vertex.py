"""Compiled vertex of a crossing of two tracks, without divisions or roots.

A track's direction makes the angle alpha with the radius, sin(alpha) = (1 + kappa d) (F r / 2 - E / r) [DERIVED].
"""

from trigger.compiled import kernel
from trigger.displaced.fit import rounded, saturated
from trigger.displaced.formats import CROSSING, DEPTH, FACTOR, SLOPE
from trigger.displaced.pairs import OUTSIDE, coarse, farthest
from trigger.displaced.stereo import crossing

POINTING_FRACTION = 8
_CROSSING_MAX = CROSSING.raw_max
_CROSSING_FRACTION = CROSSING.fraction
_SLOPE_FRACTION = SLOPE.fraction
_FACTOR_FRACTION = FACTOR.fraction
_DEPTH_RAW_MAX = DEPTH.raw_max


@kernel
def depth_at(u, line, radius, table):
    """z of a track at a radius where its azimuth has the sine u: DEPTH raw. The path is taken along the direction there."""
    path = rounded(radius * table.cosine[coarse(u)], _CROSSING_FRACTION)
    return saturated(line[0] + rounded(line[1] * path, _SLOPE_FRACTION), _DEPTH_RAW_MAX)


@kernel
def direction_at(track, row, radius, table):
    """(sine, cosine) of a track's direction to the radius, CROSSING."""
    s = crossing(track[0], -track[1], table.scan_bend[radius], table.scan_impact[radius])
    s = saturated(rounded(s * table.grow[row], _FACTOR_FRACTION), _CROSSING_MAX)
    return s, table.cosine[coarse(s)]


@kernel
def points(bends, sines, cosines, tangent):
    """Whether the pair's transverse momentum points along the vertex; tangent: of the largest angle, POINTING_FRACTION bits.

    A track counts with 1 / |bend|; both sides are multiplied with the two bends.
    """
    across = abs(sines[0] * abs(bends[1]) + sines[1] * abs(bends[0]))
    along = cosines[0] * abs(bends[1]) + cosines[1] * abs(bends[0])
    return (across << POINTING_FRACTION) <= tangent * along


@kernel
def find(tracks, a, b, radius, cuts, table):
    """(found, azimuth, z at the vertex of both tracks, sine and cosine of both directions there) of a crossing."""
    one, other = tracks.values[a], tracks.values[b]
    factors = table.scan_bend[radius], table.scan_impact[radius]
    u = crossing(one[0], one[1], factors[0], factors[1])
    v = crossing(other[0], other[1], factors[0], factors[1])
    phi = (one[2] + table.asin[coarse(u)]) & (OUTSIDE - 1)
    depths = depth_at(u, tracks.lines[a], radius, table), depth_at(v, tracks.lines[b], radius, table)
    sine_one, cosine_one = direction_at(one, tracks.rows[a], radius, table)
    sine_other, cosine_other = direction_at(other, tracks.rows[b], radius, table)
    found = cuts.radius_low <= radius <= farthest(tracks.chosen[a], tracks.chosen[b], cuts, table)
    found = found and abs(depths[0] - depths[1]) <= cuts.depth
    found = found and points((one[0], other[0]), (sine_one, sine_other), (cosine_one, cosine_other), cuts.tangent)
    return found, phi, depths, (sine_one, sine_other), (cosine_one, cosine_other)
