"""Claims about when the displaced-vertex trigger answers: its seed search, its decision, and the whole of both.

Seed search and decision are small ones, because control depends on numbers of steps and slots alone; the whole trigger is the
shipped one, its parts are cut and their claims assumed.
"""

from functools import partial

from amaranth.hdl import Assert, Assume, Module, Shape

from hdl.cdc.neuro.codesign import CodesignMlp
from hdl.displaced.decision import VertexDecision
from hdl.displaced.features import VertexFeatures
from hdl.displaced.scan import AzimuthScan
from hdl.displaced.seed_lane import SeedLane
from hdl.displaced.seeds import Seeds
from hdl.displaced.track_fits import TrackFits
from hdl.displaced.trigger import DisplacedTrigger
from hdl.displaced.vertex import VertexFit
from hdl.proofs.bench import Bench, Claim
from hdl.proofs.pipeline import Fault, Flight
from hdl.proofs.proof import Proof
from trigger import displaced
from trigger.displaced.constants import constants
from trigger.displaced.grid import SeedGrid
from trigger.displaced.parameters import DisplacedParameters
from trigger.displaced.seeds import N_STEPS

SMALL_GRID = SeedGrid(n_bend=8, n_impact=16, bend_max_per_cm=0.006, impact_max_cm=16.0)
FEW_TRACKS = 4
"""Our choice: the solver's programs read these in seconds."""
PARTS = (Seeds, TrackFits, VertexDecision)
"""Parts that are cut in claims about the whole trigger."""
PICKED = 3
"""Registers behind the choice of a crossing."""


def seeds_claim(fault: Fault | None = None) -> Claim:
    """The last slot of every window; its steps and slots are run through once."""

    def claim(bench: Bench, m: Module) -> None:
        dut, probes = bench.dut, bench.probes
        assert isinstance(dut, Seeds)
        n_slots = dut.parameters.seed_slots
        flight = Flight(m, dut.in_last, dut.LATENCY)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        flight.steps(probes["votes.busy"], probes["votes.step"], 1, N_STEPS)
        flight.steps(probes["lane_0.active"], probes["lane_0.slot"], dut.LATENCY - SeedLane.LATENCY - n_slots + 1, n_slots)
        flight.answer(dut.out_last, dut.LATENCY, fault)

    return claim


def seeds_bench(fault: Fault | None = None) -> Bench:
    """The seed search on a small grid."""
    parameters = DisplacedParameters(grid=SMALL_GRID)
    probes = {"votes.busy": Shape(1), "votes.step": Shape.cast(range(N_STEPS))}
    probes |= {"lane_0.active": Shape(1), "lane_0.slot": Shape.cast(range(parameters.seed_slots))}
    return Bench(Seeds(parameters), seeds_claim(fault), probes)


def decision_stages(dut: VertexDecision) -> dict[str, tuple[int, int]]:
    """Registers of windows under way: name -> (how long ago the last cycle was when they are set, for how many cycles)."""
    listed, n_slots, cut = 2, dut.N_SLOTS, VertexFit.CUT_LATENCY
    stages = {"finder.list.last": (1, 1), "finder.list.done": (listed, 1)}
    stages |= {f"finder.pairs.running_{k}_1": (listed + k, 1) for k in range(1, dut.INITIATION_INTERVAL)}
    start = listed + 2
    for part, length in (("finder.pairs.", PICKED), ("finder.", cut), ("", dut.LATENCY - start - PICKED - cut - n_slots - 1)):
        for k in range(1, length + 1):
            stages |= {f"{part}valid_{k}": (start + k, n_slots), f"{part}last_{k}": (start + k + n_slots - 1, 1)}
        start += length
    return stages


def decision_claim(fault: Fault | None = None) -> Claim:
    """The end of every window, and its slots in order before."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, VertexDecision)
        flight = Flight(m, dut.in_valid & dut.in_last, dut.LATENCY)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        for name, (first, n_cycles) in decision_stages(dut).items():
            m.d.comb += Assert(bench.probes[name] == flight.within(first, n_cycles))
        for slot in range(dut.N_SLOTS):
            ago = dut.LATENCY - dut.N_SLOTS + slot
            m.d.comb += Assert(~flight.ago[ago - 1] | (bench.probes["slot"] == slot))
            m.d.comb += Assert(~flight.ago[ago] | (dut.out_slot == slot))
        flight.answer(dut.out_last, dut.LATENCY, fault)

    return claim


def decision_bench(fault: Fault | None = None) -> Bench:
    """List, pairs and vertices of a window of few tracks."""
    model = displaced.DisplacedTrigger(DisplacedParameters(max_tracks=FEW_TRACKS))
    dut = VertexDecision(model.parameters, model.cuts, constants(), model.network)
    probes = dict.fromkeys(decision_stages(dut), Shape(1)) | {"slot": Shape.cast(range(dut.N_SLOTS))}
    return Bench(dut, decision_claim(fault), probes, cut=(AzimuthScan, VertexFit, VertexFeatures, CodesignMlp))


def trigger_claim(fault: Fault | None = None) -> Claim:
    """The end of every window, if seed search and decision keep their own claims."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, DisplacedTrigger)
        seeds, decide = dut._seeds, dut._decide
        flight = Flight(m, dut.in_valid & dut.in_last, dut.LATENCY)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        m.d.comb += [
            Assert(seeds.in_last == flight.ago[0]),
            Assume(seeds.out_last == flight.ago[seeds.LATENCY]),
            Assert((decide.in_valid & decide.in_last) == flight.ago[seeds.LATENCY + TrackFits.LATENCY]),
            Assume(decide.out_last == flight.ago[dut.LATENCY]),
        ]
        flight.answer(dut.out_last, dut.LATENCY, fault)

    return claim


def shipped_trigger() -> DisplacedTrigger:
    """The trigger as it is shipped."""
    model = displaced.DisplacedTrigger()
    return DisplacedTrigger(model.parameters, model.cuts, constants(), model.network)


def trigger_bench(fault: Fault | None = None) -> Bench:
    """The trigger without seeds, fits and decision."""
    return Bench(shipped_trigger(), trigger_claim(fault), cut=PARTS)


def proofs() -> list[Proof]:
    """Proofs of the parts and of the whole; a reset is answered too by the faulty components."""
    says = "tells the end of every window once, in order, after the declared latency, and nothing else"
    parts = {
        "seeds": (seeds_bench, SeedLane.LATENCY + 4, f"the seed search {says}; its steps and slots are run through once"),
        "decision": (decision_bench, 3, f"the decision on vertices {says}; the slots of its vertices come before, in order"),
        "": (trigger_bench, TrackFits.LATENCY + 2, f"the displaced-vertex trigger {says}, if its parts keep their own claims"),
    }
    return [
        Proof(
            name=f"displaced.{name}_pipeline" if name else "displaced.pipeline",
            says=f"{text}; whatever is found; a reset forgets what is under way",
            bench=bench,
            broken=partial(bench, Fault.RESET),
            depth=depth,
            broken_depth=3,
        )
        for name, (bench, depth, text) in parts.items()
    ]
