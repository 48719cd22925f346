"""The vertex stage of the displaced-vertex trigger in co-simulation: windows of tracks to beats, vertices and decisions back.

The unit of comparison is the answer: a vertex, or the end of a window.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, decode_fields, exchange, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.stimulus.displaced_tracks import CYCLES, LANES, TrackWindows
from sim.cosim.wrapper import Header
from trigger.cdc.neuro.codesign import ANSWER, CodesignNetwork
from trigger.cdc.neuro.formats import NODE
from trigger.compiled import kernel
from trigger.displaced import DisplacedParameters, event, pairs
from trigger.displaced.constants import N_RADII, constants
from trigger.displaced.features import FEATURES
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import BEND, CHI2, DEPTH, IMPACT, SLOPE, TURN
from trigger.displaced.stereo import N_STEREO
from trigger.displaced.tracks import insert, make_tracks
from trigger.ecl.layout import DecisionField
from trigger.fixed import Fixed

GAP_PROBABILITY, MAX_GAP = 1 / 8, 20
"""Windows that come later than they could, and by how many cycles at most (our choice); the others follow without a gap."""
_VERTEX = ("radius", "phi", "z", "slot")
_TRACK = ("bend", "impact", "phi0", "z0", "slope", "chi2", "n_axial", "n_stereo")


@cache
def layout() -> ModuleType:
    """The declared layout of a track."""
    from hdl.displaced import layout as declared

    return declared


def _count(name: str, width: int, meaning: str, length: int = 1) -> DecisionField:
    return DecisionField(name=name, length=length, width=width, signed=False, meaning=meaning)


def end_fields(parameters: DisplacedParameters) -> tuple[DecisionField, ...]:
    """What a window is answered with at its end."""
    return (
        _count("last", 1, "end of the window"),
        _count("vertex", 1, "a vertex of the window is above the threshold"),
        _count("overflow", 1, "something was lost"),
        _count("n_tracks", parameters.max_tracks.bit_length(), "tracks of the window"),
    )


def fields(parameters: DisplacedParameters) -> tuple[DecisionField, ...]:
    """What is compared of one answer. slot: when it comes, relative to the end of the window."""

    def number(name: str, format_: Fixed, meaning: str, length: int = 1) -> DecisionField:
        return DecisionField(name=name, length=length, width=format_.width, signed=format_.signed, meaning=meaning)

    return (
        _count("slot", parameters.max_vertices.bit_length(), "slot of the vertex in its window; at the end, the number of slots"),
        *end_fields(parameters),
        number("radius", DEPTH, "transverse radius of the vertex"),
        number("phi", TURN, "its azimuth"),
        number("z", DEPTH, "its z"),
        number("bend", BEND, "bend of both tracks", 2),
        number("impact", IMPACT, "their impact", 2),
        number("phi0", TURN, "their azimuth at the perigee", 2),
        number("z0", DEPTH, "their z at the perigee", 2),
        number("slope", SLOPE, "their slope in z", 2),
        number("chi2", CHI2, "sum of squares of the residuals", 2),
        _count("n_axial", N_AXIAL.bit_length(), "segments of the fit", 2),
        _count("n_stereo", N_STEREO.bit_length(), "superlayers of the line", 2),
        number("features", NODE, "inputs of the network", len(FEATURES)),
        number("score", ANSWER, "answer of the network"),
    )


def ports(parameters: DisplacedParameters) -> StreamPorts:
    """Ports of the RTL."""
    track, transverse = layout().Track, layout().Transverse
    return StreamPorts(
        module="displaced_vertices",
        inputs=(
            Port(name="in_last", width=1),
            Port(name="in_transverse", width=LANES * transverse.size),
            Port(name="in_tracks", width=LANES * track.size),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(parameters)),
    )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Cycle in which each window begins (n,), and that after the last window."""

    begins: np.ndarray
    end: int


def schedule(rng: np.random.Generator, n_windows: int) -> Schedule:
    """Windows without a gap, some with one in front."""
    late = rng.random(n_windows) < GAP_PROBABILITY
    length = CYCLES + np.where(late, rng.integers(1, MAX_GAP + 1, n_windows), 0)
    ends = np.cumsum(length)
    return Schedule(begins=ends - CYCLES, end=int(ends[-1]))


