"""Single events by hand: tracks, segments and cells by place, and the elements of the decision that are not 0.

Azimuths: half cell k of a track is 1.125 k degree, phi_raw = k + 159 (mod 320); barrel cell (theta id, phi id i) lies in bin i - 1;
a straight track keeps its bin on the way out and vetoes one sector on either side.
"""

import numpy as np
from slow_grl import FIRST_SEGMENT, Event, arguments

from trigger.geometry.ecl import cells
from trigger.grl import GrlTrigger
from trigger.grl.layout import DECISION_FIELDS

RAW_90_DEG = 0
"""theta_raw of a track at 90 degree."""


def nonzero(event: Event) -> dict[str, int]:
    """Elements that are not 0, by name: `ts_0` for the first of a field with several."""
    decision = GrlTrigger().run(**arguments([event])).arrays()
    found = {}
    for field in DECISION_FIELDS:
        name = field.name.removeprefix("grl_")
        for element, value in enumerate(np.atleast_1d(decision[field.name][0]).tolist()):
            if value:
                found[name if field.length == 1 else f"{name}_{element}"] = value
    return found


def ones(*names: str, **numbers: int) -> dict[str, int]:
    return dict.fromkeys(names, 1) | numbers


def track(half_cell: int, omega: int = 0, expert: int = -1, theta: int = RAW_90_DEG) -> tuple[int, int, int, int]:
    return (half_cell + 159) % 320, omega, expert, theta


def first_half_cell(number: int) -> int:
    """First half cell of a bin of 10 degree."""
    return -(-80 * number // 9) % 320


def cell(theta_id: int, phi_id: int) -> int:
    c = cells()
    return int(np.flatnonzero((c.theta_id == theta_id) & (c.phi_id == phi_id))[0]) + 1


def segments(*sectors: int | None) -> list[int]:
    """One segment of each superlayer 0-4 that sets that sector alone."""
    found = []
    for sl, sector in enumerate(sectors):
        if sector is None:
            continue
        pair, odd = divmod(sector, 2)
        number = {0: 5 * pair + 4 * odd, 1: 5 * pair + 4 * odd, 2: 3 * sector, 3: 7 * pair + 6 * odd, 4: 4 * sector}[sl]
        found.append(FIRST_SEGMENT[sl] + number)
    return found


STRAIGHT = segments(10, 10, 10, 10, 10)
"""Pattern 0 in sector 10, which lies in bins 5 and 6; it points to the backward endcap, sectors 7 to 11."""
FORWARD = segments(20, 18, 20, 23, 20)
"""Pattern 7 in sector 20, bin 11; it points to the forward endcap, sectors 20 and 21, bins 11 and 12."""
SHORT = ones("ts_0", "n_short", "ti", "n_inner", "bwd_s", "track", short_map_0=1 << 10, inner_map_0=1 << 10)
SHORT_FORWARD = ones("ts_0", "ta_0", "n_short", "ti", "n_inner", "fwd_s", "track", short_map_0=1 << 20, inner_map_0=1 << 20)
