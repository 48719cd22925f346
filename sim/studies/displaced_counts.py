"""Integer counters of the study of the displaced-vertex trigger, made slice by slice from truth and decisions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.studies.counting import Counters
from sim.studies.displaced_samples import Slice
from sim.studies.tracks_counts import histogram, in_bins

RADIUS_EDGES = np.linspace(0.0, 50.0, 21)
"""Transverse decay radius, cm."""
TRANSVERSE_EDGES = np.linspace(0.0, 20.0, 1001)
"""Errors of the vertex across the beam, cm: steps of a twentieth of the best resolution."""
ALONG_EDGES = np.linspace(0.0, 60.0, 601)
"""Errors of the vertex along the beam, cm."""
ALL, CROSSED = "all", "both daughters cross four axial superlayers"
AMONG = (ALL, CROSSED)


def count(part: Slice) -> Counters:
    """Counters of a slice.

    `events/<among>` (20,): events by radius. `<decision>/<among>` (20,): those that the decision takes. `transverse`, `along` (20,
    bins + 1): vertices found in events whose daughters cross enough, by error; the last column: beyond the edges.
    """
    radius = in_bins(part.radius_cm, RADIUS_EDGES)
    found: Counters = {}
    for among, chosen in ((ALL, np.ones_like(part.crossed)), (CROSSED, part.crossed)):
        found[f"events/{among}"] = _by_radius(radius[chosen])
        for name, fired in part.decided.items():
            found[f"{name}/{among}"] = _by_radius(radius[chosen & fired])
    kept = part.crossed[part.vertex_event]
    for name, error, edges in (("transverse", part.transverse_cm, TRANSVERSE_EDGES), ("along", part.along_cm, ALONG_EDGES)):
        place = np.minimum(np.searchsorted(edges, error[kept], side="right"), len(edges)) - 1
        found[name] = histogram((len(RADIUS_EDGES) - 1, len(edges)), radius[part.vertex_event[kept]], place)
    return found


def _by_radius(radius: NDArray[np.int64]) -> NDArray[np.int64]:
    return histogram((len(RADIUS_EDGES) - 1,), radius)
