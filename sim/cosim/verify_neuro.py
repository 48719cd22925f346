"""Verification of what stands around the neuro trigger's network: the input stage, and the single-track trigger behind it."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import hough, neuro_inputs, runner, single_track
from sim.cosim.campaign import Job, check_job
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.neuro_tracks import neuro_track_events
from sim.cosim.stimulus.tracks import track_events
from sim.cosim.verify_tracks import recorded
from trigger.cdc import HoughPlane, InputWindows, NeuroInputs, SingleTrackTrigger

INPUTS, STT = "tracks.inputs", "tracks.stt"
IDLE_SHARE = 1 / 8
"""Part of the events that run with random idle gaps (our choice); the rest at full rate."""
FRAMES_PER_RUN = 8192
"""Frames that go through the input stage at once (our choice: some hundred MB)."""


@cache
def inputs_rtl(plane: HoughPlane, windows: InputWindows) -> tuple[Rtl, int]:
    """(RTL of the input stage, initiation interval), generated in seconds."""
    from hdl.cdc.neuro.inputs import NeuroInputs as InputsRtl

    component = InputsRtl(plane, windows)
    rtl = rtl_of(component, component.LATENCY, neuro_inputs.ports(plane), (plane, windows))
    return rtl, component.INITIATION_INTERVAL


@cache
def stt_rtl(trigger: SingleTrackTrigger) -> tuple[Rtl, int]:
    """(RTL of the single-track trigger, initiation interval), generated in seconds."""
    from hdl.cdc.single_track import SingleTrackTrigger as TriggerRtl

    component = TriggerRtl(trigger)
    rtl = rtl_of(component, component.LATENCY, single_track.ports(trigger), (trigger,))
    return rtl, component.INITIATION_INTERVAL


def compare_inputs(
    model: runner.Model, rng: np.random.Generator, n_events: int, declared_latency: int, inputs: NeuroInputs, plane: HoughPlane,
    cancel: threading.Event | None = None,
) -> Comparison:  # fmt: skip
    """The input stage on random events of every kind, told in events; latencies are those of tracks."""
    events = track_events(rng, n_events, plane, inputs.windows)
    plan = neuro_inputs.schedule(rng, events.tracks.track_offsets, idle_share=IDLE_SHARE)
    answers = neuro_inputs.simulate(model, events, plan, declared_latency, cancel=cancel)
    wanted = neuro_inputs.expected(inputs.run(events.tracks, *events.segments))
    event = np.repeat(np.arange(n_events), np.diff(events.tracks.track_offsets))
    return hough.of_events(compare(wanted, answers, neuro_inputs.fields()), event, n_events)


def compare_stt(
    model: runner.Model, rng: np.random.Generator, n_events: int, declared_latency: int, trigger: SingleTrackTrigger,
    cancel: threading.Event | None = None,
) -> Comparison:  # fmt: skip
    """The single-track trigger on random events, told in events; latencies are those of beats."""
    events = neuro_track_events(rng, n_events, trigger)
    places = single_track.beats(rng, events.offsets, idle_share=IDLE_SHARE)
    answers = single_track.simulate(model, trigger, events, places, declared_latency, cancel=cancel)
    wanted = single_track.expected(trigger.run(*events.arguments), places, trigger)
    return hough.of_events(compare(wanted, answers, single_track.fields(trigger)), places.event, n_events)


def verify_inputs(job: Job, *, rtl: Rtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification of the input stage; an event is a frame of stereo segments with its tracks.

    Arguments, record and errors as for `verify_ecl`; the latencies are counted for each track.
    """
    check_job(job)
    plane, inputs = HoughPlane(), NeuroInputs()
    own_rtl, interval = inputs_rtl(plane, inputs.windows)
    rtl = rtl or own_rtl
    latency = rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{INPUTS}", Stage.STIMULUS, block)
        sizes = [min(FRAMES_PER_RUN, n_events - start) for start in range(0, n_events, FRAMES_PER_RUN)]
        return merge([compare_inputs(model, rng, size, latency, inputs, plane, cancel) for size in sizes])

    return recorded(job, INPUTS, rtl, check, {"initiation_interval": interval}, cache)


def verify_stt(job: Job, *, rtl: Rtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification of the single-track trigger.

    Arguments, record and errors as for `verify_ecl`; the latencies are counted for each beat.
    """
    check_job(job)
    trigger = SingleTrackTrigger()
    own_rtl, interval = stt_rtl(trigger)
    rtl = rtl or own_rtl
    latency = rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{STT}", Stage.STIMULUS, block)
        return compare_stt(model, rng, n_events, latency, trigger, cancel)

    return recorded(job, STT, rtl, check, {"initiation_interval": interval}, cache)
