"""Events for the verification of the whole decision: primitives of all detectors.

Three quarters put together at random from the stimuli of the blocks; a quarter muon pairs with a photon, through the response of
the detectors, with background (a guess). All shuffled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.cosim.klm import klm_events
from sim.cosim.stimulus.mix import ecl_mix
from sim.cosim.stimulus.track_segments import track_segments
from sim.detector.background import Background, BackgroundPreset
from sim.detector.cdc import CdcResponse
from sim.detector.ecl import EclResponse
from sim.detector.klm import KlmResponse
from sim.generation import BlockTask, Sample, make_block
from sim.generators.radiative_muons import RadiativeMuons
from trigger.blocks import make_block as make_trigger_block
from trigger.cdc import HoughPlane, InputWindows
from trigger.chain import Chain
from trigger.ecl import EclThresholds
from trigger.errors import InputError
from trigger.events import EventRecord
from trigger.klm import KlmParameters

PHYSICS_SHARE = 1 / 4
VETO_SHARE = 0.1
EXTERNAL_SHARE = 0.05
"""Probability of each input bit that the RTL takes from outside."""
Arrays = dict[str, NDArray]
_SEGMENTS = ("cdc_offsets", "cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")
_FIELDS = (
    *("ecl_offsets", "ecl_tc_id", "ecl_adc", "ecl_time", "ecl_phase", *_SEGMENTS),
    *("klm_offsets", "klm_section", "klm_sector", "klm_layer"),
)


def whole_events(
    chain: Chain, rng: np.random.Generator, seed: int, block: int, n_events: int, external: tuple[str, ...]
) -> EventRecord:
    """Return events with ECL, CDC segments, each at most once and in order, KLM, `ext_veto` and the fields `external`.

    chain: whose settings the cuts are taken from. seed, block: of the streams of the ECL stimuli and of the simulated events.
    """
    n_physics = int(n_events * PHYSICS_SHARE)
    random = _random(chain, rng, seed, block, n_events - n_physics)
    simulated = _simulated(chain, seed, block, n_physics)
    both = [EventRecord({name: part[name] for name in _FIELDS}) for part in (random, simulated) if len(part["ecl_phase"])]
    record = EventRecord.concatenate(both).select(rng.permutation(n_events))
    arrays = dict(record.arrays)
    arrays["ext_veto"] = rng.random(n_events) < VETO_SHARE
    arrays |= {name: rng.random(n_events) < EXTERNAL_SHARE for name in external}
    return EventRecord(arrays)


def klm_layers(chain: Chain) -> KlmParameters:
    """Its KLM parameters; InputError for those of the straight-line mode: the RTL of the chain takes layers, not strips."""
    if isinstance(chain.settings.klm, KlmParameters):
        return chain.settings.klm
    raise InputError("the RTL of the chain has the KLM in layer-count mode alone; verify klm.line is for straight lines")


def _random(chain: Chain, rng: np.random.Generator, seed: int, block: int, n_events: int) -> Arrays:
    """Every detector by itself."""
    mix = ecl_mix(EclThresholds.from_parameters(chain.settings.parameters))
    cells = [_timed(arrays) for _, arrays in mix.parts(seed, block, n_events) if len(arrays["ecl_offsets"]) > 1]
    ecl = EventRecord.concatenate([EventRecord(arrays) for arrays in cells]).select(rng.permutation(n_events))
    klm = klm_events(rng, n_events, klm_layers(chain))
    segments = track_segments(rng, n_events, HoughPlane(), InputWindows())
    return {
        **ecl.arrays,
        **dict(zip(_SEGMENTS, segments.columns, strict=True)),
        "klm_offsets": klm.offsets,
        "klm_section": klm.section,
        "klm_sector": klm.sector,
        "klm_layer": klm.layer,
    }


def _timed(arrays: Arrays) -> Arrays:
    """Cells with times, 0 where the stimulus has none."""
    n_events, n_hits = len(arrays["ecl_offsets"]) - 1, len(arrays["ecl_tc_id"])
    return {"ecl_time": np.zeros(n_hits, np.int16), "ecl_phase": np.zeros(n_events, np.int16), **arrays}


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
    return _timed(arrays) | {name: found[name] for name in _SEGMENTS}
