"""The global reconstruction logic: segments, tracks, clusters and KLM sectors in, the GRL decision out."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.door import check_rows, refuse
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.events import validate
from trigger.geometry.cdc import N_SECTORS as N_REPEATS
from trigger.geometry.cdc import N_SEGMENTS, superlayers
from trigger.geometry.ecl import N_CELLS
from trigger.grl.decision import GrlDecision
from trigger.grl.kernels import decide
from trigger.grl.layout import DECISION_FIELDS
from trigger.grl.parameters import EKLM_FORWARD_QUADRANT, N_SUPERLAYERS, SECTORS_OF_SEGMENT, GrlParameters
from trigger.grl.rules import N_COLUMNS, Input, rules_of
from trigger.grl.tables import MAX_OMEGA, PLANE, azimuth
from trigger.klm import FIRST_SECTOR, N_SECTORS, SECTORS

WHERE = "GrlTrigger.run"


@cache
def segment_sectors() -> NDArray[np.uint64]:
    """Return the sectors that each segment sets, as words, uint64 (2336,); 0 for superlayers without patterns."""
    lines, words = superlayers(), np.zeros(N_SEGMENTS, np.uint64)
    for superlayer, places in zip(range(N_SUPERLAYERS), SECTORS_OF_SEGMENT, strict=True):
        for repeat in range(N_REPEATS):
            for place, sectors in enumerate(places):
                segment = lines.offset[superlayer] + repeat * len(places) + place
                words[segment] = sum(1 << (2 * repeat + sector) for sector in sectors)
    words.setflags(write=False)
    return words


def _words(bits: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Bits (n, k), lowest first, as words."""
    return (bits.astype(np.uint64) << np.arange(bits.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64)


class GrlTrigger:
    """Bit-accurate model of the GRL for one set of parameters. Immutable.

    Attributes:
        parameters: as given; the experiment's by default.
    """

    def __init__(self, parameters: GrlParameters | None = None) -> None:
        self.parameters = parameters or GrlParameters()

    def run(
        self,
        cdc_offsets: ArrayLike,
        cdc_ts_id: ArrayLike,
        track_offsets: ArrayLike,
        track_phi_raw: ArrayLike,
        track_omega_raw: ArrayLike,
        *,
        track_expert: ArrayLike | None = None,
        track_theta_raw: ArrayLike | None = None,
        ecl_cluster_tc: ArrayLike | None = None,
        ecl_cluster_adc: ArrayLike | None = None,
        ecl_bhabha3d_veto: ArrayLike | None = None,
        klm_fired: ArrayLike | None = None,
    ) -> GrlDecision:
        """Return the decision of every event; arguments are fields of event files and of the other blocks' decisions.

        Segments and full tracks are CSR, n + 1 offsets each. Of every quadrant the first six tracks count, those of the first data
        clock. track_expert, track_theta_raw: neuro tracks stand for the 3D fitter (`unverified`): a track with an expert is a 3D
        track; none without them. ecl_cluster_tc, ecl_cluster_adc (n, 6), ecl_bhabha3d_veto (n,): of the ECL decision; no cluster
        without them. klm_fired (n, 24): of the KLM decision; no sector without it. Clusters lie at the centre of their cell.

        Raises:
            InputError: names the field, the first bad event and the reason.
        """
        n_tracks, n_events = np.size(np.asarray(track_phi_raw)), max(np.size(np.asarray(cdc_offsets)) - 1, 0)
        given = {
            "cdc_offsets": cdc_offsets,
            "cdc_ts_id": cdc_ts_id,
            "track_offsets": track_offsets,
            "track_phi_raw": track_phi_raw,
            "track_omega_raw": track_omega_raw,
            "track_expert": np.full(n_tracks, -1) if track_expert is None else track_expert,
            "track_theta_raw": np.zeros(n_tracks, np.int64) if track_theta_raw is None else track_theta_raw,
            "ecl_cluster_tc": np.zeros((n_events, MAX_CLUSTERS), np.int64) if ecl_cluster_tc is None else ecl_cluster_tc,
            "ecl_cluster_adc": np.zeros((n_events, MAX_CLUSTERS), np.int64) if ecl_cluster_adc is None else ecl_cluster_adc,
            "ecl_bhabha3d_veto": np.zeros(n_events, np.int64) if ecl_bhabha3d_veto is None else ecl_bhabha3d_veto,
        }
        arrays = {name: np.asarray(array) for name, array in given.items()}
        arrays = {name: array.astype(np.int64) if array.size == 0 else array for name, array in arrays.items()}
        checked = validate(arrays, WHERE, required=tuple(given))
        beyond = checked["ecl_cluster_tc"] > N_CELLS
        if beyond.any():
            event = int(beyond.any(axis=1).argmax())
            refuse(WHERE, "ecl_cluster_tc", event, f"must be 0..{N_CELLS}, not {checked['ecl_cluster_tc'][event].max()}")
        return self._decide(checked, _fired(klm_fired, len(checked["cdc_offsets"]) - 1))

    def _decide(self, fields: dict[str, NDArray], fired: NDArray[np.uint8]) -> GrlDecision:
        n_events, ids, phi_raw = len(fields["cdc_offsets"]) - 1, fields["cdc_ts_id"], fields["track_phi_raw"]
        sections = [fired[:, first : first + count] for first, count in zip(FIRST_SECTOR, SECTORS, strict=True)]
        values = np.zeros((n_events, N_COLUMNS), np.uint8)
        maps = {name: np.zeros(n_events, np.uint64) for name in ("grl_short_map", "grl_inner_map")}
        events = Input(
            segment_offsets=fields["cdc_offsets"],
            segment_superlayer=superlayers().of_segment[ids],
            segment_sectors=segment_sectors()[ids],
            track_offsets=fields["track_offsets"],
            track_azimuth=azimuth(phi_raw),
            track_quadrant=PLANE.quadrant(phi_raw),
            track_omega=fields["track_omega_raw"].astype(np.int64) + MAX_OMEGA,
            track_is_3d=fields["track_expert"] >= 0,
            track_theta=fields["track_theta_raw"].astype(np.int64),
            cluster_tc=fields["ecl_cluster_tc"].astype(np.int64),
            cluster_adc=fields["ecl_cluster_adc"].astype(np.int64),
            bklm=_words(sections[0] | sections[1]).astype(np.int64),
            eklm_forward=_words(sections[3][:, EKLM_FORWARD_QUADRANT]),
            eklm_backward=_words(sections[2]),
            bhabha_veto=fields["ecl_bhabha3d_veto"],
        )
        decide(events, rules_of(self.parameters), values, maps["grl_short_map"], maps["grl_inner_map"])
        answer, at = {}, 0
        for field in DECISION_FIELDS:
            if field.name in maps:
                words = maps[field.name]
                answer[field.name] = np.stack([words & np.uint64(0xFFFFFFFF), words >> np.uint64(32)], axis=1).astype(field.dtype)
            else:
                answer[field.name] = values[:, at : at + field.length].reshape(field.shape(n_events)).copy()
            at += field.length
        return GrlDecision(**answer)


def _fired(klm_fired: ArrayLike | None, n_events: int) -> NDArray[np.uint8]:
    """The fired sectors as uint8 (n, 24); InputError if they are not 0 or 1 or not of that shape."""
    fired = np.zeros((n_events, N_SECTORS), np.uint8) if klm_fired is None else np.asarray(klm_fired)
    check_rows({"cdc_offsets": n_events + 1, "klm_fired": len(fired)}, WHERE)
    if fired.shape[1:] != (N_SECTORS,) or fired.dtype.kind not in "biu":
        refuse(WHERE, "klm_fired", None, f"must be integers of shape (n, {N_SECTORS}), not {fired.dtype} of shape {fired.shape}")
    bad = ((fired < 0) | (fired > 1)).any(axis=1)
    if bad.any():
        refuse(WHERE, "klm_fired", int(bad.argmax()), f"must be 0 or 1, not {fired[bad][0].max()}")
    return fired.astype(np.uint8)
