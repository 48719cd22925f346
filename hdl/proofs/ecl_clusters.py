"""Claims about the list of clusters of a window: its order, how many it holds, and the mark for more.

Written from basf2 trg/ecl TrgEclCluster.cc, setICN (read in public source): barrel, forward, backward endcap, each by id; the first
six are kept.
"""

from collections.abc import Sequence

from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Shape, Signal

from hdl.ecl.cluster_cuts import ClusterCuts
from hdl.ecl.cluster_decision import ClusterDecision
from hdl.ecl.counts import Counts
from hdl.ecl.high_energy import HighEnergy
from hdl.ecl.low_multiplicity import LowMultiplicity
from hdl.ecl.mutant import Mutant
from hdl.ecl.pairs import Pairs
from hdl.ecl.seed_order import SeedOrder
from hdl.ecl.store import ClusterStore
from hdl.ecl.tau import Tau
from hdl.proofs.bench import Bench, Claim, equal_when, past
from hdl.proofs.proof import Proof
from trigger.ecl import EclParameters, EclThresholds

LANES = 36
"""Cells of a beat, in order of their ids."""
FORWARD, BARREL, BACKWARD = range(0, 80), range(80, 512), range(512, 576)
"""Cells of the regions, counted from 0."""
ORDER = (BARREL, FORWARD, BACKWARD)
N_CELLS = 576
KEPT = 6
HELD = 8
"""Cycles for which the seeds stay."""


