"""The path of a 2D track behind the finder: input stage, network and single-track trigger in a row, with the counts of an event."""

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.trigger import NeuroTrigger
from hdl.cdc.single_track import SingleTrackTrigger
from hdl.cdc.track_counts import FitterCount
from hdl.logic import delayed
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.cdc.track_counts import FitterCuts

NEURO_FIELDS = ("has_expert", "expert", "z", "theta")


class NeuroPath(wiring.Component):
    """Answers and decisions of 2D tracks, and counts of their events; domain sync at the system clock.

    Ports:
        in_*: those of `NeuroInputs`, and in_last: the event is complete with this beat, with a track or without. Tracks must
            be at least `INITIATION_INTERVAL` cycles apart.
        out_valid: one cycle per beat with a track or in_last, `LATENCY` cycles after it. The rest means something with it only.
        out_has_track, out_has_expert, out_expert, out_z, out_theta: as from `NeuroTrigger`, 0 without a track.
        out_p, out_stt, out_y: as from `SingleTrackTrigger`.
        out_last, out_t2, out_ty, out_typ, out_t3: the event is complete, with its counts; 0 before.
    """

    def __init__(self, neuro: NeuroTrigger, single: SingleTrackTrigger | None = None, fitter: FitterCuts | None = None) -> None:
        self._neuro, self._single = neuro, single or SingleTrackTrigger()
        self._fitter = FitterCount(fitter or FitterCuts())
        self.LATENCY = neuro.LATENCY + SingleTrackTrigger.LATENCY
        self.INITIATION_INTERVAL = neuro.INITIATION_INTERVAL
        taken = {name: member for name, member in neuro.signature.members.items() if name.startswith("in_")}
        answered = {f"out_{name}": Out(neuro.signature.members[f"out_{name}"].shape) for name in NEURO_FIELDS}
        super().__init__(
            {
                **taken,
                "in_last": In(1),
                "out_valid": Out(1),
                "out_has_track": Out(1),
                **answered,
                "out_p": Out(len(self._single.out_p) // N_QUADRANTS),
                "out_stt": Out(1),
                "out_y": Out(1),
                "out_last": Out(1),
                "out_t2": Out(self._single.out_t2.shape()),
                "out_ty": Out(self._single.out_ty.shape()),
                "out_typ": Out(1),
                "out_t3": Out(self._fitter.out_t3.shape()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.neuro = neuro = self._neuro
        m.submodules.single = single = self._single
        m.submodules.fitter = fitter = self._fitter
        for name in neuro.signature.members:
            if name.startswith("in_"):
                m.d.comb += Value.cast(getattr(neuro, name)).eq(getattr(self, name))
        last = delayed(m, self.in_valid & self.in_last, neuro.LATENCY, "last")
        omega = carried(m, self.in_omega, neuro.LATENCY, "omega")
        # The decisions work on one track per quadrant; here the tracks come one after the other, all in the first lane.
        for counting in (single, fitter):
            lane = counting.in_tracks[0]
            m.d.comb += [
                counting.in_valid.eq(neuro.out_valid | last),
                counting.in_last.eq(last),
                lane.is_there.eq(neuro.out_valid),
                lane.answered.eq(neuro.out_has_expert),
                lane.omega.eq(omega),
                lane.z.eq(neuro.out_z),
                lane.theta.eq(neuro.out_theta),
            ]
        wait = SingleTrackTrigger.LATENCY
        has_track = delayed(m, neuro.out_valid, wait, "has_track")
        for name in NEURO_FIELDS:
            value = carried(m, getattr(neuro, f"out_{name}"), wait, name)
            with m.If(has_track):
                m.d.comb += getattr(self, f"out_{name}").eq(value)
        m.d.comb += [
            self.out_valid.eq(single.out_valid),
            self.out_has_track.eq(has_track),
            self.out_p.eq(single.out_p.word_select(0, len(self.out_p))),
            self.out_stt.eq(single.out_stt[0]),
            self.out_y.eq(single.out_y[0]),
            self.out_last.eq(single.out_last),
            self.out_t3.eq(fitter.out_t3),
            *(getattr(self, f"out_{name}").eq(getattr(single, f"out_{name}")) for name in ("t2", "ty", "typ")),
        ]
        return m
