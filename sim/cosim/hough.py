"""The 2D finder RTL as a co-simulated block: events to frames of beats, data clocks of tracks back to those of the model.

Every event is answered with one result per data clock, at least one; the unit of comparison is the data clock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.compare import Comparison
from sim.cosim.exchange import Answers, decode_fields, exchange, slices_of
from sim.cosim.ports import Port, StreamPorts
from trigger.cdc.hough import HoughPlane, HoughTracks
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.cdc.hough.windows import N_POSITIONS
from trigger.ecl.layout import DecisionField
from trigger.geometry.cdc import N_SECTORS, superlayers

IDLE_PROBABILITY = 0.1
MAX_IDLE = 100
"""Longest random idle gap between beats (our choice: longer than a frame lasts)."""


@cache
def layout() -> ModuleType:
    """The declared layout of a frame."""
    from hdl.cdc.hough import layout

    return layout


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Axial segments of events: CSR offsets (n + 1,), sector and bit of each hit in its beat."""

    offsets: np.ndarray
    sector: np.ndarray
    bit: np.ndarray

    @property
    def n_events(self) -> int:
        """Number of frames."""
        return len(self.offsets) - 1

    def slice(self, first: int, last: int) -> Frames:
        """The frames first .. last - 1."""
        hits = slice(self.offsets[first], self.offsets[last])
        return Frames(offsets=self.offsets[first : last + 1] - self.offsets[first], sector=self.sector[hits], bit=self.bit[hits])


