"""Pairs of tracks from a common origin: decays of long-lived particles as a vertex fit finds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.offline import jagged, objects
from sim.offline.objects import Arrays, Flags, Floats, Pairs
from sim.offline.reco import Reconstruction

SIGMAS = 5.0
"""Largest distance of two origins of one vertex, in standard deviations of their difference in one coordinate. Our choice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Vertices:
    """v vertices of two tracks of opposite charge. pairs: their tracks. place: (v, 3) cm. momentum: (v, 4), laboratory."""

    pairs: Pairs
    place: Floats
    momentum: Floats

    @property
    def radius_cm(self) -> Floats:
        """Distance from the z axis."""
        return np.hypot(self.place[:, 0], self.place[:, 1])

    @property
    def pointing_deg(self) -> Floats:
        """Angle between the momentum and the way from the origin of the laboratory; 90 where one vanishes."""
        return objects.angle_deg(self.momentum, objects.four(np.zeros(len(self.place)), self.place))

    @property
    def mass_gev(self) -> Floats:
        """Invariant mass."""
        return objects.mass(self.momentum)

    def of_track(self, flag: Flags) -> tuple[Flags, Flags]:
        """What a mark of tracks says of the two tracks of each vertex."""
        return flag[self.pairs.first], flag[self.pairs.second]

    def select(self, which: Flags) -> Vertices:
        """The marked vertices."""
        return Vertices(pairs=self.pairs.select(which), place=self.place[which], momentum=self.momentum[which])

    def farthest(self, events: int) -> Floats:
        """Largest radius of the vertices of each event in cm, NaN without any."""
        return self.pairs.largest(self.radius_cm, events, np.nan)


def vertices(
    arrays: Arrays, which: Flags, mass_gev: float | Floats = objects.PION_MASS_GEV, reco: Reconstruction | None = None
) -> Vertices:
    """All vertices of the marked tracks with this mass; the origin is the mean of those of the two tracks.

    reco: the resolutions that the origins were made with.
    """
    r = reco or Reconstruction()
    tracks = objects.tracks(arrays, mass_gev)
    origin = np.stack([arrays[f"off_track_v{axis}"] for axis in "xyz"], axis=1).astype(np.float64)
    charge = arrays["off_track_charge"]
    pairs = objects.pairs(tracks.offsets, which)
    between = np.abs(origin[pairs.first] - origin[pairs.second])
    mean = (origin[pairs.first] + origin[pairs.second]) / 2
    sigma = np.sqrt(2) * np.where(np.hypot(mean[:, 0], mean[:, 1]) < r.vertex_detector_cm, *r.vertex_cm)
    together = np.all(between < SIGMAS * sigma[:, None], axis=1)
    found = together & (charge[pairs.first] * charge[pairs.second] < 0)
    pairs = pairs.select(found)
    return Vertices(pairs=pairs, place=mean[found], momentum=tracks.lab[pairs.first] + tracks.lab[pairs.second])


def true_flight_cm(arrays: Arrays) -> Floats:
    """Largest distance from the z axis at which a particle of the event starts, cm; 0 without particles.

    K_S and hyperons of ordinary events count, so it is meant for signals of few particles.
    """
    radius = np.hypot(arrays["true_particle_vx"], arrays["true_particle_vy"])
    offsets = arrays["true_particle_offsets"]
    farthest = np.zeros(offsets.size - 1)
    np.maximum.at(farthest, jagged.event_index(offsets), radius)
    return farthest
