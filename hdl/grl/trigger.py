"""The global reconstruction logic: beats of segments, clusters, KLM and tracks in, the GRL decision out.

Ref: `trigger.grl`, which is written separately; both read the same declared tables.
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.grl.beats import (
    FIRST_TRACK_BEAT,
    N_BEATS,
    N_LANES,
    SECTORS_PER_BEAT,
    SEGMENT_BITS,
    SEGMENTS_PER_TURN,
    SLOT_BITS,
    TURNS_PER_BEAT,
    BeatCounter,
    Track,
)
from hdl.grl.clusters import ClusterStore
from hdl.grl.collector import Collector
from hdl.grl.conclusion import Conclusion
from hdl.grl.sector_scan import SectorScan
from hdl.grl.track_lane import TrackLane
from hdl.logic import delayed
from trigger.grl.layout import DECISION_FIELDS
from trigger.grl.parameters import N_SECTORS, N_SUPERLAYERS, SECTORS_OF_SEGMENT, GrlParameters
from trigger.klm import FIRST_SECTOR, SECTORS


class GrlTrigger(wiring.Component):
    """GRL decision of every complete event, in domain sync at the system clock.

    Ports:
        in_valid, in_first: a beat is taken when `in_valid`; with `in_first` it opens an event and drops an unfinished one. 16 beats
            are an event, see `hdl.grl.beats`; gaps are allowed, beats outside an event are ignored.
        in_segments, in_slots: contents of the beat.
        out_valid: `LATENCY` cycles after the last beat, for one cycle. out_<field>: fields of `trigger.grl.layout` then.
    """

    INITIATION_INTERVAL = N_BEATS
    LATENCY = TrackLane.LATENCY + Collector.LATENCY + SectorScan.LATENCY + Conclusion.LATENCY - 1

    def __init__(self, parameters: GrlParameters | None = None) -> None:
        self._parameters = parameters or GrlParameters()
        outputs = {f"out_{field.name}": Out(field.length * field.width) for field in DECISION_FIELDS}
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_segments": In(SEGMENT_BITS),
                "in_slots": In(data.ArrayLayout(SLOT_BITS, N_LANES)),
                "out_valid": Out(1),
                **outputs,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.counter = counter = BeatCounter()
        m.submodules.store = store = ClusterStore(self._parameters, TrackLane.LATENCY)
        m.submodules.collector = collector = Collector(self._parameters)
        m.submodules.scan = scan = SectorScan()
        m.submodules.conclusion = conclusion = Conclusion()
        m.d.comb += [
            counter.in_valid.eq(self.in_valid),
            counter.in_first.eq(self.in_first),
            store.taken.eq(counter.taken),
            store.beat.eq(counter.beat),
            store.slots.eq(self.in_slots),
        ]
        backward, forward = (store.klm[first : first + SECTORS[0]] for first in FIRST_SECTOR[:2])
        for lane in range(N_LANES):
            m.submodules[f"lane_{lane}"] = one = TrackLane(self._parameters)
            track = data.View(Track, self.in_slots[lane][: Track.size])
            m.d.comb += [
                one.track.eq(track),
                one.track.valid.eq(track.valid & counter.taken & (counter.beat >= FIRST_TRACK_BEAT)),
                one.clusters.eq(store.clusters),
                one.bklm.eq(backward | forward),
                collector.matches[lane].eq(one.match),
            ]
        taken = delayed(m, counter.taken, TrackLane.LATENCY, "taken")
        beat = delayed(m, counter.beat, TrackLane.LATENCY, "beat")
        m.d.comb += [
            collector.taken.eq(taken),
            collector.first.eq(beat == 0),
            collector.last.eq(beat == N_BEATS - 1),
            collector.clusters.eq(store.clusters),
            collector.klm.eq(store.klm),
            collector.flags.eq(store.flags),
            scan.load.eq(taken & (beat == N_BEATS - 1)),
            scan.veto.eq(collector.veto_now),
        ]
        for superlayer in range(N_SUPERLAYERS):
            here = delayed(m, self._sectors(superlayer), TrackLane.LATENCY, f"sectors_{superlayer}")
            ring = Signal(N_SECTORS, name=f"ring_{superlayer}")
            now = Cat(ring[SECTORS_PER_BEAT:], here)
            with m.If(taken):
                m.d.sync += ring.eq(now)
            m.d.comb += scan.maps[superlayer].eq(now)
        waiting = [Signal.like(part, name=f"waiting_{k}") for k, part in enumerate((collector.collected, collector.surroundings))]
        with m.If(scan.scanned):
            m.d.sync += [waiting[0].eq(collector.collected), waiting[1].eq(collector.surroundings)]
        m.d.comb += [
            conclusion.sectors.eq(scan.tracks),
            conclusion.collected.eq(waiting[0]),
            conclusion.surroundings.eq(waiting[1]),
            self.out_valid.eq(delayed(m, scan.done, Conclusion.LATENCY, "out_valid")),
        ]
        m.d.comb += [getattr(self, f"out_{field.name}").eq(getattr(conclusion, field.name)) for field in DECISION_FIELDS]
        return m

    def _sectors(self, superlayer: int) -> Value:
        """Sectors of a superlayer that the segments of this beat set."""
        first = sum(len(places) for places in SECTORS_OF_SEGMENT[:superlayer])
        bits = []
        for turn in range(TURNS_PER_BEAT):
            for sector in range(2):
                places = [k for k, sectors in enumerate(SECTORS_OF_SEGMENT[superlayer]) if sector in sectors]
                bits.append(Cat(self.in_segments[turn * SEGMENTS_PER_TURN + first + k] for k in places).any())
        return Cat(bits)
