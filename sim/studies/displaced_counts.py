"""Integer counters of the study of the displaced-vertex trigger, made slice by slice from truth, decisions and scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.studies.counting import Counters
from sim.studies.displaced_samples import MAX_RADIUS_CM, OR, Slice
from sim.studies.displaced_scores import N_SCORES
from sim.studies.tracks_counts import histogram, in_bins

RADIUS_EDGES = np.linspace(0.0, MAX_RADIUS_CM, 21)
"""Transverse decay radius, cm."""
OPENING_EDGES = np.array([0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 80.0, 110.0, 180.0])
"""Angle between the two particles, degrees."""
PT_EDGES = np.array([0.0, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 4.0])
"""Smaller transverse momentum of the two, GeV."""
EVERY_EDGES = np.array([0.0, np.inf])
TRANSVERSE_EDGES = np.linspace(0.0, 20.0, 1001)
"""Errors of the vertex across the beam, cm: steps of a twentieth of the best resolution."""
ALONG_EDGES = np.linspace(0.0, 60.0, 601)
"""Errors of the vertex along the beam, cm."""
AXES = {"radius": RADIUS_EDGES, "opening": OPENING_EDGES, "pt": PT_EDGES, "every": EVERY_EDGES}
"""What efficiencies are drawn against, with the edges of the bins; every: one bin for all events."""
ALL, CROSSED = "all", "both daughters cross four axial superlayers"
AMONG = (ALL, CROSSED)


def count(part: Slice) -> Counters:
    """Counters of a slice.

    `<axis>/<among>/events` (bins,): events. `<axis>/<among>/<decision>` (bins,): those that the decision takes. `<axis>/<among>/
    score/<algorithm>` and `unique/<algorithm>` (bins, N_SCORES + 1): by score, all and those that the existing lines do not take.
    `transverse`, `along` (radii, bins + 1): best vertices of events whose daughters cross enough, by error; the last column: beyond
    the edges.
    """
    found: Counters = {}
    values = {"radius": part.radius_cm, "opening": part.opening_deg, "pt": part.pt_gev, "every": np.zeros(len(part.crossed))}
    for axis, edges in AXES.items():
        place = in_bins(values[axis], edges)
        for among, chosen in ((ALL, np.ones_like(part.crossed)), (CROSSED, part.crossed)):
            found |= {f"{axis}/{among}/{name}": value for name, value in _of(part, place, chosen, len(edges) - 1).items()}
    radius = in_bins(part.radius_cm, RADIUS_EDGES)
    kept = part.crossed[part.vertex_event]
    for name, error, edges in (("transverse", part.transverse_cm, TRANSVERSE_EDGES), ("along", part.along_cm, ALONG_EDGES)):
        place = np.minimum(np.searchsorted(edges, error[kept], side="right"), len(edges)) - 1
        found[name] = histogram((len(RADIUS_EDGES) - 1, len(edges)), radius[part.vertex_event[kept]], place)
    return found


def _of(part: Slice, place: NDArray[np.int64], chosen: NDArray[np.bool_], size: int) -> Counters:
    found = {"events": histogram((size,), place[chosen])}
    found |= {name: histogram((size,), place[chosen & fired]) for name, fired in part.decided.items()}
    unique = chosen & ~part.decided[OR]
    for name, score in part.scores.items():
        for kind, which in (("score", chosen), ("unique", unique)):
            found[f"{kind}/{name}"] = histogram((size, N_SCORES + 1), place[which], score[which])
    return found
