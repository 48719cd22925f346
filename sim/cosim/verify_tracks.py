"""Verification of the track trigger's RTL: segment finders and 2D finder on events, the classic network on input vectors."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import hough, neuro, runner, segments
from sim.cosim.campaign import Check, Job, check_job, record_of, run_campaign
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.aimed_vectors import vectors_for
from sim.cosim.stimulus.segments import segment_events
from sim.cosim.stimulus.vectors import corner_networks
from sim.cosim.stimulus.wires import wire_events
from trigger.cdc.hough import HoughFinder, HoughPlane
from trigger.cdc.neuro import ClassicExperts, ClassicMlp
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.segments import LeftRightTable, SegmentFinder
from trigger.networks import CLASSIC, load_network

NEURO, HOUGH, SEGMENTS = "tracks.neuro", "tracks.hough", "tracks.segments"
REUSE = 4
"""One track per data clock of four cycles. Source: our choice, the data clock of 31.8 MHz (ARCHITECTURE, Hardware)."""
IDLE_SHARE = 1 / 8
"""Part of each block that runs with random idle gaps (our choice); the rest at full rate."""
MAX_IDLE = 40
FRAMES_PER_RUN = 8192
"""Frames of the chamber that go through a model at once (our choice: half a GB of stimulus and results)."""


def shipped_experts() -> list[ClassicMlp]:
    """The five experts that ship."""
    network = load_network(CLASSIC).network
    assert isinstance(network, ClassicExperts)
    return list(network.experts)


def neuro_networks(seed: int) -> list[ClassicMlp]:
    """The networks of a verification: the shipped experts, and corners of the formats."""
    return [*shipped_experts(), *corner_networks(stream(seed, f"verify.{NEURO}.networks", Stage.STIMULUS, 0))]


def neuro_rtl(networks: list[ClassicMlp], *, reuse: int = REUSE, in_memory: bool = True) -> tuple[Rtl, int]:
    """(RTL of the networks, initiation interval), generated in seconds."""
    from hdl.cdc.neuro.mlp import ClassicMlp as NetworkRtl
    from hdl.cdc.neuro.weights import WeightStore

    component = NetworkRtl(networks, reuse=reuse, store=WeightStore.MEMORY if in_memory else WeightStore.CONSTANT)
    declarations = ([(one.weights, one.biases) for one in networks], reuse, in_memory, NODE)
    return rtl_of(component, component.LATENCY, neuro.ports(len(networks)), declarations), component.INITIATION_INTERVAL


def hough_rtl(plane: HoughPlane) -> Rtl:
    """RTL of the 2D finder, generated in seconds."""
    from hdl.cdc.hough.finder import HoughFinder as FinderRtl

    component = FinderRtl(plane)
    return rtl_of(component, component.LATENCY, hough.ports(plane), (plane,))


def segments_rtl(chosen: tuple[int, ...] = segments.ALL) -> Rtl:
    """RTL of the segment finders of these superlayers, side by side, generated in seconds."""
    from hdl.cdc.segments.chamber import ChamberSegments
    from hdl.cdc.segments.finder import SegmentFinder as FinderRtl

    component = ChamberSegments([FinderRtl(superlayer) for superlayer in chosen])
    table = LeftRightTable.default()
    return rtl_of(component, component.LATENCY, segments.ports(chosen), (chosen, table.inner, table.outer))


def verify_neuro(job: Job, *, rtl: Rtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification of ten networks: the five shipped experts, and five corners of the formats made from the seed.

    Arguments, record and errors as for `verify_ecl`.
    """
    check_job(job)
    networks = neuro_networks(job.seed)
    own_rtl, interval = neuro_rtl(networks)
    rtl = rtl or own_rtl
    latency = rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{NEURO}", Stage.STIMULUS, block)
        vectors = vectors_for(rng, n_events, networks)
        gaps = np.where(rng.random(n_events) < IDLE_SHARE, rng.integers(0, MAX_IDLE + 1, n_events), 0)
        answers = neuro.simulate(model, vectors, latency, gaps + interval - 1, cancel=cancel)
        return compare(neuro.expected(networks, vectors), answers, neuro.fields())

    return recorded(job, NEURO, rtl, check, {"initiation_interval": interval}, cache)


def verify_hough(job: Job, *, rtl: Rtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification of the 2D finder of all quadrants.

    Arguments, record and errors as for `verify_ecl`; the latencies are counted per data clock, to the frame's first.
    """
    check_job(job)
    plane = HoughPlane()
    rtl = rtl or hough_rtl(plane)
    latency = rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{HOUGH}", Stage.STIMULUS, block)
        events = segment_events(rng, n_events, plane)
        words, event_of_word = hough.expected(HoughFinder(plane=plane).run(events.offsets, events.ts_id, events.priority))
        frames = hough.frames(plane, events.offsets, events.ts_id, events.priority)
        n_idle = int(n_events * IDLE_SHARE)
        idle = np.concatenate([hough.random_idle(rng, n_idle), hough.full_rate(n_events - n_idle)])
        answers = hough.simulate(model, plane, frames, event_of_word, latency, idle, cancel=cancel)
        return hough.of_events(compare(words, answers, hough.fields(plane)), event_of_word, n_events)

    return recorded(job, HOUGH, rtl, check, {}, cache)


def verify_segments(
    job: Job, *, rtl: Rtl | None = None, chosen: tuple[int, ...] = segments.ALL, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of the segment finders of all superlayers; an event is a frame of the whole chamber.

    chosen: superlayers of `rtl`. Other arguments, record and errors as for `verify_ecl`; the latencies are counted for each of the
    32 sectors of a frame.
    """
    check_job(job)
    rtl = rtl or segments_rtl(chosen)
    latency = rtl.latency

    def run(model: runner.Model, rng: np.random.Generator, n_frames: int, cancel: threading.Event) -> Comparison:
        events = wire_events(rng, n_frames)
        wanted = segments.expected(SegmentFinder().run(events.offsets, events.wire_id, events.time), events.clock, chosen)
        n_idle = int(n_frames * IDLE_SHARE)
        idle = np.concatenate([hough.random_idle(rng, n_idle), hough.full_rate(n_frames - n_idle)])
        answers = segments.simulate(model, events, latency, idle, chosen=chosen, cancel=cancel)
        return hough.of_events(compare(wanted, answers, segments.fields(chosen)), segments.events_of_sectors(n_frames), n_frames)

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{SEGMENTS}", Stage.STIMULUS, block)
        starts = range(0, n_events, FRAMES_PER_RUN)
        return merge([run(model, rng, min(FRAMES_PER_RUN, n_events - start), cancel) for start in starts])

    more = {"superlayers": list(chosen), "superlayer_frames": job.n_events * len(chosen)}
    return recorded(job, SEGMENTS, rtl, check, more, cache)


def recorded(job: Job, name: str, rtl: Rtl, check: Check, more: dict[str, Any], cache: Path | None) -> dict[str, Any]:
    """The record of a campaign, written; more: what it says besides."""
    campaign = run_campaign(job, name, rtl, check, cache=cache)
    record = record_of(job, name, rtl, campaign) | more
    write_record(job.out, record)
    campaign.checkpoint.remove()
    return record
