"""Verification of the displaced-vertex trigger: the whole of it, and its stage from tracks to the decision."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import displaced, displaced_vertices, hough, runner
from sim.cosim.campaign import Job, check_job
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus import displaced_segments, displaced_tracks
from sim.cosim.verify_tracks import recorded
from trigger.displaced import DisplacedParameters, DisplacedTrigger
from trigger.displaced.constants import constants

DISPLACED = "displaced"
VERTICES = "displaced.vertices"
BUDGET_CYCLES = 82
"""0.65 us at 127.216 MHz, from the last segment of a window. Source: proposal of this project's trigger."""
WINDOWS_PER_RUN = 8192
"""Windows that go through the RTL at once (our choice: some hundred MB)."""


def displaced_rtl(trigger: DisplacedTrigger) -> Rtl:
    """RTL of the whole trigger, generated in minutes."""
    from hdl.displaced.trigger import DisplacedTrigger as TriggerRtl

    parameters, network = trigger.parameters, trigger.network
    component = TriggerRtl(parameters, trigger.cuts, constants(), network)
    return rtl_of(component, component.LATENCY, displaced.ports(parameters), (parameters, network))


def verify_displaced(
    job: Job, *, parameters: DisplacedParameters | None = None, rtl: Rtl | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of the whole trigger; an event is a window of segments.

    Arguments, record and errors as for `verify_vertices`.
    """
    check_job(job)
    trigger = DisplacedTrigger(parameters)
    rtl = rtl or displaced_rtl(trigger)
    fields, latency = displaced.fields(trigger.parameters), rtl.latency

    def run(model: runner.Model, rng: np.random.Generator, n_windows: int, cancel: threading.Event) -> Comparison:
        windows = displaced_segments.segment_windows(rng, n_windows)
        decision = trigger.run(windows.offsets, *windows.columns)
        wanted, window = displaced.expected(trigger.parameters, decision)
        answers = displaced.simulate(model, trigger.parameters, windows, window, latency, rng, cancel=cancel)
        return hough.of_events(compare(wanted, answers, fields), window, n_windows)

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{DISPLACED}", Stage.STIMULUS, block)
        starts = range(0, n_events, WINDOWS_PER_RUN)
        return merge([run(model, rng, min(WINDOWS_PER_RUN, n_events - start), cancel) for start in starts])

    kinds = {kind.name.lower(): displaced_segments.SHARES[kind] for kind in displaced_segments.Kind}
    return recorded(job, DISPLACED, rtl, check, {"kinds": kinds, "budget_cycles": BUDGET_CYCLES}, cache)


def vertices_rtl(trigger: DisplacedTrigger) -> tuple[Rtl, int]:
    """(RTL of the vertex stage, cycles by which it takes the transverse numbers first), generated in seconds."""
    from hdl.displaced.decision import VertexDecision
    from hdl.displaced.scan import AzimuthScan

    parameters, network = trigger.parameters, trigger.network
    component = VertexDecision(parameters, trigger.cuts, constants(), network)
    ports = displaced_vertices.ports(parameters)
    return rtl_of(component, component.LATENCY, ports, (parameters, network)), AzimuthScan.LATENCY


def verify_vertices(
    job: Job, *, parameters: DisplacedParameters | None = None, made: tuple[Rtl, int] | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of the vertex stage; an event is a window of tracks in two lanes.

    made: as from `vertices_rtl`, by default that of the parameters. Other arguments, record and errors as for `verify_ecl`; the
    latencies are counted for each vertex and for the end of each window, to that end.
    """
    check_job(job)
    trigger = DisplacedTrigger(parameters)
    rtl, ahead = made or vertices_rtl(trigger)
    fields, latency = displaced_vertices.fields(trigger.parameters), rtl.latency

    def run(model: runner.Model, rng: np.random.Generator, n_windows: int, cancel: threading.Event) -> Comparison:
        windows = displaced_tracks.track_windows(rng, n_windows)
        plan = displaced_vertices.schedule(rng, n_windows)
        wanted, window = displaced_vertices.expected(trigger.parameters, trigger.cuts, trigger.network, windows)
        answers = displaced_vertices.simulate(model, trigger.parameters, windows, plan, window, latency, ahead=ahead, cancel=cancel)
        return hough.of_events(compare(wanted, answers, fields), window, n_windows)

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{VERTICES}", Stage.STIMULUS, block)
        starts = range(0, n_events, WINDOWS_PER_RUN)
        return merge([run(model, rng, min(WINDOWS_PER_RUN, n_events - start), cancel) for start in starts])

    more = {"kinds": [kind.name.lower() for kind in displaced_tracks.Kind], "max_tracks": trigger.parameters.max_tracks}
    return recorded(job, VERTICES, rtl, check, more, cache)
