"""The GRL's RTL as a co-simulated block: events to 16 beats each, and their verification against the model."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import runner
from sim.cosim import stream as words
from sim.cosim.campaign import Job, check_job, record_of, run_campaign
from sim.cosim.compare import Comparison, compare
from sim.cosim.exchange import Answers, answered, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.grl import GrlEvents, grl_events
from trigger.geometry.cdc import superlayers
from trigger.grl import GrlParameters, GrlTrigger
from trigger.grl.layout import DECISION_FIELDS
from trigger.grl.parameters import N_SUPERLAYERS, SECTORS_OF_SEGMENT, VETO, Window
from trigger.grl.patterns import all_patterns
from trigger.grl.tables import MAX_PER_QUADRANT, PLANE

BLOCK = "grl"
IDLE_SHARE = 1 / 8
"""Part of each block that runs with random idle gaps (our choice); the rest at full rate."""
IDLE_PROBABILITY = 0.1
MAX_IDLE = 60
"""Longest random idle gap between beats (our choice: longer than the latency, so that the pipeline empties)."""


@cache
def beats() -> ModuleType:
    """The declared layout of an event's beats."""
    from hdl.grl import beats

    return beats


@cache
def ports() -> StreamPorts:
    """Ports of the GRL RTL."""
    layout = beats()
    return StreamPorts(
        module="grl_trigger",
        inputs=(
            Port(name="in_first", width=1),
            Port(name="in_segments", width=layout.SEGMENT_BITS),
            Port(name="in_slots", width=layout.N_LANES * layout.SLOT_BITS),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in DECISION_FIELDS),
    )


@lru_cache(maxsize=4)
def grl_rtl(parameters: GrlParameters) -> Rtl:
    """RTL of the GRL, generated in seconds."""
    from hdl.grl.trigger import GrlTrigger as Component

    component = Component(parameters)
    windows = {window.name: window.value for window in Window}
    return rtl_of(component, component.LATENCY, ports(), (parameters, all_patterns(), VETO, windows, DECISION_FIELDS))


def records(declared: StreamPorts, events: GrlEvents, idle: np.ndarray) -> np.ndarray:
    """Stimulus records of the events, 16 per event; idle: cycles after each of them."""
    layout = beats()
    out, _ = words.frame_records(declared, events.n_events, layout.N_BEATS, idle)
    every = np.arange(events.n_events)
    put_segments(out, declared, events.cdc_offsets, events.cdc_ts_id)

    def put_slots(event: np.ndarray, beat: np.ndarray, lane: np.ndarray, values: np.ndarray) -> None:
        low = declared.input_low("in_slots") + layout.SLOT_BITS * lane
        words.put_bits(out, event * layout.N_BEATS + beat, low, layout.SLOT_BITS, values)

    clusters = packed(layout.Cluster, {"tc": events.ecl_cluster_tc, "adc": events.ecl_cluster_adc})
    for number in range(clusters.shape[1]):
        beat, lane = (np.full(events.n_events, part) for part in divmod(number, layout.N_LANES))
        put_slots(every, layout.FIRST_CLUSTER_BEAT + beat, lane, clusters[:, number])

    event, slot, overflow = track_slots(events)
    kept = slot >= 0
    tracks = {
        "valid": np.ones(len(event)),
        "is_3d": events.track_expert >= 0,
        "phi": events.track_phi_raw,
        "omega": events.track_omega_raw,
        "theta": events.track_theta_raw,
    }
    beat, lane = np.divmod(slot[kept], layout.N_LANES)
    put_slots(event[kept], layout.FIRST_TRACK_BEAT + beat, lane, packed(layout.Track, tracks)[kept])

    fired = (events.klm_fired.astype(np.int64) << np.arange(events.klm_fired.shape[1])).sum(axis=1)
    given = packed(layout.Flags, {"bhabha_veto": events.ecl_bhabha3d_veto, "track_overflow": overflow})
    for number, values in enumerate((fired, given)):
        put_slots(every, np.full(len(every), layout.FLAG_BEAT), np.full(len(every), number), values)
    return out


