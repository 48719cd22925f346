"""Claims about components of the track trigger: the beats in which the neuro trigger's vectors travel."""

from collections.abc import Callable
from dataclasses import replace

from amaranth.hdl import Assert, Assume, Cat, Module

from hdl.cdc.neuro.beats import Beats, Lanes
from hdl.proofs.bench import Bench, past
from hdl.proofs.proof import Proof

LANES = Lanes(n_values=5, reuse=3)
WIDTH = 3
"""A small vector: five values of three bits in three beats of two lanes, the last one half filled (our choice)."""


def beats_claim(lanes: Lanes, width: int) -> Callable[[Bench, Module], None]:
    """Each value of a vector is sent once, in order, with the numbers and marks of its beat, from one cycle after it came."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Beats)
        came = [past(m, dut.in_valid, cycles) for cycles in range(lanes.n_beats + 1)]
        m.d.comb += [Assume(~(came[0] & came[gap])) for gap in range(1, lanes.n_beats)]
        m.d.comb += Assert(dut.token.valid == Cat(came[1:]).any())
        for beat in range(lanes.n_beats):
            cycles = beat + Beats.LATENCY
            values, number = past(m, dut.in_values, cycles), past(m, dut.in_set, cycles)
            low = beat * lanes.n_lanes * width
            with m.If(came[cycles]):
                m.d.comb += [
                    Assert(dut.values == values[low : low + lanes.n_lanes * width]),
                    Assert(dut.token.beat == beat),
                    Assert(dut.token.first == (beat == 0)),
                    Assert(dut.token.last == (beat == lanes.n_beats - 1)),
                    Assert(dut.token.set == number),
                ]

    return claim


def proofs() -> list[Proof]:
    """Proofs of the block."""
    sent = beats_claim(LANES, WIDTH)
    return [
        Proof(
            name="tracks.beats",
            says="each value of a vector is sent once, in order, with the number, marks and set of its beat, after the declared "
            "latency",
            bench=lambda: Bench(Beats(LANES, WIDTH, 2), sent),
            broken=lambda: Bench(Beats(replace(LANES, reuse=LANES.reuse - 1), WIDTH, 2), sent),
            depth=LANES.n_beats + 2,
        ),
    ]
