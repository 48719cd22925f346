"""A verification as a campaign: blocks of events run and compared independently, interrupted and resumed, and its record."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sim.blocks import blocks
from sim.cosim import runner
from sim.cosim.compare import Comparison, merge
from sim.cosim.netlist import netlist_of
from sim.cosim.record import Checkpoint, checkpoint_path, upper_limit
from sim.cosim.rtl import Rtl
from sim.cosim.simulators import Simulator, require, versions
from sim.cosim.workers import run_all
from sim.files import check_output
from sim.progress import progress
from sim.provenance import versions as package_versions
from sim.sources import sources_digest
from trigger.digest import digest
from trigger.errors import InputError

RECORD_SUFFIXES = (".json",)
MAX_WORKERS = 64


@dataclass(frozen=True, kw_only=True)
class Job:
    """What any verification needs to know. workers: simulations at a time; the record does not depend on them.

    netlist: the component after synthesis takes the place of its RTL, see `sim.cosim.netlist`.
    """

    n_events: int
    out: Path
    seed: int = 1
    simulator: Simulator = Simulator.VERILATOR
    resume: bool = False
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    netlist: bool = False

    def __post_init__(self) -> None:
        if self.n_events < 1:
            raise InputError(f"--events must be at least 1, not {self.n_events}")
        if self.seed < 0:
            raise InputError(f"--seed must not be negative, not {self.seed}")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise InputError(f"--workers must be 1..{MAX_WORKERS}, not {self.workers}")


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """What came out. outcomes: per block. checkpoint: to be removed once the record is written. netlist: see `Netlist.about`.

    sources_of: modules of the RTL and of the comparison; what they import stands behind the outcome, see `sim.sources`.
    """

    outcomes: dict[int, Comparison]
    checkpoint: Checkpoint
    n_resumed: int
    build_s: float
    wall_s: float
    sources_of: tuple[str, ...]
    netlist: dict[str, Any] | None = None

    @property
    def outcome(self) -> Comparison:
        """The outcome of all blocks."""
        return merge(list(self.outcomes.values()))


Check = Callable[[runner.Model, int, int, threading.Event], Comparison]
"""Runs one block on a model: (model, block, events in the block, cancel) -> comparison."""


def check_job(job: Job) -> None:
    """Nothing if the record can be written and the simulator is installed; InputError otherwise."""
    check_output(job.out, overwrite=True, suffixes=RECORD_SUFFIXES)
    require(job.simulator)


def run_campaign(job: Job, name: str, rtl: Rtl, check: Check, *, cache: Path | None = None, stimulus: str = "") -> Campaign:
    """Build the model and run all blocks that are not done yet; `check` is called from several threads.

    stimulus: digest of what the events depend on besides the job and the RTL; finished blocks of another one are not taken over.
    KeyboardInterrupt leaves a checkpoint from which `job.resume` goes on.
    """
    began = time.monotonic()
    sizes = dict(blocks(job.n_events))
    mapped = netlist_of(rtl.design) if job.netlist else None
    design = mapped.design if mapped else rtl.design
    what = (rtl.declarations, rtl.verilog, mapped.about["digest"] if mapped else None)
    key = digest(name, job.n_events, job.seed, *what, versions(job.simulator), package_versions(), stimulus)
    checkpoint = Checkpoint(checkpoint_path(job.out), key, resume=job.resume)
    todo = [block for block in sizes if block not in checkpoint.blocks]
    cancel = threading.Event()

    def run(block: int) -> int:
        checkpoint.save(block, check(model, block, sizes[block], cancel))
        return sizes[block]

    with _explained_interrupt(job):
        model = runner.build(design, job.simulator, cache=cache, cancel=cancel)
        built = time.monotonic()
        behind = job.n_events - sum(sizes[block] for block in todo)
        with progress(f"verify {name} in {job.simulator.value}", job.n_events, done=behind) as advance:
            run_all(run, todo, job.workers, advance, cancel)
        ran = time.monotonic()
    return Campaign(
        outcomes={block: checkpoint.blocks[block] for block in sizes},
        checkpoint=checkpoint,
        n_resumed=len(sizes) - len(todo),
        build_s=round(built - began, 2),
        wall_s=round(ran - built, 2),
        sources_of=tuple(sorted({type(rtl.component).__module__, check.__module__})),
        netlist=mapped.about if mapped else None,
    )


def record_of(job: Job, name: str, rtl: Rtl, campaign: Campaign) -> dict[str, Any]:
    """What every record of a verification says."""
    outcome = campaign.outcome
    n_failed = len(set(outcome.mismatched) | set(outcome.missing))
    return {
        "block": name,
        "passed": outcome.is_equal(rtl.latency),
        "n_events": outcome.n_events,
        "seed": job.seed,
        "simulator": job.simulator.value,
        "mismatched_events": len(outcome.mismatched),
        "missing_events": len(outcome.missing),
        "extra_events": outcome.n_extra,
        "late_events": outcome.n_late(rtl.latency),
        "mismatch_rate_upper_limit_95": upper_limit(n_failed, outcome.n_events),
        "latency_declared": rtl.latency,
        "latency_measured": {str(cycles): count for cycles, count in outcome.latencies.items()},
        "differences": [asdict(row) for row in outcome.differences],
        "digests": {"declarations": rtl.declarations, "verilog": rtl.verilog, "sources": sources_digest(*campaign.sources_of)},
        "sources_of": list(campaign.sources_of),
        "versions": package_versions() | versions(job.simulator),
        "evidence": {},
        **({"netlist": campaign.netlist} if campaign.netlist else {}),
        "resumed_blocks": campaign.n_resumed,
        "build_s": campaign.build_s,
        "wall_s": campaign.wall_s,
    }


@contextmanager
def _explained_interrupt(job: Job) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        msg = f"interrupted; finished blocks are kept beside {job.out}: run the same command with --resume"
        raise KeyboardInterrupt(msg) from error
