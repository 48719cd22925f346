"""The segment finders' RTL as a co-simulated block: wire hits to frames of beats, sectors of words back to those of the model.

Every event is a frame and is answered with one result per sector; the unit of comparison is the sector.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, assign, decode_fields, exchange, slices_of
from sim.cosim.ports import Port, StreamPorts
from trigger.cdc.segments import Segments
from trigger.cdc.segments.link import link_segments
from trigger.cdc.segments.word import CLOCK_BITS, N_QUADRANTS, TICK_BITS, WORD_BITS, local_id_of, pack
from trigger.compiled import kernel
from trigger.ecl.layout import DecisionField
from trigger.geometry.cdc import N_SECTORS, N_SUPERLAYERS, N_WIRES, layers, superlayers

ALL = tuple(range(N_SUPERLAYERS))
SECTORS_PER_QUADRANT = N_SECTORS // N_QUADRANTS


@cache
def layout() -> ModuleType:
    """The declared layout of a frame."""
    from hdl.cdc.segments import layout

    return layout


@dataclass(frozen=True, kw_only=True)
class Wires:
    """Wire hits of events: CSR offsets (n + 1,), ids, times; clock: first data clock of each event's frame, (n,).

    A frame takes times from 16 * clock to 255 beyond.
    """

    offsets: np.ndarray
    wire_id: np.ndarray
    time: np.ndarray
    clock: np.ndarray

    @property
    def n_events(self) -> int:
        """Number of frames."""
        return len(self.offsets) - 1

    def slice(self, first: int, last: int) -> Wires:
        """The frames first .. last - 1."""
        hits = slice(self.offsets[first], self.offsets[last])
        return Wires(
            offsets=self.offsets[first : last + 1] - self.offsets[first],
            wire_id=self.wire_id[hits],
            time=self.time[hits],
            clock=self.clock[first:last],
        )


def fields(chosen: Sequence[int] = ALL) -> tuple[DecisionField, ...]:
    """What one sector is answered with, by the finders of these superlayers."""
    per_sector = superlayers().n_segments[list(chosen)] // N_SECTORS

    def field(name: str, length: int, width: int, meaning: str) -> DecisionField:
        return DecisionField(name=name, length=length, width=width, signed=False, meaning=meaning)

    return (
        field("sector", 1, (N_SECTORS - 1).bit_length(), "sector of the ring"),
        field("clock", 1, CLOCK_BITS, "first data clock of the frame"),
        field("words", int(per_sector.sum()), WORD_BITS, "segments, 0 = none"),
        field("counts", len(chosen), int(SECTORS_PER_QUADRANT * per_sector.max()).bit_length(), "segments of the quadrant so far"),
        field("overflow", len(chosen), 1, "they are more than a link takes in one data clock"),
    )


def ports(chosen: Sequence[int] = ALL) -> StreamPorts:
    """Ports of the finders of these superlayers."""
    return StreamPorts(
        module="chamber_segments",
        inputs=(
            Port(name="in_first", width=1),
            Port(name="in_clock", width=CLOCK_BITS),
            Port(name="in_wires", width=sum(layout().Layout(superlayer).sector.size for superlayer in chosen)),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(chosen)),
    )


@cache
def wire_places(chosen: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(sector, lowest bit in its beat) of every wire; bit -1 for wires that no segment of these superlayers uses."""
    lines = layers()
    sector, low = np.zeros(N_WIRES, np.int64), np.full(N_WIRES, -1)
    start = 0
    for superlayer in chosen:
        declared = layout().Layout(superlayer)
        used = sorted({declared.shape.centre_layer + layer for layer, _ in declared.shape.wires})
        for row, layer in enumerate(used):
            at = int(np.flatnonzero((lines.superlayer == superlayer) & (lines.layer_in_sl == layer))[0])
            wire = np.arange(lines.n_wires[at])
            ids = lines.first_wire[at] + wire
            sector[ids], column = np.divmod(wire, declared.per_sector)
            low[ids] = start + layout().Cell.size * (row * declared.per_sector + column)
        start += declared.sector.size
    return sector, low


