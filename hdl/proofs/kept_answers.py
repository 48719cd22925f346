"""Claims about the blocks around event memories: every event puts one answer into each and asks for one, in its turn.

With `chain.event_memory`, what an event gets back is its own answer.
"""

from functools import partial

from amaranth.hdl import Assert, Assume, Module, Shape

from hdl.chain import ChainTrigger, ready
from hdl.displaced.collector import DisplacedStream
from hdl.displaced.track_fits import TrackFits
from hdl.ecl.trigger import EclTrigger
from hdl.grl.trigger import GrlTrigger
from hdl.proofs.bench import Bench, Claim
from hdl.proofs.chain_pipelines import CHAIN_PARTS, chain_trigger
from hdl.proofs.displaced_pipelines import PARTS, shipped_trigger
from hdl.proofs.event_memory import kept_probes, turns_claim
from hdl.proofs.pipeline import Flight, last_beats
from hdl.proofs.proof import Proof
from hdl.proofs.track_pipelines import RECEIVER
from trigger.geometry.cdc import N_SECTORS


def chain_memories(dut: ChainTrigger) -> dict[str, tuple[int, int]]:
    """When an answer is put into each memory of the chain, and when it is asked for, in cycles after the last beat."""
    at, tracks = ready(dut.LATENCY), dut._tracks
    asked = at["grl"] - 1
    begins = at["tracks"] - (tracks.N_PLACES - 1) - tracks.LEAD
    put = {"veto": 0, "external": 0, "ecl": at["ecl"], "klm": at["klm"]}
    return {f"kept_{name}": (cycles, asked) for name, cycles in put.items()} | {"kept_clusters": (at["ecl"], begins)}


def chain_delays(dut: ChainTrigger) -> dict[str, tuple[int, int]]:
    """Chains of registers with the events under way: how long ago those before the first one were, and how many there are."""
    at = ready(dut.LATENCY)
    return {"asked": (at["tracks"], GrlTrigger.LATENCY - 1), "ecl_ready": (0, at["ecl"]), "klm_ready": (0, at["klm"])}


def chain_claim(late: int) -> Claim:
    """late: cycles by which answers are expected too late."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, ChainTrigger)
        flight = Flight(m, last_beats(bench, m, N_SECTORS), dut.LATENCY)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        memories, tracks = chain_memories(dut), dut._tracks
        m.d.comb += [
            Assume(tracks.out_begins == flight.ago[memories["kept_clusters"][1]]),
            Assume((tracks.out_valid & tracks.out_last) == flight.ago[ready(dut.LATENCY)["tracks"]]),
            Assume(dut._ecl.out_valid == flight.ago[EclTrigger.LATENCY]),
        ]
        for name, (first, length) in chain_delays(dut).items():
            m.d.comb += [Assert(bench.probes[f"{name}_{k}"] == flight.ago[first + k]) for k in range(1, length + 1)]
        expected = {name: (put + late, asked) for name, (put, asked) in memories.items()}
        turns_claim(bench, m, flight, dut.INITIATION_INTERVAL, expected)

    return claim


def kept_in_chain(late: int = 0) -> Bench:
    """The chain without its blocks."""
    dut = chain_trigger()
    probes = RECEIVER | kept_probes(chain_memories(dut))
    probes |= {f"{name}_{k}": Shape(1) for name, (_, length) in chain_delays(dut).items() for k in range(1, length + 1)}
    return Bench(dut, chain_claim(late), probes, cut=CHAIN_PARTS)


def stream_memories(dut: DisplacedStream) -> dict[str, tuple[int, int]]:
    """The same of the displaced-vertex trigger of a stream, after the last cycle of a window."""
    asked = dut.LATENCY - 1
    return {
        "lost": (0, asked),
        "trigger.segments_lost": (0, asked),
        "trigger.of_seeds": (dut._trigger._seeds.LATENCY, asked),
    }


def stream_delays(dut: DisplacedStream) -> dict[str, tuple[int, int]]:
    """Chains of registers with the windows under way."""
    seeds = dut._trigger._seeds.LATENCY
    return {
        "asked": (0, dut.LATENCY - 1),
        "trigger.last": (seeds, TrackFits.LATENCY),
        "trigger.asked": (seeds, dut.LATENCY - 1 - seeds),
    }


def stream_claim(late: int) -> Claim:
    """The end of every window of a stream, with what the collector and the seed search told of it."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, DisplacedStream)
        flight = Flight(m, dut.in_valid & dut.in_last, dut.LATENCY)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        trigger = dut._trigger
        seeds, decide = trigger._seeds, trigger._decide
        m.d.comb += [
            Assume(seeds.out_last == flight.ago[seeds.LATENCY]),
            Assert((decide.in_valid & decide.in_last) == flight.ago[seeds.LATENCY + TrackFits.LATENCY]),
            Assume(decide.out_last == flight.ago[dut.LATENCY]),
        ]
        for name, (first, length) in stream_delays(dut).items():
            m.d.comb += [Assert(bench.probes[f"{name}_{k}"] == flight.ago[first + k]) for k in range(1, length + 1)]
        expected = {name: (put + late, asked) for name, (put, asked) in stream_memories(dut).items()}
        turns_claim(bench, m, flight, dut.INITIATION_INTERVAL, expected)
        flight.answer(dut.out_last, dut.LATENCY)

    return claim


def kept_in_stream(late: int = 0) -> Bench:
    """The displaced-vertex trigger of a stream without its parts."""
    dut = DisplacedStream(shipped_trigger())
    probes = kept_probes(stream_memories(dut))
    probes |= {f"{name}_{k}": Shape(1) for name, (_, length) in stream_delays(dut).items() for k in range(1, length + 1)}
    return Bench(dut, stream_claim(late), probes, cut=PARTS)


def chain_proof() -> Proof:
    """Proof of the chain; the faulty claim expects that answers are put a cycle later."""
    return Proof(
        name="chain.kept_answers",
        says="every event puts its veto, its external bits and the answers of ECL and KLM into one memory each, and asks for them "
        "once, in order, at their declared times, and never more wait than there is room for; if ECL and tracks keep their own "
        "claims; a reset forgets what is under way",
        bench=kept_in_chain,
        broken=partial(kept_in_chain, 1),
        depth=2,
        broken_depth=N_SECTORS + 2,
    )


def stream_proof() -> Proof:
    """Proof of the stream; the faulty claim expects that answers are put a cycle later."""
    return Proof(
        name="displaced.stream_pipeline",
        says="the displaced-vertex trigger of a stream tells the end of every window once, in order, after the declared latency, "
        "and nothing else; each window puts what it lost, and the number of its seeds, into memories once and asks for them once, "
        "in order, and never more wait than there is room for; if its parts keep their own claims; a reset forgets what is under "
        "way",
        bench=kept_in_stream,
        broken=partial(kept_in_stream, 1),
        depth=2,
        broken_depth=3,
    )
