"""The input stage of the neuro trigger as a co-simulated block: frames of stereo segments and tracks to beats, and results back.

The unit of comparison is the track. A frame's tracks come one to three frames after it, beside the rows of later ones.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, answered, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.stimulus.tracks import TrackEvents
from sim.cosim.wrapper import Header
from trigger.cdc.hough import HoughPlane
from trigger.cdc.neuro import NeuroVectors
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.inputs import EXPERT_MISSING
from trigger.cdc.neuro.mlp import N_INPUTS
from trigger.ecl.layout import DecisionField
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

MAX_DELAY = 3
"""Frames after its own during which a track may come: a fourth one takes the place of the track's frame."""
QUIET_BEATS = 4
"""Beats at the end of a frame without a track: the next one may take the place of its frame."""
IDLE_PROBABILITY = 0.1
MAX_IDLE = 20


def segments() -> ModuleType:
    """The declared layout of segments."""
    from hdl.cdc.neuro import segments

    return segments


def _bits(values: range) -> int:
    return max(values[-1], ~values[0] if values[0] < 0 else 0).bit_length() + (values[0] < 0)


def fields() -> tuple[DecisionField, ...]:
    """What one track is answered with."""
    declared = segments()
    number, time = _bits(declared.Number), declared.Time.width

    def field(name: str, length: int, width: int, meaning: str, signed: bool = False) -> DecisionField:
        return DecisionField(name=name, length=length, width=width, signed=signed, meaning=meaning)

    return (
        field("x", N_INPUTS, NODE.width, "inputs, 12 fraction bits", signed=True),
        field("has_expert", 1, 1, "a network fits the track"),
        field("expert", 1, (len(EXPERT_MISSING) - 1).bit_length(), "its number"),
        field("pattern", 1, N_SUPERLAYERS, "stereo superlayers with a relevant segment"),
        field("has_t0", 1, 1, "there is an event time"),
        field("t0", 1, time, "event time in time units", signed=True),
        field("found", N_SUPERLAYERS, 1, "a segment is chosen"),
        field("number", N_SUPERLAYERS, number, "its number in the superlayer"),
    )


