"""Verification of the ECL trigger: model against co-simulated RTL, every field of every event."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import blocks
from sim.cosim import ecl, runner
from sim.cosim.campaign import Job, check_job, record_of, run_campaign
from sim.cosim.compare import Comparison, compare
from sim.cosim.ecl import ecl_rtl
from sim.cosim.evidence import keep_events, keep_waveform
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl
from sim.cosim.stimulus.mix import ecl_mix
from sim.cosim.workload import BlockEvents, make_block
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters, EclTrigger


@dataclass(frozen=True, kw_only=True)
class Request(Job):
    """What `verify ecl` shall do. waves: keep the waveform of the last event that differs."""

    parameters: EclParameters = field(default_factory=EclParameters.default)
    calibration: EclCalibration = field(default_factory=EclCalibration)
    waves: bool = False


def verify_ecl(request: Request, *, rtl: Rtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification, also written to `request.out`; `record["passed"]` is the verdict.

    rtl: another RTL than that of the parameters (tests of the checker). cache: see `runner.build`.
    InputError for bad input; KeyboardInterrupt leaves a checkpoint from which `resume` goes on.
    """
    check_job(request)
    rtl = rtl or ecl_rtl(request.parameters, request.calibration)
    trigger = EclTrigger(request.parameters, request.calibration)
    mix = ecl_mix(trigger.thresholds)
    sizes = dict(blocks(request.n_events))

    def make(block: int) -> BlockEvents:
        return make_block(mix, trigger, request.seed, block, sizes[block])

    def check(model: runner.Model, block: int, _: int, cancel: threading.Event) -> Comparison:
        events = make(block)
        answers = ecl.simulate(model, events.windows, rtl.latency, idle=events.idle, cancel=cancel)
        return compare(events.decisions, answers)

    campaign = run_campaign(request, "ecl", rtl, check, cache=cache)
    n_sources = np.sum([mix.sizes(n) for n in sizes.values()], axis=0).tolist()
    record = record_of(request, "ecl", rtl, campaign)
    record["events_of_source"] = {share.source.name: n for share, n in zip(mix.shares, n_sources, strict=True)}
    record["cases_reached"] = {name: list(counts) for name, counts in mix.cases(request.n_events).items()}
    record["digests"] |= {"parameters": digest(request.parameters), "calibration": digest(request.calibration)}
    if not record["passed"]:
        record["evidence"] = keep_events(request.out, campaign.outcomes, make)
        if request.waves:
            record["evidence"] |= keep_waveform(request.out, campaign.outcomes, make, rtl, request.simulator, cache=cache)
    write_record(request.out, record)
    campaign.checkpoint.remove()
    return record
