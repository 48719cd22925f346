"""Claims about the windows of a stream: which segment each lane brings in each cycle, and what was lost.

One place of the memory of each lane, which may be any, is followed: the segment that came as that one of its half.
"""

from functools import partial

from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Shape, Signal

from hdl.displaced.collector import HALF_CYCLES, WindowCollector
from hdl.proofs.bench import Bench, Claim
from hdl.proofs.proof import Proof
from trigger.displaced.collector import HALF_TICKS
from trigger.geometry.cdc import N_SUPERLAYERS

NUMBER = Shape.cast(range(HALF_CYCLES + 1))
FIELDS = ("number", "priority", "lr")


def collector_claim(ticks: int) -> Claim:
    """ticks: by how much later a segment counts in the window whose later half it is in."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, WindowCollector)
        cycle, half = Signal(range(HALF_CYCLES), name="own_cycle"), Signal(name="own_half")
        ends = dut.in_valid & (cycle == HALF_CYCLES - 1)
        m.d.sync += [cycle.eq(cycle + dut.in_valid), half.eq(half ^ ends)]
        m.d.comb += [Assume(~dut.in_valid | (dut.in_last == ends)), Assert(bench.probes["bank"] == half)]
        lost = [_lane(bench, m, lane, half, ends, cycle, ticks) for lane in range(N_SUPERLAYERS)]
        m.d.comb += [
            Assert(dut.out_valid == dut.in_valid),
            Assert(dut.out_last == ends),
            Assert(dut.out_lost == (ends & Cat(lost).any())),
        ]

    return claim


def _lane(bench: Bench, m: Module, lane: int, half: Signal, ends: Signal, cycle: Signal, ticks: int) -> Signal:
    """What a lane brings; returns whether segments of the half before are left after this cycle."""
    dut = bench.dut
    assert isinstance(dut, WindowCollector)
    came, brought = dut.in_segments[lane], dut.out_segments[lane]
    n_now, n_before, n_again = (Signal(NUMBER, name=f"own_{name}_{lane}") for name in ("now", "before", "again"))
    new = dut.in_valid & came.valid
    again = dut.in_valid & ~came.valid & (n_again < n_before)
    m.d.sync += [n_now.eq(Mux(ends, 0, n_now + new)), n_again.eq(Mux(ends, 0, n_again + again))]
    with m.If(ends):
        m.d.sync += n_before.eq(n_now + new)
    for name, own in (("kept", n_now), ("before", n_before), ("again", n_again)):
        m.d.comb += Assert(bench.probes[f"{name}_{lane}"] == own)
    m.d.comb += [Assert(n_now <= cycle), Assert(n_again <= n_before), Assert(n_before <= HALF_CYCLES)]
    # One place of the memory, of one of both halves, is any: the segment that came as the `place`-th one of its half.
    at = bench.probes[f"memory_{lane}.watched_at"]
    place, of_half = at[:-1], at[-1]
    kept = Signal.like(Cat(came[name] for name in (*FIELDS, "time")), name=f"own_kept_{lane}")
    with m.If(new & (n_now == place) & (half == of_half)):
        m.d.sync += kept.eq(Cat(came[name] for name in (*FIELDS, "time")))
    holds = place < Mux(half == of_half, n_now, n_before)
    m.d.comb += Assert(~holds | (bench.probes[f"memory_{lane}.watched"] == kept))
    follows = again & (n_again == place) & (half != of_half)
    m.d.comb += [
        Assert(brought.valid == (new | again)),
        Assert(~new | (brought.time == (came.time + ticks)[: len(brought.time)].as_signed())),
        *(Assert(~new | (brought[name] == came[name])) for name in FIELDS),
        Assert(~follows | (Cat(brought[name] for name in (*FIELDS, "time")) == kept)),
    ]
    left = Signal(name=f"own_left_{lane}")
    m.d.comb += left.eq(n_again + again != n_before)
    return left


def collector_bench(ticks: int = HALF_TICKS) -> Bench:
    """The collector."""
    dut = WindowCollector()
    kept = len(Cat(dut.in_segments[0][name] for name in (*FIELDS, "time")))
    probes = {"bank": Shape(1)}
    for lane in range(N_SUPERLAYERS):
        probes |= {f"{name}_{lane}": NUMBER for name in ("kept", "before", "again")}
        probes |= {f"memory_{lane}.watched_at": Shape.cast(range(2 * HALF_CYCLES)), f"memory_{lane}.watched": Shape(kept)}
    return Bench(dut, collector_claim(ticks), probes, takes_apart=True, watches_memories=True)


def proofs() -> list[Proof]:
    """Proof of the collector; the faulty claim counts times from one tick later."""
    return [
        Proof(
            name="displaced.collector",
            says="a segment of a stream is brought when it comes, half a window later in time; in a cycle without one the "
            "earliest of the half before that was not yet brought again, unchanged; none else; the end of every half tells "
            "whether some were not",
            bench=collector_bench,
            broken=partial(collector_bench, HALF_TICKS + 1),
            depth=2,
        )
    ]
