"""The inputs of the network: sixteen numbers of a vertex, in integers.

A track counts with the share of its transverse momentum, 1 / |bend|; shares come from a table of the leading bits of both bends.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.codesign import Interface
from trigger.cdc.neuro.formats import NODE, NODE_ONE
from trigger.compiled import kernel
from trigger.displaced.fit import N_AXIAL, rounded
from trigger.displaced.formats import BEND, CHI2, CROSSING, DEPTH, IMPACT, SLOPE
from trigger.displaced.stereo import N_STEREO


class Feature(NamedTuple):
    """One input: a quantity of `fraction` bits behind the point, of which 2^range_log2 becomes 1.

    Beyond +-1 it is cut; bits below the input's resolution are dropped. Ranges are our choice: what most vertices have fills them.
    """

    name: str
    fraction: int
    range_log2: int
    meaning: str

    @property
    def shift(self) -> int:
        """Bits to the left from the quantity to the input."""
        return NODE.fraction - self.fraction - self.range_log2


FEATURES = (
    Feature("radius", DEPTH.fraction, 6, "radius of the vertex, cm"),
    Feature("apart", DEPTH.fraction, 5, "difference of the tracks' z at the vertex, cm"),
    Feature("depth", DEPTH.fraction, 8, "size of the sum of their z, cm"),
    Feature("outward_low", IMPACT.fraction, 4, "impact to the side that the track bends to, cm; the smaller of the two"),
    Feature("outward_high", IMPACT.fraction, 5, "the larger of the two"),
    Feature("bend_high", BEND.fraction, -6, "size of the bend, 1/cm, the larger of the two"),
    Feature("bend_low", BEND.fraction, -6, "the smaller of the two"),
    Feature("same_sign", 0, 0, "whether both bends have one sign"),
    Feature("chi2_high", CHI2.fraction, -2, "sum of squares of the residuals, cm^2, the larger of the two"),
    Feature("chi2_low", CHI2.fraction, -4, "the smaller of the two"),
    Feature("time", 0, 6, "difference of the tracks' event times, time units"),
    Feature("across", CROSSING.fraction, -2, "size of the sine between the radius and the momentum of the pair"),
    Feature("along", CROSSING.fraction, 0, "cosine between them, not less than 0"),
    Feature("miss", DEPTH.fraction, 5, "distance in z by which the pair misses the interaction point, cm"),
    Feature("opening", CROSSING.fraction, 1, "size of the difference of the sines of both tracks"),
    Feature("missing", 0, 2, "superlayers without a segment, of both tracks"),
)
"""In order of the network's inputs."""
SCORE = "score"
VERTEX = Interface(n_inputs=len(FEATURES), answers=(SCORE,))
"""The network: its answer is the logarithm of the odds of a true vertex against background in equal numbers, over CLASS_SCALE."""
SHARE_BITS = 8
"""Fraction bits of the share of the track that is bent less. Our choice: finer than the leading bits allow."""
LEADING_BITS = 6
"""Bits of both bends from the leading one of the larger on. Our choice: shares are right within 0.016."""
BEND_BITS = BEND.width - 1
_SLOPE_FRACTION = SLOPE.fraction
_N_SEGMENTS = 2 * (N_AXIAL + N_STEREO)
_SHIFT = np.array([feature.shift for feature in FEATURES])
_HALF = 1 << (LEADING_BITS - 1)


def share_table() -> NDArray[np.int64]:
    """Share of the track that is bent less, SHARE_BITS fraction bits, int64 (2^(LEADING_BITS - 1), 2^LEADING_BITS).

    Rows: leading bits of the larger bend, less the first one; columns: those of the smaller one; middles of the intervals.
    """
    high, low = np.arange(_HALF, 2 * _HALF)[:, None], np.arange(2 * _HALF)
    return np.rint((high + 0.5) / (high + low + 1) * (1 << SHARE_BITS)).astype(np.int64)


_SHARES = share_table()


@kernel
def share(high, low):
    """Share of the track with the smaller bend, of the sizes of both bends; a half if neither is bent."""
    if high == 0:
        return 1 << (SHARE_BITS - 1)
    up = 0
    while (high << up) >> (BEND_BITS - 1) == 0:
        up += 1
    down = BEND_BITS - LEADING_BITS
    return _SHARES[((high << up) >> down) - _HALF, (low << up) >> down]


@kernel
def fill(tracks, a, b, radius, depths, sines, cosines, out):
    """Write the features of a vertex, int16 (16,), NODE.

    tracks, a, b: list of tracks, places of the two. radius: DEPTH; depths: DEPTH z of both at the vertex; sines, cosines: CROSSING,
    of both directions to the radius. The track with the smaller bend counts as the stiff one, the first of equals.
    """
    bend_a, bend_b = tracks.values[a, 0], tracks.values[b, 0]
    outward_a = tracks.values[a, 1] if bend_a >= 0 else -tracks.values[a, 1]
    outward_b = tracks.values[b, 1] if bend_b >= 0 else -tracks.values[b, 1]
    stiff, soft = (0, 1) if abs(bend_a) <= abs(bend_b) else (1, 0)
    slopes = tracks.lines[a, 1], tracks.lines[b, 1]
    high, low = max(abs(bend_a), abs(bend_b)), min(abs(bend_a), abs(bend_b))
    part = share(high, low)
    rise = (radius * slopes[soft] << SHARE_BITS) + radius * (slopes[stiff] - slopes[soft]) * part
    n_segments = (tracks.chosen[a] >= 0).sum() + (tracks.chosen[b] >= 0).sum() + tracks.n_stereo[a] + tracks.n_stereo[b]
    value = (
        radius,
        abs(depths[0] - depths[1]),
        abs(depths[0] + depths[1]),
        min(outward_a, outward_b),
        max(outward_a, outward_b),
        high,
        low,
        int((bend_a < 0) == (bend_b < 0)),
        max(tracks.chi2[a], tracks.chi2[b]),
        min(tracks.chi2[a], tracks.chi2[b]),
        abs(tracks.times[a] - tracks.times[b]),
        abs(sines[soft] + rounded((sines[stiff] - sines[soft]) * part, SHARE_BITS)),
        max(cosines[soft] + rounded((cosines[stiff] - cosines[soft]) * part, SHARE_BITS), 0),
        abs(((depths[0] + depths[1]) >> 1) - rounded(rise, SHARE_BITS + _SLOPE_FRACTION)),
        abs(sines[0] - sines[1]),
        _N_SEGMENTS - n_segments,
    )
    for k in range(len(value)):
        shifted = value[k] << _SHIFT[k] if _SHIFT[k] >= 0 else value[k] >> -_SHIFT[k]
        out[k] = min(max(shifted, -NODE_ONE), NODE_ONE)
