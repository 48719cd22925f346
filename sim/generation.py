"""Event files from a process or a generator's file: blocks through the detector, in parallel, resumable."""

from __future__ import annotations

import dataclasses
import enum
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import BLOCK_EVENTS, Stage, n_blocks, stream
from sim.detector.background_hits import BackgroundHits
from sim.detector.cdc import CdcResponse, WireHits, respond_cdc
from sim.detector.ecl.config import EclResponse
from sim.detector.ecl.response import respond
from sim.detector.klm import KlmResponse, respond_klm
from sim.generators import readers
from sim.generators.beams import NOMINAL, sample_vertices
from sim.generators.particles import Particles
from sim.generators.process import Generator
from sim.generators.processes import Process
from sim.generators.readers import InputFrame
from sim.offline.reco import reconstruct
from sim.parts import Parts
from sim.progress import progress
from sim.provenance import file_digest, stamp
from trigger import __version__
from trigger.digest import digest
from trigger.events import EventRecord, validate, with_event_numbers

_BLOCKS_PER_WORKER = 8
"""A process takes some seconds to start: with fewer blocks than this it does not pay."""


@dataclass(frozen=True, kw_only=True)
class FileSource:
    """Events of another generator: file, its frame, and whether the interaction point is added to its vertices."""

    path: Path
    frame: InputFrame = InputFrame.LAB
    smear_vertex: bool = False


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What an event file is made from.

    name: enters the random streams, so samples of one name and seed share them. source: a process with its options, or a
    file. response: the calorimeter. background_hits: a user's own hits on top. drift_chamber: its response, None for no wires;
    wire_hits: a user's own hits of wires on top. klm: its response, None for no KLM. offline: add the `off_*` fields.
    experiment, run: written to every event.
    """

    name: str
    source: Generator | FileSource
    response: EclResponse
    background_hits: BackgroundHits | None = None
    drift_chamber: CdcResponse | None = None
    wire_hits: WireHits | None = None
    klm: KlmResponse | None = None
    offline: bool = True
    experiment: int = 0
    run: int = 0


@dataclass(frozen=True, kw_only=True)
class BlockTask:
    """One block of a sample; particles: those of a file, None for a process."""

    sample: Sample
    seed: int
    block: int
    n_events: int
    particles: Particles | None = None


def make_block(task: BlockTask) -> dict[str, np.ndarray]:
    """Checked event-file fields of one block: numbers, weights, primitives, truth, and offline quantities if asked for.

    The same task gives the same arrays in any process.
    """
    sample, name = task.sample, task.sample.name
    rng = stream(task.seed, name, Stage.GENERATE, task.block)
    if isinstance(sample.source, FileSource):
        assert task.particles is not None, "blocks of a file come with their particles"
        particles = task.particles
        if sample.source.smear_vertex:
            particles = particles.moved(*sample_vertices(NOMINAL, particles.n_events, rng))
    else:
        particles = sample.source.generate(task.n_events, rng)
    response_rng = stream(task.seed, name, Stage.RESPONSE, task.block)
    arrays = particles.to_truth() | respond(particles, response_rng, sample.response, sample.background_hits)
    if sample.drift_chamber is not None:
        chamber_rng = stream(task.seed, name, Stage.DRIFT_CHAMBER, task.block)
        arrays |= respond_cdc(particles, chamber_rng, sample.drift_chamber, sample.wire_hits)
    if sample.klm is not None:
        klm_rng = stream(task.seed, name, Stage.KLM, task.block)
        arrays |= respond_klm(particles, klm_rng, sample.klm, arrays["true_particle_ecl_e"])
    if sample.offline:
        arrays |= reconstruct(arrays, stream(task.seed, name, Stage.RECONSTRUCTION, task.block))
    first = task.block * BLOCK_EVENTS
    numbered = with_event_numbers(arrays, sample.experiment, sample.run, first)
    return validate(numbered, f"sample {name}", first_event=first)


def generate_file(
    out: str | Path,
    sample: Sample,
    n_events: int,
    seed: int,
    *,
    blocks: range | None = None,
    workers: int | None = 1,
    overwrite: bool = False,
    process: Process | None = None,
) -> int:
    """Number of events written to `out`: those of the chosen blocks (all by default) of a sample of n_events.

    workers: processes, None for as many as pay; the file does not depend on it. process: its published cross-section goes to
    the metadata. An interrupted run keeps its finished blocks and goes on with them. InputError if the input is bad or `out`
    cannot be written.
    """
    chosen = range(n_blocks(n_events)) if blocks is None else blocks
    digests = _digests(sample)
    job = digest("generate", __version__, digests, sample.name, n_events, seed, [chosen.start, chosen.stop])
    total = min(chosen.stop * BLOCK_EVENTS, n_events) - chosen.start * BLOCK_EVENTS
    with Parts(out, job, len(chosen), overwrite=overwrite) as parts:
        done = parts.done
        left = [block for part, block in enumerate(chosen) if part not in done]
        sizes = {block: min(BLOCK_EVENTS, n_events - block * BLOCK_EVENTS) for block in chosen}
        with progress(f"generate {sample.name}", total, done=total - sum(sizes[block] for block in left)) as advance:
            pool = _workers_that_pay(len(left)) if workers is None else min(workers, len(left))
            for block, arrays in _run(_tasks(sample, seed, n_events, left), pool):
                parts.save(block - chosen.start, EventRecord(arrays, {}))
                advance(sizes[block])
        labels = _labels(sample, process) | {"events": n_events, "event_blocks": f"{chosen.start}:{chosen.stop}"}
        parts.finish(
            stamp("generate", seed=seed, digests=digests, labels=labels, packages=("scipy", "pyhepmc", "pylhe", "pythia8mc"))
        )
    return total


def _workers_that_pay(n_blocks_left: int) -> int:
    return max(1, min(os.cpu_count() or 1, n_blocks_left // _BLOCKS_PER_WORKER))


def _tasks(sample: Sample, seed: int, n_events: int, blocks: list[int]) -> Iterator[BlockTask]:
    size = {block: min(BLOCK_EVENTS, n_events - block * BLOCK_EVENTS) for block in blocks}
    if not isinstance(sample.source, FileSource):
        for block in blocks:
            yield BlockTask(sample=sample, seed=seed, block=block, n_events=size[block])
        return
    for block, particles in enumerate(readers.iterate(sample.source.path, sample.source.frame)):
        if block in size:
            particles = particles.first(size[block])
            yield BlockTask(sample=sample, seed=seed, block=block, n_events=size[block], particles=particles)
        if blocks and block >= blocks[-1]:
            return


def _run(tasks: Iterator[BlockTask], workers: int) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Blocks with their arrays, in the order in which they get ready."""
    if workers <= 1:
        for task in tasks:
            yield task.block, make_block(task)
        return
    # Spawned, not forked: threads of numerical libraries do not survive a fork. Interrupts are for the parent.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    waiting: dict[Future[dict[str, np.ndarray]], int] = {}
    try:
        for task in tasks:
            waiting[pool.submit(make_block, task)] = task.block
            # One block in reserve per worker bounds the memory.
            while len(waiting) >= 2 * workers:
                yield from _ready(waiting)
        while waiting:
            yield from _ready(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ready(waiting: dict[Future[dict[str, np.ndarray]], int]) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future), future.result()


