"""The whole decision's RTL as a co-simulated block: events to beats, the global decision back, verified against the model.

An event is one ECL window, one frame of track segments and the KLM layers that belong to them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import Stage, blocks, stream
from sim.cosim import ecl, hough, runner, track_trigger
from sim.cosim import stream as words
from sim.cosim.campaign import Job, check_job, record_of, run_campaign
from sim.cosim.compare import Comparison, compare
from sim.cosim.exchange import Answers, answered, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.track_segments import TrackSegments
from sim.cosim.stimulus.whole import klm_layers, whole_events
from sim.cosim.verify_tracks import REUSE
from trigger.chain import CHAIN_BLOCKS, DEFAULT_MENU, Chain
from trigger.digest import digest
from trigger.ecl.layout import DecisionField
from trigger.ecl.thresholds import EclThresholds
from trigger.errors import InputError
from trigger.events import EventRecord
from trigger.geometry.cdc import N_SECTORS as N_BEATS
from trigger.klm import FIRST_SECTOR, N_LAYERS, N_SECTORS
from trigger.menu import Menu, PrescaleCounters
from trigger.menu.filling import external_names
from trigger.menu.wiring import ON_DEMAND, VETO_FIELD, is_external

BLOCK = "chain"
IDLE_SHARE = 1 / 8
"""Part of each block that runs with random idle gaps (our choice); the rest at full rate."""


def rtl_chain(menu: str = DEFAULT_MENU, period: str | None = None, **settings: Any) -> Chain:
    """The model of what the RTL does: all blocks in it, tracks of the first data clock answered. Errors as for `Chain`."""
    blocks = tuple(block for block in CHAIN_BLOCKS if block not in ON_DEMAND)
    return Chain(menu=menu, period=period, blocks=blocks, neuro_clocks=track_trigger.NEURO_CLOCKS, **settings)


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
    return StreamPorts(
        module="chain_trigger",
        inputs=(
            *ecl.ports().inputs,
            Port(name="in_segments", width=track_trigger.layout().Sector.size),
            Port(name="in_layers", width=N_SECTORS * N_LAYERS),
            Port(name="in_veto", width=1),
            Port(name="in_external", width=menu.n_inputs),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length) for field in fields(menu)),
    )


def chain_rtl(chain: Chain, reuse: int = REUSE) -> Rtl:
    """RTL of a chain with its settings, menu and period, generated in half a minute.

    reuse: cycles in which a multiplier of the network serves one track. InputError for what the RTL does not do: the KLM in
    straight-line mode, answers to tracks of later data clocks.
    """
    from hdl.cdc.track_trigger import TrackTrigger
    from hdl.chain import ChainTrigger

    settings, klm = chain.settings, klm_layers(chain)
    if settings.neuro_clocks != track_trigger.NEURO_CLOCKS:
        raise InputError(f"neuro_clocks must be {track_trigger.NEURO_CLOCKS} for the RTL of the chain, not {settings.neuro_clocks}")
    component = ChainTrigger(
        replace(chain.menu, periods=(chain.period,)),
        chain.period.name,
        TrackTrigger(settings.network.network, reuse=reuse, fitter=settings.fitter),
        thresholds=EclThresholds.from_parameters(settings.parameters),
        calibration=settings.calibration,
        klm=klm,
        grl=settings.grl,
    )
    return rtl_of(component, component.LATENCY, ports(chain.menu), (chain.digests, reuse))


def records(menu: Menu, events: EventRecord, idle: np.ndarray) -> np.ndarray:
    """Stimulus records of events with the fields of `whole_events`, 32 per event; idle: cycles after each of them."""
    from hdl.chain import FIRST_CELL_BEAT

    declared = ports(menu)
    columns = {name: events[f"cdc_{name}"] for name in ("offsets", "ts_id", "priority", "lr", "time")}
    out = track_trigger.records(declared, TrackSegments(**columns), idle)
    starts = N_BEATS * np.arange(events.n_events)
    ecl.put_cells(out, declared, ecl.windows_of(events.arrays), starts + FIRST_CELL_BEAT)

    def put(port: str, rows: np.ndarray, bits: np.ndarray, width: int, values: np.ndarray) -> None:
        words.put_bits(out, rows, declared.input_low(port) + bits, width, values.astype(np.int64))

    last = starts + N_BEATS - 1
    sector = np.array(FIRST_SECTOR)[events["klm_section"]] + events["klm_sector"]
    rows = np.repeat(last, np.diff(events["klm_offsets"]))
    put("in_layers", rows, N_LAYERS * sector + events["klm_layer"], 1, np.ones(len(rows)))
    put("in_veto", last, np.zeros(len(last), np.int64), 1, events[VETO_FIELD])
    for name, position in external_positions(menu).items():
        put("in_external", last, np.full(len(last), position), 1, events[name])
    return out


def external_positions(menu: Menu) -> dict[str, int]:
    """Event-file fields of the input bits that the RTL takes from outside, with their positions."""
    unwired = [item for item in menu.inputs if is_external(item)]
    return {name: place for item in unwired for name, place in zip(external_names(item), item.bits, strict=True)}


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
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run events through a model of the RTL, counters from their reset on. idle: cycles after each beat, 32 numbers per event."""
    slices = (records(menu, events.select(slice(a, b)), idle[N_BEATS * a : N_BEATS * b]) for a, b in slices_of(events.n_events))
    return answered(model, slices, events.n_events, declared_latency, fields(menu), cancel)


