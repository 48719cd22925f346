"""Decisions of the model for a whole event file, in pieces, resumable."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from sim.blocks import BLOCK_EVENTS, n_blocks
from sim.files import EventFile
from sim.parts import Parts
from sim.progress import progress
from sim.provenance import file_digest, stamp
from sim.trigger_blocks import EMULATED_BLOCKS, FileBlock, TriggerSettings, blocks_of
from trigger import __version__
from trigger.cdc import CdcMask
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters
from trigger.errors import InputError
from trigger.events import EventRecord, check_names, with_event_numbers
from trigger.fields import EVENT_FIELDS
from trigger.networks import DEFAULT_NETWORK, FrozenNetwork, load_network


def emulate_file(
    events: str | Path,
    out: str | Path,
    *,
    parameters: EclParameters | None = None,
    calibration: EclCalibration | None = None,
    mask: CdcMask | None = None,
    network: FrozenNetwork | None = None,
    trigger_blocks: Collection[str] = ("ecl",),
    blocks: range | None = None,
    with_input: bool = False,
    overwrite: bool = False,
) -> int:
    """Number of events whose decisions were written to `out`, with their numbers and weights.

    trigger_blocks: those of `sim.trigger_blocks.EMULATED_BLOCKS` that are run. parameters, calibration, mask: of the calorimeter
    and the drift chamber, the experiment's by default. network: of the neuro trigger, DEFAULT_NETWORK by default. blocks: logical
    blocks of the input (all by default). with_input: the input's fields go along. InputError if the input is bad or `out` cannot
    be written; then nothing is written.
    """
    settings = TriggerSettings(
        parameters=parameters or EclParameters.default(),
        calibration=calibration or EclCalibration(),
        mask=mask or CdcMask(),
        network=network or load_network(DEFAULT_NETWORK),
    )
    with EventFile(events) as file:
        named = [name for name in EMULATED_BLOCKS if name in trigger_blocks]
        made = blocks_of(named, settings, file.names)
        for name, block in zip(named, made, strict=True):
            _check_fields(file, str(events), name, block)
        chosen = range(max(n_blocks(file.n_events), 1)) if blocks is None else blocks
        digests = {"input": file_digest(events)} | settings.digests
        job = digest("emulate", __version__, digests, named, [chosen.start, chosen.stop], with_input)
        total = min(chosen.stop * BLOCK_EVENTS, file.n_events) - chosen.start * BLOCK_EVENTS
        with Parts(out, job, len(chosen), overwrite=overwrite) as parts:
            done = parts.done
            behind = min(len(done) * BLOCK_EVENTS, total)
            with progress(f"emulate {Path(events).name}", total, done=behind) as advance:
                for part, number in enumerate(chosen):
                    if part not in done:
                        decided = _emulate_block(file, number, made, with_input)
                        parts.save(part, decided)
                        advance(decided.n_events)
            labels = {"blocks": named, "event_blocks": f"{chosen.start}:{chosen.stop}"}
            meta = stamp("emulate", seed=file.meta.get("seed"), digests=digests, labels=labels, source=file.meta)
            parts.finish(meta)
    return total


def _check_fields(file: EventFile, where: str, name: str, block: FileBlock) -> None:
    """InputError with everything that the block needs if the file lacks some of it."""
    try:
        check_names(file.names, where, block.required)
    except InputError as error:
        if not set(block.required) <= set(file.names):
            msg = f"{error}; the block {name} needs {', '.join(block.required)}"
            raise InputError(msg) from error
        raise


def _emulate_block(file: EventFile, number: int, made: Sequence[FileBlock], with_input: bool) -> EventRecord:
    first = number * BLOCK_EVENTS
    numbers = {field.name for field in EVENT_FIELDS}
    wanted = None if with_input else numbers.union(*(block.fields for block in made))
    record = file.read(first, first + BLOCK_EVENTS, wanted)
    decision: dict[str, np.ndarray] = {}
    for block in made:
        decision |= block.run(record)
    kept = {name: array for name, array in record.arrays.items() if with_input or name in numbers}
    kept = {name: array for name, array in kept.items() if name not in decision}
    return EventRecord(with_event_numbers(kept | decision, first_event=first), file.meta)