def _digests(sample: Sample) -> dict[str, str]:
    found = {"response": digest(sample.response)}
    if isinstance(sample.source, FileSource):
        found["input"] = file_digest(sample.source.path)
        found["source"] = digest(sample.source.frame, sample.source.smear_vertex)
    else:
        found["source"] = digest(sample.source)
    if sample.background_hits is not None:
        hits = sample.background_hits
        found["background_hits"] = digest([hits.offsets, hits.tc_id, hits.energy_gev, hits.time_ns])
    if sample.drift_chamber is not None:
        found["drift_chamber"] = digest(sample.drift_chamber)
    if sample.wire_hits is not None:
        wires = sample.wire_hits
        found["wire_hits"] = digest([wires.offsets, wires.wire_id, wires.wire_time])
    if sample.klm is not None:
        found["klm"] = digest(sample.klm)
    return found | {"fields": digest(sample.offline, sample.experiment, sample.run)}


def _labels(sample: Sample, process: Process | None) -> dict[str, Any]:
    source = sample.source
    labels: dict[str, Any] = {"sample": sample.name, "response": sample.response.meta(), "offline": sample.offline}
    if sample.drift_chamber is not None:
        labels["drift_chamber"] = sample.drift_chamber.meta()
    if sample.klm is not None:
        labels["klm"] = sample.klm.meta()
    if isinstance(source, FileSource):
        return labels | {"file": source.path.name, "frame": source.frame.value, "smear_vertex": source.smear_vertex}
    section = source.cross_section()
    labels["options"] = {f.name: _plain(getattr(source, f.name)) for f in dataclasses.fields(source)}  # type: ignore[arg-type]
    labels["cross_section"] = _plain(section)
    labels["reference_cross_section"] = _plain(process.reference if process else None)
    labels["left_out"] = process.left_out if process else ""
    return labels


def _plain(value: Any) -> Any:
    """A declaration as JSON values that a person can read."""
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
