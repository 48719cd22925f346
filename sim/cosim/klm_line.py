"""The straight-line mode of the KLM trigger as a co-simulated block: a beat per strip, verified against the model."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import runner
from sim.cosim import stream as words
from sim.cosim.campaign import Job, check_job, record_of, run_campaign
from sim.cosim.compare import Comparison, compare
from sim.cosim.exchange import Answers, answered, slices_of
from sim.cosim.klm import IDLE_SHARE, MAX_IDLE
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.klm_line import StripEvents, strip_events
from sim.cosim.wrapper import Header
from trigger.geometry.klm import FIRST_SECTOR, strip_table
from trigger.klm import DECISION_FIELDS
from trigger.klm_line import KlmLineParameters, KlmLineTrigger

BLOCK = "klm.line"
IDLE_PROBABILITY = 0.2
"""Chance of a gap after a beat, in the events that have gaps (our choice)."""


def ports() -> StreamPorts:
    """Ports of the RTL."""
    from hdl.klm_line import Strip

    flags = (Port(name=name, width=1) for name in ("in_first", "in_last", "in_hit"))
    return StreamPorts(
        module="klm_line_trigger",
        inputs=(*flags, Port(name="in_strip", width=Strip.size)),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in DECISION_FIELDS),
    )


def line_rtl(parameters: KlmLineParameters) -> Rtl:
    """RTL of the straight-line mode."""
    from hdl.klm_line import LineTrigger as Component

    component = Component(parameters)
    return rtl_of(component, component.LATENCY, ports(), (parameters, vars(strip_table()), DECISION_FIELDS))


def beats_of(events: StripEvents) -> np.ndarray:
    """Beats of each event: its strips, at least one."""
    return np.maximum(np.diff(events.offsets), 1)


def records(declared: StreamPorts, events: StripEvents, idle: np.ndarray) -> np.ndarray:
    """Stimulus records, one per strip, in the order that the RTL asks for; idle: cycles after each."""
    from hdl.klm_line import Strip

    n_beats = beats_of(events)
    first = np.cumsum(n_beats) - n_beats
    out = words.empty_records(declared, int(n_beats.sum()))
    last = first + n_beats - 1
    is_last = np.zeros(len(out), bool)
    is_last[last] = True
    words.put_header(out, flags=np.where(is_last, words.flag(Header.VALID, Header.MARK), words.flag(Header.VALID)), idle=idle)
    event = np.repeat(np.arange(events.n_events), np.diff(events.offsets))
    columns = {
        "sector": np.array(FIRST_SECTOR)[events.section] + events.sector,
        "plane": events.plane,
        "layer": events.layer,
        "strip": events.strip,
    }
    number = sum(values.astype(np.int64) << Strip[name].offset for name, values in columns.items())
    order = np.lexsort((number, event))
    rows = np.arange(len(event)) - events.offsets[event] + first[event]

    def put(name: str, where: np.ndarray, width: int, values: np.ndarray) -> None:
        words.put_bits(out, where, np.full(len(where), declared.input_low(name)), width, values)

    put("in_first", first, 1, np.ones(len(first), np.int64))
    put("in_last", last, 1, np.ones(len(last), np.int64))
    put("in_hit", rows, 1, np.ones(len(rows), np.int64))
    put("in_strip", rows, Strip.size, number[order])
    return out


def simulate(
    model: runner.Model, events: StripEvents, declared_latency: int, idle: np.ndarray, *, cancel: threading.Event | None = None
) -> Answers:
    """Run the events through a model of the RTL. idle: cycles after each beat."""
    first = np.concatenate([[0], np.cumsum(beats_of(events))])
    slices = (records(model.ports, events.slice(a, b), idle[first[a] : first[b]]) for a, b in slices_of(events.n_events))
    return answered(model, slices, events.n_events, declared_latency, DECISION_FIELDS, cancel)


def random_idle(rng: np.random.Generator, events: StripEvents) -> np.ndarray:
    """Idle cycles after each beat: at random places in a part of the events, none in the others."""
    n_beats = beats_of(events)
    n = int(n_beats.sum())
    has_gaps = np.repeat(rng.random(events.n_events) < IDLE_SHARE, n_beats)
    return np.where(has_gaps & (rng.random(n) < IDLE_PROBABILITY), rng.integers(1, MAX_IDLE + 1, n), 0)


def verify_line(
    job: Job, parameters: KlmLineParameters | None = None, *, rtl: Rtl | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of the straight-line mode; arguments, record and errors as for `verify_ecl`."""
    check_job(job)
    parameters = parameters or KlmLineParameters()
    rtl = rtl or line_rtl(parameters)
    trigger, latency = KlmLineTrigger(parameters), rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{BLOCK}", Stage.STIMULUS, block)
        events = strip_events(rng, n_events, parameters)
        answers = simulate(model, events, latency, random_idle(rng, events), cancel=cancel)
        return compare(trigger.run(events.offsets, *events.hits()).arrays(), answers, DECISION_FIELDS)

    campaign = run_campaign(job, BLOCK, rtl, check, cache=cache)
    record = record_of(job, BLOCK, rtl, campaign)
    write_record(job.out, record)
    campaign.checkpoint.remove()
    return record
