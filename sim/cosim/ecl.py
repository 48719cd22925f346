"""The ECL RTL as a co-simulated block: events to windows to beats, results back to the decision fields of the model.

Input times pass the window choice (`trigger.ecl.window`), which is not part of the RTL; untimed cells are the window.
Latency is measured for every event: cycles from the beat that completes a window to the result.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, answered, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.rtl import Rtl, rtl_of
from trigger.ecl import EclCalibration, EclParameters, EclThresholds
from trigger.ecl.calibration import ADC_BITS
from trigger.ecl.layout import DECISION_FIELDS, WORD_FIELDS
from trigger.ecl.window import choose_window

if TYPE_CHECKING:
    from hdl.ecl.mutant import Mutant

MAX_IDLE = 40
"""Longest random idle gap between beats (our choice: longer than the latency, so that the pipeline empties)."""
IDLE_PROBABILITY = 0.1


@cache
def beats() -> ModuleType:
    """The declared layout of a window's beats."""
    from hdl.ecl import beats

    return beats


@cache
def ports() -> StreamPorts:
    """Ports of the ECL RTL: one beat in, every decision field out."""
    layout = beats()
    return StreamPorts(
        module="ecl_trigger",
        inputs=(
            Port(name="in_first", width=1),
            Port(name="in_start", width=layout.START_BITS),
            Port(name="in_adc", width=ADC_BITS * layout.N_LANES),
            Port(name="in_time", width=layout.TIME_BITS * layout.N_LANES),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in DECISION_FIELDS),
    )


def ecl_rtl(parameters: EclParameters, calibration: EclCalibration, *, mutant: "Mutant | None" = None) -> Rtl:
    """The RTL, generated (seconds). mutant: with one deliberate fault, for tests of the checker."""
    from hdl.ecl.trigger import EclTrigger

    thresholds = EclThresholds.from_parameters(parameters)
    component = EclTrigger(thresholds=thresholds, calibration=calibration, mutant=mutant)
    return rtl_of(component, component.LATENCY, ports(), (thresholds, calibration, DECISION_FIELDS, WORD_FIELDS))


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What the RTL sees: the cells of one window per event, ids strictly ascending, times from the window's start.

    offsets int64 (n+1,), tc_id, adc, time int16 (m,), start int16 (n,). Untimed input has time and start 0.
    """

    offsets: np.ndarray
    tc_id: np.ndarray
    adc: np.ndarray
    time: np.ndarray
    start: np.ndarray

    @property
    def n_events(self) -> int:
        """Number of windows."""
        return len(self.start)

    def take(self, events: np.ndarray) -> "Windows":
        """The windows of these events, in this order."""
        counts = np.diff(self.offsets)[events]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        rows = np.repeat(self.offsets[:-1][events] - offsets[:-1], counts) + np.arange(offsets[-1])
        return Windows(offsets=offsets, tc_id=self.tc_id[rows], adc=self.adc[rows], time=self.time[rows], start=self.start[events])


def windows_of(arrays: Mapping[str, np.ndarray]) -> Windows:
    """The windows of events with the fields `ecl_offsets`, `ecl_tc_id`, `ecl_adc` and optionally `ecl_time`, `ecl_phase`."""
    offsets, tc_id, adc = (arrays[name] for name in ("ecl_offsets", "ecl_tc_id", "ecl_adc"))
    if "ecl_time" not in arrays:
        start = np.zeros(len(offsets) - 1, np.int16)
        return Windows(offsets=offsets, tc_id=tc_id, adc=adc, time=np.zeros(len(tc_id), np.int16), start=start)
    offsets, tc_id, adc, time, start = choose_window(offsets, tc_id, adc, arrays["ecl_time"], arrays.get("ecl_phase"))
    time = (time - np.repeat(start, np.diff(offsets))).astype(np.int16)
    return Windows(offsets=offsets, tc_id=tc_id, adc=adc, time=time, start=start)


def concatenate(parts: list[Windows]) -> Windows:
    """All windows, in order."""
    starts = np.cumsum([0, *(part.offsets[-1] for part in parts)])
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts[:-1], strict=True)]
    return Windows(
        offsets=np.concatenate([np.zeros(1, np.int64), *offsets]),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ("tc_id", "adc", "time", "start")},
    )


def records(windows: Windows, idle: np.ndarray, declared: StreamPorts | None = None) -> np.ndarray:
    """Stimulus records of the windows, 16 per event; idle: cycles after each of them. declared: with more ports than the RTL's."""
    declared = declared or ports()
    out, firsts = stream.frame_records(declared, windows.n_events, beats().N_BEATS, idle)
    put_cells(out, declared, windows, firsts)
    return out


def put_cells(out: np.ndarray, declared: StreamPorts, windows: Windows, firsts: np.ndarray) -> None:
    """Set the cells of windows in stimulus records, from the record `firsts` of each on.

    declared: of a component that has the ECL trigger's ports among others.
    """
    layout = beats()

    def put(name: str, records: np.ndarray, lanes: np.ndarray, width: int, values: np.ndarray) -> None:
        stream.put_bits(out, records, declared.input_low(name) + width * lanes, width, values.astype(np.int64))

    put("in_start", firsts, np.zeros_like(firsts), layout.START_BITS, windows.start)
    beat, lane = np.divmod(windows.tc_id.astype(np.int64) - 1, layout.N_LANES)
    beat += np.repeat(firsts, np.diff(windows.offsets))
    put("in_adc", beat, lane, ADC_BITS, windows.adc)
    put("in_time", beat, lane, layout.TIME_BITS, windows.time)


def random_idle(rng: np.random.Generator, n_events: int) -> np.ndarray:
    """Idle cycles after each beat: none for most, up to MAX_IDLE for some."""
    n_records = n_events * beats().N_BEATS
    gaps = rng.integers(1, MAX_IDLE + 1, n_records)
    return np.where(rng.random(n_records) < IDLE_PROBABILITY, gaps, 0)


def full_rate(n_events: int) -> np.ndarray:
    """No idle cycle anywhere: a new window every 16 cycles."""
    return np.zeros(n_events * beats().N_BEATS, np.int64)


def simulate(
    model: runner.Model,
    windows: Windows,
    declared_latency: int,
    *,
    idle: np.ndarray | None = None,
    wave_file: Path | None = None,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the windows through a model of the ECL RTL.

    idle: cycles after each beat, 16 numbers per event; none by default, a new window every 16 cycles. wave_file: keep the waveform
    under this name, with the simulator's suffix; the model must have been built with waves.
    """
    n_beats = beats().N_BEATS
    idle = full_rate(windows.n_events) if idle is None else idle
    slices = (
        records(windows.take(np.arange(first, last)), idle[first * n_beats : last * n_beats])
        for first, last in slices_of(windows.n_events)
    )
    return answered(model, slices, windows.n_events, declared_latency, DECISION_FIELDS, cancel, wave_file)
