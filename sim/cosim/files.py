"""Decisions of the co-simulated RTL for a whole event file, block by block, resumable."""

from __future__ import annotations

import threading
from pathlib import Path

from sim.blocks import BLOCK_EVENTS, n_blocks
from sim.cosim import ecl, runner
from sim.cosim.ecl import ecl_rtl
from sim.cosim.rtl import Rtl
from sim.cosim.simulators import Simulator, require, versions
from sim.cosim.workers import run_all
from sim.files import EventFile, check_output
from sim.parts import Parts
from sim.progress import progress
from sim.provenance import file_digest, stamp
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters
from trigger.errors import InputError
from trigger.events import EventRecord, with_event_numbers
from trigger.fields import EVENT_FIELDS

ECL_INPUT = ("ecl_offsets", "ecl_tc_id", "ecl_adc")
MAX_WAVE_EVENTS = 1000
"""Events of which a waveform can be written (our choice: some 100 MB)."""


def cosimulate_file(
    events: str | Path,
    out: str | Path,
    *,
    parameters: EclParameters,
    calibration: EclCalibration,
    simulator: Simulator = Simulator.VERILATOR,
    selected: range | None = None,
    waves: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    rtl: Rtl | None = None,
    cache: Path | None = None,
) -> int:
    """Number of events whose RTL decisions were written to `out`, with their numbers, weights and `ecl_latency`.

    selected: logical blocks of the input (all by default). waves: write a waveform beside `out`. workers: simulations at a time.
    rtl, cache: as in `verify_ecl`. InputError if the input is bad or `out` cannot be written; SimulationError if an event
    got no decision, or a decision came without an event.
    """
    require(simulator)
    check_output(out, overwrite=overwrite)
    with EventFile(events, required=ECL_INPUT) as file:
        chosen = range(max(n_blocks(file.n_events), 1)) if selected is None else selected
        total = min(chosen.stop * BLOCK_EVENTS, file.n_events) - chosen.start * BLOCK_EVENTS
        if waves and total > MAX_WAVE_EVENTS:
            raise InputError(f"{events}: --waves takes at most {MAX_WAVE_EVENTS} events, not {total}")
        _read(file, chosen[0])  # bad events are refused before the model is built
        rtl = rtl or ecl_rtl(parameters, calibration)
        digests = {"input": file_digest(events), "declarations": rtl.declarations, "verilog": rtl.verilog}
        job = digest("cosim", digests, versions(simulator), [chosen.start, chosen.stop])
        cancel, reading = threading.Event(), threading.Lock()
        model = runner.build(rtl.design, simulator, waves=waves, cache=cache, cancel=cancel)
        wave_file = Path(out).with_suffix(Path(runner.WAVE_FILES[simulator]).suffix) if waves else None
        with Parts(out, job, len(chosen), overwrite=overwrite) as parts:

            def decide(part: int) -> int:
                with reading:
                    record = _read(file, chosen[part])
                answers = ecl.simulate(model, ecl.windows_of(record.arrays), rtl.latency, wave_file=wave_file, cancel=cancel)
                parts.save(part, _decided(record, answers, chosen[part] * BLOCK_EVENTS))
                return record.n_events

            todo = [part for part in range(len(chosen)) if part not in parts.done]
            behind = min(len(parts.done) * BLOCK_EVENTS, total)
            with progress(f"cosim ecl in {simulator.value}", total, done=behind) as advance:
                run_all(decide, todo, workers, advance, cancel)
            labels = {"blocks": ["ecl"], "event_blocks": f"{chosen.start}:{chosen.stop}", "simulator": versions(simulator)}
            parts.finish(stamp("cosim", seed=file.meta.get("seed"), digests=digests, labels=labels, source=file.meta))
    return total


def _read(file: EventFile, block: int) -> EventRecord:
    fields = {field.name for field in EVENT_FIELDS} | set(ECL_INPUT) | {"ecl_time"}
    return file.read(block * BLOCK_EVENTS, (block + 1) * BLOCK_EVENTS, fields)


def _decided(record: EventRecord, answers: ecl.Answers, first_event: int) -> EventRecord:
    if len(answers.missing) or answers.n_extra:
        msg = f"{len(answers.missing)} events without a decision, {answers.n_extra} decisions without an event"
        raise runner.SimulationError(msg)
    numbers = {field.name: record[field.name] for field in EVENT_FIELDS if field.name in record}
    measured = {"ecl_latency": answers.latency.astype("int16")}
    return EventRecord(with_event_numbers(numbers | answers.arrays | measured, first_event=first_event), record.meta)
