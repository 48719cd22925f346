"""Parts of the track trigger that hold several blocks, and the clocked segment finder, for export."""

from __future__ import annotations

import numpy as np

from sim.cosim import neuro_path, segment_stream, track_trigger
from sim.cosim.export_golden import Golden, one_answer_each
from sim.cosim.export_order import IDLE_SHARE, Exported, Input, Order, described, frame_gaps, layout_text
from sim.cosim.export_tracks import inputs_of
from sim.cosim.stimulus.path_tracks import path_events
from sim.cosim.stimulus.track_segments import track_segments
from sim.cosim.stimulus.wire_streams import FRAME_CLOCKS, wire_streams
from sim.cosim.verify_neuro_path import NEURO_PATH, neuro_path_rtl
from sim.cosim.verify_stream import OCTANTS, STREAM, stream_rtl
from sim.cosim.verify_track_trigger import TRACKS, tracks_rtl
from sim.cosim.verify_tracks import REUSE
from trigger.cdc import HoughPlane, InputWindows, NeuroInputs, NeuroTrigger, SingleTrackTrigger, TrackTrigger
from trigger.cdc.segments.word import CLOCK_BITS
from trigger.cdc.track_counts import FitterCuts, count_fitter_tracks
from trigger.networks import DEFAULT_NETWORK, load_network


def export_stream(order: Order) -> Exported:
    """The clocked segment finders of the octants that are verified, on streams with lost beats and resets."""
    from hdl.cdc.segments.stream import SegmentStream as Component

    rtl, layout = stream_rtl(), segment_stream.layout()
    streams = wire_streams(order.rng(STREAM), order.n_events, OCTANTS)
    n_rows = segment_stream.answered(streams, rtl.latency)
    run = np.repeat(np.arange(streams.n_runs), n_rows)
    return Exported(
        component=Component,
        rtl=rtl,
        interval=Component.INITIATION_INTERVAL,
        inputs={
            "in_first": Input(meaning="the beat is sector 0 of a data clock"),
            "in_clock": Input(meaning=f"number of the data clock, modulo {1 << CLOCK_BITS}, with sector 0"),
            "in_wires": Input(meaning="hits of a sector and its neighbours, octant after octant: " + layout_text(layout)),
        },
        fields=segment_stream.fields(OCTANTS),
        golden=Golden(
            records=segment_stream.records(rtl.design.ports, streams, OCTANTS),
            answers=segment_stream.expected(streams, OCTANTS, rtl.latency),
            mark=run,
            delay=np.arange(len(run)) - (np.cumsum(n_rows) - n_rows)[run],
            event=segment_stream.frames_of_cycles(streams, rtl.latency, FRAME_CLOCKS * layout.SECTORS_PER_OCTANT),
        ),
        labels={"cell": described(layout.TickCell), "octants": [list(octant) for octant in OCTANTS]},
    )


def export_neuro_path(order: Order) -> Exported:
    """Input stage, network and single-track trigger in a row, on frames of stereo segments with tracks."""
    from hdl.cdc.neuro_path import NeuroPath as Component

    frozen, reuse = load_network(order.network or DEFAULT_NETWORK), order.reuse or REUSE
    plane, rng, cuts, model = HoughPlane(), order.rng(NEURO_PATH), FitterCuts(), NeuroTrigger(frozen.network, NeuroInputs())
    rtl, interval = neuro_path_rtl(frozen, reuse=reuse)
    events = path_events(rng, order.n_events, plane, model, cuts)
    offsets = events.tracks.track_offsets
    plan = neuro_path.plan(rng, offsets, interval=interval, idle_share=IDLE_SHARE)
    neuro = model.run(events.tracks, *events.segments)
    answered = (neuro.track_expert, neuro.track_z_raw)
    decided = SingleTrackTrigger().run(offsets, events.tracks.track_omega_raw, *answered, neuro.track_theta_raw)
    return Exported(
        component=Component,
        rtl=rtl,
        interval=interval,
        inputs={**inputs_of(plane), "in_last": Input(meaning="last beat of the event, with a track or without")},
        fields=neuro_path.fields(),
        golden=one_answer_each(
            np.concatenate(list(neuro_path.records(rtl.design.ports, events, plan))),
            neuro_path.expected(plan, neuro, decided, count_fitter_tracks(offsets, *answered, cuts)),
            plan.event,
        ),
        digests={"network": frozen.digest},
        labels={"reuse": reuse},
    )


def export_track_trigger(order: Order) -> Exported:
    """The whole track trigger behind the segment finder, on frames of segments."""
    from hdl.cdc.sector import Sector
    from hdl.cdc.track_trigger import TrackTrigger as Component

    frozen, reuse = load_network(order.network or DEFAULT_NETWORK), order.reuse or REUSE
    plane, rng = HoughPlane(), order.rng(TRACKS)
    rtl = tracks_rtl(frozen, reuse=reuse)
    events = track_segments(rng, order.n_events, plane, InputWindows())
    decision = TrackTrigger(network=frozen.network, neuro_clocks=track_trigger.NEURO_CLOCKS).run(*events.columns)
    neuro, offsets = decision.neuro, decision.tracks.track_offsets
    fitter = count_fitter_tracks(offsets, neuro.track_expert, neuro.track_z_raw, FitterCuts())
    answers, event = track_trigger.expected(decision, fitter)
    return Exported(
        component=Component,
        rtl=rtl,
        interval=Component.INITIATION_INTERVAL,
        inputs={
            "in_first": Input(meaning="the beat opens a frame"),
            "in_segments": Input(meaning=layout_text(track_trigger.layout()), shape=Sector),
        },
        fields=track_trigger.fields(plane),
        golden=Golden(
            records=track_trigger.records(rtl.design.ports, events, frame_gaps(rng, order.n_events)),
            answers=answers,
            mark=event,
            delay=answers["place"].astype(np.int64),
            event=event,
        ),
        digests={"network": frozen.digest},
        labels={"reuse": reuse},
    )
