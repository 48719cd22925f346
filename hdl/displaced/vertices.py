"""From tracks to vertices: list, pairs and vertex of a window, one crossing after the other."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.displaced.layout import N_LANES, Track, Transverse
from hdl.displaced.pairs import PairFinder
from hdl.displaced.scan import AzimuthScan
from hdl.displaced.tracks import TrackList
from hdl.displaced.vertex import VertexFit
from hdl.logic import delayed
from trigger.displaced.constants import Constants
from trigger.displaced.event import Cuts


class VertexFinder(wiring.Component):
    """Crossings of the tracks of a window, with the numbers of their vertices, in domain sync.

    Ports:
        in_transverse: the tracks in the transverse plane, `AzimuthScan.LATENCY` cycles before they come in in_tracks.
        in_tracks: tracks, where found. in_last: the last cycle of a window; the next one begins in the cycle after and must be at
            least `INITIATION_INTERVAL` cycles long.
        out_one, out_other: both tracks of a crossing, `LEAD` cycles before the rest of it.
        out_valid: in slot s, `LATENCY` + s cycles after in_last; out_last: the last slot. out_count: tracks; out_overflow: tracks
            or crossings were lost: known in the last slot. out_found: there is a crossing and its vertex passes the cuts.
        out_radius, out_phi, out_depths, out_sines, out_cosines: as from `VertexFit`, `NUMBERS_AHEAD` cycles before the rest.
    """

    LEAD = VertexFit.CUT_LATENCY
    NUMBERS_AHEAD = VertexFit.CUT_LATENCY - VertexFit.LATENCY
    LATENCY = TrackList.LATENCY + PairFinder.LATENCY + VertexFit.CUT_LATENCY

    def __init__(self, cuts: Cuts, table: Constants, max_tracks: int, n_slots: int) -> None:
        self._scan, self._list = AzimuthScan(table), TrackList(max_tracks, cuts.shared)
        self._pairs, self._vertex = PairFinder(cuts, table, max_tracks, n_slots), VertexFit(cuts, table)
        self.N_SLOTS = n_slots
        self.INITIATION_INTERVAL = self._pairs.INITIATION_INTERVAL
        numbers = ("out_radius", "out_phi", "out_depths", "out_sines", "out_cosines")
        super().__init__(
            {
                "in_transverse": In(data.ArrayLayout(Transverse, N_LANES)),
                "in_tracks": In(data.ArrayLayout(Track, N_LANES)),
                "in_last": In(1),
                "out_one": Out(Track),
                "out_other": Out(Track),
                "out_valid": Out(1),
                "out_last": Out(1),
                "out_count": Out(range(max_tracks + 1)),
                "out_overflow": Out(1),
                "out_found": Out(1),
                **{name: Out(self._vertex.signature.members[name].shape) for name in numbers},
            }
        )
        self._numbers = numbers

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.scan = scan = self._scan
        m.submodules.list = tracks = self._list
        m.submodules.pairs = pairs = self._pairs
        m.submodules.vertex = vertex = self._vertex
        m.d.comb += [scan.in_tracks.eq(self.in_transverse), tracks.in_last.eq(self.in_last)]
        for lane in range(N_LANES):
            m.d.comb += [
                tracks.in_tracks[lane].track.eq(self.in_tracks[lane]),
                tracks.in_tracks[lane].scan.eq(scan.out_scans[lane]),
            ]
        m.d.comb += [
            pairs.in_valid.eq(tracks.out_valid),
            pairs.in_there.eq(tracks.out_there),
            pairs.in_places.eq(tracks.out_places),
            vertex.in_one.eq(pairs.out_one),
            vertex.in_other.eq(pairs.out_other),
            vertex.in_radius.eq(pairs.out_radius),
            *(getattr(self, name).eq(getattr(vertex, name)) for name in (*self._numbers,)),
        ]
        count, overflow = Signal.like(self.out_count), Signal()
        with m.If(tracks.out_valid):
            m.d.sync += [count.eq(tracks.out_count), overflow.eq(tracks.out_overflow)]
        wait = VertexFit.CUT_LATENCY
        m.d.comb += [
            self.out_one.eq(pairs.out_one),
            self.out_other.eq(pairs.out_other),
            self.out_valid.eq(delayed(m, pairs.out_valid, wait, "valid")),
            self.out_last.eq(delayed(m, pairs.out_last, wait, "last")),
            self.out_found.eq(delayed(m, pairs.out_found, wait, "found") & vertex.out_passes),
            self.out_count.eq(carried(m, count, wait, "count")),
            self.out_overflow.eq(carried(m, overflow | (pairs.out_last & pairs.out_overflow), wait, "overflow")),
        ]
        return m
