"""Inputs of the network of displaced vertices as windows make them: long-lived pairs with beam background, chamber, trigger."""

from __future__ import annotations

import numpy as np

from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.generators.background_tracks import BackgroundTracks, with_background
from sim.generators.long_lived import Daughters, LongLivedGun
from trigger.cdc import SegmentFinder
from trigger.displaced import DisplacedTrigger
from trigger.displaced.features import VERTEX
from trigger.displaced.network import SILENT

GUNS = tuple(
    LongLivedGun(decay=decay, range_gev=(0.5, 4.0), flat_radius_cm=(0.0, 40.0)) for decay in (Daughters.MUONS, Daughters.PIONS)
)
"""Pairs, in turn. Our choice."""
BEAM_EVENTS = 2.0
"""Mean number of beam-background events on top: vertices of background come along. Our choice."""
RESPONSE = CdcResponse(background=WireBackground(preset=WirePreset.NOMINAL))
BATCH_EVENTS = 2000


def vertex_inputs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Input vectors int16 (n, 16) of vertices that pass the cuts, found in simulated windows."""
    trigger, background = DisplacedTrigger(network=SILENT), BackgroundTracks()
    found, batch = [np.zeros((0, VERTEX.n_inputs), np.int16)], 0
    while sum(map(len, found)) < n:
        particles = with_background(GUNS[batch % len(GUNS)].generate(BATCH_EVENTS, rng), background, BEAM_EVENTS, rng)
        hits = simulate(particles, rng, RESPONSE)
        segments = SegmentFinder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays()
        found.append(trigger.run(*segments.values()).displaced_features)
        batch += 1
    return np.concatenate(found)[:n]
