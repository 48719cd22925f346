"""Stimulus records through a built model, and results back to the events that they answer: what all co-simulated blocks share."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.ports import StreamPorts
from sim.cosim.wrapper import STIMULUS_FILE
from trigger.ecl.layout import DecisionField

SLICE_EVENTS = 4096
"""Events turned into records at once (our choice: some MB)."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the RTL answered. Rows are results in the order in which they came out.

    arrays: decision fields of every result. event: event that each result belongs to, -1 where it belongs to none. latency: cycles
    from the completing beat of that event, -1 where there is none. n_events: windows that went in.
    """

    arrays: dict[str, np.ndarray]
    event: np.ndarray
    latency: np.ndarray
    n_events: int

    @property
    def missing(self) -> np.ndarray:
        """Events without a result."""
        return np.setdiff1d(np.arange(self.n_events), self.event)

    @property
    def n_extra(self) -> int:
        """Results that belong to no event."""
        return int(np.count_nonzero(self.event < 0))


def slices_of(n_events: int) -> Iterator[tuple[int, int]]:
    """(first, last + 1) of the events that are turned into records together."""
    for first in range(0, n_events, SLICE_EVENTS):
        yield first, min(first + SLICE_EVENTS, n_events)


def exchange(
    model: runner.Model,
    slices: Iterable[np.ndarray],
    n_events: int,
    *,
    wave_file: Path | None = None,
    cancel: threading.Event | None = None,
) -> stream.Response:
    """What came out of a model for these stimulus records, which mark the completing beat of n_events events.

    wave_file: keep the waveform under this name, with the simulator's suffix; the model must have been built with waves.
    SimulationError if the bench and its files do not agree on what happened.
    """
    with tempfile.TemporaryDirectory(prefix="darktrigger-cosim-") as name:
        folder = Path(name)
        with (folder / STIMULUS_FILE).open("wb") as handle:
            for records in slices:
                records.tofile(handle)
        runner.run(model, folder, waves=wave_file is not None, cancel=cancel)
        if wave_file is not None:
            shutil.move(folder / runner.WAVE_FILES[model.simulator], wave_file)
        counts = runner.read_counts(folder)
        response = stream.read_response(model.ports, folder)
    if (counts.n_marks, counts.n_results) != (len(response.marks), len(response.cycles)) or counts.n_marks != n_events:
        msg = f"bench counted {counts}, its files hold {len(response.marks)} and {len(response.cycles)}, {n_events} went in"
        raise runner.SimulationError(msg)
    return response


def assign(marks: np.ndarray, cycles: np.ndarray, declared_latency: int) -> tuple[np.ndarray, np.ndarray]:
    """(event, latency) of every result, from the cycles of completing beats and of results.

    As many results as events: in order. Otherwise a result belongs to the event that was complete `declared_latency` cycles before,
    and to none (-1) if there is no such event.
    """
    if len(marks) == len(cycles):
        return np.arange(len(marks)), cycles - marks
    wanted = cycles - declared_latency
    at = np.minimum(np.searchsorted(marks, wanted), max(len(marks) - 1, 0))
    found = marks[at] == wanted if len(marks) else np.zeros(len(cycles), bool)
    return np.where(found, at, -1), np.where(found, declared_latency, -1)


def decode_fields(ports: StreamPorts, fields: Sequence[DecisionField], results: np.ndarray) -> dict[str, np.ndarray]:
    """Decision fields of results (n, bytes), in the types of the model; each has an output port `out_<name>`."""
    arrays = {}
    for field in fields:
        low = ports.output_low(f"out_{field.name}")
        columns = [stream.get_bits(results, low + k * field.width, field.width, field.signed) for k in range(field.length)]
        arrays[field.name] = np.stack(columns, axis=-1).astype(field.dtype).reshape(field.shape(len(results)))
    return arrays


def answered(
    model: runner.Model,
    slices: Iterable[np.ndarray],
    n_events: int,
    declared_latency: int,
    declared: Sequence[DecisionField],
    cancel: threading.Event | None = None,
    wave_file: Path | None = None,
) -> Answers:
    """What a model's RTL answers to stimulus records that mark the completing beat of n_events events; as for `exchange`."""
    response = exchange(model, slices, n_events, wave_file=wave_file, cancel=cancel)
    event, latency = assign(response.marks, response.cycles, declared_latency)
    arrays = decode_fields(model.ports, declared, response.results)
    return Answers(arrays=arrays, event=event, latency=latency, n_events=n_events)
