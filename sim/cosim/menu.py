"""The global decision's RTL as a co-simulated block: input bits to lines, prescaled lines and L1, verified against the model."""

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
from sim.cosim.klm import random_idle
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.wrapper import Header
from trigger.ecl.layout import DecisionField
from trigger.errors import InputError
from trigger.menu import Encoding, Menu, PrescaleCounters, l1_accept
from trigger.menu.condition import positions

BLOCK = "menu"
SPARSE_BITS = 6
"""Mean number of set bits of a sparse event (our choice: as many as a physics event sets)."""
CROWDED_SHARE = 5 / 6
"""Part of the events that are for counters alone (our choice)."""
TURNS = 2
"""Turns of each counter, as far as the events allow (our choice: the value to which it returns shows at the end of the second)."""
TRIED = 6000
"""Events from which those for the counters are chosen (our choice)."""


def fields(menu: Menu) -> tuple[DecisionField, ...]:
    """What one event is answered with."""
    n_lines = len(menu.lines)
    return (
        DecisionField(name="ftdl", length=n_lines, width=1, signed=False, meaning="lines before prescale"),
        DecisionField(name="psnm", length=n_lines, width=1, signed=False, meaning="lines after prescale"),
        DecisionField(name="l1", length=1, width=1, signed=False, meaning="L1 accept"),
    )


def ports(menu: Menu) -> StreamPorts:
    """Ports of the menu RTL."""
    return StreamPorts(
        module="menu_trigger",
        inputs=(Port(name="in_bits", width=menu.n_inputs),),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length) for field in fields(menu)),
    )


def menu_rtl(menu: Menu, period_name: str) -> Rtl:
    """RTL of a menu with the prescales of one period."""
    from hdl.menu.trigger import MenuTrigger

    component = MenuTrigger(menu, period_name)
    return rtl_of(component, component.LATENCY, ports(menu), (menu.digest, period_name))


def input_vectors(rng: np.random.Generator, n_events: int, menu: Menu) -> np.ndarray:
    """Input bits, bool (n, n_inputs): a quarter scattered, with legal one-hot counts in half of it; the rest crowded.

    Scattered, three kinds in equal parts: any density of set bits; a few bits; every bit that one random line reads at random, with
    a few others. Crowded: few different events, each as often as counters need it to end their second turn (`_crowded`).
    """
    bits = _scattered(rng, n_events, menu)
    crowded = rng.random(n_events) < CROWDED_SHARE
    bits[crowded] = _crowded(rng, int(crowded.sum()), menu)
    return bits


def _crowded(rng: np.random.Generator, n_events: int, menu: Menu) -> np.ndarray:
    """Events in which lines with a prescale fire, in random order, the ones for the largest prescales most often.

    The next event is always the one whose lines lack most firings of all together, repeated until the line nearest to its end has
    none to come; what is left when no line lacks any, or the events are used up, are events of the same kinds.
    """
    tried = _scattered(rng, TRIED, menu)
    fired = menu.evaluate(tried)
    prescales = np.max([period.prescales for period in menu.periods] or [(1,) * len(menu.lines)], axis=0)
    lacking = np.where(prescales > 1, TURNS * prescales, 0).astype(np.int64) * fired.any(axis=0)
    chosen: list[np.ndarray] = []
    left = n_events
    while left and lacking.any():
        best = int((fired @ lacking).argmax())
        own = lacking[fired[best] & (lacking > 0)]
        times = min(int(own.min()), left)
        chosen.append(np.full(times, best))
        lacking = np.maximum(lacking - times * fired[best], 0)
        left -= times
    used = np.concatenate([np.zeros(0, np.int64), *chosen])
    more = rng.choice(used, left) if len(used) else rng.integers(0, TRIED, left)
    return tried[rng.permutation(np.concatenate([used, more]))]


def _scattered(rng: np.random.Generator, n_events: int, menu: Menu) -> np.ndarray:
    """The scattered events of `input_vectors`."""
    kind = rng.integers(0, 3, (n_events, 1))
    ticket = rng.random((n_events, menu.n_inputs), dtype=np.float32)
    read = np.zeros((len(menu.lines), menu.n_inputs), dtype=bool)
    for row, line in zip(read, menu.lines, strict=True):
        row[list(positions(line.condition))] = True
    own = read[rng.integers(0, len(menu.lines), n_events)]
    sparse = SPARSE_BITS / menu.n_inputs
    density = np.where(kind == 0, rng.random((n_events, 1)), np.where((kind == 2) & own, 0.5, sparse))
    bits = ticket < density
    legal = rng.random(n_events) < 0.5
    for count in menu.inputs:
        if count.encoding is Encoding.ONE_HOT:
            held = bits[:, count.bits]
            first = held.argmax(axis=1)[:, None] == np.arange(len(count.bits))
            bits[:, count.bits] = np.where(legal[:, None], held & first, held)
    return bits


def expected(menu: Menu, period_name: str, bits: np.ndarray) -> dict[str, np.ndarray]:
    """What the model answers to a stream that starts with these input bits; the prescale counters start at 0."""
    ftdl = menu.evaluate(bits)
    psnm = PrescaleCounters(period=menu.period(period_name)).run(ftdl)
    answers = {"ftdl": ftdl, "psnm": psnm, "l1": l1_accept(psnm)}
    return {name: values.astype(np.uint8) for name, values in answers.items()}


def records(declared: StreamPorts, bits: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Stimulus records, one per event; idle: cycles after each."""
    out = words.empty_records(declared, len(bits))
    words.put_header(out, flags=np.full(len(bits), words.flag(Header.VALID, Header.MARK)), idle=idle)
    row, bit = bits.nonzero()
    words.put_bits(out, row, declared.input_low("in_bits") + bit, 1, np.ones(len(row), np.int64))
    return out


def simulate(
    model: runner.Model,
    menu: Menu,
    bits: np.ndarray,
    declared_latency: int,
    idle: np.ndarray,
    *,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run input bits through a model of the menu RTL, counters from their reset on. idle: cycles after each event."""
    slices = (records(model.ports, bits[a:b], idle[a:b]) for a, b in slices_of(len(bits)))
    return answered(model, slices, len(bits), declared_latency, fields(menu), cancel)


def period_of(menu: Menu, name: str | None) -> str:
    """Name of a run period of the menu, the first by default; InputError if there is none of this name."""
    if name is None and menu.periods:
        return menu.periods[0].name
    try:
        return menu.period(name or "").name
    except KeyError as error:
        raise InputError(error.args[0]) from error


def verify_menu(
    job: Job, menu: Menu, period: str | None = None, *, rtl: Rtl | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of one menu and one period (the first by default), errors as for `verify_ecl`.

    Each block of events is a stream of its own, with counters that start at 0.
    """
    check_job(job)
    name = period_of(menu, period)
    rtl = rtl or menu_rtl(menu, name)
    latency = rtl.latency

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{BLOCK}", Stage.STIMULUS, block)
        bits = input_vectors(rng, n_events, menu)
        answers = simulate(model, menu, bits, latency, random_idle(rng, n_events), cancel=cancel)
        return compare(expected(menu, name, bits), answers, fields(menu))

    campaign = run_campaign(job, BLOCK, rtl, check, cache=cache)
    record = record_of(job, BLOCK, rtl, campaign) | {"menu": menu.name, "period": name}
    record["digests"]["menu"] = menu.digest
    write_record(job.out, record)
    campaign.checkpoint.remove()
    return record