def fields(plane: HoughPlane) -> tuple[DecisionField, ...]:
    """What one data clock is answered with."""
    n_tracks, n_superlayers = N_QUADRANTS * plane.tracks_per_clock, int(superlayers().axial.sum())
    n_segments = int(superlayers().n_segments[superlayers().axial].max())

    def field(name: str, length: int, width: int, meaning: str, signed: bool = False) -> DecisionField:
        return DecisionField(name=name, length=length, width=width, signed=signed, meaning=meaning)

    return (
        field("clock", 1, (layout().CLOCKS_PER_FRAME - 1).bit_length(), "data clock of the frame"),
        field("overflow", 1, 1, "tracks are missing"),
        field("counts", N_QUADRANTS, plane.tracks_per_clock.bit_length(), "tracks of each quadrant"),
        field("phi", n_tracks, (plane.n_phi // 2 - 1).bit_length(), "half cells from the start of the quadrant"),
        field("omega", n_tracks, (plane.n_omega - 1).bit_length() + 1, "half cells, signed", signed=True),
        field("found", n_tracks * n_superlayers, 1, "a segment crosses the track"),
        field("number", n_tracks * n_superlayers, (n_segments - 1).bit_length(), "its number in the superlayer"),
    )


def ports(plane: HoughPlane) -> StreamPorts:
    """Ports of the finder RTL."""
    return StreamPorts(
        module="hough_finder",
        inputs=(Port(name="in_first", width=1), Port(name="in_segments", width=layout().Layout(plane).sector_bits)),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(plane)),
    )


def frames(plane: HoughPlane, offsets: np.ndarray, ts_id: np.ndarray, priority: np.ndarray) -> Frames:
    """Frames of events with these segments; stereo segments are left out."""
    lines, declared = superlayers(), layout().Layout(plane)
    superlayer = lines.of_segment[ts_id]
    kept = lines.axial[superlayer]
    axial = np.searchsorted(np.flatnonzero(lines.axial), superlayer[kept])
    count, row = np.array(declared.per_sector)[axial], np.array(declared.rows)[axial]
    sector, inside = np.divmod(ts_id[kept] - lines.offset[superlayer[kept]], count)
    n_kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
    return Frames(offsets=n_kept[offsets], sector=sector, bit=N_POSITIONS * (row + inside) + priority[kept] - 1)


def records(declared: StreamPorts, events: Frames, idle: np.ndarray) -> np.ndarray:
    """Stimulus records of the frames, 32 per event; idle: cycles after each of them."""
    out, _ = stream.frame_records(declared, events.n_events, N_SECTORS, idle)
    at = np.repeat(np.arange(events.n_events) * N_SECTORS, np.diff(events.offsets)) + events.sector
    stream.put_bits(out, at, declared.input_low("in_segments") + events.bit, 1, np.ones(len(at), np.int64))
    return out


def full_rate(n_events: int) -> np.ndarray:
    """Idle cycles after each beat for a frame every 64 cycles, its beats evenly spread."""
    interval = layout().CYCLES_PER_CLOCK * layout().CLOCKS_PER_FRAME
    return np.full(n_events * N_SECTORS, interval // N_SECTORS - 1)


def random_idle(rng: np.random.Generator, n_events: int) -> np.ndarray:
    """Idle cycles at random places, some long, and as many before each frame as keep it 64 cycles from the one before."""
    interval = layout().CYCLES_PER_CLOCK * layout().CLOCKS_PER_FRAME
    shape = (n_events, N_SECTORS)
    idle = np.where(rng.random(shape) < IDLE_PROBABILITY, rng.integers(1, MAX_IDLE + 1, shape), rng.integers(0, 2, shape))
    idle[rng.random(n_events) < 0.5] = 0
    length = idle[:, :-1].sum(axis=1) + N_SECTORS
    idle[:-1, -1] = np.maximum(idle[:-1, -1], interval - length[1:])
    return idle.ravel()


def expected(tracks: HoughTracks) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(fields of every data clock that the model fills, event of each of them), event after event, clock after clock."""
    plane, lines = tracks.plane, superlayers()
    n_events, axial = len(tracks.track_offsets) - 1, np.flatnonzero(lines.axial)
    event = np.repeat(np.arange(n_events), np.diff(tracks.track_offsets))
    n_clocks = np.ones(n_events, np.int64)
    np.maximum.at(n_clocks, event, tracks.track_clock.astype(np.int64) + 1)
    first = np.cumsum(n_clocks) - n_clocks
    word, quadrant = first[event] + tracks.track_clock, plane.quadrant(tracks.track_phi_raw)
    group = N_QUADRANTS * word + quadrant
    order = np.argsort(group, kind="stable")
    slot = np.empty(len(group), np.int64)
    slot[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    out = {field.name: np.zeros((int(n_clocks.sum()), field.length), field.dtype) for field in fields(plane)}
    words, place = np.arange(len(out["clock"])), quadrant * plane.tracks_per_clock + slot
    out["clock"][:, 0] = words - np.repeat(first, n_clocks)
    np.add.at(out["counts"], (word, quadrant), 1)
    out["phi"][word, place] = plane.quadrant_phi(tracks.track_phi_raw)
    out["omega"][word, place] = tracks.track_omega_raw
    found = tracks.track_ts[:, axial] >= 0
    element = (len(axial) * place)[:, None] + np.arange(len(axial))
    out["found"][word[:, None], element] = found
    out["number"][word[:, None], element] = np.where(found, tracks.track_ts[:, axial] - lines.offset[axial], 0)
    shaped = {field.name: out[field.name].reshape(field.shape(len(words))) for field in fields(plane)}
    return shaped, np.repeat(np.arange(n_events), n_clocks)


def simulate(
    model: runner.Model,
    plane: HoughPlane,
    events: Frames,
    word_event: np.ndarray,
    declared_latency: int,
    idle: np.ndarray,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the frames through a model of the finder RTL; rows of the answer are data clocks, `event` their expected number.

    word_event: event of every data clock that is expected. idle: cycles after each beat, 32 numbers per event.
    Latency is counted to the frame's first data clock.
    """
    slices = (records(model.ports, events.slice(a, b), idle[a * N_SECTORS : b * N_SECTORS]) for a, b in slices_of(events.n_events))
    response = exchange(model, slices, events.n_events, cancel=cancel)
    arrays = decode_fields(model.ports, fields(plane), response.results)
    first_cycle = response.cycles - layout().CYCLES_PER_CLOCK * arrays["clock"].astype(np.int64)
    event = events_of(response.marks, first_cycle, arrays["clock"], declared_latency)
    word = _words(word_event, event, arrays["clock"])
    latency = np.where(word >= 0, first_cycle - response.marks[event], -1)
    return Answers(arrays=arrays, event=word, latency=latency, n_events=len(word_event))


def events_of(marks: np.ndarray, first_cycle: np.ndarray, clock: np.ndarray, declared_latency: int) -> np.ndarray:
    """Event of every data clock, -1 = none: in order if as many frames were answered as asked, else by the declared latency."""
    if np.count_nonzero(clock == 0) == len(marks):
        return np.cumsum(clock == 0) - 1
    wanted = first_cycle - declared_latency
    at = np.minimum(np.searchsorted(marks, wanted), max(len(marks) - 1, 0))
    return np.where(marks[at] == wanted, at, -1) if len(marks) else np.full(len(clock), -1)


def _words(word_event: np.ndarray, event: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """Place of every data clock among the expected ones, -1 where it is not expected, or came before."""
    first, last = np.searchsorted(word_event, event), np.searchsorted(word_event, event, side="right")
    word = first + clock
    word = np.where((event >= 0) & (word < last), word, -1)
    seen, index = np.unique(word, return_index=True)
    once = np.full(len(word), -1)
    once[index] = seen
    return once


def of_events(outcome: Comparison, word_event: np.ndarray, n_events: int) -> Comparison:
    """A comparison of data clocks, told in events; latencies and results in excess are still those of data clocks."""
    return replace(
        outcome,
        n_events=n_events,
        mismatched=tuple(np.unique(word_event[list(outcome.mismatched)]).tolist()),
        missing=tuple(np.unique(word_event[list(outcome.missing)]).tolist()),
        differences=tuple(replace(row, event=int(word_event[row.event])) for row in outcome.differences),
    )
