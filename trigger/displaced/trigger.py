"""The displaced-vertex trigger: track segments in, vertices of two tracks out."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.door import check_segments
from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.cdc.neuro.inputs import SIDE
from trigger.displaced import event, seeds, vertex
from trigger.displaced.constants import constants
from trigger.displaced.features import FEATURES
from trigger.displaced.fit_tables import fit_tables, seed_tables
from trigger.displaced.formats import CHI2, DEPTH, IMPACT, MISS
from trigger.displaced.grid import N_LANES, PATCH
from trigger.displaced.network import shipped_network
from trigger.displaced.parameters import DisplacedParameters
from trigger.displaced.windows import N_POSITIONS, seed_windows
from trigger.errors import InputError
from trigger.geometry.cdc import FIRST_PRIORITY, N_SECTORS, N_SUPERLAYERS, superlayers

_VERTEX = ("displaced_radius_raw", "displaced_phi_raw", "displaced_z_raw", "displaced_slot")
_TRACK: dict[str, type[np.integer]] = {
    "displaced_bend_raw": np.int16,
    "displaced_impact_raw": np.int16,
    "displaced_phi0_raw": np.int16,
    "displaced_z0_raw": np.int16,
    "displaced_slope_raw": np.int16,
    "displaced_chi2_raw": np.int32,
    "displaced_n_axial": np.uint8,
    "displaced_n_stereo": np.uint8,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class DisplacedDecision:
    """Answer of the trigger: n events, m vertices in all that pass the cuts.

    Attributes:
        displaced_vertex: uint8 (n,), the displaced-vertex bit: a vertex has a score of `score_tight_raw` or more.
        displaced_overflow: uint8 (n,), segments, seeds, tracks or candidates beyond the caps were lost.
        displaced_n_seeds: uint16 (n,), seeds that left in time.
        displaced_n_tracks: uint8 (n,), tracks with a stereo line, duplicates removed.
        displaced_offsets: int64 (n + 1,), vertices of each event, in the order of `trigger.displaced.pairs`.
        displaced_radius_raw, displaced_z_raw: int16 (m,), DEPTH: transverse radius and z.
        displaced_phi_raw: int16 (m,), TURN: azimuth.
        displaced_slot: int16 (m,), place of the crossing in the queue of its window, ascending, 0..max_vertices - 1.
        displaced_bend_raw, displaced_impact_raw, displaced_phi0_raw: int16 (m, 2), BEND, IMPACT, TURN: both tracks in the
            transverse plane, in the order of the pair. displaced_z0_raw, displaced_slope_raw: int16 (m, 2), DEPTH at the
            perigee, SLOPE. displaced_chi2_raw: int32 (m, 2), CHI2. displaced_n_axial, displaced_n_stereo: uint8 (m, 2), segments of
            the fit, superlayers of the line. Formats: `trigger.displaced.formats`; meaning: `trigger.displaced.grid`.
        displaced_features: int16 (m, 16), inputs of the network, `trigger.displaced.features`. displaced_score_raw: int16 (m,), its
            answer, ANSWER of `trigger.cdc.neuro.codesign`.
    """

    displaced_vertex: NDArray[np.uint8]
    displaced_overflow: NDArray[np.uint8]
    displaced_n_seeds: NDArray[np.uint16]
    displaced_n_tracks: NDArray[np.uint8]
    displaced_offsets: NDArray[np.int64]
    displaced_radius_raw: NDArray[np.int16]
    displaced_phi_raw: NDArray[np.int16]
    displaced_z_raw: NDArray[np.int16]
    displaced_slot: NDArray[np.int16]
    displaced_bend_raw: NDArray[np.int16]
    displaced_impact_raw: NDArray[np.int16]
    displaced_phi0_raw: NDArray[np.int16]
    displaced_z0_raw: NDArray[np.int16]
    displaced_slope_raw: NDArray[np.int16]
    displaced_chi2_raw: NDArray[np.int32]
    displaced_n_axial: NDArray[np.uint8]
    displaced_n_stereo: NDArray[np.uint8]
    displaced_features: NDArray[np.int16]
    displaced_score_raw: NDArray[np.int16]

    def arrays(self) -> dict[str, NDArray]:
        """The fields by name; the arrays themselves, not copies."""
        return dict(vars(self))


class DisplacedTrigger:
    """Bit-accurate model: seeds in bend, impact and azimuth, linear drift-time fit, stereo line, vertex along the radius.

    Every step is a table, a product with an integer, an addition or a comparison, a fixed number of times per seed and per pair.
    """

    def __init__(self, parameters: DisplacedParameters | None = None, network: CodesignNetwork | None = None) -> None:
        """network: of vertices; without it the one that comes with the package."""
        self.parameters = parameters or DisplacedParameters()
        self.network = network or shipped_network()

    def run(
        self,
        offsets: ArrayLike,
        ts_id: ArrayLike,
        priority: ArrayLike,
        lr: ArrayLike,
        time: ArrayLike,
        given_time: ArrayLike | None = None,
    ) -> DisplacedDecision:
        """Return the decision on every event.

        offsets (n + 1,), ts_id 0..2335, priority (1 second right, 2 second left, 3 first), lr (0 none, 1 right, 2 left, 3 unknown),
        time (time units): all segments, CSR. given_time: event time (n,); without it each track takes the earliest priority time
        of its own axial segments, less `fastest_ahead`. Ties go to the earlier segment, seed and crossing. Empty events answer 0.

        Raises:
            InputError: field, first bad event and reason.
        """
        given = {"cdc_offsets": offsets, "cdc_ts_id": ts_id, "cdc_priority": priority, "cdc_lr": lr, "cdc_time": time}
        arrays, lost = self._taken(check_segments("DisplacedTrigger", **given))
        hits = self._hits(arrays)
        p, n = self.parameters, len(hits.offsets) - 1
        found = event.Found(
            n_seeds=np.zeros(n, np.uint16),
            n_tracks=np.zeros(n, np.uint8),
            n_vertices=np.zeros(n, np.int64),
            overflow=lost.astype(np.uint8),
            vertex=np.zeros((n, p.max_vertices, len(_VERTEX)), np.int16),
            tracks=np.zeros((n, p.max_vertices, 2, len(_TRACK)), np.int32),
            features=np.zeros((n, p.max_vertices, len(FEATURES)), np.int16),
        )
        grid, windows = p.grid, seed_windows(p.grid)
        event.find(
            hits, _given(given_time, n), given_time is not None, (grid.n_rows, grid.n_impact),
            windows.mask.reshape(-1, *windows.mask.shape[2:]), (seed_tables(grid), fit_tables()), constants(), self.cuts,
            (p.seed_slots, p.max_tracks, p.max_vertices), found,
        )  # fmt: skip
        there = np.arange(p.max_vertices) < found.n_vertices[:, None]
        numbers: dict[str, NDArray[Any]] = {name: found.vertex[there][:, k] for k, name in enumerate(_VERTEX)}
        numbers |= {name: found.tracks[there][:, :, k].astype(kind) for k, (name, kind) in enumerate(_TRACK.items())}
        offsets_found = np.concatenate([[0], np.cumsum(found.n_vertices)])
        inputs = found.features[there]
        score = self.network.run(inputs)[:, 0]
        taken = np.concatenate([[0], np.cumsum(score >= p.score_tight_raw)])[offsets_found]
        return DisplacedDecision(
            displaced_vertex=(np.diff(taken) > 0).astype(np.uint8),
            displaced_overflow=found.overflow,
            displaced_n_seeds=found.n_seeds,
            displaced_n_tracks=found.n_tracks,
            displaced_offsets=offsets_found,
            displaced_features=inputs,
            displaced_score_raw=score,
            **numbers,
        )

    def seeds(self, offsets: ArrayLike, ts_id: ArrayLike, priority: ArrayLike, lr: ArrayLike, time: ArrayLike) -> NDArray[np.int64]:
        """Return the seeds of all events, int64 (k, 3): event, row of the grid, cell in azimuth, in the order in which they leave.

        Raises:
            InputError: field, first bad event and reason.
        """
        given = {"cdc_offsets": offsets, "cdc_ts_id": ts_id, "cdc_priority": priority, "cdc_lr": lr, "cdc_time": time}
        hits = self._hits(self._taken(check_segments("DisplacedTrigger.seeds", **given))[0])
        grid, slots = self.parameters.grid, self.parameters.seed_slots
        masks = seed_windows(grid).mask
        planes, fired = (np.zeros((*size, 2, grid.n_rows), np.uint64) for size in ((event.N_AXIAL,), ()))
        score = np.zeros((grid.n_bend // PATCH, grid.n_impact // PATCH, seeds.N_CELLS), np.uint8)
        places, order = np.empty((score.size, 3), np.int64), np.empty((N_LANES * slots, 3), np.int64)
        left, found = np.zeros((len(order), 2), np.int64), [np.zeros((0, 3), np.int64)]
        for number, (first, last) in enumerate(pairwise(hits.offsets.tolist())):
            axial = np.flatnonzero(hits.member[first:last] >= 0) + first
            votes = (hits.window[axial], hits.turn[axial], hits.member[axial])
            seeds.vote(*votes, masks.reshape(-1, *masks.shape[2:]), planes)
            seeds.fire(planes, self.cuts.only_five, fired)
            n = seeds.select(fired, slots, score, np.zeros(score.shape, np.bool_), places, order, left)[1]
            found.append(np.column_stack([np.full(n, number), left[:n]]))
        return np.concatenate(found)

    def _taken(self, arrays: dict[str, NDArray]) -> tuple[dict[str, NDArray], NDArray[np.bool_]]:
        """The segments that every superlayer of an event brings, at most `max_segments`, and whether an event lost some (n,)."""
        offsets = arrays["cdc_offsets"]
        event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        group = event * N_SUPERLAYERS + superlayers().of_segment[arrays["cdc_ts_id"]]
        order = np.argsort(group, kind="stable")
        rank = np.empty(len(group), np.int64)
        rank[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
        kept = rank < self.parameters.max_segments
        lost = np.zeros(len(offsets) - 1, bool)
        lost[event[~kept]] = True
        taken = {name: column if name == "cdc_offsets" else column[kept] for name, column in arrays.items()}
        taken["cdc_offsets"] = np.concatenate([[0], np.cumsum(kept)])[offsets]
        return taken, lost

    def _hits(self, arrays: dict[str, NDArray]) -> event.Hits:
        lines, grid = superlayers(), self.parameters.grid
        windows = seed_windows(grid)
        ids, position = arrays["cdc_ts_id"].astype(np.int64), arrays["cdc_priority"].astype(np.int64)
        superlayer = lines.of_segment[ids].astype(np.int64)
        sector, inside = np.divmod(ids - lines.offset[superlayer], windows.per_sector[superlayer])
        axial = lines.axial[superlayer]
        return event.Hits(
            offsets=arrays["cdc_offsets"],
            member=np.where(axial, superlayer // 2, -1),
            stereo=np.where(axial, -1, superlayer // 2),
            window=np.where(axial, (windows.first[superlayer] + inside) * N_POSITIONS + position - 1, 0),
            turn=sector * (grid.n_phi // N_SECTORS),
            kind=(position != FIRST_PRIORITY).astype(np.int64),
            angle=fit_tables().angle[ids, position - 1].astype(np.int64),
            side=np.array(SIDE)[arrays["cdc_lr"]],
            time=arrays["cdc_time"].astype(np.int64),
        )

    @property
    def cuts(self) -> event.Cuts:
        """The parameters as raw integers."""
        p = self.parameters
        return event.Cuts(
            only_five=p.grid.min_superlayers == event.N_AXIAL,
            fastest_ahead=p.fastest_ahead,
            chi2=int(CHI2.quantise(p.chi2_max_cm2)),
            misses=MISS.quantise([p.stereo_three_cm, p.stereo_four_cm]),
            depth=int(DEPTH.quantise(p.depth_cm)),
            impact_high=int(IMPACT.quantise(p.impact_high_cm)),
            impact_low=int(IMPACT.quantise(p.impact_low_cm)),
            radius_low=int(DEPTH.quantise(p.radius_cm[0])),
            radius_high=int(DEPTH.quantise(p.radius_cm[1])),
            behind=int(DEPTH.quantise(p.behind_cm)),
            tangent=round(math.tan(math.acos(p.pointing)) * (1 << vertex.POINTING_FRACTION)),
            shared=p.shared_max,
        )


def _given(given_time: ArrayLike | None, n_events: int) -> NDArray[np.int64]:
    """Event times (n,), 0 without; InputError for a wrong number or kind."""
    if given_time is None:
        return np.zeros(n_events, np.int64)
    time = np.asarray(given_time)
    if time.dtype.kind not in "iu" or time.shape != (n_events,):
        msg = f"given_time must be {n_events} integers, one per event, not {time.dtype} of shape {time.shape}"
        raise InputError(msg)
    return time.astype(np.int64)
