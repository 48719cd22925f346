"""KLM trigger in straight-line mode: sectors in both of whose planes a straight line of strips points to the interaction point.

Ref: basf2 trg/klm klmtrgLinearFit and KLMTriggerModule (read in public source) [SIM]. `trigger.geometry.klm` has the coordinates of
the strips.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trigger.compiled import kernel
from trigger.events import validate
from trigger.geometry.klm import FIRST_SECTOR, N_LAYERS, N_PLANES, N_SECTORS, strip_table
from trigger.klm import KlmDecision, decide

N_TRACKS = 4
"""Tracks that a plane of a sector can hold. Source: klmtrgLinearFit [SIM]."""
LENGTH_BITS = 12
"""Width of the cuts on lengths. Our choice: 4095 units are 5 m, more than any sector."""

_STRIP_RADIX = 128
"""More than the strips of any plane, to sort by one number."""


@dataclass(frozen=True, kw_only=True)
class KlmLineParameters:
    """Cuts of the straight-line mode; lengths in units of 1/8 cm (`unverified` for the present firmware).

    gap_raw: strips of one layer belong to the same track if their coordinates differ by less. Source: the module's default, 500; a
    header has 100 (KLMTriggerModule.cc, klmtrgLinearFit.h) [SIM]. intercept_raw: a line points to the interaction point if its
    coordinate at x = 0 is at most this, either sign. Source: the same, 500 [SIM]. min_layers: layers that a line needs at least.
    Source: the published code asks for no more than a line needs, which is 2 [SIM].
    """

    gap_raw: int = 500
    intercept_raw: int = 500
    min_layers: int = 2

    def __post_init__(self) -> None:
        largest = (1 << LENGTH_BITS) - 1
        for name, value, low, high in (
            ("gap_raw", self.gap_raw, 1, largest),
            ("intercept_raw", self.intercept_raw, 0, largest),
            ("min_layers", self.min_layers, 2, N_LAYERS),
        ):
            if not low <= value <= high:
                msg = f"{name} must be {low}..{high}, not {value}"
                raise ValueError(msg)


class KlmLineTrigger:
    """Bit-accurate model of the KLM trigger in straight-line mode for one set of cuts.

    The strips of a plane of a sector are taken layer by layer, in each by ascending number; a repeated one counts once. In each
    layer, anew, a strip joins the first of four tracks that has no strip in this layer or whose last one there is nearer than
    `gap_raw`; the last track if there is none. The line y = a x + b through all strips of a track is fitted with equal weights:

        b = (sum xx  sum y - sum x  sum xy) / (n sum xx - sum x sum x)

    in exact integers; |b| <= intercept_raw is decided without division. A sector fires when both planes have such a line.
    """

    def __init__(self, parameters: KlmLineParameters | None = None) -> None:
        self.parameters = parameters or KlmLineParameters()

    def run(
        self, offsets: ArrayLike, section: ArrayLike, sector: ArrayLike, layer: ArrayLike, plane: ArrayLike, strip: ArrayLike
    ) -> KlmDecision:
        """Return the decision of every event; hits are CSR, in any order.

        Raises:
            InputError: wrong length, or a number out of range; names field, first bad event and reason.
        """
        given = {"klm_offsets": offsets, "klm_section": section, "klm_sector": sector, "klm_layer": layer}
        given |= {"klm_plane": plane, "klm_strip": strip}
        hits = validate({name: np.asarray(array) for name, array in given.items()}, "KlmLineTrigger.run", required=tuple(given))
        n_events = len(hits["klm_offsets"]) - 1
        event = np.repeat(np.arange(n_events), np.diff(hits["klm_offsets"]))
        place = np.array(FIRST_SECTOR)[hits["klm_section"]] + hits["klm_sector"]
        table = strip_table()
        group = (event * N_SECTORS + place) * N_PLANES + hits["klm_plane"]
        key = (group * N_LAYERS + hits["klm_layer"]) * _STRIP_RADIX + hits["klm_strip"]
        rest, strips = np.divmod(np.unique(key), _STRIP_RADIX)
        group, layers = np.divmod(rest, N_LAYERS)
        places, planes = np.divmod(group % (N_SECTORS * N_PLANES), N_PLANES)
        x = table.x_raw[places, layers, planes].astype(np.int64)
        y = table.y_raw(places, layers, planes, strips)
        p = self.parameters
        has_line = np.zeros(n_events * N_SECTORS * N_PLANES, dtype=np.bool_)
        _find_lines(group, layers, x, y, p.gap_raw, p.intercept_raw, p.min_layers, has_line)
        return decide(has_line.reshape(n_events, N_SECTORS, N_PLANES).sum(axis=2) == N_PLANES)


@kernel
def _find_lines(group, layer, x, y, gap_raw, intercept_raw, min_layers, has_line):
    """Set has_line[g] of each group of hits with a line; group: sorted, layers sorted within a group."""
    sums, n_layers = np.zeros((N_TRACKS, 5), np.int64), np.zeros(N_TRACKS, np.int64)
    in_layer, last_y = np.zeros(N_TRACKS, np.bool_), np.zeros(N_TRACKS, np.int64)
    for i in range(len(group)):
        opens = i == 0 or group[i] != group[i - 1]
        if opens:
            sums[:], n_layers[:] = 0, 0
        if opens or layer[i] != layer[i - 1]:
            in_layer[:] = False
        track = 0
        while track < N_TRACKS - 1 and in_layer[track] and abs(last_y[track] - y[i]) >= gap_raw:
            track += 1
        if not in_layer[track]:
            n_layers[track] += 1
        in_layer[track], last_y[track] = True, y[i]
        sums[track, 0] += 1
        sums[track, 1] += x[i]
        sums[track, 2] += y[i]
        sums[track, 3] += x[i] * x[i]
        sums[track, 4] += x[i] * y[i]
        if i + 1 == len(group) or group[i + 1] != group[i]:
            for t in range(N_TRACKS):
                n, sx, sy, sxx, sxy = sums[t]
                points = abs(sxx * sy - sx * sxy) <= intercept_raw * (n * sxx - sx * sx)
                if n_layers[t] >= min_layers and points:
                    has_line[group[i]] = True