def ports(plane: HoughPlane) -> StreamPorts:
    """Ports of the input stage RTL."""
    declared = segments()
    frame = _bits(declared.Bank)
    own = declared.Segment.size + _bits(declared.Number)
    return StreamPorts(
        module="neuro_inputs",
        inputs=(
            Port(name="in_has_row", width=1),
            Port(name="in_row", width=_bits(range(declared.N_ROWS))),
            Port(name="in_row_frame", width=frame),
            Port(name="in_segments", width=len(declared.STEREO) * declared.Row.size),
            Port(name="in_has_track", width=1),
            Port(name="in_track_frame", width=frame),
            Port(name="in_phi", width=_bits(range(2 * plane.n_phi))),
            Port(name="in_omega", width=_bits(range(1 - plane.n_omega, plane.n_omega))),
            Port(name="in_own", width=len(declared.AXIAL) * own),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields()),
    )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When what comes: beats of the groups starts[g]..starts[g + 1] - 1, group g opening with the rows of frame g.

    beat: of every track. order: tracks in the order of their beats. idle: cycles after each beat.
    """

    starts: np.ndarray
    beat: np.ndarray
    order: np.ndarray
    idle: np.ndarray


def schedule(rng: np.random.Generator, track_offsets: np.ndarray, *, idle_share: float) -> Schedule:
    """Tracks at random places of later frames; random idle cycles in a part of the groups."""
    n_rows, n_events = segments().N_ROWS, len(track_offsets) - 1
    event = np.repeat(np.arange(n_events), np.diff(track_offsets))
    group = event + rng.integers(1, MAX_DELAY + 1, n_events)[event]
    n_groups = n_events + MAX_DELAY + 1
    count = np.bincount(group, minlength=n_groups)
    starts = np.concatenate([[0], np.cumsum(np.maximum(n_rows, count + QUIET_BEATS))])
    room = np.diff(starts) - QUIET_BEATS
    order = np.lexsort((rng.random(len(group)), group))
    rank = np.arange(len(group)) - (np.cumsum(count) - count)[group[order]]
    # Any spread of the tracks over the room: shifts that do not decrease within a group.
    shift = rng.integers(0, (room - count)[group[order]] + 1)
    shift = shift[np.lexsort((shift, group[order]))]
    beat = np.empty(len(group), np.int64)
    beat[order] = starts[group[order]] + rank + shift
    return Schedule(starts=starts, beat=beat, order=order, idle=random_idle(rng, starts, idle_share=idle_share))


def random_idle(rng: np.random.Generator, starts: np.ndarray, *, idle_share: float) -> np.ndarray:
    """Idle cycles after each beat: at random places in a part of the groups, none in the others."""
    idle = np.where(rng.random(starts[-1]) < IDLE_PROBABILITY, rng.integers(0, MAX_IDLE + 1, starts[-1]), 0)
    with_idle = np.repeat(rng.random(len(starts) - 1) < idle_share, np.diff(starts))
    return np.where(with_idle, idle, 0)


def expected(vectors: NeuroVectors) -> dict[str, np.ndarray]:
    """What the model answers, as fields of the RTL."""
    found = vectors.track_ts >= 0
    return {
        "x": vectors.x_raw,
        "has_expert": (vectors.track_expert >= 0).astype(np.uint8),
        "expert": np.maximum(vectors.track_expert, 0),
        "pattern": vectors.track_pattern,
        "has_t0": vectors.track_has_t0.astype(np.uint8),
        "t0": vectors.track_t0,
        "found": found.astype(np.uint8),
        "number": np.where(found, vectors.track_ts - superlayers().offset[:-1], 0),
    }


def records(declared: StreamPorts, events: TrackEvents, plan: Schedule) -> Iterator[np.ndarray]:
    """Stimulus records, some thousand groups at a time."""
    n_rows, lines = segments().N_ROWS, superlayers()
    event = np.repeat(np.arange(len(events.offsets) - 1), np.diff(events.offsets))
    superlayer = lines.of_segment[events.ts_id]
    stereo = np.flatnonzero(~lines.axial[superlayer])
    row, place = np.divmod(events.ts_id - lines.offset[superlayer], segments().SEGMENTS_PER_ROW)
    at = plan.starts[event[stereo]] + row[stereo]
    within = place[stereo] + segments().SEGMENTS_PER_ROW * np.searchsorted(segments().STEREO, superlayer[stereo])
    low = declared.input_low("in_segments") + segments().Segment.size * within
    of_track = np.repeat(np.arange(len(events.offsets) - 1), np.diff(events.tracks.track_offsets))
    for a, b in slices_of(len(plan.starts) - 1):
        first, last = plan.starts[a], plan.starts[b]
        out = stream.empty_records(declared, last - first)
        chosen = plan.order[slice(*np.searchsorted(plan.beat[plan.order], (first, last)))]
        flags = np.full(last - first, stream.flag(Header.VALID))
        flags[plan.beat[chosen] - first] |= stream.flag(Header.MARK)
        stream.put_header(out, flags=flags, idle=plan.idle[first:last])
        frames = np.arange(a, min(b, len(events.offsets) - 1))
        rows = (plan.starts[frames][:, None] + np.arange(n_rows) - first).ravel()
        _put(out, declared, "in_has_row", rows, np.ones(len(rows), np.int64))
        _put(out, declared, "in_row", rows, np.tile(np.arange(n_rows), len(frames)))
        _put(out, declared, "in_row_frame", rows, np.repeat(frames % len(segments().Bank), n_rows))
        hits = slice(*np.searchsorted(event[stereo], (a, b)))
        _put_segments(out, at[hits] - first, low[hits], events, stereo[hits])
        _put_tracks(out, declared, plan.beat[chosen] - first, chosen, of_track[chosen], events)
        yield out


def _put(out: np.ndarray, declared: StreamPorts, name: str, rows: np.ndarray, values: np.ndarray) -> None:
    width = next(port.width for port in declared.inputs if port.name == name)
    stream.put_bits(out, rows, np.full(len(rows), declared.input_low(name)), width, values.astype(np.int64))


def _put_segments(out: np.ndarray, rows: np.ndarray, low: np.ndarray, events: TrackEvents, hits: np.ndarray) -> None:
    """Segments `hits` into bits from `low` on."""
    layout = segments().Segment
    for name, column in (("priority", events.priority), ("lr", events.lr), ("time", events.time)):
        stream.put_bits(out, rows, low + layout[name].offset, layout[name].width, column[hits].astype(np.int64))


def _put_tracks(
    out: np.ndarray, declared: StreamPorts, rows: np.ndarray, tracks: np.ndarray, event: np.ndarray, events: TrackEvents
) -> None:
    """Tracks with their own segments."""
    found = events.tracks
    _put(out, declared, "in_has_track", rows, np.ones(len(rows), np.int64))
    _put(out, declared, "in_track_frame", rows, event % len(segments().Bank))
    _put(out, declared, "in_phi", rows, found.track_phi_raw[tracks])
    _put(out, declared, "in_omega", rows, found.track_omega_raw[tracks])
    layout = segments().OwnSegment
    for k, superlayer in enumerate(segments().AXIAL):
        hit = found.track_hit[tracks, superlayer]
        has = hit >= 0
        place = hit[has] + events.offsets[event[has]]
        low = np.full(len(place), declared.input_low("in_own") + k * layout.size)
        _put_segments(out, rows[has], low + layout["segment"].offset, events, place)
        number = events.ts_id[place] - superlayers().offset[superlayer]
        stream.put_bits(out, rows[has], low + layout["number"].offset, layout["number"].width, number.astype(np.int64))


def simulate(
    model: runner.Model,
    events: TrackEvents,
    plan: Schedule,
    declared_latency: int,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the events through a model of the input stage RTL; `event` of the answers is the number of the track."""
    n_tracks = len(plan.order)
    answers = answered(model, records(model.ports, events, plan), n_tracks, declared_latency, fields(), cancel)
    return replace(answers, event=np.where(answers.event >= 0, np.append(plan.order, -1)[answers.event], -1))
