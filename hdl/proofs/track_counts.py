"""Claims about y decisions and counts of neuro tracks over the beats of an event.

Written from the conditions of basf2 trg/grl TRGGRLProjectsModule.cc (read in public source) with the cuts in cm, as they are.
"""

from dataclasses import replace
from fractions import Fraction

from amaranth.hdl import Assert, Cat, Module, Mux, Shape, Signal, Value

from hdl.cdc.single_track import SingleTrackTrigger
from hdl.cdc.track_counts import FitterCount
from hdl.proofs.bench import Bench, Claim, equal_when, past
from hdl.proofs.klm import number_of_ones
from hdl.proofs.proof import Proof
from trigger.cdc import single_track
from trigger.cdc.single_track import SingleTrackCuts
from trigger.cdc.track_counts import FitterCuts

ONE = 4096
"""Raw value of a network output of 1."""
MORE = 4
"""A one-hot count ends with 1, 2, 3, more."""
COUNT = Shape.cast(range(MORE + 1))


def closer(z: Value, limit_cm: Fraction, range_cm: Fraction) -> Value:
    """Whether |z| of a network output is below a limit; range_cm: what an output of 1 stands for."""
    ratio = range_cm / limit_cm
    return abs(z) * ratio.numerator < ONE * ratio.denominator


class EventCount:
    """Flags counted from beat to beat of an event: `with_this`, this beat's among them, up to `MORE`; a reset forgets them."""

    def __init__(self, m: Module, valid: Value, last: Value, flags: Value, name: str) -> None:
        self.before = Signal(COUNT, name=f"{name}_counted")
        total = self.before + number_of_ones(flags)
        self.with_this = Mux(total > MORE, MORE, total)
        with m.If(valid):
            m.d.sync += self.before.eq(Mux(last, 0, self.with_this))

    def one_hot(self) -> Value:
        """Bit 0 for 1, the last bit for `MORE`."""
        return Cat(self.with_this == k for k in range(1, MORE + 1))


def fitter_claim(cuts: FitterCuts) -> Claim:
    """The count of an event with its last beat, nothing at other times."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, FitterCount)
        flags = Cat(t.is_there & t.answered & closer(t.z, cuts.z_cm, cuts.z_range_cm) for t in dut.in_tracks)
        counted = EventCount(m, dut.in_valid, dut.in_last, flags, "t3")
        m.d.comb += Assert(bench.probes["before"] == past(m, counted.before, 1))
        ends = dut.in_valid & dut.in_last
        m.d.comb += Assert(dut.out_t3 == past(m, Mux(ends, counted.one_hot(), 0), FitterCount.LATENCY))

    return claim


def y_claim(cuts: SingleTrackCuts) -> Claim:
    """y decision of each track of a beat, and the counts with the last beat of its event; momenta are left open."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, SingleTrackTrigger)
        late = SingleTrackTrigger.LATENCY
        valid, last = past(m, dut.in_valid, late), past(m, dut.in_last, late)
        m.d.comb += Assert(dut.out_valid == valid)
        equal_when(m, valid, dut.out_last, last)
        there = Cat(t.is_there for t in dut.in_tracks)
        answered = there & Cat(t.answered for t in dut.in_tracks)
        is_y, is_near = (
            answered & Cat(closer(t.z, limit, cuts.z_range_cm[1]) for t in dut.in_tracks) for limit in (cuts.z_y_cm, cuts.z_stt_cm)
        )
        equal_when(m, valid, dut.out_y, past(m, is_y, late))
        equal_when(m, valid, dut.out_stt & ~past(m, is_near, late), 0)
        for name, flags, out in (("t2", there, dut.out_t2), ("ty", is_y, dut.out_ty)):
            counted = EventCount(m, dut.in_valid, dut.in_last, flags, name)
            m.d.comb += Assert(bench.probes[f"{name}_before"] == past(m, counted.before, 1))
            equal_when(m, valid, out, past(m, Mux(dut.in_last, counted.one_hot(), 0), late))
        earlier = Signal(name="single_earlier")
        single = earlier | dut.out_stt.any()
        with m.If(valid):
            m.d.sync += earlier.eq(~last & single)
        m.d.comb += Assert(bench.probes["any_before"] == earlier)
        equal_when(m, valid, dut.out_typ, last & single)

    return claim


def y_bench(cuts: SingleTrackCuts, claim: Claim) -> Bench:
    """The single-track trigger with these cuts, its counters watched."""
    probes = {"t2_before": COUNT, "ty_before": COUNT, "any_before": Shape(1)}
    return Bench(SingleTrackTrigger(single_track.SingleTrackTrigger(cuts=cuts)), claim, probes)


def proofs() -> list[Proof]:
    """Proofs of the counts; each broken component has a limit of 1 cm more."""
    right = FitterCuts()
    wrong = replace(right, z_cm=right.z_cm + 1)
    claim = fitter_claim(right)
    cuts = SingleTrackCuts()
    wrong_cuts = replace(cuts, z_y_cm=cuts.z_y_cm + 1)
    return [
        Proof(
            name="tracks.fitter_count",
            says="the count is the number of tracks with |z| below the limit in cm in the beats of an event since the last one or "
            "a reset; it comes once, after the declared latency, and nothing at other times",
            bench=lambda: Bench(FitterCount(right), claim, {"before": COUNT}),
            broken=lambda: Bench(FitterCount(wrong), claim, {"before": COUNT}),
            depth=FitterCount.LATENCY + 2,
        ),
        Proof(
            name="tracks.single_track_counts",
            says="the y decision of each track is its condition in cm; counts of 2D, y and single tracks are those of the beats of "
            "an event since the last one or a reset; a single track is near enough in z; each beat answers once, after "
            "the declared latency",
            bench=lambda: y_bench(cuts, y_claim(cuts)),
            broken=lambda: y_bench(wrong_cuts, y_claim(cuts)),
            depth=SingleTrackTrigger.LATENCY + 2,
        ),
    ]