@kernel
def _first_hits(offsets: np.ndarray, wire_id: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Whether each hit is the one that its wire counts with: the earliest of the event, the first listed of equal ones."""
    kept = np.zeros(len(wire_id), np.bool_)
    event, best = np.full(N_WIRES, -1), np.zeros(N_WIRES, np.int64)
    for k in range(len(offsets) - 1):
        for i in range(offsets[k], offsets[k + 1]):
            wire = wire_id[i]
            if event[wire] != k or time[i] < time[best[wire]]:
                if event[wire] == k:
                    kept[best[wire]] = False
                event[wire], best[wire], kept[i] = k, i, True
    return kept


def records(declared: StreamPorts, events: Wires, idle: np.ndarray, chosen: tuple[int, ...] = ALL) -> np.ndarray:
    """Stimulus records of the frames, 32 per event; idle: cycles after each of them."""
    out, firsts = stream.frame_records(declared, events.n_events, N_SECTORS, idle)
    low = np.full(len(firsts), declared.input_low("in_clock"))
    stream.put_bits(out, firsts, low, CLOCK_BITS, events.clock.astype(np.int64))

    sector, bit = wire_places(chosen)
    kept = _first_hits(events.offsets, events.wire_id, events.time) & (bit[events.wire_id] >= 0)
    event, wire = np.repeat(np.arange(events.n_events), np.diff(events.offsets))[kept], events.wire_id[kept]
    time = events.time[kept].astype(np.int64) - (events.clock[event] << TICK_BITS)
    cell = 1 | time << 1
    stream.put_bits(out, N_SECTORS * event + sector[wire], declared.input_low("in_wires") + bit[wire], layout().Cell.size, cell)
    return out


def expected(segments: Segments, clock: np.ndarray, chosen: tuple[int, ...] = ALL) -> dict[str, np.ndarray]:
    """The fields of every sector, event after event, from the model's segments. clock: first data clock of each frame."""
    lines, n_events = superlayers(), len(clock)
    per_sector = lines.n_segments[list(chosen)] // N_SECTORS
    column, starts = np.full(N_SUPERLAYERS, -1), np.cumsum(per_sector) - per_sector
    column[list(chosen)] = np.arange(len(chosen))
    kept = column[lines.of_segment[segments.cdc_ts_id]] >= 0
    event = np.repeat(np.arange(n_events), np.diff(segments.cdc_offsets))[kept]
    ts_id, time, lr, priority = (
        getattr(segments, f"cdc_{name}")[kept].astype(np.int64) for name in ("ts_id", "time", "lr", "priority")
    )
    superlayer = lines.of_segment[ts_id].astype(np.int64)
    k = column[superlayer]
    sector, inside = np.divmod(ts_id - lines.offset[superlayer], per_sector[k])
    quadrant = sector // SECTORS_PER_QUADRANT
    local_id = np.select([quadrant == q for q in range(N_QUADRANTS)], [local_id_of(q, ts_id) for q in range(N_QUADRANTS)])
    row = N_SECTORS * event + sector
    words = np.zeros((N_SECTORS * n_events, int(per_sector.sum())), np.uint32)
    words[row, starts[k] + inside] = pack(local_id, time, lr, priority)
    fired = np.zeros((N_SECTORS * n_events, len(chosen)), np.int64)
    np.add.at(fired, (row, k), 1)
    counts = np.cumsum(fired.reshape(-1, SECTORS_PER_QUADRANT, len(chosen)), axis=1).reshape(fired.shape)
    arrays = {
        "sector": np.tile(np.arange(N_SECTORS), n_events),
        "clock": np.repeat(clock, N_SECTORS),
        "words": words,
        "counts": counts,
        "overflow": counts > link_segments()[list(chosen)],
    }
    return {f.name: arrays[f.name].astype(f.dtype).reshape(f.shape(N_SECTORS * n_events)) for f in fields(chosen)}


def simulate(
    model: runner.Model,
    events: Wires,
    declared_latency: int,
    idle: np.ndarray,
    *,
    chosen: tuple[int, ...] = ALL,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the frames through a model of the RTL; rows of the answer are sectors, `event` their expected number.

    idle: cycles after each beat, 32 numbers per event. Latency is counted for every sector, from its place behind the last beat.
    """
    cuts = slices_of(events.n_events)
    parts = (records(model.ports, events.slice(a, b), idle[a * N_SECTORS : b * N_SECTORS], chosen) for a, b in cuts)
    response = exchange(model, parts, events.n_events, cancel=cancel)
    marks = (response.marks[:, None] + np.arange(N_SECTORS)).ravel()
    sector, latency = assign(marks, response.cycles, declared_latency)
    arrays = decode_fields(model.ports, fields(chosen), response.results)
    return Answers(arrays=arrays, event=sector, latency=latency, n_events=len(marks))


def events_of_sectors(n_events: int) -> np.ndarray:
    """Event of every sector."""
    return np.repeat(np.arange(n_events), N_SECTORS)
