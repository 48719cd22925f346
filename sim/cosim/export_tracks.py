"""Blocks of the track trigger for export: segment finders, 2D finder, input stage, networks, single-track trigger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.cosim import codesign, hough, neuro, neuro_inputs, segments, single_track
from sim.cosim.export_golden import Golden, one_answer_each
from sim.cosim.export_order import IDLE_SHARE, Exported, Input, Order, described, frame_gaps, gaps, layout_text, registers
from sim.cosim.network import corner_inputs, random_inputs
from sim.cosim.rtl import Rtl
from sim.cosim.stimulus.aimed_vectors import vectors_for
from sim.cosim.stimulus.neuro_tracks import neuro_track_events
from sim.cosim.stimulus.segments import segment_events
from sim.cosim.stimulus.tracks import track_events
from sim.cosim.stimulus.wires import wire_events
from sim.cosim.verify_codesign import CODESIGN, REUSE, codesign_rtl
from sim.cosim.verify_neuro import INPUTS, STT, inputs_rtl, stt_rtl
from sim.cosim.verify_tracks import HOUGH, NEURO, SEGMENTS, hough_rtl, neuro_rtl, segments_rtl
from trigger.cdc import HoughFinder, HoughPlane, NeuroInputs, SegmentFinder, SingleTrackTrigger
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.cdc.neuro.experts import ClassicExperts
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.mlp import N_INPUTS
from trigger.cdc.segments.word import CLOCK_BITS
from trigger.errors import InputError
from trigger.geometry.cdc import N_SECTORS
from trigger.networks import load_network
from trigger.networks.families import CLASSIC
from trigger.networks.families import CODESIGN as CODESIGN_FAMILY


def export_segments(order: Order) -> Exported:
    """The segment finders of all superlayers, on frames of the whole chamber."""
    from hdl.cdc.segments.chamber import ChamberSegments as Component

    rng = order.rng(SEGMENTS)
    events = wire_events(rng, order.n_events)
    found = SegmentFinder().run(events.offsets, events.wire_id, events.time)
    rtl = segments_rtl()
    event = segments.events_of_sectors(order.n_events)
    return Exported(
        component=Component,
        rtl=rtl,
        interval=Component.INITIATION_INTERVAL,
        inputs={
            "in_first": Input(meaning="the beat opens a frame"),
            "in_clock": Input(meaning=f"first data clock of the frame, modulo {1 << CLOCK_BITS}, with the first beat"),
            "in_wires": Input(meaning="a sector's wires, superlayer after superlayer: " + layout_text(segments.layout())),
        },
        fields=segments.fields(),
        golden=Golden(
            records=segments.records(rtl.design.ports, events, frame_gaps(rng, order.n_events)),
            answers=segments.expected(found, events.clock),
            mark=event,
            delay=np.tile(np.arange(N_SECTORS), order.n_events),
            event=event,
        ),
        labels={"cell": described(segments.layout().Cell), "word": described(segments.layout().Word)},
    )


def export_hough(order: Order) -> Exported:
    """The 2D finder of all quadrants, on frames of axial segments."""
    from hdl.cdc.hough.finder import HoughFinder as Component

    plane, rng = HoughPlane(), order.rng(HOUGH)
    events = segment_events(rng, order.n_events, plane)
    words, event = hough.expected(HoughFinder(plane=plane).run(events.offsets, events.ts_id, events.priority))
    frames = hough.frames(plane, events.offsets, events.ts_id, events.priority)
    return Exported(
        component=Component,
        rtl=hough_rtl(plane),
        interval=Component.INITIATION_INTERVAL,
        inputs={
            "in_first": Input(meaning="the beat opens a frame"),
            "in_segments": Input(meaning="a sector's axial segments: " + layout_text(hough.layout())),
        },
        fields=hough.fields(plane),
        golden=Golden(
            records=hough.records(hough.ports(plane), frames, frame_gaps(rng, order.n_events)),
            answers=words,
            mark=event,
            delay=hough.layout().CYCLES_PER_CLOCK * words["clock"].astype(np.int64),
            event=event,
        ),
    )


def export_inputs(order: Order) -> Exported:
    """The input stage of the neuro trigger, on frames of stereo segments with tracks."""
    from hdl.cdc.neuro.inputs import NeuroInputs as Component

    plane, block, rng = HoughPlane(), NeuroInputs(), order.rng(INPUTS)
    events = track_events(rng, order.n_events, plane, block.windows)
    plan = neuro_inputs.schedule(rng, events.tracks.track_offsets, idle_share=IDLE_SHARE)
    wanted = neuro_inputs.expected(block.run(events.tracks, *events.segments))
    event = np.repeat(np.arange(order.n_events), np.diff(events.tracks.track_offsets))
    rtl, interval = inputs_rtl(plane, block.windows)
    return Exported(
        component=Component,
        rtl=rtl,
        interval=interval,
        inputs=inputs_of(plane),
        fields=neuro_inputs.fields(),
        golden=one_answer_each(
            np.concatenate(list(neuro_inputs.records(rtl.design.ports, events, plan))),
            {name: values[plan.order] for name, values in wanted.items()},
            event[plan.order],
        ),
    )


def inputs_of(plane: HoughPlane) -> dict[str, Input]:
    """Ports of the input stage."""
    from amaranth.hdl import Shape
    from amaranth.lib.data import ArrayLayout

    layout = neuro_inputs.segments()
    return {
        "in_has_row": Input(meaning="the beat has a row of stereo segments"),
        "in_row": Input(meaning="number of the row"),
        "in_row_frame": Input(meaning="frame of the row"),
        "in_segments": Input(meaning=layout_text(layout), shape=ArrayLayout(layout.Row, len(layout.STEREO))),
        "in_has_track": Input(meaning="the beat has a track"),
        "in_track_frame": Input(meaning="frame of the track"),
        "in_phi": Input(meaning="azimuth of the track in half cells"),
        "in_omega": Input(meaning="curvature in half cells", shape=Shape.cast(range(1 - plane.n_omega, plane.n_omega))),
        "in_own": Input(meaning="its axial segments", shape=ArrayLayout(layout.OwnSegment, len(layout.AXIAL))),
    }


def export_neuro(order: Order) -> Exported:
    """The five classic networks, weights in memory. order.network: of the classic family."""
    from hdl.cdc.neuro.mlp import ClassicMlp as Component

    frozen, rng = load_network(order.network or CLASSIC), order.rng(NEURO)
    if not isinstance(frozen.network, ClassicExperts):
        raise InputError(f"network of {NEURO} must be of the family {CLASSIC}, not {frozen.family}")
    experts = list(frozen.network.experts)
    reuse = order.reuse or REUSE
    rtl, interval = neuro_rtl(experts, reuse=reuse)
    vectors = vectors_for(rng, order.n_events, experts)
    idle = gaps(rng, order.n_events) + interval - 1
    return Exported(
        component=Component,
        rtl=rtl,
        interval=interval,
        inputs={"in_expert": Input(meaning="number of the network"), "in_x": _vector()},
        fields=neuro.fields(),
        golden=one_answer_each(neuro.records(rtl.design.ports, vectors, idle), neuro.expected(experts, vectors)),
        digests={"network": frozen.digest},
        labels={"reuse": reuse},
    )


def export_codesign(order: Order) -> Exported:
    """The codesign network. order.network: of its family."""
    frozen, reuse = load_network(order.network or CODESIGN_FAMILY), order.reuse or REUSE
    made = quantised_network(order, CODESIGN, frozen.codesign, codesign_rtl(frozen.codesign, reuse=reuse))
    return replace(made, digests={"network": frozen.digest}, labels={"reuse": reuse}, network=frozen)


def quantised_network(order: Order, block: str, network: CodesignNetwork, rtl_and_interval: tuple[Rtl, int]) -> Exported:
    """RTL of a quantised network, on corners and random inputs."""
    from hdl.cdc.neuro.codesign import CodesignMlp as Component

    rng, (rtl, interval), n_inputs = order.rng(block), rtl_and_interval, network.interface.n_inputs
    corners = corner_inputs(n_inputs)[: order.n_events // 2]
    x_raw = np.concatenate([corners, random_inputs(order.n_events - len(corners), rng, n_inputs)]).astype(np.int16)
    idle = gaps(rng, order.n_events) + interval - 1
    return Exported(
        component=Component,
        rtl=rtl,
        interval=interval,
        inputs={"in_x": _vector(n_inputs)},
        fields=codesign.fields(network.interface),
        golden=one_answer_each(neuro.vector_records(rtl.design.ports, x_raw, idle), codesign.expected(network, x_raw)),
    )


def _vector(n_inputs: int = N_INPUTS) -> Input:
    from amaranth.lib.data import ArrayLayout

    from hdl.fixed import shape

    return Input(meaning=f"{n_inputs} inputs of the network, {NODE.ap_fixed}, -1 to 1", shape=ArrayLayout(shape(NODE), n_inputs))


def export_stt(order: Order) -> Exported:
    """The single-track trigger."""
    from amaranth.lib.data import ArrayLayout

    from hdl.cdc.single_track import SingleTrackTrigger as Component
    from hdl.cdc.single_track import track_layout

    trigger, rng = SingleTrackTrigger(), order.rng(STT)
    events = neuro_track_events(rng, order.n_events, trigger)
    places = single_track.beats(rng, events.offsets, idle_share=IDLE_SHARE)
    rtl, interval = stt_rtl(trigger)
    wanted = single_track.expected(trigger.run(*events.arguments), places, trigger)
    return Exported(
        component=Component,
        rtl=rtl,
        interval=interval,
        inputs={
            "in_last": Input(meaning="last beat of the event"),
            "in_tracks": Input(meaning="one track per quadrant", shape=ArrayLayout(track_layout(trigger.plane), N_QUADRANTS)),
        },
        fields=single_track.fields(trigger),
        golden=one_answer_each(
            single_track.records(rtl.design.ports, events, places, trigger, (0, order.n_events)), wanted, places.event
        ),
        registers=registers("tracks", tracks=trigger),
    )
