"""The list of the tracks of a window: duplicates of a track share segments, and the best of them stays."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.displaced.insertion import Meeting, Newcomer, Places
from hdl.displaced.layout import N_LANES, Track
from hdl.displaced.scan import Scan
from hdl.logic import add
from trigger.displaced.fit import N_AXIAL

_ONE, _OTHER = range(N_LANES)
Kept = data.StructLayout({"track": Track, "scan": Scan})
"""A track with its azimuths along the radius."""


class TrackList(wiring.Component):
    """Places with the tracks of a window, in domain sync; at most two tracks in each cycle, that of lane 0 before that of lane 1.

    Ports:
        in_tracks: taken where found. in_last: the last cycle of a window; the next window begins in the cycle after.
        out_valid: for one cycle, `LATENCY` cycles after in_last. Then out_there: bool per place; out_places: their tracks;
            out_count: how many there are; out_overflow: there was no place for a track.
    """

    LATENCY = 2

    def __init__(self, max_tracks: int, shared_max: int) -> None:
        self._n, self._shared_max = max_tracks, shared_max
        super().__init__(
            {
                "in_last": In(1),
                "in_tracks": In(data.ArrayLayout(Kept, N_LANES)),
                "out_valid": Out(1),
                "out_there": Out(max_tracks),
                "out_places": Out(data.ArrayLayout(Kept, max_tracks)),
                "out_count": Out(range(max_tracks + 1)),
                "out_overflow": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n = self._n
        there, overflow, first = Signal(n), Signal(), Signal(init=1)
        places = [Signal(Kept, name=f"place_{k}", reset_less=True) for k in range(n)]
        arrived = [Signal(Kept, name=f"arrived_{lane}", reset_less=True) for lane in range(N_LANES)]
        found = [Signal(name=f"found_{lane}") for lane in range(N_LANES)]
        last, done = Signal(), Signal()
        new = [self.in_tracks[lane].track for lane in range(N_LANES)]
        m.d.sync += [last.eq(self.in_last), first.eq(last), done.eq(last)]
        m.d.sync += [found[lane].eq(new[lane].found) for lane in range(N_LANES)]
        m.d.sync += [arrived[lane].eq(self.in_tracks[lane]) for lane in range(N_LANES)]

        # A track is compared one cycle before it is put: places that were written meanwhile count with the track that they got.
        written = [Signal(n, name=f"written_{lane}") for lane in range(N_LANES)]
        same, better = [], []
        for lane in range(N_LANES):
            with_places = self._compared(m, new[lane], [place.track for place in places], f"{lane}")
            with_before = self._compared(m, new[lane], [one.track for one in arrived], f"before_{lane}")
            chosen = [
                Cat(Mux(written[_OTHER][k], of[1][_OTHER], Mux(written[_ONE][k], of[1][_ONE], of[0][k])) for k in range(n))
                for of in zip(with_places, with_before, strict=True)
            ]
            same.append(chosen[0])
            better.append(chosen[1])
        each_other = Signal()
        later_better = Signal()
        m.d.sync += [each_other.eq(self._same(new[_ONE], new[_OTHER])), later_better.eq(_key(new[_OTHER]) < _key(new[_ONE]))]

        lanes = [Newcomer(found=found[lane], same=same[lane], better=better[lane]) for lane in range(N_LANES)]
        meeting = Meeting(same=each_other, better=later_better)
        inserted = Places(m, n).insert(Mux(first, 0, there)[:n], lanes[_ONE], lanes[_OTHER], meeting)
        put = inserted.put
        m.d.sync += [written[_ONE].eq(put[_ONE] & ~put[_OTHER]), written[_OTHER].eq(put[_OTHER])]
        m.d.sync += [there.eq(inserted.after), overflow.eq((overflow & ~first) | inserted.lost)]
        for k, place in enumerate(places):
            with m.If(put[_OTHER][k]):
                m.d.sync += place.eq(arrived[_OTHER])
            with m.Elif(put[_ONE][k]):
                m.d.sync += place.eq(arrived[_ONE])
            m.d.comb += self.out_places[k].eq(place)
        m.d.comb += [
            self.out_valid.eq(done),
            self.out_there.eq(there),
            self.out_count.eq(add([there[k] for k in range(n)])),
            self.out_overflow.eq(overflow),
        ]
        return m

    def _compared(self, m: Module, new: data.View, others: list[data.View], name: str) -> tuple[Signal, Signal]:
        """(which of the others share too many segments with a track, which it is better than), one cycle later."""
        same, better = Signal(len(others), name=f"same_{name}"), Signal(len(others), name=f"better_{name}")
        m.d.sync += [
            same.eq(Cat(self._same(new, other) for other in others)),
            better.eq(Cat(_key(new) < _key(other) for other in others)),
        ]
        return same, better

    def _same(self, one: data.View, other: data.View) -> Value:
        common = [
            one.axial[k].there & other.axial[k].there & (one.axial[k].position == other.axial[k].position) for k in range(N_AXIAL)
        ]
        return add(common) > self._shared_max


def _key(track: data.View) -> Value:
    """Of two tracks that with the smaller number is preferred: more axial segments, then the smaller sum of squares."""
    complete = Cat(one.there for one in (track.axial[k] for k in range(N_AXIAL))).all()
    return Cat(track.chi2, ~complete)
