"""The clocked segment finder's RTL as a co-simulated block: runs of wire hits to a beat per cycle, words back to the model's.

A run goes from one reset to the next. Every cycle of it is answered with the words of one sector of each octant; the unit of
comparison is the cycle.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, assign, decode_fields, exchange
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.wrapper import Header
from trigger.cdc.segments import SegmentStream
from trigger.cdc.segments.word import CLOCK_BITS, N_QUADRANTS, TICK_BITS, WORD_BITS, local_id_of, pack
from trigger.ecl.layout import DecisionField
from trigger.geometry.cdc import N_SECTORS, N_WIRES, layers, superlayers

Octants = tuple[tuple[int, int], ...]
"""Superlayer and number of each octant."""
RUNS_PER_SLICE = 64
"""Runs turned into records at once (our choice: some MB)."""


@cache
def layout() -> ModuleType:
    """The declared layout of a data clock."""
    from hdl.cdc.segments import stream_layout

    return stream_layout


@dataclass(frozen=True, kw_only=True)
class WireStreams:
    """Wire hits of n runs and how their beats come.

    offsets (n + 1,), wire_id, time: hits, CSR; times in ticks from the run's first data clock. n_cycles (n,): cycles from the first
    beat to the reset that ends the run. n_stray (n,): beats before the first one. Per run and cycle, (n, longest): arrives, whether
    the beat does; first, clock, its marks as they are sent.
    """

    offsets: np.ndarray
    wire_id: np.ndarray
    time: np.ndarray
    n_cycles: np.ndarray
    n_stray: np.ndarray
    arrives: np.ndarray
    first: np.ndarray
    clock: np.ndarray

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.n_cycles)

    @property
    def run(self) -> np.ndarray:
        """Run of every hit."""
        return np.repeat(np.arange(self.n_runs), np.diff(self.offsets))

    def slice(self, first: int, last: int) -> WireStreams:
        """The runs first .. last - 1."""
        hits, runs = slice(self.offsets[first], self.offsets[last]), slice(first, last)
        return WireStreams(
            offsets=self.offsets[first : last + 1] - self.offsets[first],
            wire_id=self.wire_id[hits],
            time=self.time[hits],
            **{name: getattr(self, name)[runs] for name in ("n_cycles", "n_stray", "arrives", "first", "clock")},
        )


def fields(octants: Octants) -> tuple[DecisionField, ...]:
    """What one cycle is answered with."""
    n_words = sum(layout().StreamLayout(*octant).per_sector for octant in octants)

    def field(name: str, length: int, width: int, meaning: str) -> DecisionField:
        return DecisionField(name=name, length=length, width=width, signed=False, meaning=meaning)

    return (
        field("sector", 1, (layout().SECTORS_PER_OCTANT - 1).bit_length(), "sector of the octants"),
        field("clock", 1, CLOCK_BITS, "number of the data clock"),
        field("slip", 1, 1, "the beat's marks are not those expected"),
        field("words", n_words, WORD_BITS, "segments, 0 = none"),
    )


def ports(octants: Octants) -> StreamPorts:
    """Ports of the finders of these octants."""
    return StreamPorts(
        module="segment_stream",
        inputs=(
            Port(name="in_first", width=1),
            Port(name="in_clock", width=CLOCK_BITS),
            Port(name="in_wires", width=sum(layout().StreamLayout(*octant).cells.size for octant in octants)),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(octants)),
    )


@cache
def wire_places(octants: Octants) -> np.ndarray:
    """Lowest bit of each wire's cell in the beat of each sector of each octant, int64 (octants, 14336, 4); -1 where it has none."""
    lines, n_sectors = layers(), layout().SECTORS_PER_OCTANT
    low = np.full((len(octants), N_WIRES, n_sectors), -1)
    start = 0
    for k, (superlayer, octant) in enumerate(octants):
        declared = layout().StreamLayout(superlayer, octant)
        used = sorted({declared.shape.centre_layer + layer for layer, _ in declared.shape.wires})
        for row, layer in enumerate(used):
            at = int(np.flatnonzero((lines.superlayer == superlayer) & (lines.layer_in_sl == layer))[0])
            for sector in range(n_sectors):
                first = (n_sectors * octant + sector) * declared.per_sector - declared.before
                column = np.arange(declared.per_beat)
                ids = lines.first_wire[at] + (first + column) % lines.n_wires[at]
                low[k, ids, sector] = start + layout().TickCell.size * (row * declared.per_beat + column)
        start += declared.cells.size
    return low


