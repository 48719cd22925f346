"""The input stage of the neuro trigger: 2D tracks and track segments in, 27 fixed-point inputs and an expert per track out.

Ref: basf2 trg/cdc NeuroTrigger.cc, CDCTriggerNeuroModule.cc, neurotrigger_default.conf (read in public source) [SIM].
"""

from dataclasses import astuple, dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.door import check_segments
from trigger.cdc.hough.finder import HoughTracks
from trigger.cdc.neuro import kernels
from trigger.cdc.neuro.crossing import crossing_table, reference_ids
from trigger.cdc.neuro.event_time import EventTime
from trigger.cdc.neuro.formats import AZIMUTH, NODE, RELATIVE_ID
from trigger.cdc.neuro.mlp import N_INPUTS
from trigger.cdc.neuro.windows import InputWindows
from trigger.errors import InputError
from trigger.geometry.cdc import FIRST_PRIORITY, N_SUPERLAYERS, PRIORITY_SHIFT_HALF_CELLS, superlayers

EXPERT_MISSING = (None, 7, 5, 3, 1)
"""Stereo superlayer that each expert does without. Source: neurotrigger_default.conf SLpattern [SIM]."""
STEREO_PATTERN = 0b010101010
"""Superlayers whose presence selects the expert: bit s. Source: neurotrigger_default.conf SLpatternMask [SIM]."""
TIME_MAX_LOG2 = 8
"""Largest drift time, 2^8 time units, is input 1. Source: neurotrigger_default.conf tMax [SIM]."""
SIDE = (0, -1, 1, 0)
"""Sign of the drift-time input for left/right 0 none, 1 right, 2 left, 3 unknown. Source: NeuroTrigger.cc [SIM]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuroVectors:
    """Network inputs of m tracks.

    Attributes:
        x_raw: int16 (m, 27), NODE format: relative id, drift time, crossing angle / 2 of superlayers 0 to 8; 0, 0, 0 if missing.
        track_expert: int8 (m,), 0..4, -1 = two or more stereo superlayers are missing: all inputs are 0.
        track_pattern: int16 (m,), bit s = stereo superlayer s has a relevant segment.
        track_t0: int32 (m,), event time in time units, 0 without; track_has_t0: bool (m,).
        track_hit: int32 (m, 9), chosen segment of each superlayer as index in the event's list, -1 = none.
        track_ts: int16 (m, 9), the same as segment id.
    """

    x_raw: NDArray[np.int16]
    track_expert: NDArray[np.int8]
    track_pattern: NDArray[np.int16]
    track_t0: NDArray[np.int32]
    track_has_t0: NDArray[np.bool_]
    track_hit: NDArray[np.int32]
    track_ts: NDArray[np.int16]

    def only(self, served: NDArray[np.bool_]) -> "NeuroVectors":
        """Return the same for the served tracks (m,); the others have no expert, and with it no inputs and no segments."""
        return replace(
            self,
            x_raw=np.where(served[:, None], self.x_raw, np.int16(0)),
            track_expert=np.where(served, self.track_expert, np.int8(-1)),
            track_hit=np.where(served[:, None], self.track_hit, np.int32(-1)),
            track_ts=np.where(served[:, None], self.track_ts, np.int16(-1)),
        )


@dataclass(frozen=True, kw_only=True)
class NeuroInputs:
    """The input stage: relevance windows and the source of the event time. Defaults: the experiment's windows, fastest priority."""

    windows: InputWindows = field(default_factory=InputWindows)
    event_time: EventTime = EventTime.FASTEST_PRIORITY

    def run(
        self,
        tracks: HoughTracks,
        offsets: ArrayLike,
        ts_id: ArrayLike,
        priority: ArrayLike,
        lr: ArrayLike,
        time: ArrayLike,
        given_time: ArrayLike | None = None,
    ) -> NeuroVectors:
        """Return the inputs of 2D tracks on the half-cell grid, found in these segments.

        offsets (n + 1,), ts_id, priority (1 second right, 2 second left, 3 first), lr (0 none, 1 right, 2 left, 3 unknown), time
        (time units): all segments of each event. given_time: event time (n,) of the event-time finder, required by the
        options that use it. Axial segments are those of the track; stereo ones are all of the event inside the windows. Of
        several in a superlayer the choice is: side known, then shorter drift time, then the later one. Drift times are
        cut at 0 and 256 units. InputError for bad fields.
        """
        on_track = tracks.track_hit >= 0
        related_offsets = np.concatenate([[0], np.cumsum(on_track.sum(axis=1))])
        plane = tracks.plane
        angles = crossing_table(plane)[tracks.track_omega_raw.astype(np.int64) + (plane.n_omega - 1)]
        phi0_raw = AZIMUTH.quantise(plane.phi0_rad(tracks.track_phi_raw))
        return self.select(
            phi0_raw, angles, tracks.track_offsets, related_offsets, tracks.track_hit[on_track],
            offsets, ts_id, priority, lr, time, given_time,
        )  # fmt: skip

    def select(
        self,
        phi0_raw: NDArray[np.int64],
        angles_raw: NDArray[np.int64],
        track_offsets: NDArray[np.int64],
        related_offsets: NDArray[np.int64],
        related_hit: NDArray[np.integer],
        offsets: ArrayLike,
        ts_id: ArrayLike,
        priority: ArrayLike,
        lr: ArrayLike,
        time: ArrayLike,
        given_time: ArrayLike | None = None,
    ) -> NeuroVectors:
        """Return the inputs of tracks given by raw azimuth (m,) and raw crossing angles (m, 9, 2); otherwise as `run`.

        related_offsets (m + 1,), related_hit: per track, the indices in its event of the segments that belong to it.
        """
        arrays = check_segments(
            "NeuroInputs", cdc_offsets=offsets, cdc_ts_id=ts_id, cdc_priority=priority, cdc_lr=lr, cdc_time=time
        )
        hit_offsets, segment = arrays["cdc_offsets"], arrays["cdc_ts_id"]
        n_events, n_tracks = len(hit_offsets) - 1, len(phi0_raw)
        if len(track_offsets) != n_events + 1:
            msg = f"tracks and segments must be of the same events, not of {len(track_offsets) - 1} and {n_events}"
            raise InputError(msg)
        lines, code = superlayers(), arrays["cdc_priority"].astype(np.int64)
        superlayer = lines.of_segment[segment].astype(np.int64)
        half_cells = 2 * (segment - lines.offset[superlayer]) + np.array(PRIORITY_SHIFT_HALF_CELLS)[code]
        event = np.repeat(np.arange(n_events), np.diff(track_offsets))
        _check_related(related_offsets, related_hit, np.diff(hit_offsets)[event])
        x, hit = np.zeros((n_tracks, N_INPUTS), np.int16), np.zeros((n_tracks, N_SUPERLAYERS), np.int32)
        pattern, expert = np.zeros(n_tracks, np.int16), np.zeros(n_tracks, np.int8)
        t0, has_t0 = np.zeros(n_tracks, np.int32), np.zeros(n_tracks, np.bool_)
        kernels.select(
            event, hit_offsets, superlayer, half_cells << (RELATIVE_ID.fraction - 1), (code < FIRST_PRIORITY).astype(np.int64),
            np.array(SIDE)[arrays["cdc_lr"]], arrays["cdc_time"].astype(np.int64), related_offsets, related_hit,
            reference_ids(phi0_raw, angles_raw), angles_raw, self.windows.low_raw, self.windows.high_raw,
            self.windows.centre_raw, self.windows.shift, lines.n_segments.astype(np.int64) << RELATIVE_ID.fraction,
            1 << TIME_MAX_LOG2, NODE.fraction - TIME_MAX_LOG2, astuple(self.event_time.value),
            self._given(given_time, n_events), _expert_of_pattern(), x, pattern, expert, t0, has_t0, hit,
        )  # fmt: skip
        ids = np.append(segment, np.int16(-1))[np.where(hit < 0, len(segment), hit + hit_offsets[event][:, None])]
        return NeuroVectors(
            x_raw=x, track_expert=expert, track_pattern=pattern, track_t0=t0, track_has_t0=has_t0, track_hit=hit, track_ts=ids
        )

    def _given(self, given_time: ArrayLike | None, n_events: int) -> NDArray[np.int64]:
        """Event times (n,), NO_TIME without; InputError if the option needs them, or if their number or kind is wrong."""
        if given_time is None:
            if self.event_time.value.use_given:
                msg = f"given_time must be there for the event time {self.event_time.name}"
                raise InputError(msg)
            return np.full(n_events, kernels.NO_TIME)
        time = np.asarray(given_time)
        if time.dtype.kind not in "iu" or time.shape != (n_events,):
            msg = f"given_time must be {n_events} integers, one per event, not {time.dtype} of shape {time.shape}"
            raise InputError(msg)
        return time.astype(np.int64)


def _check_related(offsets: NDArray[np.int64], hit: NDArray[np.integer], n_hits: NDArray[np.int64]) -> None:
    """InputError if a track has a segment that its event does not have; n_hits: segments of the event of each track."""
    if len(offsets) != len(n_hits) + 1 or offsets[0] != 0 or offsets[-1] != len(hit) or (np.diff(offsets) < 0).any():
        msg = f"related_offsets must lead from 0 to {len(hit)} in {len(n_hits)} steps, one per track"
        raise InputError(msg)
    bad = (hit < 0) | (hit >= np.repeat(n_hits, np.diff(offsets)))
    if bad.any():
        track = int(np.searchsorted(offsets, bad.argmax(), side="right")) - 1
        msg = f"track {track}: segments must be 0..{n_hits[track] - 1} of its event, not {hit[bad.argmax()]}"
        raise InputError(msg)


def _expert_of_pattern() -> NDArray[np.int8]:
    """Expert of each stereo pattern, -1 where none fits."""
    experts = np.full(1 << N_SUPERLAYERS, -1, np.int8)
    for expert, missing in enumerate(EXPERT_MISSING):
        experts[STEREO_PATTERN if missing is None else STEREO_PATTERN & ~(1 << missing)] = expert
    return experts
