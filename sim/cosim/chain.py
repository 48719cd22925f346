"""The whole decision's RTL as a co-simulated block: events to beats, the global decision back, verified against the model.

Tracks enter as the 2D finder and the neuro trigger answer them, at most as many as a frame holds.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from sim.blocks import Stage, blocks, stream
from sim.cosim import ecl, runner
from sim.cosim import stream as words
from sim.cosim.campaign import Job, check_job, record_of, run_campaign
from sim.cosim.compare import Comparison, compare
from sim.cosim.exchange import Answers, assign, decode_fields, exchange, slices_of
from sim.cosim.grl import beats, put_segments
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.whole import klm_layers, whole_events
from trigger.chain import DEFAULT_MENU, Chain
from trigger.digest import digest
from trigger.ecl.layout import DecisionField
from trigger.ecl.thresholds import EclThresholds
from trigger.events import EventRecord
from trigger.klm import FIRST_SECTOR, N_LAYERS, N_SECTORS
from trigger.menu import Menu, PrescaleCounters
from trigger.menu.filling import external_names
from trigger.menu.wiring import VETO_FIELD, wire_of

BLOCK = "chain"
RTL_BLOCKS = ("ecl", "klm", "grl", "menu")
"""Blocks of the model that the RTL has, beside the counts of tracks."""
IDLE_SHARE = 1 / 8
"""Part of each block that runs with random idle gaps (our choice); the rest at full rate."""
TRACK_FIELDS = {"phi": "track_phi_raw", "omega": "track_omega_raw", "z": "track_z_raw", "theta": "track_theta_raw"}


@cache
def rtl_module() -> ModuleType:
    """The RTL's module, with the layout of a track."""
    from hdl import chain

    return chain


def fields(menu: Menu) -> tuple[DecisionField, ...]:
    """What one event is answered with."""

    def field(name: str, length: int, meaning: str) -> DecisionField:
        return DecisionField(name=name, length=length, width=1, signed=False, meaning=meaning)

    n_lines = len(menu.lines)
    return (
        field("input_bits", menu.n_inputs, "inputs of the menu"),
        field("ftdl", n_lines, "lines before prescale"),
        field("psnm", n_lines, "lines after prescale"),
        field("l1", 1, "L1 accept"),
    )


def ports(menu: Menu) -> StreamPorts:
    """Ports of the RTL for a menu."""
    layout = beats()
    return StreamPorts(
        module="chain_trigger",
        inputs=(
            *ecl.ports().inputs,
            Port(name="in_segments", width=layout.SEGMENT_BITS),
            Port(name="in_tracks", width=layout.N_LANES * rtl_module().Track.size),
            Port(name="in_layers", width=N_SECTORS * N_LAYERS),
            Port(name="in_veto", width=1),
            Port(name="in_external", width=menu.n_inputs),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length) for field in fields(menu)),
    )


def chain_rtl(chain: Chain) -> Rtl:
    """RTL of a chain with its settings, menu and period."""
    settings = chain.settings
    component = rtl_module().ChainTrigger(
        replace(chain.menu, periods=(chain.period,)),
        chain.period.name,
        thresholds=EclThresholds.from_parameters(settings.parameters),
        calibration=settings.calibration,
        klm=klm_layers(chain),
        grl=settings.grl,
        fitter=settings.fitter,
    )
    return rtl_of(component, component.LATENCY, ports(chain.menu), (chain.digests,))