def records(declared: StreamPorts, streams: WireStreams, octants: Octants) -> np.ndarray:
    """Stimulus records of the runs: stray beats, a record per cycle, a reset. Beats that do not arrive carry ones all over."""
    starts, n_rows = _first_rows(streams)
    out = stream.empty_records(declared, n_rows)
    run = np.repeat(np.arange(streams.n_runs), streams.n_stray + streams.n_cycles + 1)
    cycle = np.arange(n_rows) - starts[run]
    is_stray, is_reset = cycle < 0, cycle == streams.n_cycles[run]
    is_beat = ~is_stray & ~is_reset
    comes = np.zeros(n_rows, bool)
    comes[is_beat] = streams.arrives[run[is_beat], cycle[is_beat]]
    out[~comes & ~is_reset] = 0xFF
    if declared.payload_bits % 8:
        out[:, -(declared.payload_bits // 8) - 1] &= (1 << declared.payload_bits % 8) - 1
    assert declared.input_low("in_first") == 0
    out[is_stray, -1] &= 0xFE
    flags = np.select([is_stray | comes, is_reset], [stream.flag(Header.VALID), stream.flag(Header.RESET)], 0)
    flags[starts] |= stream.flag(Header.MARK)
    stream.put_header(out, flags=flags, idle=np.zeros(n_rows, np.int64))

    rows = np.flatnonzero(comes)
    at = run[rows], cycle[rows]
    stream.put_bits(out, rows, np.zeros(len(rows), np.int64), 1, streams.first[at].astype(np.int64))
    low = np.full(len(rows), declared.input_low("in_clock"))
    stream.put_bits(out, rows, low, CLOCK_BITS, streams.clock[at].astype(np.int64))
    run, wire, time = _first_hits(streams)
    for places in wire_places(octants):
        for sector in range(layout().SECTORS_PER_OCTANT):
            cycle = layout().SECTORS_PER_OCTANT * (time >> TICK_BITS) + sector
            sent = np.flatnonzero((places[wire, sector] >= 0) & (cycle < streams.n_cycles[run]))
            sent = sent[streams.arrives[run[sent], cycle[sent]]]
            low = declared.input_low("in_wires") + places[wire[sent], sector]
            cell = 1 | (time[sent] & ((1 << TICK_BITS) - 1)) << 1
            stream.put_bits(out, starts[run[sent]] + cycle[sent], low, layout().TickCell.size, cell)
    return out


def _first_rows(streams: WireStreams) -> tuple[np.ndarray, int]:
    """(record of each run's first beat, records)."""
    ends = np.cumsum(streams.n_stray + streams.n_cycles + 1)
    return ends - streams.n_cycles - 1, int(ends[-1])


def _first_hits(streams: WireStreams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(run, wire, time) of the hits that are sent: the first of each wire in a data clock."""
    run, wire = streams.run, streams.wire_id.astype(np.int64)
    order = np.lexsort((streams.time, wire, run))
    run, wire, time = run[order], wire[order], streams.time[order]
    is_same = (np.diff(run) == 0) & (np.diff(wire) == 0) & (np.diff(time >> TICK_BITS) == 0)
    kept = np.concatenate([np.ones(min(len(run), 1), bool), ~is_same])
    return run[kept], wire[kept], time[kept]


def answered(streams: WireStreams, latency: int) -> np.ndarray:
    """Cycles of each run whose answer comes before the reset that ends it, (n,)."""
    return np.maximum(streams.n_cycles - latency + 1, 0)


def expected(streams: WireStreams, octants: Octants, latency: int) -> dict[str, np.ndarray]:
    """The fields of every answered cycle, run after run, from the model's words.

    A sector knows what its own beats brought: the model runs once per sector, on the hits that arrived there.
    """
    n_sectors, lines = layout().SECTORS_PER_OCTANT, superlayers()
    n_rows = answered(streams, latency)
    starts = np.cumsum(n_rows) - n_rows
    run = np.repeat(np.arange(streams.n_runs), n_rows)
    cycle = np.arange(len(run)) - starts[run]
    sector, clock = cycle % n_sectors, streams.clock[run, 0] + cycle // n_sectors
    first, number = streams.first[run, cycle], streams.clock[run, cycle]
    slip = streams.arrives[run, cycle] & ((first != (sector == 0)) | (first & (number != clock % (1 << CLOCK_BITS))))
    words = np.zeros((len(run), sum(layout().StreamLayout(*octant).per_sector for octant in octants)), np.uint32)
    hit_run, hit_clock = streams.run, streams.time >> TICK_BITS
    for s in range(n_sectors):
        beat = n_sectors * hit_clock + s
        kept = beat < streams.n_cycles[hit_run]
        kept[kept] = streams.arrives[hit_run[kept], beat[kept]]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[streams.offsets]
        n_clocks = -(-streams.n_cycles // n_sectors)
        found = SegmentStream().run(offsets, streams.wire_id[kept], streams.time[kept], n_clocks)
        word_run = np.repeat(np.arange(streams.n_runs), np.diff(found.offsets))
        low = 0
        for superlayer, octant in octants:
            per_sector, ring = layout().StreamLayout(superlayer, octant).per_sector, n_sectors * octant + s
            inside = found.ts_id - (lines.offset[superlayer] + ring * per_sector)
            row = n_sectors * found.clock + s
            mine = (inside >= 0) & (inside < per_sector) & (row < n_rows[word_run])
            local_id = local_id_of(ring * N_QUADRANTS // N_SECTORS, found.ts_id[mine])
            time = found.time[mine] + (streams.clock[word_run[mine], 0].astype(np.int64) << TICK_BITS)
            packed = pack(local_id, time, found.lr[mine].astype(np.int64), found.priority[mine].astype(np.int64))
            words[starts[word_run[mine]] + row[mine], low + inside[mine]] = packed
            low += per_sector
    arrays = {"sector": sector, "clock": clock % (1 << CLOCK_BITS), "slip": slip, "words": words}
    return {f.name: arrays[f.name].astype(f.dtype).reshape(f.shape(len(run))) for f in fields(octants)}


def simulate(
    model: runner.Model,
    streams: WireStreams,
    octants: Octants,
    declared_latency: int,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the streams through a model of the RTL; rows of the answer are cycles, `event` their expected number."""

    def parts() -> Iterator[np.ndarray]:
        for first in range(0, streams.n_runs, RUNS_PER_SLICE):
            yield records(model.ports, streams.slice(first, min(first + RUNS_PER_SLICE, streams.n_runs)), octants)

    response = exchange(model, parts(), streams.n_runs, cancel=cancel)
    n_rows = answered(streams, declared_latency)
    rows = np.arange(n_rows.sum()) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    row, latency = assign(np.repeat(response.marks, n_rows) + rows, response.cycles, declared_latency)
    arrays = decode_fields(model.ports, fields(octants), response.results)
    return Answers(arrays=arrays, event=row, latency=latency, n_events=len(rows))


def frames_of_cycles(streams: WireStreams, latency: int, cycles_per_frame: int) -> np.ndarray:
    """Frame of every answered cycle: frames are counted through all runs, the last one of a run being cut by the reset."""
    n_rows, n_frames = answered(streams, latency), -(-streams.n_cycles // cycles_per_frame)
    cycle = np.arange(n_rows.sum()) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    return np.repeat(np.cumsum(n_frames) - n_frames, n_rows) + cycle // cycles_per_frame


def segments_of(octants: Sequence[tuple[int, int]]) -> np.ndarray:
    """Ids of the segments of these octants."""
    lines = superlayers()
    parts = []
    for superlayer, octant in octants:
        n = layout().StreamLayout(superlayer, octant).per_sector * layout().SECTORS_PER_OCTANT
        parts.append(lines.offset[superlayer] + n * octant + np.arange(n))
    return np.concatenate(parts)
