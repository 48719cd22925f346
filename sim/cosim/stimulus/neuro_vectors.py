"""Inputs of the neuro trigger's network as tracks make them: a gun, drift chamber, segments, 2D finder, input block."""

from __future__ import annotations

import numpy as np

from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.generators.guns import ParticleGun
from trigger.cdc import HoughFinder, NeuroInputs, SegmentFinder
from trigger.cdc.neuro.mlp import N_INPUTS

GUN = ParticleGun(range_gev=(0.25, 6.0), theta_deg=(18.0, 150.0), z_cm=(-100.0, 100.0))
"""Muons over the whole acceptance, displaced along the beam as background tracks are. Our choice."""
RESPONSES = (
    CdcResponse(background=WireBackground(preset=WirePreset.NOMINAL)),
    CdcResponse(background=WireBackground(preset=WirePreset.HIGH)),
)
"""Levels of the wire background (guesses), in turn."""
BATCH_EVENTS = 2000


def track_inputs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Input vectors int16 (n, 27) of tracks that have an expert, found in simulated events."""
    found, batch = [np.zeros((0, N_INPUTS), np.int16)], 0
    while sum(map(len, found)) < n:
        hits = simulate(GUN.generate(BATCH_EVENTS, rng), rng, RESPONSES[batch % len(RESPONSES)])
        segments = SegmentFinder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays()
        tracks = HoughFinder().run(segments["cdc_offsets"], segments["cdc_ts_id"], segments["cdc_priority"])
        vectors = NeuroInputs().run(tracks, *segments.values())
        found.append(vectors.x_raw[vectors.track_expert >= 0])
        batch += 1
    return np.concatenate(found)[:n].astype(np.int16)
