"""Verification of the path behind the 2D finder as one component: input stage, network, single-track trigger in one simulation."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import hough, neuro_path, runner
from sim.cosim.campaign import Job, check_job
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.path_tracks import path_events
from sim.cosim.verify_tracks import REUSE, recorded
from trigger.cdc import HoughPlane, NeuroInputs, NeuroTrigger, SingleTrackTrigger
from trigger.cdc.track_counts import FitterCuts, count_fitter_tracks

if TYPE_CHECKING:
    from trigger.networks import FrozenNetwork

NEURO_PATH = "tracks.neuro_path"
BUDGET_CYCLES = 38
"""300 ns at 127.216 MHz, of the neuro trigger. Source: DESIGN of this project, section 5."""
IDLE_SHARE = 1 / 8
"""Part of the events that run with random idle gaps (our choice); the rest at full rate."""
FRAMES_PER_RUN = 8192
"""Frames that go through the path at once (our choice: some hundred MB)."""


def neuro_path_rtl(frozen: FrozenNetwork, *, reuse: int = REUSE) -> tuple[Rtl, int]:
    """(RTL of the path with one copy of a network, initiation interval), generated in seconds."""
    from hdl.cdc.neuro.inputs import NeuroInputs as InputsRtl
    from hdl.cdc.neuro.trigger import NeuroTrigger as NeuroRtl
    from hdl.cdc.neuro.trigger import network_rtl
    from hdl.cdc.neuro_path import NeuroPath

    plane, inputs = HoughPlane(), NeuroInputs()
    component = NeuroPath(NeuroRtl(InputsRtl(plane, inputs.windows), [network_rtl(frozen.network, reuse=reuse)]))
    declarations = (plane, inputs.windows, frozen.digest, reuse, SingleTrackTrigger(), FitterCuts())
    return rtl_of(component, component.LATENCY, neuro_path.ports(plane), declarations), component.INITIATION_INTERVAL


def verify_neuro_path(
    job: Job, frozen: FrozenNetwork, *, reuse: int = REUSE, made: tuple[Rtl, int] | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of the path; an event is a frame of stereo segments with its tracks.

    frozen: the network. made: as from `neuro_path_rtl`. Other arguments, record and errors as for `verify_ecl`; the latencies are
    counted for each track, and for the end of each event.
    """
    check_job(job)
    single, cuts = SingleTrackTrigger(), FitterCuts()
    model_of_path = NeuroTrigger(frozen.network, NeuroInputs())
    rtl, interval = made or neuro_path_rtl(frozen, reuse=reuse)
    latency = rtl.latency

    def run(model: runner.Model, rng: np.random.Generator, n_events: int, cancel: threading.Event) -> Comparison:
        events = path_events(rng, n_events, HoughPlane(), model_of_path, cuts)
        offsets = events.tracks.track_offsets
        plan = neuro_path.plan(rng, offsets, interval=interval, idle_share=IDLE_SHARE)
        answers = neuro_path.simulate(model, events, plan, latency, cancel=cancel)
        neuro = model_of_path.run(events.tracks, *events.segments)
        answered = (neuro.track_expert, neuro.track_z_raw)
        decided = single.run(offsets, events.tracks.track_omega_raw, *answered, neuro.track_theta_raw)
        wanted = neuro_path.expected(plan, neuro, decided, count_fitter_tracks(offsets, *answered, cuts))
        return hough.of_events(compare(wanted, answers, neuro_path.fields()), plan.event, n_events)

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{NEURO_PATH}", Stage.STIMULUS, block)
        sizes = [min(FRAMES_PER_RUN, n_events - start) for start in range(0, n_events, FRAMES_PER_RUN)]
        return merge([run(model, rng, size, cancel) for size in sizes])

    more = {"initiation_interval": interval, "reuse": reuse, "network": frozen.digest, "budget_cycles": BUDGET_CYCLES}
    return recorded(job, NEURO_PATH, rtl, check, more, cache)
