"""Verification of the whole track trigger behind the segment finder as one component."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import hough, runner, track_trigger
from sim.cosim.campaign import Job, check_job
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.track_segments import track_segments
from sim.cosim.verify_tracks import REUSE, recorded
from trigger.cdc import HoughPlane, InputWindows, TrackTrigger
from trigger.cdc.track_counts import FitterCuts, count_fitter_tracks

if TYPE_CHECKING:
    from trigger.networks import FrozenNetwork

TRACKS = "tracks"
IDLE_SHARE = 1 / 8
"""Part of each block that runs with random idle gaps (our choice); the rest at full rate."""
FRAMES_PER_RUN = 8192
"""Frames that go through the trigger at once (our choice: some hundred MB)."""


def tracks_rtl(frozen: FrozenNetwork, *, reuse: int = REUSE) -> Rtl:
    """RTL of the whole track trigger with a network, generated in seconds."""
    from hdl.cdc.track_trigger import TrackTrigger as TriggerRtl

    component, plane = TriggerRtl(frozen.network, reuse=reuse), HoughPlane()
    declarations = (plane, InputWindows(), frozen.digest, reuse, FitterCuts())
    return rtl_of(component, component.LATENCY, track_trigger.ports(plane), declarations)


def verify_tracks(
    job: Job, frozen: FrozenNetwork, *, reuse: int = REUSE, rtl: Rtl | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of 2D finder, neuro trigger, single-track trigger and counts, on frames of segments.

    frozen: the network. Arguments, record and errors as for `verify_ecl`; the latencies are counted to the frame's first place, for
    each track and for the end of each frame.
    """
    check_job(job)
    plane, windows, fields = HoughPlane(), InputWindows(), track_trigger.fields(HoughPlane())
    trigger = TrackTrigger(network=frozen.network, neuro_clocks=track_trigger.NEURO_CLOCKS)
    rtl = rtl or tracks_rtl(frozen, reuse=reuse)
    latency = rtl.latency

    def run(model: runner.Model, rng: np.random.Generator, n_events: int, cancel: threading.Event) -> Comparison:
        events = track_segments(rng, n_events, plane, windows)
        decision = trigger.run(*events.columns)
        neuro = decision.neuro
        fitter = count_fitter_tracks(decision.tracks.track_offsets, neuro.track_expert, neuro.track_z_raw, FitterCuts())
        wanted, event = track_trigger.expected(decision, fitter)
        n_idle = int(n_events * IDLE_SHARE)
        idle = np.concatenate([hough.random_idle(rng, n_idle), hough.full_rate(n_events - n_idle)])
        answers = track_trigger.simulate(model, plane, events, event, wanted["place"], latency, idle, cancel=cancel)
        return hough.of_events(compare(wanted, answers, fields), event, n_events)

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{TRACKS}", Stage.STIMULUS, block)
        sizes = [min(FRAMES_PER_RUN, n_events - start) for start in range(0, n_events, FRAMES_PER_RUN)]
        return merge([run(model, rng, size, cancel) for size in sizes])

    return recorded(job, TRACKS, rtl, check, {"reuse": reuse, "network": frozen.digest}, cache)
