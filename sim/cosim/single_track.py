"""The single-track trigger RTL as a co-simulated block: events to beats of one track per quadrant, decisions back.

The unit of comparison is the beat; an event has at least one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, answered, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.stimulus.neuro_tracks import NeuroTrackEvents
from sim.cosim.wrapper import Header
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.cdc.single_track import N_COUNTS, SingleTracks, SingleTrackTrigger
from trigger.ecl.layout import DecisionField

EMPTY_PROBABILITY = 0.3
"""Part of the places of a beat that stay empty."""
IDLE_PROBABILITY = 0.1
MAX_IDLE = 20


def fields(trigger: SingleTrackTrigger) -> tuple[DecisionField, ...]:
    """What one beat is answered with."""
    p_bits = int(trigger.momentum_table.max()).bit_length()

    def field(name: str, length: int, width: int, meaning: str) -> DecisionField:
        return DecisionField(name=name, length=length, width=width, signed=False, meaning=meaning)

    return (
        field("p", N_QUADRANTS, p_bits, "momentum in 0.1 GeV"),
        field("stt", N_QUADRANTS, 1, "single track"),
        field("y", N_QUADRANTS, 1, "y track"),
        field("last", 1, 1, "last beat of the event"),
        field("t2", N_COUNTS, 1, "one-hot count of 2D tracks"),
        field("ty", N_COUNTS, 1, "one-hot count of y tracks"),
        field("typ", 1, 1, "a single track in the event"),
    )


def ports(trigger: SingleTrackTrigger) -> StreamPorts:
    """Ports of the single-track trigger RTL."""
    from hdl.cdc.single_track import track_layout

    return StreamPorts(
        module="single_track",
        inputs=(Port(name="in_last", width=1), Port(name="in_tracks", width=N_QUADRANTS * track_layout(trigger.plane).size)),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(trigger)),
    )


@dataclass(frozen=True, kw_only=True)
class Beats:
    """Where the tracks are: starts (n + 1,) of the events' beats; beat and lane of every track; idle cycles after each beat."""

    starts: np.ndarray
    beat: np.ndarray
    lane: np.ndarray
    idle: np.ndarray

    @property
    def event(self) -> np.ndarray:
        """Event of every beat."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def beats(rng: np.random.Generator, offsets: np.ndarray, *, idle_share: float) -> Beats:
    """Tracks in order, some places left empty; random idle cycles in a part of the events."""
    n_events = len(offsets) - 1
    event = np.repeat(np.arange(n_events), np.diff(offsets))
    place = np.cumsum(rng.geometric(1 - EMPTY_PROBABILITY, len(event)))
    first = np.append(place, 0)[np.minimum(offsets[:-1], max(len(place) - 1, 0))]
    inside = place - first[event]
    n_beats = np.ones(n_events, np.int64)
    np.maximum.at(n_beats, event, inside // N_QUADRANTS + 1)
    starts = np.concatenate([[0], np.cumsum(n_beats)])
    idle = np.where(rng.random(starts[-1]) < IDLE_PROBABILITY, rng.integers(0, MAX_IDLE + 1, starts[-1]), 0)
    with_idle = np.repeat(rng.random(n_events) < idle_share, n_beats)
    return Beats(
        starts=starts,
        beat=starts[event] + inside // N_QUADRANTS,
        lane=inside % N_QUADRANTS,
        idle=np.where(with_idle, idle, 0),
    )


def expected(decided: SingleTracks, places: Beats, trigger: SingleTrackTrigger) -> dict[str, np.ndarray]:
    """What the model answers, beat by beat."""
    n_beats, last = int(places.starts[-1]), places.starts[1:] - 1
    out = {field.name: np.zeros((n_beats, field.length), np.int64) for field in fields(trigger)}
    for name in ("p_raw", "stt", "y"):
        out[name.removesuffix("_raw")][places.beat, places.lane] = getattr(decided, f"track_{name}")
    out["last"][last] = 1
    for name in ("t2", "ty"):
        out[name][last] = getattr(decided, f"grl_{name}")
    out["typ"][last, 0] = decided.grl_typ
    return {field.name: out[field.name].reshape(field.shape(n_beats)) for field in fields(trigger)}


def records(
    declared: StreamPorts, events: NeuroTrackEvents, places: Beats, trigger: SingleTrackTrigger, between: tuple[int, int]
) -> np.ndarray:
    """Stimulus records of the events from the first up to, but not including, the second of `between`."""
    from hdl.cdc.single_track import track_layout

    a, b = between
    layout = track_layout(trigger.plane)
    first, n_beats = places.starts[a], places.starts[b] - places.starts[a]
    out = stream.empty_records(declared, n_beats)
    flags = np.full(n_beats, stream.flag(Header.VALID, Header.MARK))
    stream.put_header(out, flags=flags, idle=places.idle[first : first + n_beats])
    last = places.starts[a + 1 : b + 1] - 1 - first
    stream.put_bits(out, last, np.full(len(last), declared.input_low("in_last")), 1, np.ones(len(last), np.int64))
    tracks = slice(events.offsets[a], events.offsets[b])
    columns = {
        "is_there": np.ones(len(events.expert), np.int64),
        "answered": events.expert >= 0,
        "omega": events.omega_raw,
        "z": events.z_raw,
        "theta": events.theta_raw,
    }
    low = declared.input_low("in_tracks") + layout.size * places.lane[tracks]
    for name, column in columns.items():
        place = low + layout[name].offset
        stream.put_bits(out, places.beat[tracks] - first, place, layout[name].width, column[tracks].astype(np.int64))
    return out


def simulate(
    model: runner.Model,
    trigger: SingleTrackTrigger,
    events: NeuroTrackEvents,
    places: Beats,
    declared_latency: int,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the events through a model of the single-track trigger RTL; `event` of the answers is the number of the beat."""
    n_beats = int(places.starts[-1])
    slices = (records(model.ports, events, places, trigger, between) for between in slices_of(len(places.starts) - 1))
    return answered(model, slices, n_beats, declared_latency, fields(trigger), cancel)
