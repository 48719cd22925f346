"""Verification of the clocked segment finder's RTL: streams of wire hits over links that lose beats, with resets in mid-stream."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import hough, runner
from sim.cosim.campaign import Job, check_job
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.segment_stream import Octants, expected, fields, frames_of_cycles, layout, ports, simulate
from sim.cosim.stimulus.wire_streams import FRAME_CLOCKS, FRAMES_PER_RUN, wire_streams
from sim.cosim.verify_tracks import recorded
from trigger.cdc.segments import LeftRightTable

STREAM = "tracks.stream"
OCTANTS: Octants = ((0, 0), (1, 7), (8, 3))
"""The pyramid where the ring begins, a stereo superlayer where it ends, and the widest one, whose local ids are shifted and cross
a quadrant's middle; the finders of other octants are these but for the number of wires (our choice)."""
FRAMES_AT_ONCE = 4096
"""Frames that go through a model in one simulation (our choice: some 100 MB of stimulus and results)."""


@cache
def stream_rtl(octants: Octants = OCTANTS) -> Rtl:
    """RTL of the clocked finders of these octants, generated in seconds, once in a process."""
    from hdl.cdc.segments.stream import SegmentStream

    component = SegmentStream([layout().StreamLayout(*octant) for octant in octants])
    table = LeftRightTable.default()
    return rtl_of(component, component.LATENCY, ports(octants), (octants, table.inner, table.outer))


def verify_stream(job: Job, *, rtl: Rtl | None = None, octants: Octants = OCTANTS, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification of the clocked segment finder; an event is a frame of 16 data clocks, cut from the stream.

    octants: those of `rtl`. Other arguments, record and errors as for `verify_ecl`; the latencies are counted for each cycle.
    """
    check_job(job)
    rtl = rtl or stream_rtl(octants)
    latency = rtl.latency
    cycles_per_frame = FRAME_CLOCKS * layout().SECTORS_PER_OCTANT

    def run(model: runner.Model, rng: np.random.Generator, n_frames: int, cancel: threading.Event) -> Comparison:
        streams = wire_streams(rng, n_frames, octants)
        answers = simulate(model, streams, octants, latency, cancel=cancel)
        outcome = compare(expected(streams, octants, latency), answers, fields(octants))
        return hough.of_events(outcome, frames_of_cycles(streams, latency, cycles_per_frame), n_frames)

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{STREAM}", Stage.STIMULUS, block)
        starts = range(0, n_events, FRAMES_AT_ONCE)
        return merge([run(model, rng, min(FRAMES_AT_ONCE, n_events - start), cancel) for start in starts])

    more = {"octants": [list(octant) for octant in octants], "frames_per_run": FRAMES_PER_RUN}
    return recorded(job, STREAM, rtl, check, more, cache)
