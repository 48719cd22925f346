"""Ring sums of the trigger cells with the bits that look at energy sums alone, background veto and event timing.

Ref: basf2 trg/ecl TrgEclMaster.cc, TrgEclBeamBKG.cc, TrgEclTiming.cc method 1 (read in public source) [SIM].
"""

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.ecl.decision import Arrays
from trigger.ecl.hits import Hits
from trigger.ecl.tables import cell_tables
from trigger.geometry.ecl import N_THETA


def sum_rings(hits: Hits, cuts: NDArray[np.void], out: Arrays) -> NDArray[np.int32]:
    """Return the sum of counts per theta id, int32 (n, 18), column 0 is 0; fill energy sums and bits, background veto, timing.

    E_phys sums theta ids 2..15, E_total all. The event time is that of the most energetic cell, the lowest id of equals; it is 0
    without times.
    Events without hits keep zeros (`out` holds zeros on entry).
    """
    tables = cell_tables()
    rings = np.zeros((len(hits), N_THETA + 1), dtype=np.int32)
    _sum(
        hits.offsets,
        hits.tc_id,
        hits.adc,
        hits.time_or_empty,
        tables.theta_id,
        tables.region,
        tables.quadrants,
        cuts,
        rings,
        out["ecl_ephys_adc"],
        out["ecl_etotal_adc"],
        out["ecl_elow"],
        out["ecl_ehigh"],
        out["ecl_elum"],
        out["ecl_burst"],
        out["ecl_bgveto"],
        out["ecl_timing"],
        out["ecl_timing_source"],
        out["ecl_timing_quality"],
    )
    return rings


@kernel
def _sum(
    offsets, tc_id, adc, time, theta_id, region, quadrants, cuts,
    rings, ephys, etotal, elow, ehigh, elum, burst, bgveto, timing, timing_source, timing_quality,
):  # fmt: skip
    c = cuts[0]
    timed = len(time) == len(tc_id)
    for i in range(len(rings)):
        first, last = offsets[i], offsets[i + 1]
        if first == last:
            continue
        fired, best = 0, first
        for h in range(first, last):
            cell = tc_id[h]
            rings[i, theta_id[cell]] += adc[h]
            fired |= quadrants[cell]
            if adc[h] > adc[best]:
                best = h
        total, physics = 0, 0
        for theta in range(1, rings.shape[1]):
            total += rings[i, theta]
            if (c.physics_theta_mask >> (theta - 1)) & 1:
                physics += rings[i, theta]
        ephys[i], etotal[i] = physics, total
        elow[i], ehigh[i], elum[i] = physics >= c.elow_min, physics >= c.ehigh_min, physics >= c.elum_min
        burst[i] = total >= c.burst_min
        forward, barrel = _opposite(fired & 15), _opposite(fired >> 4)
        bgveto[i] = (forward | barrel) + 2 * (barrel & (1 - forward)) + 4 * (forward & (1 - barrel))
        timing_source[i] = 1 << region[tc_id[best]]
        timing_quality[i] = 1 + (adc[best] >= c.timing_fine_min)
        if adc[best] >= c.timing_super_min:
            timing_quality[i] = 3
        if timed:
            timing[i] = time[best]


@kernel
def _opposite(flags):
    """1 if quadrants 0 and 2, or 1 and 3, have fired."""
    return 1 if (flags & 5) == 5 or (flags & 10) == 10 else 0
