"""Claims about when the track trigger and the whole chain answer, from what is proven of their parts.

A part whose own claim is proven elsewhere is cut, and its claim assumed: `tracks.hough_pipeline` of the 2D finder for the track
trigger, `tracks.pipeline` and `grl.pipeline` for the chain.
"""

from functools import partial

from amaranth.hdl import Assert, Assume, Module, Shape, Signal

from hdl.cdc.hough.finder import HoughFinder
from hdl.cdc.neuro.trigger import NeuroTrigger
from hdl.cdc.own_segments import OwnSegments
from hdl.cdc.single_track import SingleTrackTrigger
from hdl.cdc.track_counts import FitterCount
from hdl.cdc.track_trigger import TrackTrigger
from hdl.chain import ChainTrigger
from hdl.ecl.trigger import EclTrigger
from hdl.grl.beats import N_BEATS as N_GRL_BEATS
from hdl.grl.trigger import GrlTrigger
from hdl.klm import KlmTrigger
from hdl.menu.trigger import MenuTrigger
from hdl.proofs.bench import Bench, Claim
from hdl.proofs.pipeline import ANSWERS, FORGETS, Fault, Flight, last_beats
from hdl.proofs.proof import Proof
from hdl.proofs.track_pipelines import RECEIVER
from trigger.chain import DEFAULT_MENU
from trigger.ecl import EclParameters, EclThresholds
from trigger.geometry.cdc import N_SECTORS
from trigger.menu import load_menu
from trigger.networks import DEFAULT_NETWORK, load_network

REUSE = 4
"""Of the network's multipliers. Source: our choice, that of the chain as it is verified."""


PLACES, FIRST_BEATS = 24, 4
"""Places of tracks in an event, and beats of the GRL before them."""
CHAIN_PARTS = (EclTrigger, KlmTrigger, TrackTrigger, GrlTrigger)
"""Blocks that are cut in claims about the chain."""


def track_trigger() -> TrackTrigger:
    """The track trigger with the shipped network."""
    return TrackTrigger(load_network(DEFAULT_NETWORK).network, reuse=REUSE)


def tracks_claim(fault: Fault | None = None) -> Claim:
    """Of each complete frame one beginning and one end, at their places."""

    def claim(bench: Bench, m: Module) -> None:
        dut, probes = bench.dut, bench.probes
        assert isinstance(dut, TrackTrigger)
        end = dut.LATENCY + dut.N_PLACES - 1
        flight = Flight(m, last_beats(bench, m, N_SECTORS), end)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        finder = dut._finder
        m.d.comb += Assume((finder.out_valid & (finder.out_clock == 0)) == flight.ago[dut._finder.LATENCY])
        flight.steps(probes["running"], probes["place"], dut._finder.LATENCY + 1, dut.N_PLACES)
        for name, first in delays(dut).items():
            for k in range(1, n_stages(bench, name) + 1):
                m.d.comb += Assert(probes[f"{name}_{k}"] == flight.ago[first + k])
        m.d.comb += Assert(dut.out_begins == flight.ago[dut.LATENCY - dut.LEAD])
        flight.answer(dut.out_valid & dut.out_last, end, fault)

    return claim


def delays(dut: TrackTrigger) -> dict[str, int]:
    """Chains of registers with the events under way, and how long ago those before the first register were complete."""
    last = dut._finder.LATENCY + dut.N_PLACES
    return {"begins": dut._finder.LATENCY, "last": last, "path.last": last + OwnSegments.LATENCY}


def n_stages(bench: Bench, name: str) -> int:
    """Registers of a chain that are watched."""
    return sum(probe.rpartition("_")[0] == name for probe in bench.probes)


def tracks_bench(fault: Fault | None = None) -> Bench:
    """The track trigger without 2D finder, input stage and networks."""
    dut = track_trigger()
    lengths = {"begins": dut.LATENCY - dut._finder.LATENCY - dut.LEAD, "last": OwnSegments.LATENCY}
    lengths["path.last"] = dut._path._neuro.LATENCY
    probes = RECEIVER | {f"{name}_{k}": Shape(1) for name, length in lengths.items() for k in range(1, length + 1)}
    probes |= {"running": Shape(1), "place": Shape.cast(range(dut.N_PLACES))}
    return Bench(dut, tracks_claim(fault), probes, cut=(HoughFinder, NeuroTrigger, OwnSegments, FitterCount))


