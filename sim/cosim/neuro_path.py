"""The path behind the 2D finder as a co-simulated block: frames of stereo segments and tracks to beats, answers and counts back.

The unit of comparison is the answer: a track, the end of an event, or both. The tracks of an event come one to three frames after
their segments, in order, none before those of the event before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim.cosim import neuro_inputs, runner, stream
from sim.cosim.exchange import Answers, answered
from sim.cosim.neuro_inputs import MAX_DELAY, QUIET_BEATS, Schedule
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.stimulus.tracks import TrackEvents
from trigger.cdc import NeuroTracks, SingleTracks, SingleTrackTrigger
from trigger.cdc.hough import HoughPlane
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.inputs import EXPERT_MISSING
from trigger.cdc.single_track import N_COUNTS
from trigger.ecl.layout import DecisionField

END_APART = 1 / 4
"""Part of the events with tracks whose end comes in a beat of its own."""
GAP_PROBABILITY, MAX_GAP = 1 / 8, 12
"""Tracks that come later than they could, and by how many beats at most (our choice); the others at the interval."""


def track_fields(p_bits: int) -> tuple[DecisionField, ...]:
    """What a track is answered with; p_bits: width of the momentum."""

    def field(name: str, width: int, meaning: str, signed: bool = False) -> DecisionField:
        return DecisionField(name=name, length=1, width=width, signed=signed, meaning=meaning)

    return (
        field("has_expert", 1, "a network fits the track"),
        field("expert", (len(EXPERT_MISSING) - 1).bit_length(), "its number"),
        field("z", NODE.width, "z of the track at the beam line, 12 fraction bits", signed=True),
        field("theta", NODE.width, "polar angle of the track, 12 fraction bits", signed=True),
        field("p", p_bits, "momentum in 0.1 GeV"),
        field("stt", 1, "single track"),
        field("y", 1, "y track"),
    )


def event_fields() -> tuple[DecisionField, ...]:
    """What an event is answered with at its end."""

    def field(name: str, length: int, meaning: str) -> DecisionField:
        return DecisionField(name=name, length=length, width=1, signed=False, meaning=meaning)

    return (
        field("last", 1, "end of the event"),
        field("t2", N_COUNTS, "one-hot count of 2D tracks"),
        field("ty", N_COUNTS, "one-hot count of y tracks"),
        field("typ", 1, "a single track in the event"),
        field("t3", N_COUNTS, "one-hot count of tracks that stand for those of the 3D fitter"),
    )


def p_bits() -> int:
    """Width of the momentum."""
    return int(SingleTrackTrigger().momentum_table.max()).bit_length()


def fields() -> tuple[DecisionField, ...]:
    """What one beat is answered with."""
    has_track = DecisionField(name="has_track", length=1, width=1, signed=False, meaning="there is a track")
    return (has_track, *track_fields(p_bits()), *event_fields())


def ports(plane: HoughPlane) -> StreamPorts:
    """Ports of the RTL."""
    return StreamPorts(
        module="neuro_path",
        inputs=(*neuro_inputs.ports(plane).inputs, Port(name="in_last", width=1)),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields()),
    )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When what comes. tracks: rows of segments, and tracks; beat, event, is_track: of every answer; last: of each event."""

    tracks: Schedule
    beat: np.ndarray
    event: np.ndarray
    is_track: np.ndarray
    last: np.ndarray


def plan(rng: np.random.Generator, track_offsets: np.ndarray, *, interval: int, idle_share: float) -> Plan:
    """Tracks `interval` beats apart or more, from random places of later frames on; random idle cycles in a part of the groups."""
    assert interval <= QUIET_BEATS + 1, "the first track of a group may come in its first beat"
    n_rows, count = neuro_inputs.segments().N_ROWS, np.diff(track_offsets)
    n_events = len(count)
    n_answers = count + ((count == 0) | (rng.random(n_events) < END_APART))
    event = np.repeat(np.arange(n_events), n_answers)
    end = np.cumsum(n_answers)
    is_track = np.arange(len(event)) - (end - n_answers)[event] < count[event]
    # No event overtakes another one, and each stays within the frames that are kept.
    group_of = np.maximum.accumulate(np.arange(n_events) + rng.integers(1, MAX_DELAY + 1, n_events))
    group = group_of[event]
    gap = np.where(rng.random(len(event)) < GAP_PROBABILITY, rng.integers(0, MAX_GAP + 1, len(event)), 0)
    at = np.cumsum(np.where(is_track, interval, 1) + gap)
    n_groups = n_events + MAX_DELAY + 1
    first = np.searchsorted(group, np.arange(n_groups))
    at = at - np.append(at, 0)[first][group] + rng.integers(0, n_rows, n_groups)[group]
    length = np.full(n_groups, n_rows)
    np.maximum.at(length, group, at + 1 + QUIET_BEATS)
    starts = np.concatenate([[0], np.cumsum(length)])
    beat = starts[group] + at
    idle = neuro_inputs.random_idle(rng, starts, idle_share=idle_share)
    tracks = Schedule(starts=starts, beat=beat[is_track], order=np.arange(track_offsets[-1]), idle=idle)
    return Plan(tracks=tracks, beat=beat, event=event, is_track=is_track, last=end - 1)


def expected(chosen: Plan, neuro: NeuroTracks, single: SingleTracks, fitter: np.ndarray) -> dict[str, np.ndarray]:
    """What the model answers. fitter: its counts of tracks that stand for those of the 3D fitter, (n, 4)."""
    out = {field.name: np.zeros((len(chosen.event), field.length), np.int64) for field in fields()}
    out["has_track"][chosen.is_track] = 1
    for name, values in of_tracks(neuro, single).items():
        out[name][chosen.is_track, 0] = values
    out["last"][chosen.last] = 1
    for name, values in of_events(single, fitter).items():
        out[name][chosen.last] = values
    return {field.name: out[field.name].reshape(field.shape(len(chosen.event))) for field in fields()}


def of_tracks(neuro: NeuroTracks, single: SingleTracks) -> dict[str, np.ndarray]:
    """The model's answers on tracks, by the fields of the RTL."""
    return {
        "has_expert": neuro.track_expert >= 0,
        "expert": np.maximum(neuro.track_expert, 0),
        "z": neuro.track_z_raw,
        "theta": neuro.track_theta_raw,
        "p": single.track_p_raw,
        "stt": single.track_stt,
        "y": single.track_y,
    }


def of_events(single: SingleTracks, fitter: np.ndarray) -> dict[str, np.ndarray]:
    """The model's counts, (n, length) each, by the fields of the RTL."""
    return {"t2": single.grl_t2, "ty": single.grl_ty, "typ": single.grl_typ[:, None], "t3": fitter}


def records(declared: StreamPorts, events: TrackEvents, chosen: Plan) -> Iterator[np.ndarray]:
    """Stimulus records, some thousand groups at a time."""
    first, ends = 0, chosen.beat[chosen.last]
    for out in neuro_inputs.records(declared, events, chosen.tracks):
        rows = ends[slice(*np.searchsorted(ends, (first, first + len(out))))] - first
        stream.put_bits(out, rows, np.full(len(rows), declared.input_low("in_last")), 1, np.ones(len(rows), np.int64))
        stream.put_marks(out, rows)
        first += len(out)
        yield out


def simulate(
    model: runner.Model,
    events: TrackEvents,
    chosen: Plan,
    declared_latency: int,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the events through a model of the RTL; `event` of the answers is the number of the answer."""
    n_answers = len(chosen.event)
    return answered(model, records(model.ports, events, chosen), n_answers, declared_latency, fields(), cancel)
