"""The KLM trigger's RTL as a co-simulated block: events to one beat each, and their verification against the model."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
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
from sim.cosim.wrapper import Header
from trigger.fields import KLM_LIMITS
from trigger.klm import DECISION_FIELDS, FIRST_SECTOR, N_LAYERS, N_SECTORS, SECTORS, KlmParameters, KlmTrigger

BLOCK = "klm"
IDLE_SHARE = 1 / 8
"""Part of each block that runs with random idle gaps (our choice); the rest at full rate."""
MAX_IDLE = 40
N_KINDS = 4


@dataclass(frozen=True, kw_only=True)
class KlmEvents:
    """Hits of events as the trigger takes them: CSR offsets (n + 1,), section, sector and layer of each hit."""

    offsets: np.ndarray
    section: np.ndarray
    sector: np.ndarray
    layer: np.ndarray

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.offsets) - 1

    def slice(self, first: int, last: int) -> KlmEvents:
        """The events first .. last - 1."""
        hits = slice(self.offsets[first], self.offsets[last])
        offsets = self.offsets[first : last + 1] - self.offsets[first]
        return KlmEvents(offsets=offsets, section=self.section[hits], sector=self.sector[hits], layer=self.layer[hits])


def ports() -> StreamPorts:
    """Ports of the KLM RTL."""
    return StreamPorts(
        module="klm_trigger",
        inputs=(Port(name="in_layers", width=N_SECTORS * N_LAYERS),),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in DECISION_FIELDS),
    )


def klm_rtl(parameters: KlmParameters) -> Rtl:
    """RTL of the KLM trigger."""
    from hdl.klm import KlmTrigger as Component

    component = Component(parameters)
    return rtl_of(component, component.LATENCY, ports(), (parameters, DECISION_FIELDS))


def klm_events(rng: np.random.Generator, n_events: int, parameters: KlmParameters) -> KlmEvents:
    """Events of four kinds, a quarter each, with some hits given twice: any filling; tracks; sectors at the cut; extremes.

    At the cut: sectors with one layer less than needed, as many, and one more, among the used layers, with any number beside them.
    Extremes: empty and complete sectors.
    """
    exists = np.arange(N_LAYERS) <= np.repeat(KLM_LIMITS["klm_layer"], SECTORS)[:, None]
    shape = (n_events, N_SECTORS, 1)
    kind = rng.integers(0, N_KINDS, n_events)[:, None, None]
    ticket = rng.random((n_events, N_SECTORS, N_LAYERS))
    filled = ticket < rng.random((n_events, 1, 1))
    crossed = (ticket < 0.9) & (np.arange(N_LAYERS) < rng.integers(0, N_LAYERS + 2, shape)) & (rng.random(shape) < 0.15)
    used = exists & (np.arange(N_LAYERS) >= parameters.first_layer) & (np.arange(N_LAYERS) <= parameters.last_layer)
    rank = np.argsort(np.argsort(np.where(used, ticket, 2), axis=2), axis=2)
    at_cut = np.where(used, rank < parameters.min_layers + rng.integers(-1, 2, shape), ticket < 0.5) & (rng.random(shape) < 0.5)
    extreme = np.broadcast_to(rng.random(shape) < rng.random((n_events, 1, 1)), filled.shape)
    hit = np.select([kind == 0, kind == 1, kind == 2], [filled, crossed, at_cut], extreme) & exists
    event, place, layer = hit.nonzero()
    copies = 1 + (rng.random(len(event)) < 0.05)
    event, place, layer = (np.repeat(column, copies) for column in (event, place, layer))
    section = np.searchsorted(FIRST_SECTOR, place, side="right") - 1
    return KlmEvents(
        offsets=np.searchsorted(event, np.arange(n_events + 1)),
        section=section.astype(np.int8),
        sector=(place - np.array(FIRST_SECTOR)[section]).astype(np.int8),
        layer=layer.astype(np.int8),
    )


def records(declared: StreamPorts, events: KlmEvents, idle: np.ndarray) -> np.ndarray:
    """Stimulus records, one per event; idle: cycles after each."""
    out = words.empty_records(declared, events.n_events)
    words.put_header(out, flags=np.full(events.n_events, words.flag(Header.VALID, Header.MARK)), idle=idle)
    row = np.repeat(np.arange(events.n_events), np.diff(events.offsets))
    bit = (np.array(FIRST_SECTOR)[events.section] + events.sector) * N_LAYERS + events.layer
    words.put_bits(out, row, declared.input_low("in_layers") + bit, 1, np.ones(len(row), np.int64))
    return out


def simulate(
    model: runner.Model, events: KlmEvents, declared_latency: int, idle: np.ndarray, *, cancel: threading.Event | None = None
) -> Answers:
    """Run the events through a model of the KLM RTL. idle: cycles after each event."""
    slices = (records(model.ports, events.slice(a, b), idle[a:b]) for a, b in slices_of(events.n_events))
    return answered(model, slices, events.n_events, declared_latency, DECISION_FIELDS, cancel)


def random_idle(rng: np.random.Generator, n_events: int) -> np.ndarray:
    """Idle cycles after each event: random ones for a part of the events, none for the others."""
    return np.where(rng.random(n_events) < IDLE_SHARE, rng.integers(0, MAX_IDLE + 1, n_events), 0)


def verify_klm(
    job: Job, parameters: KlmParameters | None = None, *, rtl: Rtl | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of the KLM trigger; arguments, record and errors as for `verify_ecl`."""
    check_job(job)
    parameters = parameters or KlmParameters()
    rtl = rtl or klm_rtl(parameters)
    trigger, latency = KlmTrigger(parameters), rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{BLOCK}", Stage.STIMULUS, block)
        events = klm_events(rng, n_events, parameters)
        answers = simulate(model, events, latency, random_idle(rng, n_events), cancel=cancel)
        decisions = trigger.run(events.offsets, events.section, events.sector, events.layer)
        return compare(decisions.arrays(), answers, DECISION_FIELDS)

    campaign = run_campaign(job, BLOCK, rtl, check, cache=cache)
    record = record_of(job, BLOCK, rtl, campaign)
    write_record(job.out, record)
    campaign.checkpoint.remove()
    return record
