"""Claims about when the ECL trigger, the GRL, the KLM trigger in straight-line mode answer."""

from functools import partial

from amaranth.hdl import Assert, Module, Mux, Shape, Signal

from hdl.ecl.centre_table import CentreTable
from hdl.ecl.cluster_decision import ClusterDecision
from hdl.ecl.high_energy import HighEnergy
from hdl.ecl.low_multiplicity import LowMultiplicity
from hdl.ecl.neighbourhood import Neighbourhood
from hdl.ecl.pairs import Pairs
from hdl.ecl.tau import Tau
from hdl.ecl.trigger import EclTrigger
from hdl.ecl.window_decision import WindowDecision
from hdl.grl.beats import N_BEATS
from hdl.grl.clusters import ClusterStore
from hdl.grl.collector import Collector
from hdl.grl.conclusion import Conclusion
from hdl.grl.sector_scan import N_STEPS
from hdl.grl.track_lane import TrackLane
from hdl.grl.trigger import GrlTrigger
from hdl.klm_line import LineTrigger
from hdl.proofs.bench import Bench, Claim
from hdl.proofs.pipeline import ANSWERS, FORGETS, Fault, Flight, further, last_beats
from hdl.proofs.proof import Proof
from trigger.ecl.thresholds import MAX_CLUSTERS

WINDOW = 16
"""Beats of an ECL window."""


def ecl_claim(fault: Fault | None = None) -> Claim:
    """One answer per complete window; the number of a cluster's slot starts anew with each window."""

    def claim(bench: Bench, m: Module) -> None:
        late = EclTrigger.LATENCY
        flight = Flight(m, last_beats(bench, m, WINDOW), late)
        flight.keep_apart(WINDOW)
        first_slot = late - ClusterDecision.LATENCY - (MAX_CLUSTERS - 1)
        index = sum((Mux(flight.ago[first_slot + k], k, 0) for k in range(MAX_CLUSTERS)), start=Mux(0, 0, 0))
        m.d.comb += Assert(bench.probes["clusters.index"] == index)
        flight.answer(bench.dut.out_valid, late, fault)  # type: ignore[attr-defined]

    return claim


def ecl_bench(fault: Fault | None = None) -> Bench:
    """The ECL trigger without its cells, pairs and sums."""
    probes = {"receiver.is_open": Shape(1), "receiver.expected": Shape.cast(range(WINDOW))}
    probes["clusters.index"] = Shape.cast(range(MAX_CLUSTERS))
    parts = (WindowDecision, Neighbourhood, CentreTable, Pairs, LowMultiplicity, HighEnergy, Tau)
    return Bench(EclTrigger(), ecl_claim(fault), probes, cut=parts)


def grl_claim(fault: Fault | None = None) -> Claim:
    """One answer per complete event; the scan of its sectors runs once, over all of them."""

    def claim(bench: Bench, m: Module) -> None:
        flight = Flight(m, last_beats(bench, m, N_BEATS, "counter."), GrlTrigger.LATENCY)
        flight.keep_apart(N_BEATS)
        flight.steps(bench.probes["scan.running"], bench.probes["scan.step"], TrackLane.LATENCY + 1, N_STEPS)
        flight.answer(bench.dut.out_valid, GrlTrigger.LATENCY, fault)  # type: ignore[attr-defined]

    return claim


def grl_bench(fault: Fault | None = None) -> Bench:
    """The GRL without its tracks, clusters and counts."""
    probes = {"counter.is_open": Shape(1), "counter.expected": Shape.cast(range(N_BEATS))}
    probes |= {"scan.running": Shape(1), "scan.step": Shape.cast(range(N_STEPS))}
    return Bench(GrlTrigger(), grl_claim(fault), probes, cut=(TrackLane, ClusterStore, Collector, Conclusion))


def line_claim(fault: Fault | None = None) -> Claim:
    """One answer per complete event, however many strips it has."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, LineTrigger)
        inside = Signal(name="own_inside")
        taken = dut.in_valid & (dut.in_first | inside)
        with m.If(taken):
            m.d.sync += inside.eq(~dut.in_last)
        m.d.comb += Assert(bench.probes["inside"] == inside)
        flight = Flight(m, taken & dut.in_last, dut.LATENCY)
        flight.answer(dut.out_valid, dut.LATENCY, fault)

    return claim


def line_bench(fault: Fault | None = None) -> Bench:
    """The KLM trigger in straight-line mode."""
    return Bench(LineTrigger(), line_claim(fault), {"inside": Shape(1)})


def ecl_proof() -> Proof:
    """Proof of the ECL trigger."""
    return Proof(
        name="ecl.pipeline",
        says=f"the ECL trigger {ANSWERS}, whatever its parts compute; {FORGETS}",
        bench=ecl_bench,
        broken=partial(ecl_bench, Fault.RESET),
        depth=EclTrigger.LATENCY + 2,
    )


def grl_proof() -> Proof:
    """Proof of the GRL."""
    return Proof(
        name="grl.pipeline",
        says=f"the GRL {ANSWERS}, whatever its parts compute; {FORGETS}",
        bench=grl_bench,
        broken=partial(grl_bench, Fault.RESET),
        depth=GrlTrigger.LATENCY + 2,
    )


def line_proof() -> Proof:
    """Proof of the KLM trigger in straight-line mode."""
    return Proof(
        name="klm.line_pipeline",
        says=f"the KLM trigger in straight-line mode {ANSWERS}, however many strips an event has; {FORGETS}",
        bench=line_bench,
        broken=partial(line_bench, Fault.KEPT),
        depth=LineTrigger.LATENCY + 2,
        faults=further(line_bench, LineTrigger.LATENCY + 2),
    )