def packed(layout: Any, columns: dict[str, np.ndarray]) -> np.ndarray:
    """Fields of a declared structure side by side, as int64."""
    total = np.zeros(next(iter(columns.values())).shape, np.int64)
    for name, values in columns.items():
        field = layout[name]
        total |= (values.astype(np.int64) & ((1 << field.width) - 1)) << field.offset
    return total


def track_slots(events: GrlEvents) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(event of each track, its slot, -1 = not sent; events with such tracks): six slots per quadrant."""
    event = np.repeat(np.arange(events.n_events), np.diff(events.track_offsets))
    quadrant = PLANE.quadrant(events.track_phi_raw)
    order = np.lexsort((np.arange(len(event)), quadrant, event))
    group = (4 * event + quadrant)[order]
    earlier = np.empty(len(event), np.int64)
    earlier[order] = np.arange(len(event)) - np.searchsorted(group, group)
    is_sent = earlier < MAX_PER_QUADRANT
    overflow = np.zeros(events.n_events, np.int64)
    overflow[event[~is_sent]] = 1
    return event, np.where(is_sent, quadrant * MAX_PER_QUADRANT + earlier, -1), overflow


def put_segments(out: np.ndarray, declared: StreamPorts, offsets: np.ndarray, ts_id: np.ndarray) -> None:
    """Set the segments of events, CSR, in their stimulus records, 16 per event."""
    layout, lines = beats(), superlayers()
    superlayer = lines.of_segment[ts_id]
    kept = superlayer < N_SUPERLAYERS
    event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[kept]
    superlayer = superlayer[kept]
    per_turn = np.array([len(places) for places in SECTORS_OF_SEGMENT])
    first = np.cumsum(per_turn) - per_turn
    turn, inside = np.divmod(ts_id[kept] - lines.offset[superlayer], per_turn[superlayer])
    beat, half = np.divmod(turn, layout.TURNS_PER_BEAT)
    low = declared.input_low("in_segments") + half * layout.SEGMENTS_PER_TURN + first[superlayer] + inside
    words.put_bits(out, event * layout.N_BEATS + beat, low, 1, np.ones(len(event), np.int64))


def simulate(
    model: runner.Model, events: GrlEvents, declared_latency: int, idle: np.ndarray, *, cancel: threading.Event | None = None
) -> Answers:
    """Run the events through a model of the GRL RTL. idle: cycles after each beat, 16 numbers per event."""
    n_beats = beats().N_BEATS
    slices = (records(model.ports, events.slice(a, b), idle[a * n_beats : b * n_beats]) for a, b in slices_of(events.n_events))
    return answered(model, slices, events.n_events, declared_latency, DECISION_FIELDS, cancel)


def random_idle(rng: np.random.Generator, n_events: int) -> np.ndarray:
    """Idle cycles after each beat: at random places in a part of the events, none in the others."""
    gaps = np.where(rng.random((n_events, beats().N_BEATS)) < IDLE_PROBABILITY, rng.integers(1, MAX_IDLE + 1, (n_events, 1)), 0)
    gaps[rng.random(n_events) >= IDLE_SHARE] = 0
    return gaps.ravel()


def verify_grl(
    job: Job, parameters: GrlParameters | None = None, *, rtl: Rtl | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of the GRL; arguments, record and errors as for `verify_ecl`."""
    check_job(job)
    parameters = parameters or GrlParameters()
    rtl = rtl or grl_rtl(parameters)
    trigger, latency = GrlTrigger(parameters), rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{BLOCK}", Stage.STIMULUS, block)
        events = grl_events(rng, n_events, parameters)
        answers = simulate(model, events, latency, random_idle(rng, n_events), cancel=cancel)
        return compare(trigger.run(**events.arguments()).arrays(), answers, DECISION_FIELDS)

    campaign = run_campaign(job, BLOCK, rtl, check, cache=cache)
    record = record_of(job, BLOCK, rtl, campaign)
    write_record(job.out, record)
    campaign.checkpoint.remove()
    return record
