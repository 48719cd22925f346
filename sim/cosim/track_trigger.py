"""The whole track trigger as a co-simulated block: frames of segments to beats, tracks and counts back to those of the model.

Every event is answered with one result per track of the first data clock, and one at its end; the unit of comparison is the place.
"""

from __future__ import annotations

import threading
from functools import cache
from types import ModuleType

import numpy as np

from sim.cosim import neuro_path, runner, stream
from sim.cosim.exchange import Answers, decode_fields, exchange, slices_of
from sim.cosim.hough import events_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.stimulus.track_segments import TrackSegments
from trigger.cdc import TrackDecision
from trigger.cdc.hough.plane import N_QUADRANTS, HoughPlane
from trigger.ecl.layout import DecisionField
from trigger.geometry.cdc import N_SECTORS, superlayers

NEURO_CLOCKS = 1
"""Data clocks of a frame whose tracks the RTL answers."""


@cache
def layout() -> ModuleType:
    """The declared layout of a beat."""
    from hdl.cdc import sector

    return sector


def fields(plane: HoughPlane) -> tuple[DecisionField, ...]:
    """What one place is answered with."""

    def field(name: str, width: int, meaning: str, signed: bool = False) -> DecisionField:
        return DecisionField(name=name, length=1, width=width, signed=signed, meaning=meaning)

    return (
        field("place", (N_QUADRANTS * plane.tracks_per_clock - 1).bit_length(), "track and quadrant"),
        field("overflow", 1, "there are tracks beyond the first data clock"),
        field("has_track", 1, "there is a track"),
        field("phi", (2 * plane.n_phi - 1).bit_length(), "azimuth in half cells"),
        field("omega", (plane.n_omega - 1).bit_length() + 1, "curvature in half cells", signed=True),
        *neuro_path.track_fields(neuro_path.p_bits()),
        *neuro_path.event_fields(),
    )


def ports(plane: HoughPlane) -> StreamPorts:
    """Ports of the RTL."""
    return StreamPorts(
        module="track_trigger",
        inputs=(Port(name="in_first", width=1), Port(name="in_segments", width=layout().Sector.size)),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(plane)),
    )


def put_segments(out: np.ndarray, declared: StreamPorts, events: TrackSegments) -> None:
    """Set the segments of events in their stimulus records, 32 per event."""
    lines, places = superlayers(), layout()
    superlayer = lines.of_segment[events.ts_id]
    sector, inside = np.divmod(events.ts_id - lines.offset[superlayer], np.array(places.PER_SECTOR)[superlayer])
    rows = N_SECTORS * np.repeat(np.arange(events.n_events), np.diff(events.offsets)) + sector
    segment = places.Sector.elem_shape
    low = declared.input_low("in_segments") + segment.size * (np.array(places.FIRST)[superlayer] + inside)
    for name, column in (("priority", events.priority), ("lr", events.lr), ("time", events.time)):
        stream.put_bits(out, rows, low + segment[name].offset, segment[name].width, column.astype(np.int64))


def records(declared: StreamPorts, events: TrackSegments, idle: np.ndarray) -> np.ndarray:
    """Stimulus records of the frames, 32 per event; idle: cycles after each of them."""
    out, _ = stream.frame_records(declared, events.n_events, N_SECTORS, idle)
    put_segments(out, declared, events)
    return out


def expected(decision: TrackDecision, fitter: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(fields of every place that is answered, event of each of them), event after event, place after place.

    decision: of a model that answers the tracks of the first data clock alone. fitter: its counts of 3D-fitter tracks, (n, 4).
    """
    tracks, single = decision.tracks, decision.single
    plane, n_events = tracks.plane, len(tracks.track_offsets) - 1
    n_places = N_QUADRANTS * plane.tracks_per_clock
    event, quadrant = np.repeat(np.arange(n_events), np.diff(tracks.track_offsets)), plane.quadrant(tracks.track_phi_raw)
    group = N_QUADRANTS * event + quadrant
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    served = tracks.track_clock < NEURO_CLOCKS
    of_track = (n_places * event + N_QUADRANTS * rank + quadrant)[served]
    ends = n_places * np.arange(n_events) + n_places - 1
    keys = np.union1d(of_track, ends)
    at, last = np.searchsorted(keys, of_track), np.searchsorted(keys, ends)
    lost = np.zeros(n_events, np.int64)
    lost[event[~served]] = 1
    out = {field.name: np.zeros((len(keys), field.length), np.int64) for field in fields(plane)}
    out["place"][:, 0], out["overflow"][:, 0] = keys % n_places, lost[keys // n_places]
    columns: dict[str, np.ndarray] = {"phi": tracks.track_phi_raw, "omega": tracks.track_omega_raw}
    columns |= {"has_track": np.ones(len(event)), **neuro_path.of_tracks(decision.neuro, single)}
    for name, values in columns.items():
        out[name][at, 0] = values[served]
    out["last"][last] = 1
    for name, counts in neuro_path.of_events(single, fitter).items():
        out[name][last] = counts
    return {field.name: out[field.name].reshape(field.shape(len(keys))) for field in fields(plane)}, keys // n_places


def simulate(
    model: runner.Model,
    plane: HoughPlane,
    events: TrackSegments,
    wanted_event: np.ndarray,
    wanted_place: np.ndarray,
    declared_latency: int,
    idle: np.ndarray,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the frames through a model of the RTL; rows of the answer are places, `event` their expected number.

    wanted_event, wanted_place: of every result that is expected, in order. idle: cycles after each beat, 32 numbers per event.
    Latency is counted to the frame's first place.
    """
    slices = (records(model.ports, events.slice(a, b), idle[a * N_SECTORS : b * N_SECTORS]) for a, b in slices_of(events.n_events))
    response = exchange(model, slices, events.n_events, cancel=cancel)
    arrays = decode_fields(model.ports, fields(plane), response.results)
    first_cycle = response.cycles - arrays["place"].astype(np.int64)
    follows = np.concatenate([[1], arrays["last"]])[:-1] == 0
    event = events_of(response.marks, first_cycle, follows, declared_latency)
    n_places = N_QUADRANTS * plane.tracks_per_clock
    keys, given = n_places * wanted_event + wanted_place, n_places * event + arrays["place"]
    at = np.minimum(np.searchsorted(keys, given), len(keys) - 1)
    row = np.where((event >= 0) & (keys[at] == given), at, -1)
    seen, index = np.unique(row, return_index=True)
    once = np.full(len(row), -1)
    once[index] = seen
    latency = np.where(once >= 0, first_cycle - response.marks[event], -1)
    return Answers(arrays=arrays, event=once, latency=latency, n_events=len(keys))
