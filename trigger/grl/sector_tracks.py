"""Short and inner tracks: patterns of sectors of superlayers 0-4, in compiled loops.

Ref: basf2 trg/grl TRGGRLMatchModule.cc (read in public source) [SIM].
"""

import numpy as np

from trigger.compiled import kernel
from trigger.grl.bits import turn
from trigger.grl.parameters import N_SECTORS


@kernel
def short_tracks(sl, veto, patterns, found):
    """Sectors of short tracks by SL2, by SL0, and where they point to forward and backward -> found[0..3]."""
    found[:] = 0
    sl0, sl1, sl2 = sl[0] & ~veto, sl[1] & ~veto, sl[2] & ~veto
    if not (sl0 and sl1 and sl2 and sl[3] and sl[4]):
        return
    for p in range(len(patterns)):
        x0, x1, x3, x4, endcap = patterns[p, 0], patterns[p, 1], patterns[p, 2], patterns[p, 3], patterns[p, 4]
        by_sl2 = sl2 & turn(sl0, -x0, N_SECTORS) & turn(sl1, -x1, N_SECTORS)
        by_sl2 &= turn(sl[3], -x3, N_SECTORS) & turn(sl[4], -x4, N_SECTORS)
        if not by_sl2:
            continue
        found[0] |= by_sl2
        by_sl0 = turn(by_sl2, x0, N_SECTORS)
        first = by_sl0 & ~found[1]
        found[1] |= by_sl0
        if endcap:
            for sector in range(patterns[p, 5], patterns[p, 6] + 1):
                found[1 + endcap] |= turn(first, sector, N_SECTORS)


@kernel
def inner_tracks(sl, range1, range2):
    """Sectors with an inner track."""
    near1, near2 = np.uint64(0), np.uint64(0)
    for k in range(range1[0], range1[1] + 1):
        near1 |= turn(sl[1], -k, N_SECTORS)
    for k in range(range2[0], range2[1] + 1):
        near2 |= turn(sl[2], -k, N_SECTORS)
    return sl[0] & near1 & near2
