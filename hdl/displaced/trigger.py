"""The whole displaced-vertex trigger: segments of windows in, vertices with their scores and the displaced-vertex bit out."""

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.decision import VertexDecision
from hdl.displaced.hits import Hit
from hdl.displaced.layout import N_LANES
from hdl.displaced.scan import AzimuthScan
from hdl.displaced.seeds import Seeds
from hdl.displaced.track_fits import TrackFits
from hdl.event_memory import EventMemory
from hdl.logic import add, delayed
from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.displaced.constants import Constants
from trigger.displaced.event import Cuts
from trigger.displaced.parameters import DisplacedParameters
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

_TAKEN = ("in_valid", "in_last", "in_transverse", "in_tracks")
WINDOW_CYCLES = 32
"""Cycles of a window, and from one to the next: the step of 8 data clocks."""


class DisplacedTrigger(wiring.Component):
    """Vertices and decision of windows that follow each other without a gap; domain sync at the system clock.

    Ports:
        in_valid: in_segments and in_last are looked at. in_segments: one per superlayer. in_last: the last cycle of
            a window; at least `INITIATION_INTERVAL` cycles after the one before. Segments beyond `max_segments` of a superlayer
            are lost.
        out_last: the end of a window, `LATENCY` cycles after in_last; then out_n_seeds: seeds that were fitted, and out_overflow:
            segments, seeds, tracks or crossings were lost. Others: as from `VertexDecision`.
    """

    INITIATION_INTERVAL = WINDOW_CYCLES

    def __init__(self, parameters: DisplacedParameters, cuts: Cuts, table: Constants, network: CodesignNetwork) -> None:
        self._parameters = parameters
        self._seeds, self._fits = Seeds(parameters), TrackFits(parameters)
        self._decide = decide = VertexDecision(parameters, cuts, table, network)
        if self._fits.TRANSVERSE_LATENCY + AzimuthScan.LATENCY != self._fits.LATENCY:
            msg = f"tracks must come {AzimuthScan.LATENCY} cycles after their transverse numbers, not at {self._fits.LATENCY}"
            raise ValueError(msg)
        self.LATENCY = self._seeds.LATENCY + self._fits.LATENCY + decide.LATENCY
        answers = {name: member for name, member in decide.signature.members.items() if name not in _TAKEN}
        super().__init__(
            {
                "in_valid": In(1),
                "in_last": In(1),
                "in_segments": In(data.ArrayLayout(Hit, N_SUPERLAYERS)),
                "out_n_seeds": Out(range(N_LANES * parameters.seed_slots + 1)),
                **{name: Out(member.shape) for name, member in answers.items()},
            }
        )
        self._answers = tuple(answers)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.seeds = seeds = self._seeds
        m.submodules.fits = fits = self._fits
        m.submodules.decide = decide = self._decide
        last = Signal()
        m.d.comb += [last.eq(self.in_valid & self.in_last), seeds.in_last.eq(last), fits.in_last.eq(last)]
        segments_lost = self._take(m, last)
        wait = fits.LATENCY
        m.d.comb += [
            decide.in_valid.eq(1),
            decide.in_last.eq(delayed(m, seeds.out_last, wait, "last")),
            decide.in_transverse.eq(fits.out_transverse),
            decide.in_tracks.eq(fits.out_tracks),
        ]
        for lane in range(N_LANES):
            for name in ("valid", "bank", "row", "cell"):
                m.d.comb += fits.in_seeds[lane][name].eq(seeds.out_seeds[lane][name])
        m.d.comb += [getattr(self, name).eq(getattr(decide, name)) for name in self._answers if name != "out_overflow"]

        count, found = Signal.like(self.out_n_seeds), Signal.like(self.out_n_seeds)
        m.d.comb += found.eq(count + add([seeds.out_seeds[lane].valid for lane in range(N_LANES)]))
        m.d.sync += count.eq(Mux(seeds.out_last, 0, found))
        lost, n_seeds = self._kept(m, last, segments_lost, seeds, found)
        m.d.comb += [
            self.out_n_seeds.eq(Mux(decide.out_last, n_seeds, 0)),
            self.out_overflow.eq(decide.out_last & (decide.out_overflow | lost)),
        ]
        return m

    def _take(self, m: Module, last: Value) -> Signal:
        """Segments to seeds and fits, as many as a superlayer may have; whether the window lost some, in its last cycle."""
        lost, lose = Signal(), []
        axial = [k for k in range(N_SUPERLAYERS) if superlayers().axial[k]]
        room = self._parameters.max_segments
        for k in range(N_SUPERLAYERS):
            segment, count, taken = self.in_segments[k], Signal(range(room + 1), name=f"count_{k}"), Signal(name=f"taken_{k}")
            there = self.in_valid & segment.valid
            m.d.comb += taken.eq(there & (count < room))
            m.d.sync += count.eq(Mux(last, 0, count + taken))
            lose.append(there & ~taken)
            m.d.comb += [self._fits.in_hits[k].eq(segment), self._fits.in_hits[k].valid.eq(taken)]
            if k in axial:
                to_seeds = self._seeds.in_segments[axial.index(k)]
                m.d.comb += [to_seeds[name].eq(segment[name]) for name in ("number", "priority")]
                m.d.comb += to_seeds.valid.eq(taken)
        now = Signal()
        m.d.comb += now.eq(lost | Cat(lose).any())
        m.d.sync += lost.eq(now & ~last)
        return now

    def _kept(self, m: Module, last: Value, segments_lost: Value, seeds: Seeds, found: Value) -> tuple[Value, Value]:
        """(segments or seeds were lost, number of seeds) of a window when it is decided."""
        asked = delayed(m, seeds.out_last, self._fits.LATENCY + self._decide.LATENCY - 1, "asked")
        m.submodules.segments_lost = of_segments = EventMemory(1)
        m.submodules.of_seeds = of_seeds = EventMemory(1 + Shape.cast(found.shape()).width)
        m.d.comb += [
            of_segments.put.eq(last),
            of_segments.answer.eq(segments_lost),
            of_segments.next.eq(asked),
            of_seeds.put.eq(seeds.out_last),
            of_seeds.answer.eq(Cat(seeds.out_overflow, found)),
            of_seeds.next.eq(asked),
        ]
        return of_segments.shown | of_seeds.shown[0], of_seeds.shown[1:]
