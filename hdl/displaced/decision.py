"""From tracks to the decision: vertices, their features, the network and its threshold."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.codesign import CodesignMlp
from hdl.cdc.neuro.codesign_sums import SHORT
from hdl.cdc.neuro.pipeline import carried
from hdl.displaced.features import VertexFeatures
from hdl.displaced.layout import N_LANES, Track, Transverse
from hdl.displaced.vertex import VertexFit
from hdl.displaced.vertices import VertexFinder
from hdl.fixed import shape
from hdl.logic import add, delayed
from trigger.cdc.neuro.codesign import ANSWER, CodesignNetwork
from trigger.displaced.constants import Constants
from trigger.displaced.event import Cuts
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import DEPTH, TURN
from trigger.displaced.parameters import DisplacedParameters

_SAME = ("z0", "slope", "chi2", "n_stereo")


class VertexDecision(wiring.Component):
    """Vertices of a window with the score of each, and the displaced-vertex bit, in domain sync.

    Ports:
        in_valid: in_tracks and in_last are looked at. in_transverse, in_tracks, in_last: as for `VertexFinder`.
        out_valid: for each vertex, and once at the end of a window. out_slot: that of the vertex, the number of slots at the end;
            slot s comes `LATENCY` - N_SLOTS + s cycles after in_last.
        out_last: the end; then out_vertex: a vertex of the window is above the threshold, out_overflow: tracks or crossings were
            lost, out_n_tracks: tracks.
        Others, 0 at the end: radius, azimuth and z of the vertex; of both tracks bend, impact, azimuth, z and slope, sum of
            squares, segments of the fit and superlayers of the line; features, score.
    """

    def __init__(self, parameters: DisplacedParameters, cuts: Cuts, table: Constants, network: CodesignNetwork) -> None:
        self._threshold = parameters.score_tight_raw
        self._finder = finder = VertexFinder(cuts, table, parameters.max_tracks, parameters.max_vertices)
        self._features = VertexFeatures(VertexFit.LATENCY)
        self._network = CodesignMlp(network, pipelining=SHORT)
        self.N_SLOTS, self.INITIATION_INTERVAL = finder.N_SLOTS, finder.INITIATION_INTERVAL
        self._wait = VertexFit.LATENCY + VertexFeatures.LATENCY + self._network.LATENCY - VertexFinder.LEAD
        self.LATENCY = VertexFinder.LATENCY + self._wait + 1 + self.N_SLOTS
        of_track = {name: Track[name].shape for name in _SAME} | {"n_axial": Shape.cast(range(N_AXIAL + 1))}
        of_track |= {name: Transverse[name].shape for name in ("bend", "impact")} | {"phi0": shape(TURN)}
        self._numbers = {
            "radius": shape(DEPTH),
            "phi": shape(TURN),
            "z": shape(DEPTH),
            **{name: data.ArrayLayout(kind, 2) for name, kind in of_track.items()},
            "features": self._features.signature.members["out_x"].shape,
            "score": shape(ANSWER),
        }
        super().__init__(
            {
                "in_valid": In(1),
                "in_last": In(1),
                "in_transverse": In(data.ArrayLayout(Transverse, N_LANES)),
                "in_tracks": In(data.ArrayLayout(Track, N_LANES)),
                "out_valid": Out(1),
                "out_slot": Out(range(self.N_SLOTS + 1)),
                "out_last": Out(1),
                "out_vertex": Out(1),
                "out_overflow": Out(1),
                "out_n_tracks": Out(finder.signature.members["out_count"].shape),
                **{f"out_{name}": Out(kind) for name, kind in self._numbers.items()},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.finder = finder = self._finder
        m.submodules.features = features = self._features
        m.submodules.network = network = self._network
        m.d.comb += [finder.in_transverse.eq(self.in_transverse), finder.in_last.eq(self.in_valid & self.in_last)]
        for lane in range(N_LANES):
            track = finder.in_tracks[lane]
            m.d.comb += [track.eq(self.in_tracks[lane]), track.found.eq(self.in_valid & self.in_tracks[lane].found)]
        m.d.comb += [features.in_one.eq(finder.out_one), features.in_other.eq(finder.out_other)]
        for name in ("radius", "depths", "sines", "cosines"):
            m.d.comb += getattr(features, f"in_{name}").eq(getattr(finder, f"out_{name}"))
        m.d.comb += [network.in_valid.eq(1), network.in_x.eq(features.out_x)]

        wait = self._wait
        valid, last = (delayed(m, getattr(finder, f"out_{name}"), wait, name) for name in ("valid", "last"))
        found = delayed(m, finder.out_found, wait, "found")
        count, lost = (carried(m, getattr(finder, f"out_{name}"), wait, name) for name in ("count", "overflow"))
        slot, taken, ends = Signal(range(self.N_SLOTS)), Signal(), Signal()
        end_count, end_lost = Signal.like(count, reset_less=True), Signal(reset_less=True)
        above = found & (network.out_score >= self._threshold)
        m.d.sync += [slot.eq(Mux(valid & ~last, slot + 1, 0)), taken.eq(~ends & (taken | above)), ends.eq(last)]
        m.d.sync += [end_count.eq(count), end_lost.eq(lost)]

        shown = Signal()
        m.d.sync += [shown.eq(found), self.out_slot.eq(slot), self.out_last.eq(0)]
        m.d.comb += self.out_valid.eq(shown | self.out_last)
        for name, number in self._values(m).items():
            out = Value.cast(getattr(self, f"out_{name}"))
            m.d.sync += out.eq(Mux(found, number, 0))
        for name in ("vertex", "overflow", "n_tracks"):
            m.d.sync += getattr(self, f"out_{name}").eq(0)
        with m.If(ends):
            m.d.sync += [
                self.out_slot.eq(self.N_SLOTS),
                self.out_last.eq(1),
                self.out_vertex.eq(taken),
                self.out_overflow.eq(end_lost),
                self.out_n_tracks.eq(end_count),
            ]
        return m

    def _values(self, m: Module) -> dict[str, Value]:
        """The numbers of a vertex, in the cycle in which the network answers."""
        finder, ahead = self._finder, VertexFinder.NUMBERS_AHEAD + self._wait
        numbers = {"radius": finder.out_radius, "phi": finder.out_phi, "z": (finder.out_depths[0] + finder.out_depths[1]) >> 1}
        values = {name: carried(m, number, ahead, name) for name, number in numbers.items()}
        values["features"] = carried(m, self._features.out_x, self._wait, "features")
        values["score"] = self._network.out_score
        tracks = [carried(m, track, VertexFinder.LEAD + self._wait, "track") for track in (finder.out_one, finder.out_other)]
        pair = [data.View(Track, track) for track in tracks]
        both: dict[str, list[Value]] = {name: [track[name] for track in pair] for name in _SAME}
        both |= {name: [track.transverse[name] for track in pair] for name in ("bend", "impact")}
        both["phi0"] = [track.transverse.phi for track in pair]
        both["n_axial"] = [add([track.axial[k].there for k in range(N_AXIAL)]) for track in pair]
        for name, kind in self._numbers.items():
            if name in both:
                array = Signal(kind, name=f"both_{name}")
                m.d.comb += [array[side].eq(value) for side, value in enumerate(both[name])]
                values[name] = array.as_value()
        return values
