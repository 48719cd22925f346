"""The whole displaced-vertex trigger as a co-simulated block: windows of segments to beats, vertices and decisions back."""

from __future__ import annotations

import threading
from functools import cache
from types import ModuleType

import numpy as np

from sim.cosim import displaced_vertices, runner, stream
from sim.cosim.exchange import Answers, exchange, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.stimulus.displaced_segments import SegmentWindows
from sim.cosim.wrapper import Header
from trigger.displaced import DisplacedDecision, DisplacedParameters
from trigger.displaced.grid import N_LANES
from trigger.ecl.layout import DecisionField
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

CYCLES = 32
"""Cycles of a window: 8 data clocks."""
GAP_PROBABILITY, MAX_GAP = 1 / 64, 7
"""Beats behind which there are idle cycles, in the windows that have any, and how many at most (our choice)."""
IDLE_SHARE = 1 / 8
"""Part of the windows that have idle cycles (our choice); the others follow without a gap."""
_OF_VERTEX = (
    "radius", "phi", "z", "slot", "bend", "impact", "phi0", "z0", "slope", "chi2", "n_axial", "n_stereo", "features", "score",
)  # fmt: skip


@cache
def hits() -> ModuleType:
    """The declared layout of a segment."""
    from hdl.displaced import hits as declared

    return declared


def fields(parameters: DisplacedParameters) -> tuple[DecisionField, ...]:
    """What is compared of one answer."""
    width = (N_LANES * parameters.seed_slots).bit_length()
    seeds = DecisionField(name="n_seeds", length=1, width=width, signed=False, meaning="seeds that were fitted")
    slot, *others = displaced_vertices.fields(parameters)
    return (slot, seeds, *others)


def ports(parameters: DisplacedParameters) -> StreamPorts:
    """Ports of the RTL."""
    return StreamPorts(
        module="displaced_trigger",
        inputs=(Port(name="in_last", width=1), Port(name="in_segments", width=N_SUPERLAYERS * hits().Hit.size)),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(parameters)),
    )


def records(declared: StreamPorts, windows: SegmentWindows, first: int, last: int, rng: np.random.Generator) -> np.ndarray:
    """Stimulus records of the windows first to last: segments of a superlayer in their order, at random beats of a window.

    A window with more than CYCLES segments in a superlayer is as long as that takes.
    """
    lines = superlayers()
    chosen = slice(windows.offsets[first], windows.offsets[last])
    ids, priority, lr, time = (column[chosen] for column in windows.columns)
    window = np.repeat(np.arange(last - first), np.diff(windows.offsets[first : last + 1]))
    superlayer = lines.of_segment[ids].astype(np.int64)
    group = window * N_SUPERLAYERS + superlayer
    order = np.argsort(group, kind="stable")
    count = np.bincount(group, minlength=(last - first) * N_SUPERLAYERS)
    length = np.maximum(count.reshape(-1, N_SUPERLAYERS).max(axis=1), CYCLES)
    begins = np.cumsum(length) - length
    beat = np.empty(len(ids), np.int64)
    drawn = [np.sort(rng.permutation(length[g // N_SUPERLAYERS])[:n]) for g, n in enumerate(count.tolist()) if n]
    beat[order] = np.concatenate([np.zeros(0, np.int64), *drawn])
    rows = begins[window] + beat
    n_rows = int(length.sum())
    out = stream.empty_records(declared, n_rows)
    flags, ends = np.full(n_rows, stream.flag(Header.VALID)), begins + length - 1
    flags[ends] = stream.flag(Header.VALID, Header.MARK)
    slow = np.repeat(rng.random(last - first) < IDLE_SHARE, length) & (rng.random(n_rows) < GAP_PROBABILITY)
    stream.put_header(out, flags=flags, idle=np.where(slow, rng.integers(1, MAX_GAP + 1, n_rows), 0))
    stream.put_bits(out, ends, np.full(len(ends), declared.input_low("in_last")), 1, np.ones(len(ends), np.int64))
    hit = hits().Hit
    low = declared.input_low("in_segments") + hit.size * superlayer
    values = {"valid": np.ones(len(ids)), "number": ids - lines.offset[superlayer], "priority": priority, "lr": lr, "time": time}
    for name, column in values.items():
        stream.put_bits(out, rows, low + hit[name].offset, hit[name].width, column.astype(np.int64))
    return out


def expected(parameters: DisplacedParameters, decision: DisplacedDecision) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(fields of every answer, window of each of them), window after window, vertices before the end."""
    n_vertices = np.diff(decision.displaced_offsets)
    window = np.repeat(np.arange(len(n_vertices)), n_vertices + 1)
    last = np.cumsum(n_vertices + 1) - 1
    rows = np.setdiff1d(np.arange(len(window)), last)
    given = decision.arrays()
    out = {field.name: np.zeros((len(window), field.length), np.int64) for field in fields(parameters)}
    out["last"][last, 0], out["slot"][last, 0] = 1, parameters.max_vertices
    for name in ("vertex", "overflow", "n_tracks", "n_seeds"):
        out[name][last, 0] = given[f"displaced_{name}"]
    for name in _OF_VERTEX:
        values = given[f"displaced_{name}" if f"displaced_{name}" in given else f"displaced_{name}_raw"]
        out[name][rows] = values.reshape(len(rows), -1)
    return {field.name: out[field.name].reshape(field.shape(len(window))) for field in fields(parameters)}, window


def simulate(
    model: runner.Model,
    parameters: DisplacedParameters,
    windows: SegmentWindows,
    wanted: np.ndarray,
    declared_latency: int,
    rng: np.random.Generator,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the windows through a model of the RTL; arguments and answer as for `displaced_vertices.simulate`."""
    slices = (records(model.ports, windows, first, last, rng) for first, last in slices_of(windows.n_windows))
    response = exchange(model, slices, windows.n_windows, cancel=cancel)
    answered = fields(parameters)
    return displaced_vertices.collect(model.ports, answered, parameters.max_vertices, response, wanted, declared_latency)