def records(menu: Menu, events: EventRecord, idle: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stimulus records of events with the fields of `whole_events`, 16 per event; idle: cycles after each of them.

    rng: which slots of a frame the tracks take, in their order.
    """
    declared, layout = ports(menu), beats()
    out = ecl.records(ecl.windows_of(events.arrays), idle, declared)

    def put(port: str, rows: np.ndarray, bits: np.ndarray, width: int, values: np.ndarray) -> None:
        words.put_bits(out, rows, declared.input_low(port) + bits, width, values.astype(np.int64))

    put_segments(out, declared, events["cdc_offsets"], events["cdc_ts_id"])
    rows, lane = _track_slots(events["track_offsets"], rng)
    track = rtl_module().Track
    answered = events["track_expert"] >= 0
    values = {name: events[field] for name, field in TRACK_FIELDS.items()} | {"valid": np.ones(len(rows)), "answered": answered}
    for name, numbers in values.items():
        place = track[name]
        put("in_tracks", rows, track.size * lane + place.offset, place.width, numbers)

    last = layout.N_BEATS * np.arange(events.n_events) + layout.N_BEATS - 1
    sector = np.array(FIRST_SECTOR)[events["klm_section"]] + events["klm_sector"]
    rows = np.repeat(last, np.diff(events["klm_offsets"]))
    put("in_layers", rows, N_LAYERS * sector + events["klm_layer"], 1, np.ones(len(rows)))
    put("in_veto", last, np.zeros(len(last), np.int64), 1, events[VETO_FIELD])
    for name, position in external_positions(menu).items():
        put("in_external", last, np.full(len(last), position), 1, events[name])
    return out


def external_positions(menu: Menu) -> dict[str, int]:
    """Event-file fields of the input bits that no block models, with their positions."""
    unwired = [item for item in menu.inputs if wire_of(item) is None]
    return {name: place for item in unwired for name, place in zip(external_names(item), item.bits, strict=True)}


def _track_slots(offsets: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(record, lane) of each track: random slots of the track beats, in order."""
    layout = beats()
    counts = np.diff(offsets)
    n_slots = layout.N_LANES * (layout.N_BEATS - layout.FIRST_TRACK_BEAT)
    rank = np.argsort(np.argsort(rng.random((len(counts), n_slots)), axis=1), axis=1)
    event, slot = (rank < counts[:, None]).nonzero()
    beat, lane = np.divmod(slot, layout.N_LANES)
    return layout.N_BEATS * event + layout.FIRST_TRACK_BEAT + beat, lane


def expected(chain: Chain, events: EventRecord) -> dict[str, np.ndarray]:
    """What the model answers to a stream that starts with these events; the prescale counters start at 0."""
    decision = chain.run(events.arrays, PrescaleCounters(period=chain.period))
    return {field.name: decision[field.name].astype(np.uint8) for field in fields(chain.menu)}


def simulate(
    model: runner.Model,
    menu: Menu,
    events: EventRecord,
    declared_latency: int,
    idle: np.ndarray,
    rng: np.random.Generator,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run events through a model of the RTL, counters from their reset on. idle: cycles after each beat, 16 numbers per event."""
    n_beats = beats().N_BEATS
    slices = (
        records(menu, events.select(slice(a, b)), idle[n_beats * a : n_beats * b], rng) for a, b in slices_of(events.n_events)
    )
    response = exchange(model, slices, events.n_events, cancel=cancel)
    event, latency = assign(response.marks, response.cycles, declared_latency)
    arrays = decode_fields(model.ports, fields(menu), response.results)
    return Answers(arrays=arrays, event=event, latency=latency, n_events=events.n_events)


@dataclass(frozen=True, kw_only=True)
class ChainJob(Job):
    """What `verify chain` shall do. menu, period: of the chain, exp16 and its first period by default; settings: of the blocks."""

    menu: str = DEFAULT_MENU
    period: str | None = None
    settings: Mapping[str, Any] | None = None


def verify_chain(job: ChainJob, *, rtl: Rtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification; arguments and errors as for `verify_ecl`. Each block of events is a stream of its own.

    `line_latency` says when each line would be decided on its own; all of them come out together.
    """
    check_job(job)
    chain = Chain(menu=job.menu, period=job.period, blocks=RTL_BLOCKS, **(job.settings or {}))
    rtl = rtl or chain_rtl(chain)
    latency = rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        events, rng = _events(chain, job, block, n_events)
        n_idle = int(n_events * IDLE_SHARE)
        idle = np.concatenate([ecl.random_idle(rng, n_idle), ecl.full_rate(n_events - n_idle)])
        answers = simulate(model, chain.menu, events, latency, idle, rng, cancel=cancel)
        return compare(expected(chain, events), answers, fields(chain.menu))

    campaign = run_campaign(job, BLOCK, rtl, check, cache=cache)
    record = record_of(job, BLOCK, rtl, campaign) | {"menu": chain.menu.name, "period": chain.period.name}
    record["line_latency"] = rtl_module().line_latency(chain.menu)
    record |= _coverage(chain, job)
    record["digests"] |= {"menu": chain.menu.digest, "settings": digest(chain.settings.digests)}
    write_record(job.out, record)
    campaign.checkpoint.remove()
    return record


def _events(chain: Chain, job: ChainJob, block: int, n_events: int) -> tuple[EventRecord, np.random.Generator]:
    """(events of a block, the generator that made them)."""
    rng = stream(job.seed, f"verify.{BLOCK}", Stage.STIMULUS, block)
    return whole_events(chain, rng, job.seed, block, n_events, tuple(external_positions(chain.menu))), rng


def _coverage(chain: Chain, job: ChainJob) -> dict[str, Any]:
    """Events in which each line fires, and the input bits that no event sets, as the model has them."""
    decisions = [expected(chain, _events(chain, job, block, n_events)[0]) for block, n_events in blocks(job.n_events)]
    fired = np.sum([answer["ftdl"].sum(axis=0, dtype=np.int64) for answer in decisions], axis=0)
    was_set = np.any([answer["input_bits"].any(axis=0) for answer in decisions], axis=0)
    named = zip(chain.menu.input_names, was_set.tolist(), strict=True)
    return {
        "lines_fired": dict(zip(chain.menu.line_names, fired.tolist(), strict=True)),
        "inputs_never_set": [name for name, seen in named if name and not seen],
    }
