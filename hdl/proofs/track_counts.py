"""Claims about counts of neuro tracks over the beats of an event.

Written from the conditions of basf2 trg/grl TRGGRLProjectsModule.cc (read in public source) with the cuts in cm, as they are.
"""

from dataclasses import replace
from fractions import Fraction

from amaranth.hdl import Assert, Cat, Module, Mux, Shape, Signal, Value

from hdl.cdc.track_counts import FitterCount
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.klm import number_of_ones
from hdl.proofs.proof import Proof
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


def proofs() -> list[Proof]:
    """Proof of the count; the broken component has a limit of 1 cm more."""
    right = FitterCuts()
    wrong = replace(right, z_cm=right.z_cm + 1)
    claim = fitter_claim(right)
    return [
        Proof(
            name="tracks.fitter_count",
            says="the count is the number of tracks with |z| below the limit in cm in the beats of an event since the last one or "
            "a reset; it comes once, after the declared latency, and nothing at other times",
            bench=lambda: Bench(FitterCount(right), claim, {"before": COUNT}),
            broken=lambda: Bench(FitterCount(wrong), claim, {"before": COUNT}),
            depth=FitterCount.LATENCY + 2,
        )
    ]