class ListedSeeds:
    """The seeds of a window in their order, one less in each cycle of the list.

    pieces: (beat, lanes) of the words in which seeds lie, in order. cycle: since the start, 0 without. left: what is left of each
    word. The words that the component has fetched, and those that it has not, are linked with what is left.
    """

    def __init__(self, bench: Bench, m: Module, regions: Sequence[range]) -> None:
        dut, probes = bench.dut, bench.probes
        assert isinstance(dut, SeedOrder)
        first, end = SeedOrder.LATENCY, SeedOrder.LATENCY + KEPT
        self.pieces = [
            (beat, [lane for lane in range(LANES) if beat * LANES + lane in region])
            for region in regions
            for beat in range(region.start // LANES, -(-region.stop // LANES))
        ]
        words = [
            Cat(dut.seeds[beat * LANES + lane] if lane in lanes else 0 for lane in range(LANES)) for beat, lanes in self.pieces
        ]
        self.cycle = cycle = Signal(range(end + 1), name="own_cycle")
        self.left = left = [Signal(LANES, name=f"left_{k}") for k in range(len(words))]
        kept = [Signal(LANES, name=f"kept_{k}") for k in range(len(words))]
        some = [word != 0 for word in left]
        self.is_first = [one & ~Cat(some[:k]).any() for k, one in enumerate(some)]
        is_second = [
            one & Cat(self.is_first[j] & ~Cat(some[j + 1 : k]).any() for j in range(k)).any() for k, one in enumerate(some)
        ]
        with m.If(dut.start):
            m.d.sync += cycle.eq(1)
            m.d.sync += [one.eq(word) for signals in (left, kept) for one, word in zip(signals, words, strict=True)]
        with m.Elif(cycle != 0):
            m.d.sync += cycle.eq(Mux(cycle == end, 0, cycle + 1))
            with m.If(cycle >= first):
                m.d.sync += [
                    word.eq(Mux(is_first, word & (word - 1), word)) for word, is_first in zip(left, self.is_first, strict=True)
                ]
        held = (cycle != 0) & (cycle < HELD)
        m.d.comb += [Assume(~dut.start | (cycle == 0)), Assume(~held | (Cat(words) == Cat(kept)))]

        listing = cycle >= first
        fetched = [Mux(listing, one | two, (cycle == first - 1) & one) for one, two in zip(self.is_first, is_second, strict=True)]
        in_order = [
            (listing, self.is_first, "current"),
            (listing, is_second, "following"),
            (cycle == 2, self.is_first, "following"),
        ]
        with m.If((cycle != 0) & (cycle <= HELD)):
            for k, (beat, _) in enumerate(self.pieces):
                m.d.comb += Assert(probes["pending"][k] == (some[k] & ~fetched[k]))
                m.d.comb += Assert(~probes["pending"][k] | (left[k] == kept[k]))
                for when, flags, name in in_order:
                    matches = (probes[name] == left[k]) & (probes[f"{name}_beat"] == beat)
                    m.d.comb += Assert(~(when & flags[k]) | matches)
            for when, flags, name in in_order:
                m.d.comb += Assert(~when | Cat(flags).any() | (probes[name] == 0))
            m.d.comb += [Assert(listing | (probes["current"] == 0)), Assert((cycle != 1) | (probes["following"] == 0))]


def order_claim(regions: Sequence[range]) -> Claim:
    """In each cycle of the list there is a cluster as long as seeds are left, and it is the first; then, whether some are."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, SeedOrder)
        seeds = ListedSeeds(bench, m, regions)
        with m.If((seeds.cycle >= SeedOrder.LATENCY) & (seeds.cycle < SeedOrder.LATENCY + KEPT)):
            m.d.comb += Assert(dut.valid == Cat(seeds.is_first).any())
            for (beat, _), is_first, word in zip(seeds.pieces, seeds.is_first, seeds.left, strict=True):
                lowest = word & ~(word - 1)[:LANES]
                here = (dut.address.beat == beat) & (lowest == (1 << dut.address.lane)[:LANES])
                m.d.comb += Assert(~is_first | here)
        equal_when(m, seeds.cycle == SeedOrder.LATENCY + KEPT, dut.more, Cat(seeds.is_first).any())

    return claim


def cap_claim(n_kept: int) -> Claim:
    """The list has so many places, and ends one cycle after them."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, SeedOrder)
        first = SeedOrder.LATENCY
        ago = [past(m, dut.start, cycles) for cycles in range(first, first + n_kept + 1)]
        m.d.comb += [Assert(dut.slot == Cat(ago[:-1]).any()), Assert(dut.ended == ago[-1])]

    return claim


def order_bench(claim: Claim) -> Bench:
    """The list, with the words that it has fetched and not fetched yet watched."""
    dut = SeedOrder()
    n_words = sum(-(-region.stop // LANES) - region.start // LANES for region in ORDER)
    probes = {"pending": Shape(n_words)}
    for name in ("following", "current"):
        probes |= {name: Shape(LANES), f"{name}_beat": Shape.cast(range(N_CELLS // LANES))}
    return Bench(dut, claim, probes)


def overflow_claim(bench: Bench, m: Module) -> None:
    """With a decision, the overflow says whether seeds were left of a window with a hit."""
    dut = bench.dut
    assert isinstance(dut, ClusterDecision)
    equal_when(m, dut.done, dut.overflow, past(m, dut.hit & dut.more_seeds, 1))


def overflow_bench(mutant: Mutant | None = None) -> Bench:
    """The decision on clusters without its conditions."""
    thresholds = EclThresholds.from_parameters(EclParameters.default())
    parts = (ClusterStore, ClusterCuts, Counts, Pairs, LowMultiplicity, Tau, HighEnergy)
    return Bench(ClusterDecision(thresholds, mutant), overflow_claim, cut=parts)


def proofs() -> list[Proof]:
    """Proofs of the list; order and number of places have nothing to set, so that false claims stand for faults."""
    return [
        Proof(
            name="ecl.cluster_order",
            says="the clusters of a window are listed barrel, forward, backward, each by id, one per cycle from the declared "
            "latency on, without a gap; after the places of the list it is said whether seeds were left, the last ones in order; "
            "for all patterns of the 576 cells",
            bench=lambda: order_bench(order_claim(ORDER)),
            broken=lambda: order_bench(order_claim((BARREL, BACKWARD, FORWARD))),
            depth=2,
            broken_depth=SeedOrder.LATENCY + KEPT,
        ),
        Proof(
            name="ecl.cluster_cap",
            says="the list of every window has six places, in consecutive cycles from the declared latency on, and ends one cycle "
            "after them; a reset forgets the window",
            bench=lambda: Bench(SeedOrder(), cap_claim(KEPT)),
            broken=lambda: Bench(SeedOrder(), cap_claim(KEPT - 1)),
            depth=SeedOrder.LATENCY + KEPT + 2,
        ),
        Proof(
            name="ecl.overflow",
            says="the overflow of a decision says whether seeds were left of its window",
            bench=overflow_bench,
            broken=lambda: overflow_bench(Mutant.OVERFLOW_LIMIT),
            depth=2,
            broken_depth=8,
        ),
    ]
