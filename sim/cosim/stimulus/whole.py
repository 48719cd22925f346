"""Events for the verification of the whole decision: primitives of all detectors, with tracks as the track trigger answers them.

Three quarters put together at random from the stimuli of the blocks, z of tracks on and beside every cut; a quarter muon pairs with
a photon, through the response of the detectors, with background (a guess). All shuffled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.cosim.klm import klm_events
from sim.cosim.stimulus.mix import ecl_mix
from sim.cosim.stimulus.segments import segment_events
from sim.detector.background import Background, BackgroundPreset
from sim.detector.cdc import CdcResponse
from sim.detector.ecl import EclResponse
from sim.detector.klm import KlmResponse
from sim.generation import BlockTask, Sample, make_block
from sim.generators.radiative_muons import RadiativeMuons
from trigger.blocks import make_block as make_trigger_block
from trigger.cdc import HoughFinder, HoughPlane, SingleTrackTrigger
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.cdc.neuro.inputs import EXPERT_MISSING
from trigger.cdc.track_counts import count_fitter_tracks
from trigger.chain import Chain
from trigger.ecl import EclThresholds
from trigger.errors import InputError
from trigger.events import EventRecord
from trigger.klm import KlmParameters

PHYSICS_SHARE = 1 / 4
NO_ANSWER = 0.15
"""Part of the random tracks without a network answer."""
ON_CUT = 0.5
"""Part of the random tracks whose z lies on a cut or beside it."""
VETO_SHARE = 0.1
EXTERNAL_SHARE = 0.05
"""Probability of each input bit that no block models."""
Arrays = dict[str, NDArray]
_TRACKS = ("track_offsets", "track_phi_raw", "track_omega_raw", "track_expert", "track_z_raw", "track_theta_raw")
_FIELDS = (
    *("ecl_offsets", "ecl_tc_id", "ecl_adc", "ecl_time", "ecl_phase", "cdc_offsets", "cdc_ts_id"),
    *("klm_offsets", "klm_section", "klm_sector", "klm_layer", *_TRACKS),
)


def whole_events(
    chain: Chain, rng: np.random.Generator, seed: int, block: int, n_events: int, external: tuple[str, ...]
) -> EventRecord:
    """Return events with ECL, CDC segments, KLM, tracks, counts of tracks, `ext_veto` and the fields `external`.

    chain: whose settings the cuts are taken from. seed, block: of the streams of the ECL stimuli and of the simulated events.
    """
    n_physics = int(n_events * PHYSICS_SHARE)
    random = _random(chain, rng, seed, block, n_events - n_physics)
    simulated = _simulated(chain, seed, block, n_physics)
    both = [EventRecord({name: part[name] for name in _FIELDS}) for part in (random, simulated) if len(part["ecl_phase"])]
    record = EventRecord.concatenate(both).select(rng.permutation(n_events))
    arrays = dict(record.arrays) | _counts(chain, record)
    arrays["ext_veto"] = rng.random(n_events) < VETO_SHARE
    arrays |= {name: rng.random(n_events) < EXTERNAL_SHARE for name in external}
    return EventRecord(arrays)


def klm_layers(chain: Chain) -> KlmParameters:
    """Its KLM parameters; InputError for those of the straight-line mode: the RTL of the chain takes layers, not strips."""
    if isinstance(chain.settings.klm, KlmParameters):
        return chain.settings.klm
    raise InputError("the RTL of the chain has the KLM in layer-count mode alone; verify klm.line is for straight lines")


def _counts(chain: Chain, record: EventRecord) -> Arrays:
    """Counts of the tracks."""
    offsets, _, omega, expert, z, theta = (record[name] for name in _TRACKS)
    single = SingleTrackTrigger().run(offsets, omega, expert, z, theta).arrays()
    counts = {name: single[name] for name in ("grl_t2", "grl_ty", "grl_typ")}
    return counts | {"grl_t3": count_fitter_tracks(offsets, expert, z, chain.settings.fitter)}


def _random(chain: Chain, rng: np.random.Generator, seed: int, block: int, n_events: int) -> Arrays:
    """Every detector by itself."""
    mix = ecl_mix(EclThresholds.from_parameters(chain.settings.parameters))
    cells = [_timed(arrays) for _, arrays in mix.parts(seed, block, n_events) if len(arrays["ecl_offsets"]) > 1]
    ecl = EventRecord.concatenate([EventRecord(arrays) for arrays in cells]).select(rng.permutation(n_events))
    klm = klm_events(rng, n_events, klm_layers(chain))
    finder = HoughFinder()
    segments = segment_events(rng, n_events, finder.plane)
    found = finder.run(segments.offsets, segments.ts_id, segments.priority)
    n_tracks = len(found.track_phi_raw)
    expert = np.where(rng.random(n_tracks) < NO_ANSWER, -1, rng.integers(0, len(EXPERT_MISSING), n_tracks))
    tracks: Arrays = {
        "track_offsets": found.track_offsets,
        "track_phi_raw": found.track_phi_raw,
        "track_omega_raw": found.track_omega_raw,
        "track_expert": expert.astype(np.int8),
        "track_z_raw": _z_values(chain, rng, n_tracks),
        "track_theta_raw": rng.integers(-NODE_ONE, NODE_ONE + 1, n_tracks).astype(np.int16),
    }
    return {
        **ecl.arrays,
        "cdc_offsets": segments.offsets,
        "cdc_ts_id": segments.ts_id,
        "klm_offsets": klm.offsets,
        "klm_section": klm.section,
        "klm_sector": klm.sector,
        "klm_layer": klm.layer,
        **_frame(tracks),
    }


def _timed(arrays: Arrays) -> Arrays:
    """Cells with times, 0 where the stimulus has none."""
    n_events, n_hits = len(arrays["ecl_offsets"]) - 1, len(arrays["ecl_tc_id"])
    return {"ecl_time": np.zeros(n_hits, np.int16), "ecl_phase": np.zeros(n_events, np.int16), **arrays}


def _z_values(chain: Chain, rng: np.random.Generator, n_tracks: int) -> NDArray[np.int16]:
    single = SingleTrackTrigger()
    limits = np.array([single.z_stt_raw, single.z_y_raw, chain.settings.fitter.z_raw])
    beside = (limits[rng.integers(0, len(limits), n_tracks)] + rng.integers(0, 2, n_tracks)) * rng.choice((-1, 1), n_tracks)
    anywhere = rng.integers(-NODE_ONE, NODE_ONE + 1, n_tracks)
    return np.where(rng.random(n_tracks) < ON_CUT, beside, anywhere).astype(np.int16)


def _simulated(chain: Chain, seed: int, block: int, n_events: int) -> Arrays:
    """Muon pairs with a photon."""
    sample = Sample(
        name="verify.chain",
        source=RadiativeMuons(),
        response=EclResponse(background=Background(preset=BackgroundPreset.NOMINAL)),
        drift_chamber=CdcResponse(),
        klm=KlmResponse(),
        offline=False,
    )
    arrays = make_block(BlockTask(sample=sample, seed=seed, block=block, n_events=n_events))
    found = make_trigger_block("tracks", chain.settings, tuple(arrays)).run(arrays)
    return _timed(arrays) | {name: found[name] for name in ("cdc_offsets", "cdc_ts_id")} | _frame(found)


def _frame(tracks: Arrays) -> Arrays:
    """The tracks that a frame holds: of each event and quadrant the first ones."""
    plane = HoughPlane()
    event = np.repeat(np.arange(len(tracks["track_offsets"]) - 1), np.diff(tracks["track_offsets"]))
    group = N_QUADRANTS * event + plane.quadrant(tracks["track_phi_raw"])
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    kept = rank < plane.tracks_per_clock
    counts = np.bincount(event[kept], minlength=len(tracks["track_offsets"]) - 1)
    arrays = {name: tracks[name][kept] for name in _TRACKS if name != "track_offsets"}
    return {"track_offsets": np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), **arrays}