def records(declared: StreamPorts, windows: TrackWindows, plan: Schedule, ahead: int) -> Iterator[np.ndarray]:
    """Stimulus records, one per cycle, some thousand windows at a time; ahead: cycles by which the transverse numbers come first.

    Cycles between windows are not valid and say that there are tracks, and that a window ends.
    """
    cycle = ahead + plan.begins[windows.window] + windows.place // LANES
    lane, begins = windows.place % LANES, np.append(plan.begins + ahead, plan.end + ahead)
    in_window = np.zeros(plan.end + ahead, bool)
    for k in range(CYCLES):
        in_window[begins[:-1] + k] = True
    bounds = [0, *(int(begins[last]) for _, last in slices_of(windows.n_windows))]
    bounds[-1] = plan.end + ahead
    for first, last in itertools.pairwise(bounds):
        out = stream.empty_records(declared, last - first)
        valid = in_window[first:last]
        ends = begins[:-1] + CYCLES - 1
        ends = ends[(ends >= first) & (ends < last)] - first
        stream.put_header(out, flags=np.where(valid, stream.flag(Header.VALID), 0), idle=np.zeros(last - first, np.int64))
        stream.put_marks(out, ends)
        beats = np.concatenate([ends, np.flatnonzero(~valid)])
        _put(out, declared, "in_last", 0, 1, beats, np.ones(len(beats), np.int64))
        here = (cycle >= first) & (cycle < last)
        soon = (cycle - ahead >= first) & (cycle - ahead < last)
        _put_tracks(out, declared, windows, here, cycle - first, lane)
        _put_transverse(out, declared, windows, soon, cycle - ahead - first, lane)
        idle, found = np.flatnonzero(~valid), layout().Track["found"]
        for k in range(LANES):
            _put(out, declared, "in_tracks", k * layout().Track.size + found.offset, 1, idle, np.ones(len(idle), np.int64))
        yield out


def _put(
    out: np.ndarray, declared: StreamPorts, port: str, low: int | np.ndarray, width: int, rows: np.ndarray, values: np.ndarray
) -> None:
    stream.put_bits(out, rows, np.broadcast_to(declared.input_low(port) + low, len(rows)).astype(np.int64), width, values)


def _put_tracks(
    out: np.ndarray, declared: StreamPorts, windows: TrackWindows, here: np.ndarray, cycle: np.ndarray, lane: np.ndarray
) -> None:
    track, axial = layout().Track, layout().Axial
    rows, base = cycle[here], lane[here] * track.size
    _put(out, declared, "in_tracks", base + track["found"].offset, 1, rows, np.ones(len(rows), np.int64))
    for name in ("t0", "z0", "slope", "chi2", "n_stereo", "row"):
        field = track[name]
        _put(out, declared, "in_tracks", base + field.offset, field.width, rows, windows.numbers[name][here])
    for name, field in layout().Transverse:
        _put(
            out,
            declared,
            "in_tracks",
            base + track["transverse"].offset + field.offset,
            field.width,
            rows,
            windows.numbers[name][here],
        )
    for k in range(N_AXIAL):
        position, low = windows.position[here, k], base + track["axial"].offset + k * axial.size
        _put(out, declared, "in_tracks", low + axial["there"].offset, 1, rows, (position >= 0).astype(np.int64))
        field = axial["position"]
        _put(out, declared, "in_tracks", low + field.offset, field.width, rows, np.maximum(position, 0))


def _put_transverse(
    out: np.ndarray, declared: StreamPorts, windows: TrackWindows, soon: np.ndarray, cycle: np.ndarray, lane: np.ndarray
) -> None:
    rows, base = cycle[soon], lane[soon] * layout().Transverse.size
    for name, field in layout().Transverse:
        _put(out, declared, "in_transverse", base + field.offset, field.width, rows, windows.numbers[name][soon])


@kernel
def fill(offsets, given, position, cuts, table, sizes, found):
    """Fill the model's answers. given: (m, 9) numbers of `TrackWindows`. sizes: tracks, crossings."""
    room = sizes[0]
    tracks, queue = make_tracks(room, N_RADII), np.zeros((sizes[1], 3), np.int64)
    for window in range(len(offsets) - 1):
        tracks.there[:] = False
        lost = False
        for i in range(offsets[window], offsets[window + 1]):
            for k in range(3):
                tracks.values[room, k] = given[i, k]
            tracks.times[room] = given[i, 3]
            tracks.lines[room, 0], tracks.lines[room, 1] = given[i, 4], given[i, 5]
            tracks.chi2[room], tracks.n_stereo[room], tracks.rows[room] = given[i, 6], given[i, 7], given[i, 8]
            tracks.chosen[room] = position[i]
            pairs.scan(tracks.values[room], table, tracks.scans[room])
            lost |= insert(tracks, cuts.shared)
        lost |= pairs.candidates(tracks, cuts, table, queue)
        found.n_tracks[window], found.overflow[window] = tracks.there[:room].sum(), lost
        found.n_vertices[window] = event.vertices(
            tracks, queue, cuts, table, found.vertex[window], found.tracks[window], found.features[window]
        )


