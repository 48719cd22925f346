"""Claim about the number of short tracks of the GRL, from the sectors of superlayer 2 that have one.

Ref: basf2 trg/grl TRGGRLMatchModule.cc (read in public source).
"""

from amaranth.hdl import Assert, Module

from hdl.grl.conclusion import Conclusion
from hdl.logic import add
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.proof import Proof
from trigger.grl.parameters import N_SECTORS


def count_claim(*, around: bool) -> Claim:
    """Groups of neighbouring sectors; around: the first and the last sector are neighbours."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Conclusion)
        found = dut.sectors.by_sl2
        begins = [found[k] & ~(found[k - 1] if k or around else 0) for k in range(N_SECTORS)]
        number = add(begins) + (found.all() if around else 0)
        m.d.comb += Assert(dut.grl_n_short == past(m, number, dut.LATENCY))

    return claim


def proofs() -> list[Proof]:
    """Proof of the number; the faulty claim takes the circle for a row."""
    return [
        Proof(
            name="grl.short_count",
            says="the number of short tracks is that of groups of neighbouring sectors around the circle, one if all have one, "
            "for all maps, after the declared latency",
            bench=lambda: Bench(Conclusion(), count_claim(around=True)),
            broken=lambda: Bench(Conclusion(), count_claim(around=False)),
            depth=Conclusion.LATENCY + 1,
            broken_depth=Conclusion.LATENCY + 2,
        )
    ]
