"""Count of the neuro tracks that stand for those of the 3D fitter."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.single_track import track_layout
from hdl.logic import add, delayed
from trigger.cdc.hough.plane import N_QUADRANTS, HoughPlane
from trigger.cdc.single_track import N_COUNTS
from trigger.cdc.track_counts import FitterCuts


class FitterCount(wiring.Component):
    """Number of tracks near the interaction point, domain sync at the system clock.

    Ports:
        in_valid: a beat is taken. in_last: it is the last one of its event. in_tracks: one track per lane, as for
            `SingleTrackTrigger`.
        out_t3: `LATENCY` cycles after the last beat, for one cycle: one-hot 1, 2, 3, more; 0 at other times.
    """

    LATENCY = 2
    INITIATION_INTERVAL = 1

    def __init__(self, cuts: FitterCuts) -> None:
        self._largest = cuts.z_raw
        super().__init__(
            {
                "in_valid": In(1),
                "in_last": In(1),
                "in_tracks": In(data.ArrayLayout(track_layout(HoughPlane()), N_QUADRANTS)),
                "out_t3": Out(N_COUNTS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        counted = Signal(N_QUADRANTS)
        before, total = (Signal(range(N_COUNTS + 1), name=name) for name in ("before", "total"))
        valid, last = delayed(m, self.in_valid, 1, "valid"), delayed(m, self.in_last, 1, "last")
        for k, track in enumerate(self.in_tracks):
            near = (track.z >= -self._largest) & (track.z <= self._largest)
            m.d.sync += counted[k].eq(track.is_there & track.answered & near)
        now = before + add(list(counted))
        m.d.comb += total.eq(Mux(now > N_COUNTS, N_COUNTS, now))
        with m.If(valid):
            m.d.sync += before.eq(Mux(last, 0, total))
        m.d.sync += self.out_t3.eq(Cat(valid & last & (total == k) for k in range(1, N_COUNTS + 1)))
        return m
