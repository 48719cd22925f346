"""The 2D finder: axial track segments in, tracks on the half-cell grid out.

Ref: basf2 trg/cdc CDCTrigger2DFinderModule.cc (read in public source) [SIM].
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.door import check_segments
from trigger.cdc.hough import kernels
from trigger.cdc.hough.plane import CLUSTER_SQUARES, N_QUADRANTS, HoughPlane
from trigger.cdc.hough.windows import windows
from trigger.geometry.cdc import N_SECTORS, N_SUPERLAYERS, superlayers


@dataclass(frozen=True, kw_only=True, eq=False)
class HoughTracks:
    """The 2D tracks of n events, m in all.

    Attributes:
        plane: the plane whose half cells the raw values count.
        track_offsets: int64 (n + 1,).
        track_phi_raw: int16 (m,), azimuth at the origin in half cells, 0 .. 2 n_phi - 1.
        track_omega_raw: int8 (m,), signed curvature in half cells.
        track_ts: int16 (m, 9), id of the chosen segment of each superlayer, -1 = none; stereo superlayers are -1.
        track_hit: int32 (m, 9), the same as index in the event's list of segments, -1 = none.
        track_clock: uint8 (m,), data clock, counted from the first, in which the quadrant sends the track.
    """

    plane: HoughPlane
    track_offsets: NDArray[np.int64]
    track_phi_raw: NDArray[np.int16]
    track_omega_raw: NDArray[np.int8]
    track_ts: NDArray[np.int16]
    track_hit: NDArray[np.int32]
    track_clock: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class HoughFinder:
    """The 2D finder on a plane; the default is the experiment's."""

    plane: HoughPlane = field(default_factory=HoughPlane)

    def run(self, offsets: ArrayLike, ts_id: ArrayLike, priority: ArrayLike) -> HoughTracks:
        """Return the tracks of each event, in the order in which the clusters start (phi, then omega).

        offsets: (n + 1,). ts_id: segment ids 0..2335 of all superlayers; stereo ones are ignored. priority: 1 second right, 2
        second left, 3 first. A cluster of one cell gives no track; a cluster is cut at 3 x 3 squares, and what lies beyond
        is lost. Of several segments of a superlayer that cross the box around a track's centre, the one with a first-priority
        wire is chosen, then the highest id, then the earliest. A track keeps what it finds, even fewer than four.
        InputError with field, event and reason for anything out of range. Empty events give no track.
        """
        hits = self._hits(offsets, ts_id, priority)
        n_events, shape = len(hits.offsets) - 1, (self.plane.n_phi, self.plane.n_omega)
        is_candidate = np.array([bits.bit_count() >= self.plane.min_superlayers for bits in range(256)]).astype(np.uint8)
        track_offsets = np.zeros(n_events + 1, np.int64)
        x2, y2, chosen = np.zeros(0, np.int16), np.zeros(0, np.int16), np.zeros((0, N_SUPERLAYERS), np.int32)
        capacity, done = shape[0] * shape[1] + len(hits.ts_id) // 16, 0
        while done < n_events:
            x2, y2, chosen = (np.concatenate([a, np.zeros((capacity, *a.shape[1:]), a.dtype)]) for a in (x2, y2, chosen))
            done = kernels.find(
                hits, windows(self.plane).table, is_candidate, shape, CLUSTER_SQUARES, track_offsets, x2, y2, chosen, done
            )
        n_tracks = int(track_offsets[-1])
        x2, chosen = x2[:n_tracks].copy(), chosen[:n_tracks].copy()
        event = np.repeat(np.arange(n_events), np.diff(track_offsets))
        ids = np.append(hits.ts_id, np.int16(-1))
        return HoughTracks(
            plane=self.plane,
            track_offsets=track_offsets,
            track_phi_raw=x2,
            track_omega_raw=(y2[:n_tracks] - (self.plane.n_omega - 1)).astype(np.int8),
            track_ts=ids[np.where(chosen < 0, len(hits.ts_id), chosen + hits.offsets[event][:, None])],
            track_hit=chosen,
            track_clock=self._clock(event, x2),
        )

    def cells(self, offsets: ArrayLike, ts_id: ArrayLike, priority: ArrayLike) -> NDArray[np.uint8]:
        """Return the votes, uint8 (n, n_phi, n_omega): bit s/2 is set where a segment of axial superlayer s crosses the cell.

        Arguments and errors as for `run`. For display and tests: 5440 bytes per event.
        """
        hits = self._hits(offsets, ts_id, priority)
        planes = np.zeros((len(hits.offsets) - 1, self.plane.n_phi, self.plane.n_omega), np.uint8)
        kernels.vote_all(hits, windows(self.plane).table, planes)
        return planes

    def _hits(self, offsets: ArrayLike, ts_id: ArrayLike, priority: ArrayLike) -> kernels.Hits:
        arrays = check_segments("HoughFinder", cdc_offsets=offsets, cdc_ts_id=ts_id, cdc_priority=priority)
        lines, sectors, ids = superlayers(), windows(self.plane), arrays["cdc_ts_id"]
        superlayer = lines.of_segment[ids]
        sector, inside = np.divmod(ids - lines.offset[superlayer], sectors.per_sector[superlayer])
        return kernels.Hits(
            offsets=arrays["cdc_offsets"],
            ts_id=ids,
            priority=arrays["cdc_priority"],
            superlayer=superlayer,
            turn=(sector * (self.plane.n_phi // N_SECTORS)).astype(np.int32),
            row=np.where(lines.axial[superlayer], sectors.row[superlayer] + inside, -1).astype(np.int32),
        )

    def _clock(self, event: NDArray[np.int64], phi_raw: NDArray[np.int16]) -> NDArray[np.uint8]:
        """Data clock in which each track leaves: its place among the tracks of its event and quadrant, by groups."""
        group = event * N_QUADRANTS + self.plane.quadrant(phi_raw)
        order = np.argsort(group, kind="stable")
        first = np.searchsorted(group[order], group[order], side="left")
        place = np.empty(len(group), np.int64)
        place[order] = np.arange(len(group)) - first
        return (place // self.plane.tracks_per_clock).astype(np.uint8)
