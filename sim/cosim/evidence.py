"""What is kept of events that model and RTL decide differently: an event file to run again, and a waveform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import BLOCK_EVENTS
from sim.cosim import ecl, runner
from sim.cosim.compare import Comparison, compare
from sim.cosim.rtl import Rtl
from sim.cosim.simulators import Simulator
from sim.cosim.workload import BlockEvents
from sim.files import write_events
from trigger.events import EventRecord, with_event_numbers

MAX_EVENTS = 1000
"""Events kept (our choice: more of them say nothing new)."""
EVENTS_BEFORE = 3
"""Events that run before the one that the waveform is for: those that can still be in the pipeline."""

Remake = Callable[[int], BlockEvents]


def keep_events(out: Path, outcomes: Mapping[int, Comparison], remake: Remake) -> dict[str, Any]:
    """Write the first differing and missing events as `<out>.differing.npz` and, with times, `<out>.differing-timed.npz`.

    Event numbers are those of the verification. Returns {"event_files": names}.
    """
    kept: dict[str, list[EventRecord]] = {}
    n_kept = 0
    for block, outcome in outcomes.items():
        failed = _failed(outcome)[: MAX_EVENTS - n_kept]
        if not failed:
            continue
        events = remake(block)
        n_kept += len(failed)
        for event in failed:
            _, record = events.primitives(event)
            arrays = with_event_numbers(record.arrays, first_event=block * BLOCK_EVENTS + event)
            kept.setdefault("differing-timed" if "ecl_time" in record else "differing", []).append(EventRecord(arrays))
    paths = {out.with_suffix(f".{kind}.npz"): EventRecord.concatenate(records) for kind, records in kept.items()}
    for path, record in paths.items():
        write_events(path, record, overwrite=True)
    return {"event_files": [path.name for path in paths]}


def keep_waveform(
    out: Path, outcomes: Mapping[int, Comparison], remake: Remake, rtl: Rtl, simulator: Simulator, *, cache: Path | None
) -> dict[str, Any]:
    """Write the waveform of the last failing event, run after the events before it.

    Where no single event is to blame (results late or extra alone), that of the last event. `reproduced`: whether the
    short run fails as well; if not, the fault needs a longer history.
    """
    block = max((block for block, outcome in outcomes.items() if _failed(outcome)), default=max(outcomes))
    last = max(_failed(outcomes[block]), default=outcomes[block].n_events - 1)
    first = max(0, last - EVENTS_BEFORE)
    events = remake(block)
    path = out.with_suffix(Path(runner.WAVE_FILES[simulator]).suffix)
    model = runner.build(rtl.design, simulator, waves=True, cache=cache)
    windows, idle = events.windows_between(first, last + 1)
    answers = ecl.simulate(model, windows, rtl.latency, idle=idle, wave_file=path)
    again = compare({name: array[first : last + 1] for name, array in events.decisions.items()}, answers)
    return {
        "waveform": path.name,
        "waveform_events": (np.arange(first, last + 1) + block * BLOCK_EVENTS).tolist(),
        "reproduced": not again.is_equal(rtl.latency),
    }


def _failed(outcome: Comparison) -> list[int]:
    return sorted({*outcome.mismatched, *outcome.missing})
