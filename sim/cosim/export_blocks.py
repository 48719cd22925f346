"""Blocks that can be exported; here are ECL, KLM, GRL, the menu, and the whole decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.cosim import chain, grl, klm, klm_line, menu, track_trigger
from sim.cosim.export_displaced import export_displaced, export_fits, export_network, export_vertices
from sim.cosim.export_ecl import BLOCK as ECL
from sim.cosim.export_ecl import ecl_inputs, ecl_settings, export_ecl
from sim.cosim.export_golden import one_answer_each
from sim.cosim.export_order import Exported, Input, Order, Settings, described, frame_gaps, gaps, layout_text, registers
from sim.cosim.export_registers import BUS, HELD, with_bus, writes
from sim.cosim.export_track_paths import export_neuro_path, export_stream, export_track_trigger
from sim.cosim.export_tracks import export_codesign, export_hough, export_inputs, export_neuro, export_segments, export_stt
from sim.cosim.rtl import rtl_of
from sim.cosim.shipped import SHIPPED
from sim.cosim.stimulus.grl import grl_events
from sim.cosim.stimulus.klm_line import strip_events
from sim.cosim.stimulus.whole import whole_events
from sim.cosim.verify_codesign import CODESIGN
from sim.cosim.verify_displaced import DISPLACED, VERTICES
from sim.cosim.verify_displaced_fits import FITS
from sim.cosim.verify_neuro import INPUTS, STT
from sim.cosim.verify_neuro_path import NEURO_PATH
from sim.cosim.verify_stream import STREAM
from sim.cosim.verify_track_trigger import TRACKS
from sim.cosim.verify_tracks import HOUGH, NEURO, REUSE, SEGMENTS
from sim.cosim.verify_vertices import NETWORK as VERTEX_NETWORK
from trigger.chain import DEFAULT_MENU
from trigger.ecl import EclThresholds
from trigger.errors import InputError
from trigger.grl import GrlParameters, GrlTrigger
from trigger.grl.layout import DECISION_FIELDS as GRL_FIELDS
from trigger.klm import DECISION_FIELDS as KLM_FIELDS
from trigger.klm import N_LAYERS, N_SECTORS, KlmParameters, KlmTrigger
from trigger.klm_line import KlmLineParameters, KlmLineTrigger
from trigger.menu import Menu, Period, load_menu
from trigger.networks import DEFAULT_NETWORK, load_network

MAX_WRITTEN = 4
"""Largest prescale that golden vectors write (our choice: small, so that its counter turns over within some hundred events)."""


def _klm(order: Order) -> Exported:
    from hdl.klm import KlmTrigger as Component

    parameters, rng = KlmParameters(), order.rng(klm.BLOCK)
    events = klm.klm_events(rng, order.n_events, parameters)
    decisions = KlmTrigger(parameters).run(events.offsets, events.section, events.sector, events.layer)
    return Exported(
        component=Component,
        rtl=klm.klm_rtl(parameters),
        interval=Component.INITIATION_INTERVAL,
        inputs={"in_layers": Input(meaning=f"hit layers, {N_LAYERS} bits for each of the {N_SECTORS} sectors")},
        fields=KLM_FIELDS,
        golden=one_answer_each(klm.records(klm.ports(), events, gaps(rng, order.n_events)), decisions.arrays()),
        registers=registers("klm", klm=parameters),
    )


def _klm_line(order: Order) -> Exported:
    from hdl.klm_line import LineTrigger as Component
    from hdl.klm_line import Strip

    parameters, rng = KlmLineParameters(), order.rng(klm_line.BLOCK)
    events = strip_events(rng, order.n_events, parameters)
    idle = klm_line.random_idle(rng, events)
    return Exported(
        component=Component,
        rtl=klm_line.line_rtl(parameters),
        interval=Component.INITIATION_INTERVAL,
        inputs={
            "in_first": Input(meaning="the beat opens an event"),
            "in_last": Input(meaning="the beat completes an event"),
            "in_hit": Input(meaning="the beat carries a strip"),
            "in_strip": Input(meaning="strip, ascending in an event", shape=Strip),
        },
        fields=KLM_FIELDS,
        golden=one_answer_each(
            klm_line.records(klm_line.ports(), events, idle),
            KlmLineTrigger(parameters).run(events.offsets, *events.hits()).arrays(),
        ),
        registers=registers("klm", klm=parameters),
    )


def _menu(order: Order) -> Exported:
    if order.settings is Settings.REGISTERS:
        return _menu_in_registers(order)
    from hdl.menu.trigger import MenuTrigger as Component

    chosen = load_menu(order.menu or DEFAULT_MENU)
    period = menu.period_of(chosen, order.period)
    rng = order.rng(menu.BLOCK)
    bits = menu.input_vectors(rng, order.n_events, chosen)
    return Exported(
        component=Component,
        rtl=menu.menu_rtl(chosen, period),
        interval=Component.INITIATION_INTERVAL,
        inputs={"in_bits": Input(meaning="input bits, in the order of the menu")},
        fields=menu.fields(chosen),
        golden=one_answer_each(
            menu.records(menu.ports(chosen), bits, gaps(rng, order.n_events)), menu.expected(chosen, period, bits)
        ),
        registers=registers("menu", menu=chosen, period=period),
        **_menu_says(chosen, period),
    )


def _menu_in_registers(order: Order) -> Exported:
    """The menu with prescales and masks in registers: half of the events with the period's, half with others that were written."""
    from hdl.export_menu import RegisterMenu as Component

    chosen = load_menu(order.menu or DEFAULT_MENU)
    period = menu.period_of(chosen, order.period)
    rng, half = order.rng(menu.BLOCK), order.n_events // 2
    bits, gaps_after = menu.input_vectors(rng, order.n_events, chosen), gaps(rng, order.n_events)
    written = Period(name="written", source="golden", prescales=tuple(rng.integers(0, MAX_WRITTEN + 1, len(chosen.lines)).tolist()))
    both = replace(chosen, periods=(*chosen.periods, written))
    parts = [menu.expected(both, period, bits[:half]), menu.expected(both, written.name, bits[half:])]
    defaults = registers("menu", menu=chosen, period=period)
    component, declared = Component(chosen, defaults), with_bus(menu.ports(chosen))
    return Exported(
        component=Component,
        rtl=rtl_of(component, component.LATENCY, declared, (chosen.digest, period, defaults)),
        interval=Component.INITIATION_INTERVAL,
        inputs={"in_bits": Input(meaning="input bits, in the order of the menu")} | BUS,
        fields=menu.fields(chosen),
        golden=one_answer_each(
            np.concatenate(
                [
                    menu.records(declared, bits[:half], gaps_after[:half]),
                    writes(declared, registers("menu", menu=both, period=written.name)),
                    menu.records(declared, bits[half:], gaps_after[half:]),
                ]
            ),
            {name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        ),
        registers=defaults,
        settings=Settings.REGISTERS,
        held=HELD,
        **_menu_says(chosen, period),
    )


def _menu_says(chosen: Menu, period: str) -> dict[str, Any]:
    names = {"input_names": chosen.input_names, "line_names": chosen.line_names}
    return {"digests": {"menu": chosen.digest}, "labels": {"menu": chosen.name, "period": period} | names}


def _grl(order: Order) -> Exported:
    from amaranth.lib.data import ArrayLayout

    from hdl.grl.trigger import GrlTrigger as Component

    parameters, rng, layout = GrlParameters(), order.rng(grl.BLOCK), grl.beats()
    events = grl_events(rng, order.n_events, parameters)
    slots = {"cluster": layout.Cluster, "track": layout.Track, "flags": layout.Flags}
    return Exported(
        component=Component,
        rtl=grl.grl_rtl(parameters),
        interval=Component.INITIATION_INTERVAL,
        inputs={
            "in_first": Input(meaning="the beat opens an event"),
            "in_segments": _grl_segments(),
            "in_slots": Input(meaning=layout_text(layout), shape=ArrayLayout(layout.SLOT_BITS, layout.N_LANES)),
        },
        fields=GRL_FIELDS,
        golden=one_answer_each(
            grl.records(grl.ports(), events, grl.random_idle(rng, order.n_events)),
            GrlTrigger(parameters).run(**events.arguments()).arrays(),
        ),
        labels={"slot_layouts": {name: described(slot) for name, slot in slots.items()}},
    )


def _grl_segments() -> Input:
    from amaranth.lib.data import ArrayLayout

    layout = grl.beats()
    return Input(
        meaning="hit segments of superlayers 0 to 4 in two 1/32 turns",
        shape=ArrayLayout(layout.SEGMENTS_PER_TURN, layout.TURNS_PER_BEAT),
    )


def _chain(order: Order) -> Exported:
    from hdl.cdc.sector import Sector
    from hdl.chain import ChainTrigger as Component

    parameters, calibration = ecl_settings(order)
    network = load_network(order.network or DEFAULT_NETWORK)
    whole = chain.rtl_chain(
        order.menu or DEFAULT_MENU, order.period, parameters=parameters, calibration=calibration, network=network
    )
    rng = order.rng(chain.BLOCK)
    events = whole_events(whole, rng, order.seed, 0, order.n_events, tuple(chain.external_positions(whole.menu)))
    reuse = order.reuse or REUSE
    return Exported(
        component=Component,
        rtl=chain.chain_rtl(whole, reuse),
        interval=Component.INITIATION_INTERVAL,
        inputs=ecl_inputs()
        | {
            "in_first": Input(meaning="the beat opens an event"),
            "in_segments": Input(meaning=layout_text(track_trigger.layout()), shape=Sector),
            "in_layers": Input(meaning="hit layers of the KLM sectors, with the last beat"),
            "in_veto": Input(meaning="injection veto, with the last beat"),
            "in_external": Input(meaning="input bits of the menu that no block models, at their places, with the last beat"),
        },
        fields=chain.fields(whole.menu),
        golden=one_answer_each(chain.records(whole.menu, events, frame_gaps(rng, order.n_events)), chain.expected(whole, events)),
        digests={"menu": whole.menu.digest, "network": network.digest},
        labels=_menu_says(whole.menu, whole.period.name)["labels"] | {"reuse": reuse},
        registers=registers(None, ecl=EclThresholds.from_parameters(parameters), menu=whole.menu, period=whole.period.name),
    )


_ECL_OPTIONS, _MENU_OPTIONS, _NETWORK_OPTIONS = ("parameters", "calibration"), ("menu", "period"), ("network", "reuse")


@dataclass(frozen=True)
class Entry:
    """A block of the registry: how it is made, and the options of an order that it takes besides events and seed.

    n_events: of the golden vectors unless another number is asked for, so that every simulator runs them in minutes (our choice).
    """

    make: Callable[[Order], Exported]
    options: tuple[str, ...] = ()
    n_events: int = 200


_ENTRIES = {
    ECL: Entry(export_ecl, (*_ECL_OPTIONS, "settings")),
    SEGMENTS: Entry(export_segments, n_events=50),
    STREAM: Entry(export_stream, n_events=50),
    HOUGH: Entry(export_hough, n_events=50),
    INPUTS: Entry(export_inputs),
    NEURO: Entry(export_neuro, _NETWORK_OPTIONS),
    CODESIGN: Entry(export_codesign, _NETWORK_OPTIONS),
    STT: Entry(export_stt),
    NEURO_PATH: Entry(export_neuro_path, _NETWORK_OPTIONS, n_events=50),
    TRACKS: Entry(export_track_trigger, _NETWORK_OPTIONS, n_events=50),
    klm.BLOCK: Entry(_klm),
    klm_line.BLOCK: Entry(_klm_line),
    grl.BLOCK: Entry(_grl),
    FITS: Entry(export_fits, n_events=20),
    VERTICES: Entry(export_vertices, ("network",), n_events=20),
    VERTEX_NETWORK: Entry(export_network, ("network",)),
    DISPLACED: Entry(export_displaced, ("network",), n_events=16),
    menu.BLOCK: Entry(_menu, (*_MENU_OPTIONS, "settings")),
    chain.BLOCK: Entry(_chain, _ECL_OPTIONS + _MENU_OPTIONS + _NETWORK_OPTIONS, n_events=50),
}
BLOCKS: Mapping[str, Entry] = {name: _ENTRIES[name] for name in SHIPPED}
"""By name: all that ship."""


def events_of(name: str) -> int:
    """Events of a block's golden vectors unless another number is asked for; InputError for an unknown block."""
    if name not in BLOCKS:
        raise InputError(f"block must be one of {', '.join(BLOCKS)}, not {name!r}")
    return BLOCKS[name].n_events
