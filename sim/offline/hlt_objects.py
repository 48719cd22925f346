# Ref: public HLT filter code FilterCalculator: which tracks and clusters the low-multiplicity filters look at.
"""Tracks and clusters as the software trigger sees them: clusters of photons and of tracks together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.offline import jagged, objects
from sim.offline.objects import Arrays, Flags, Floats, Indices
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration

CLUSTER_MIN_E, CLUSTER_TIME_NS = 0.1, 200.0
LOOSE_Z_CM, TIGHT_Z_CM = 10.0, 2.0
"""Source: FilterCalculator (read in public source): GeV, ns, cm."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Clusters:
    """Clusters of all events. four: the group. charged: of a track. theta_deg: laboratory. lab, star: energies in GeV."""

    four: objects.Group
    charged: Flags
    theta_deg: Floats

    @property
    def lab(self) -> Floats:
        """Energy in the laboratory."""
        return self.four.lab[:, 0]

    @property
    def star(self) -> Floats:
        """Energy in the CM frame."""
        return self.four.star[:, 0]

    def count(self, which: Flags) -> Indices:
        """Marked clusters of each event."""
        return jagged.count(self.four.offsets, which)


def clusters(arrays: Arrays, beams: BeamDeclaration = Y4S_BEAMS) -> Clusters:
    """Clusters above 0.1 GeV in time; that of a track has the track's direction at the origin."""
    photons, tracks = objects.photons(arrays, beams), objects.tracks(arrays, 0.0, beams)
    deposit = arrays["off_track_e_cluster"]
    direction = tracks.lab[:, 1:] / np.maximum(objects.momentum(tracks.lab), np.finfo(float).tiny)[:, None]
    event = np.concatenate([jagged.event_index(photons.offsets), jagged.event_index(tracks.offsets)])
    in_time = np.abs(arrays["off_photon_time"]) < CLUSTER_TIME_NS
    kept = np.concatenate([(photons.lab[:, 0] > CLUSTER_MIN_E) & in_time, deposit > CLUSTER_MIN_E])
    rows = np.flatnonzero(kept)[np.argsort(event[kept], kind="stable")]
    energy = np.concatenate([photons.lab[:, 0], deposit])[rows]
    momentum = np.concatenate([photons.lab[:, 1:], deposit[:, None] * direction])[rows]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(event[rows], minlength=photons.offsets.size - 1))])
    four = objects.group(offsets, energy, momentum, beams)
    return Clusters(four=four, charged=rows >= photons.lab.shape[0], theta_deg=objects.theta_deg(four.lab))


@dataclass(frozen=True, kw_only=True, eq=False)
class Two:
    """Two objects of each event, the first with the larger energy or momentum; (events,) each, NaN where there are not two.

    exist: there are two. star: (events, 2, 4), CM frame. delta_phi, theta_sum: degrees, CM frame.
    """

    exist: Flags
    star: Floats
    delta_phi: Floats
    theta_sum: Floats


def two(group: objects.Group, value: Floats, which: Flags) -> tuple[Two, Indices]:
    """The two marked entries with the largest value, and their flat indices (events, 2), -1 for none."""
    chosen = objects.leading(group.offsets, value, which, 2)
    star = objects.take(group.star, chosen)
    theta = objects.theta_deg(star.reshape(-1, 4)).reshape(-1, 2)
    answer = Two(
        exist=chosen[:, 1] >= 0,
        star=star,
        delta_phi=objects.delta_phi_deg(star[:, 0], star[:, 1]),
        theta_sum=theta.sum(axis=1),
    )
    return answer, chosen
