"""Verification of a block: model against co-simulated RTL, in blocks of events that are made, run and compared independently."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import blocks
from sim.cosim import ecl, runner
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.evidence import keep_events, keep_waveform
from sim.cosim.record import Checkpoint, upper_limit, write_record
from sim.cosim.rtl import EclRtl, ecl_rtl
from sim.cosim.simulators import Simulator, require, versions
from sim.cosim.stimulus.mix import Mix, ecl_mix
from sim.cosim.workers import run_all
from sim.cosim.workload import BlockEvents, make_block
from sim.files import check_output
from sim.progress import progress
from sim.provenance import versions as package_versions
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.errors import InputError

RECORD_SUFFIXES = (".json",)
MAX_WORKERS = 64


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `verify ecl` shall do. workers: simulations at a time; the record does not depend on them."""

    n_events: int
    out: Path
    seed: int = 1
    simulator: Simulator = Simulator.VERILATOR
    parameters: EclParameters = field(default_factory=EclParameters.default)
    calibration: EclCalibration = field(default_factory=EclCalibration)
    waves: bool = False
    resume: bool = False
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __post_init__(self) -> None:
        if self.n_events < 1:
            raise InputError(f"--events must be at least 1, not {self.n_events}")
        if self.seed < 0:
            raise InputError(f"--seed must not be negative, not {self.seed}")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise InputError(f"--workers must be 1..{MAX_WORKERS}, not {self.workers}")


def verify_ecl(request: Request, *, rtl: EclRtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification, also written to `request.out`; `record["passed"]` is the verdict.

    rtl: another RTL than that of the parameters (tests of the checker). cache: see `runner.build`.
    InputError for bad input; KeyboardInterrupt leaves a checkpoint from which `resume` goes on.
    """
    check_output(request.out, overwrite=True, suffixes=RECORD_SUFFIXES)
    require(request.simulator)
    began = time.monotonic()
    rtl = rtl or ecl_rtl(request.parameters, request.calibration)
    trigger = EclTrigger(request.parameters, request.calibration)
    mix = ecl_mix(trigger.thresholds)
    sizes = dict(blocks(request.n_events))
    job = digest(request.n_events, request.seed, rtl.declarations, rtl.verilog, versions(request.simulator), package_versions())
    checkpoint = Checkpoint(request.out.with_suffix(".checkpoint.jsonl"), job, resume=request.resume)
    todo = [block for block in sizes if block not in checkpoint.blocks]
    cancel = threading.Event()

    def make(block: int) -> BlockEvents:
        return make_block(mix, trigger, request.seed, block, sizes[block])

    def check(block: int) -> int:
        events = make(block)
        answers = ecl.simulate(model, events.windows, rtl.latency, idle=events.idle, cancel=cancel)
        checkpoint.save(block, compare(events.decisions, answers))
        return sizes[block]

    with _explained_interrupt(request):
        model = runner.build(rtl.design, request.simulator, cache=cache, cancel=cancel)
        built = time.monotonic()
        behind = request.n_events - sum(sizes[block] for block in todo)
        with progress(f"verify ecl in {request.simulator.value}", request.n_events, done=behind) as advance:
            run_all(check, todo, request.workers, advance, cancel)
        ran = time.monotonic()
        outcomes = {block: checkpoint.blocks[block] for block in sizes}
        outcome = merge(list(outcomes.values()))
        evidence: dict[str, Any] = {}
        if not outcome.is_equal(rtl.latency):
            evidence = keep_events(request.out, outcomes, make)
            if request.waves:
                evidence |= keep_waveform(request.out, outcomes, make, rtl, request.simulator, cache=cache)
    record = _record(request, rtl, mix, outcome) | {
        "evidence": evidence,
        "resumed_blocks": len(sizes) - len(todo),
        "build_s": round(built - began, 2),
        "wall_s": round(ran - built, 2),
    }
    write_record(request.out, record)
    checkpoint.remove()
    return record


def _record(request: Request, rtl: EclRtl, mix: Mix, outcome: Comparison) -> dict[str, Any]:
    n_failed = len(set(outcome.mismatched) | set(outcome.missing))
    n_sources = np.sum([mix.sizes(n) for _, n in blocks(request.n_events)], axis=0).tolist()
    return {
        "block": "ecl",
        "passed": outcome.is_equal(rtl.latency),
        "n_events": outcome.n_events,
        "seed": request.seed,
        "simulator": request.simulator.value,
        "mismatched_events": len(outcome.mismatched),
        "missing_events": len(outcome.missing),
        "extra_events": outcome.n_extra,
        "late_events": outcome.n_late(rtl.latency),
        "mismatch_rate_upper_limit_95": upper_limit(n_failed, outcome.n_events),
        "latency_declared": rtl.latency,
        "latency_measured": {str(cycles): count for cycles, count in outcome.latencies.items()},
        "differences": [asdict(row) for row in outcome.differences],
        "events_of_source": {share.source.name: n for share, n in zip(mix.shares, n_sources, strict=True)},
        "cases_reached": {name: list(counts) for name, counts in mix.cases(request.n_events).items()},
        "digests": {
            "declarations": rtl.declarations,
            "verilog": rtl.verilog,
            "parameters": digest(request.parameters),
            "calibration": digest(request.calibration),
        },
        "versions": package_versions() | versions(request.simulator),
    }


@contextmanager
def _explained_interrupt(request: Request) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        msg = f"interrupted; finished blocks are kept beside {request.out}: run the same command with --resume"
        raise KeyboardInterrupt(msg) from error
