"""Claims about the ECL decision over a window's clusters and cells: hie bits, counts of clusters, background veto."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from amaranth.hdl import Cat, Module, Mux, Value

from hdl.ecl.background_veto import BackgroundVeto
from hdl.ecl.cluster_cuts import CutCluster
from hdl.ecl.counts import COUNTED, Counts
from hdl.ecl.high_energy import HighEnergy
from hdl.ecl.pairs import Pairs
from hdl.proofs.bench import Bench, Claim, equal_when, past
from hdl.proofs.ecl import above
from hdl.proofs.klm import number_of_ones
from hdl.proofs.proof import Proof
from trigger.ecl import EclParameters, EclThresholds
from trigger.geometry.ecl import Region, cells

N_SLOTS = 6
Quadrants = tuple[Sequence[int], ...]
HIE_BASE_GEV = Fraction(1)
"""Whatever the key `hie` says. Source: TrgEclMaster.cc, literal (read in public source)."""
FORWARD_QUADRANTS: Quadrants = ((32, *range(1, 10)), range(8, 18), range(16, 26), (*range(24, 33), 1))
BARREL_QUADRANTS: Quadrants = ((36, *range(1, 11)), range(9, 20), range(18, 29), (*range(27, 37), 1))
"""phi ids of the background veto. Source: basf2 trg/ecl TrgEclBeamBKG.cc (read in public source)."""


def _slots(m: Module, dut: HighEnergy | Counts, cycles: int) -> tuple[Value, list[Value]]:
    """Whether the six slots of a window ended so many cycles ago with none since, and the cluster of each slot."""
    ends = [past(m, dut.slot & (dut.index == k), cycles + N_SLOTS - 1 - k) for k in range(N_SLOTS)]
    later = [past(m, dut.slot, since) for since in range(1, cycles)]
    clusters = [past(m, dut.cluster.as_value(), cycles + N_SLOTS - 1 - k) for k in range(N_SLOTS)]
    return Cat(ends).all() & ~Cat(later).any(), clusters


def _part(cluster: Value, name: str) -> Value:
    field = CutCluster[name]
    return cluster[field.offset : field.offset + field.width]


def hie_claim(bench: Bench, m: Module) -> None:
    """hie1 to hie4 when the trigger reads them, from the first two clusters of the window."""
    dut = bench.dut
    assert isinstance(dut, HighEnergy)
    complete, (first, second, *_) = _slots(m, dut, Pairs.LATENCY)
    energetic = above(dut.ephys, HIE_BASE_GEV)
    single = (dut.n_clusters == 1) & _part(first, "single_veto")
    lower = Mux(_part(first, "adc") < _part(second, "adc"), _part(first, "endcap"), _part(second, "endcap"))
    vetoes = (
        dut.phi_window & dut.theta_window,
        dut.phi_window | dut.theta_window,
        lower,
        lower & _part(first, "hie4") & _part(second, "hie4"),
    )
    for k, veto in enumerate(vetoes):
        equal_when(m, complete, dut.hie[k], energetic & ~single & ~((dut.n_clusters == 2) & veto))


def counts_claim(n_counted: int = N_SLOTS) -> Claim:
    """Each counter is the number of the window's first `n_counted` clusters with its cut."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Counts)
        complete, clusters = _slots(m, dut, Counts.LATENCY)
        for cut, name in COUNTED.items():
            passed = Cat(_part(cluster, cut) for cluster in clusters[:n_counted])
            equal_when(m, complete, dut.counts[name], number_of_ones(passed))

    return claim


def veto_claim(*regions: tuple[Region, Quadrants]) -> Claim:
    """The three bits from the cells that were hit when the window started; regions: forward endcap and barrel."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, BackgroundVeto)
        start, hits = past(m, dut.start, BackgroundVeto.LATENCY), past(m, dut.hits, BackgroundVeto.LATENCY)
        table = cells()
        opposite = []
        for region, quadrants in regions:
            own = [k for k in range(len(hits)) if table.region[k] == region and table.theta_id[k] != 1]
            q0, q1, q2, q3 = (Cat(hits[k] for k in own if table.phi_id[k] in quadrant) != 0 for quadrant in quadrants)
            opposite.append((q0 & q2) | (q1 & q3))
        forward, barrel = opposite
        equal_when(m, start, dut.hit, hits != 0)
        for k, expected in enumerate((forward | barrel, barrel & ~forward, forward & ~barrel)):
            equal_when(m, start, dut.veto[k], expected)

    return claim


def proofs() -> list[Proof]:
    """Proofs of the block over a window; counts and veto have nothing to set, so that a false claim stands for the fault."""
    right = EclThresholds.from_parameters(EclParameters.default())
    wrong = replace(right, hie_base_min=right.hie_base_min + 1)
    forward = (Region.FWD, FORWARD_QUADRANTS)
    return [
        Proof(
            name="ecl.high_energy",
            says="hie1 to hie4 are their conditions on E_phys, the first two clusters and their angles, for all windows of six "
            "slots, when the trigger reads them",
            bench=lambda: Bench(HighEnergy(right), hie_claim),
            broken=lambda: Bench(HighEnergy(wrong), hie_claim),
            depth=N_SLOTS + Pairs.LATENCY + 2,
        ),
        Proof(
            name="ecl.counts",
            says="each counter is the number of clusters of its window with its cut, for all windows of six slots, and sees no "
            "cluster of another window",
            bench=lambda: Bench(Counts(), counts_claim()),
            broken=lambda: Bench(Counts(), counts_claim(N_SLOTS - 1)),
            depth=N_SLOTS + Counts.LATENCY + 2,
        ),
        Proof(
            name="ecl.background_veto",
            says="the three bits of the background veto are those of opposite quadrants, for all patterns of the 576 cells",
            bench=lambda: Bench(BackgroundVeto(), veto_claim(forward, (Region.BRL, BARREL_QUADRANTS))),
            broken=lambda: Bench(BackgroundVeto(), veto_claim(forward, (Region.BRL, FORWARD_QUADRANTS))),
            depth=BackgroundVeto.LATENCY + 2,
        ),
    ]