def found_in(
    parameters: DisplacedParameters, cuts: event.Cuts, windows: TrackWindows, loop: Callable[..., None] = fill
) -> event.Found:
    """What the model finds in windows, without the network. loop: that over the windows, by default as compiled."""
    n, room = windows.n_windows, parameters.max_vertices
    found = event.Found(
        n_seeds=np.zeros(n, np.uint16),
        n_tracks=np.zeros(n, np.uint8),
        n_vertices=np.zeros(n, np.int64),
        overflow=np.zeros(n, np.uint8),
        vertex=np.zeros((n, room, len(_VERTEX)), np.int16),
        tracks=np.zeros((n, room, 2, len(_TRACK)), np.int32),
        features=np.zeros((n, room, len(FEATURES)), np.int16),
    )
    names = ("bend", "impact", "phi", "t0", "z0", "slope", "chi2", "n_stereo", "row")
    given = np.stack([windows.numbers[name] for name in names], axis=1)
    loop(windows.offsets, given, windows.position, cuts, constants(), (parameters.max_tracks, room), found)
    return found


def expected(
    parameters: DisplacedParameters, cuts: event.Cuts, network: CodesignNetwork, windows: TrackWindows
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(fields of every answer, window of each of them), window after window, vertices before the end."""
    n, room = windows.n_windows, parameters.max_vertices
    found = found_in(parameters, cuts, windows)
    there = np.arange(room) < found.n_vertices[:, None]
    of_vertex = np.flatnonzero(there) // room
    answered = np.repeat(np.arange(n), found.n_vertices + 1)
    last = np.cumsum(found.n_vertices + 1) - 1
    rows = np.setdiff1d(np.arange(len(answered)), last)
    score = network.run(found.features[there])[:, 0]
    above = np.zeros(n, np.int64)
    above[of_vertex[score >= parameters.score_tight_raw]] = 1
    out = {field.name: np.zeros((len(answered), field.length), np.int64) for field in fields(parameters)}
    ends: dict[str, np.ndarray] = {
        "last": np.ones(n, np.int64),
        "slot": np.full(n, room),
        "vertex": above,
        "overflow": found.overflow,
        "n_tracks": found.n_tracks,
    }
    for name, values in ends.items():
        out[name][last, 0] = values
    for k, name in enumerate(_VERTEX):
        out[name][rows, 0] = found.vertex[there][:, k]
    for k, name in enumerate(_TRACK):
        out[name][rows] = found.tracks[there][:, :, k]
    out["features"][rows], out["score"][rows, 0] = found.features[there], score
    return {field.name: out[field.name].reshape(field.shape(len(answered))) for field in fields(parameters)}, answered


def simulate(
    model: runner.Model,
    parameters: DisplacedParameters,
    windows: TrackWindows,
    plan: Schedule,
    wanted: np.ndarray,
    declared_latency: int,
    *,
    ahead: int,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the windows through a model of the RTL; rows of the answer are answers, `event` their expected number.

    wanted: window of every answer that is expected, in order. Latency is counted to the end of the window, to which the slot of a
    vertex says how far it is.
    """
    response = exchange(model, records(model.ports, windows, plan, ahead), windows.n_windows, cancel=cancel)
    return collect(model.ports, fields(parameters), parameters.max_vertices, response, wanted, declared_latency)


def collect(
    declared: StreamPorts,
    answered: tuple[DecisionField, ...],
    n_slots: int,
    response: stream.Response,
    wanted: np.ndarray,
    declared_latency: int,
) -> Answers:
    """The answers of a response: in order if there are as many as wanted, else by the declared latency. See `simulate`."""
    arrays = decode_fields(declared, answered, response.results)
    ends, marks = response.cycles - arrays["slot"].astype(np.int64) + n_slots, response.marks
    if len(ends) == len(wanted):
        return Answers(arrays=arrays, event=np.arange(len(wanted)), latency=ends - marks[wanted], n_events=len(wanted))
    window = np.searchsorted(marks, ends - declared_latency)
    known = marks[np.minimum(window, len(marks) - 1)] == ends - declared_latency
    first, rank = np.searchsorted(wanted, window), np.arange(len(window)) - np.searchsorted(window, window)
    number = np.where(known & (first + rank < np.searchsorted(wanted, window, side="right")), first + rank, -1)
    return Answers(arrays=arrays, event=number, latency=np.where(number >= 0, declared_latency, -1), n_events=len(wanted))