@dataclass(frozen=True, kw_only=True)
class ChainJob(Job):
    """What `verify chain` shall do. menu, period: of the chain, exp16 and its first period by default; settings: of the blocks.

    reuse: cycles in which a multiplier of the network serves one track.
    """

    menu: str = DEFAULT_MENU
    period: str | None = None
    settings: Mapping[str, Any] | None = None
    reuse: int = REUSE


def verify_chain(job: ChainJob, *, rtl: Rtl | None = None, cache: Path | None = None) -> dict[str, Any]:
    """The record of a verification; arguments and errors as for `verify_ecl`. Each block of events is a stream of its own.

    `line_latency` says when each line would be decided on its own; all of them come out together.
    """
    from hdl.chain import line_latency, ready

    check_job(job)
    chain = rtl_chain(job.menu, job.period, **(job.settings or {}))
    rtl = rtl or chain_rtl(chain, job.reuse)
    latency = rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        events, rng = _events(chain, job, block, n_events)
        n_idle = int(n_events * IDLE_SHARE)
        idle = np.concatenate([hough.random_idle(rng, n_idle), hough.full_rate(n_events - n_idle)])
        answers = simulate(model, chain.menu, events, latency, idle, cancel=cancel)
        return compare(expected(chain, events), answers, fields(chain.menu))

    campaign = run_campaign(job, BLOCK, rtl, check, cache=cache)
    record = record_of(job, BLOCK, rtl, campaign) | {"menu": chain.menu.name, "period": chain.period.name}
    record |= {"reuse": job.reuse, "block_latency": ready(latency), "line_latency": line_latency(chain.menu, latency)}
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
    """Events in which each line fires, input bits that no event sets, and events with tracks that the RTL does not answer.

    All as the model has them. Of the last ones it is told how many would have other input bits if all tracks were answered.
    """
    every = Chain(menu=chain.menu, period=job.period, settings=replace(chain.settings, neuro_clocks=None))
    fired, was_set = np.zeros(len(chain.menu.lines), np.int64), np.zeros(chain.menu.n_inputs, np.bool_)
    n_later, n_other = 0, 0
    for block, n_events in blocks(job.n_events):
        events, _ = _events(chain, job, block, n_events)
        decision = chain.run(events.arrays)
        fired += decision.ftdl.sum(axis=0, dtype=np.int64)
        was_set |= decision.input_bits.any(axis=0)
        event = np.repeat(np.arange(n_events), np.diff(decision["track_offsets"]))
        n_later += len(np.unique(event[decision["track_clock"] >= track_trigger.NEURO_CLOCKS]))
        n_other += int((decision.input_bits != every.run(events.arrays).input_bits).any(axis=1).sum())
    named = zip(chain.menu.input_names, was_set.tolist(), strict=True)
    return {
        "lines_fired": dict(zip(chain.menu.line_names, fired.tolist(), strict=True)),
        "inputs_never_set": [name for name, seen in named if name and not seen],
        "tracks_not_answered": {"events": n_later, "with_other_input_bits": n_other},
    }
