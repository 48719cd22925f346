"""Decisions of the model for a whole event file, in pieces, resumable."""

from __future__ import annotations

from pathlib import Path

from sim.blocks import BLOCK_EVENTS, n_blocks
from sim.files import EventFile
from sim.parts import Parts
from sim.progress import progress
from sim.provenance import file_digest, stamp
from trigger import __version__
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.events import EventRecord, with_event_numbers
from trigger.fields import EVENT_FIELDS

ECL_INPUT = ("ecl_offsets", "ecl_tc_id", "ecl_adc")


def emulate_file(
    events: str | Path,
    out: str | Path,
    *,
    parameters: EclParameters,
    calibration: EclCalibration,
    blocks: range | None = None,
    with_input: bool = False,
    overwrite: bool = False,
) -> int:
    """Number of events whose ECL decisions were written to `out`, with their numbers and weights.

    blocks: logical blocks of the input (all by default). with_input: the input's fields go along. InputError if the
    input is bad or `out` cannot be written; then nothing is written.
    """
    trigger = EclTrigger(parameters, calibration)
    with EventFile(events, required=ECL_INPUT) as file:
        chosen = range(max(n_blocks(file.n_events), 1)) if blocks is None else blocks
        digests = {"input": file_digest(events), "parameters": digest(parameters), "calibration": digest(calibration)}
        job = digest("emulate", __version__, digests, [chosen.start, chosen.stop], with_input)
        total = min(chosen.stop * BLOCK_EVENTS, file.n_events) - chosen.start * BLOCK_EVENTS
        with Parts(out, job, len(chosen), overwrite=overwrite) as parts:
            done = parts.done
            behind = min(len(done) * BLOCK_EVENTS, total)
            with progress(f"emulate {Path(events).name}", total, done=behind) as advance:
                for part, block in enumerate(chosen):
                    if part not in done:
                        decided = _emulate_block(file, block, trigger, with_input)
                        parts.save(part, decided)
                        advance(decided.n_events)
            labels = {"blocks": ["ecl"], "event_blocks": f"{chosen.start}:{chosen.stop}"}
            meta = stamp("emulate", seed=file.meta.get("seed"), digests=digests, labels=labels, source=file.meta)
            parts.finish(meta)
    return total


def _emulate_block(file: EventFile, block: int, trigger: EclTrigger, with_input: bool) -> EventRecord:
    first = block * BLOCK_EVENTS
    numbers = {field.name for field in EVENT_FIELDS}
    fields = None if with_input else numbers | set(ECL_INPUT) | {"ecl_time"}
    record = file.read(first, first + BLOCK_EVENTS, fields)
    offsets, tc_id, adc = (record[name] for name in ECL_INPUT)
    decision = trigger.run(offsets, tc_id, adc, record.arrays.get("ecl_time"), record.arrays.get("ecl_phase")).arrays()
    kept = {name: array for name, array in record.arrays.items() if with_input or name in numbers}
    kept = {name: array for name, array in kept.items() if name not in decision}
    return EventRecord(with_event_numbers(kept | decision, first_event=first), file.meta)