def chain_claim(fault: Fault | None = None) -> Claim:
    """One answer per complete event: the GRL gets all beats of each, in order, and the menu its answer."""

    def claim(bench: Bench, m: Module) -> None:
        dut, probes = bench.dut, bench.probes
        assert isinstance(dut, ChainTrigger)
        flight = Flight(m, last_beats(bench, m, N_SECTORS), dut.LATENCY)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        ended = dut.LATENCY - MenuTrigger.LATENCY - GrlTrigger.LATENCY
        begun = ended - (PLACES - 1) - TrackTrigger.LEAD
        begins, grl = dut._tracks.out_begins, dut._grl
        m.d.comb += Assume(begins == flight.ago[begun])
        steps = TrackTrigger.LEAD + PLACES
        m.d.comb += Assert((probes["following"] != 0) == flight.within(begun + 1, steps - 1))
        sent = [*range(TrackTrigger.LEAD - FIRST_BEATS, TrackTrigger.LEAD), *range(TrackTrigger.LEAD + 1, steps, 2)]
        for k in range(steps):
            is_sent = k in sent
            now = flight.ago[begun + k]
            m.d.comb += Assert(~now | (grl.in_valid == is_sent))
            if k:
                m.d.comb += Assert(~now | (probes["following"] == k))
                m.d.comb += Assert(~now | (probes["beat"] == sum(one < k for one in sent) % N_GRL_BEATS))
        m.d.comb += Assert(flight.within(begun, steps) | ~grl.in_valid)
        own = Signal(range(N_GRL_BEATS), name="own_beat_of_grl")
        taken = grl.in_valid
        m.d.sync += own.eq(own + taken)
        for k in range(steps):
            m.d.comb += Assert(~flight.ago[begun + k] | (own == sum(one < k for one in sent) % N_GRL_BEATS))
        m.d.comb += Assert(flight.within(begun, steps) | (own == 0))
        m.d.comb += Assert(~taken | (grl.in_first == (own == 0)))
        complete = taken & (own == N_GRL_BEATS - 1)
        m.d.comb += Assert(complete == flight.ago[ended])
        m.d.comb += Assume(grl.out_valid == flight.ago[ended + GrlTrigger.LATENCY])
        flight.answer(dut.out_valid, dut.LATENCY, fault)

    return claim


def chain_trigger() -> ChainTrigger:
    """The chain with the shipped menu, network and thresholds."""
    menu = load_menu(DEFAULT_MENU)
    thresholds = EclThresholds.from_parameters(EclParameters.default())
    return ChainTrigger(menu, menu.periods[0].name, track_trigger(), thresholds=thresholds)


def chain_bench(fault: Fault | None = None) -> Bench:
    """The chain without ECL, KLM, tracks, the GRL and the lines of the menu."""
    dut = chain_trigger()
    probes = RECEIVER | {"following": Shape.cast(range(TrackTrigger.LEAD + PLACES)), "beat": Shape.cast(range(N_GRL_BEATS))}
    return Bench(dut, chain_claim(fault), probes, cut=CHAIN_PARTS)


def tracks_proof() -> Proof:
    """Proof of the track trigger."""
    return Proof(
        name="tracks.pipeline",
        says="of every complete frame the track trigger tells the beginning and the end at their places, in order, after the "
        f"declared latency, if the 2D finder keeps its own claim, whatever it finds and the networks answer; {FORGETS}",
        bench=tracks_bench,
        broken=partial(tracks_bench, Fault.RESET),
        depth=SingleTrackTrigger.LATENCY + 2,
    )


def chain_proof() -> Proof:
    """Proof of the chain."""
    return Proof(
        name="chain.pipeline",
        says=f"the chain {ANSWERS}, if tracks and GRL keep their own claims; the GRL gets the 16 beats of each event, in order; "
        f"whatever the blocks answer; {FORGETS}",
        bench=chain_bench,
        broken=partial(chain_bench, Fault.RESET),
        depth=MenuTrigger.LATENCY + 2,
    )
