"""The displaced-vertex trigger and its stages for export: fit and line, track list to decision, network, and the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sim.cosim import displaced, displaced_fits, displaced_vertices
from sim.cosim.export_golden import Golden, one_answer_each
from sim.cosim.export_order import Exported, Input, Order
from sim.cosim.export_tracks import quantised_network
from sim.cosim.stimulus import displaced_fits as fit_stimulus
from sim.cosim.stimulus import displaced_segments, displaced_tracks
from sim.cosim.verify_displaced import DISPLACED, VERTICES, displaced_rtl, vertices_rtl
from sim.cosim.verify_displaced_fits import FITS, N_LANES, fits_rtl
from sim.cosim.verify_vertices import NETWORK, vertex_network_rtl
from trigger.displaced import DisplacedParameters, DisplacedTrigger
from trigger.geometry.cdc import N_SUPERLAYERS
from trigger.networks import DISPLACED as FAMILY
from trigger.networks import FrozenNetwork, load_network

_SEGMENTS = "a segment per superlayer, in the order in which they count, with its number in the superlayer"


def export_displaced(order: Order) -> Exported:
    """The whole trigger, on windows of segments; an event is a window."""
    from hdl.displaced.trigger import DisplacedTrigger as Component

    frozen, trigger = _trigger(order)
    rng = order.rng(DISPLACED)
    windows = displaced_segments.segment_windows(rng, order.n_events)
    rtl = displaced_rtl(trigger)
    answers, window = displaced.expected(trigger.parameters, trigger.run(windows.offsets, *windows.columns))
    records = displaced.records(rtl.design.ports, windows, 0, order.n_events, rng)
    return Exported(
        component=Component,
        rtl=rtl,
        interval=Component.INITIATION_INTERVAL,
        inputs={"in_last": Input(meaning="last beat of a window"), "in_segments": _segments()},
        fields=displaced.fields(trigger.parameters),
        golden=_of_windows(records, answers, window, trigger.parameters),
        digests={"network": frozen.digest},
    )


def export_fits(order: Order) -> Exported:
    """Fit and line of one lane of seeds; an event is a window with its seeds."""
    from amaranth.lib.data import ArrayLayout

    from hdl.displaced.track_fits import TrackFits, seed_layout

    trigger, rng = DisplacedTrigger(), order.rng(FITS)
    windows = fit_stimulus.windows(rng, order.n_events, trigger.parameters.grid, N_LANES)
    rtl = fits_rtl(trigger)
    tracks = displaced_fits.expected(trigger, windows)
    return Exported(
        component=type(rtl.component),
        rtl=rtl,
        interval=TrackFits.INITIATION_INTERVAL,
        inputs={
            "in_hits": _segments(),
            "in_last": Input(meaning="last beat of a window"),
            "in_seeds": Input(
                meaning="seeds of the window before, lane by lane", shape=ArrayLayout(seed_layout(trigger.parameters.grid), N_LANES)
            ),
        },
        fields=displaced_fits.fields(N_LANES),
        golden=one_answer_each(
            np.concatenate(list(displaced_fits.records(rtl.design.ports, windows, trigger, rng))),
            displaced_fits.by_beat(tracks, windows),
            windows.beat // displaced_fits.BEATS - 1,
        ),
    )


def export_vertices(order: Order) -> Exported:
    """Track list, pairs, vertices, features, network and threshold, on windows of tracks; an event is a window."""
    from amaranth.lib.data import ArrayLayout

    from hdl.displaced.decision import VertexDecision as Component

    frozen, trigger = _trigger(order)
    rng, layout = order.rng(VERTICES), displaced_vertices.layout()
    windows = displaced_tracks.track_windows(rng, order.n_events)
    plan = displaced_vertices.schedule(rng, order.n_events)
    rtl, ahead = vertices_rtl(trigger)
    answers, window = displaced_vertices.expected(trigger.parameters, trigger.cuts, trigger.network, windows)
    records = np.concatenate(list(displaced_vertices.records(rtl.design.ports, windows, plan, ahead)))
    return Exported(
        component=Component,
        rtl=rtl,
        interval=displaced_tracks.CYCLES,
        inputs={
            "in_last": Input(meaning="last beat of a window"),
            "in_transverse": Input(
                meaning=f"tracks in the transverse plane, {ahead} beats before in_tracks",
                shape=ArrayLayout(layout.Transverse, displaced_tracks.LANES),
            ),
            "in_tracks": Input(meaning="fitted tracks, lane by lane", shape=ArrayLayout(layout.Track, displaced_tracks.LANES)),
        },
        fields=displaced_vertices.fields(trigger.parameters),
        golden=_of_windows(records, answers, window, trigger.parameters),
        digests={"network": frozen.digest},
    )


def export_network(order: Order) -> Exported:
    """The network of vertices. order.network: of its family."""
    frozen = load_network(order.network or FAMILY)
    made = vertex_network_rtl(frozen.displaced)
    return replace(quantised_network(order, NETWORK, frozen.displaced, made), digests={"network": frozen.digest}, network=frozen)


def _trigger(order: Order) -> tuple[FrozenNetwork, DisplacedTrigger]:
    frozen = load_network(order.network or FAMILY)
    return frozen, DisplacedTrigger(network=frozen.displaced)


def _segments() -> Input:
    from amaranth.lib.data import ArrayLayout

    return Input(meaning=_SEGMENTS, shape=ArrayLayout(displaced.hits().Hit, N_SUPERLAYERS))


def _of_windows(
    records: np.ndarray, answers: Mapping[str, np.ndarray], window: np.ndarray, parameters: DisplacedParameters
) -> Golden:
    """Golden vectors of answers that come in slots: the end of a window with the declared latency, its vertices before."""
    return Golden(
        records=records,
        answers=answers,
        mark=window,
        delay=answers["slot"].astype(np.int64) - parameters.max_vertices,
        event=window,
    )
