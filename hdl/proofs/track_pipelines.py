"""Claims about when components of the track trigger answer."""

from functools import partial

from amaranth.hdl import Assert, Module, Mux, Shape, Signal

from hdl.cdc.hough.association import Association
from hdl.cdc.hough.centre import Centre
from hdl.cdc.hough.finder import HoughFinder
from hdl.cdc.hough.layout import CLOCKS_PER_FRAME, CYCLES_PER_CLOCK
from hdl.cdc.hough.squares import Squares
from hdl.cdc.hough.track_queue import TrackQueue
from hdl.cdc.hough.votes import Votes
from hdl.cdc.neuro.axial import AxialSegments
from hdl.cdc.neuro.inputs import NeuroInputs
from hdl.cdc.neuro.references import References
from hdl.cdc.neuro.stereo import StereoSuperlayer
from hdl.cdc.segments.finder import SegmentFinder
from hdl.cdc.segments.octant import OctantFinder
from hdl.cdc.segments.priority import Priority
from hdl.cdc.segments.sides import Sides
from hdl.cdc.segments.stream import SegmentStream
from hdl.cdc.segments.stream_layout import StreamLayout
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.pipeline import ANSWERS, FORGETS, Fault, Flight, further, last_beats
from hdl.proofs.proof import Proof
from trigger.cdc.segments.word import CLOCK_BITS
from trigger.geometry.cdc import N_SECTORS

SUPERLAYER = 1
"""The finders of all superlayers are controlled by the same logic."""
RECEIVER = {"receiver.is_open": Shape(1), "receiver.expected": Shape.cast(range(N_SECTORS))}


def hough_claim(fault: Fault | None = None) -> Claim:
    """Data clock 0 of every frame `LATENCY` cycles after its last beat, others only in their turn."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, HoughFinder)
        n_cycles = CYCLES_PER_CLOCK * CLOCKS_PER_FRAME
        send = dut.LATENCY - 2
        flight = Flight(m, last_beats(bench, m, N_SECTORS), dut.LATENCY + n_cycles)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        for k in range(1, send + 1):
            m.d.comb += Assert(bench.probes[f"send_{k}"] == flight.ago[k])
        flight.steps(bench.probes["sender.is_sending"], bench.probes["sender.cycle"], send + 1, n_cycles)
        is_first = dut.out_valid & (dut.out_clock == 0)
        flight.answer(is_first, dut.LATENCY, fault)
        for clock in range(1, CLOCKS_PER_FRAME):
            m.d.comb += Assert(~(dut.out_valid & (dut.out_clock == clock)) | flight.ago[dut.LATENCY + CYCLES_PER_CLOCK * clock])

    return claim


def hough_bench(fault: Fault | None = None) -> Bench:
    """The 2D finder without what it finds."""
    finder = HoughFinder()
    probes = RECEIVER | {f"send_{k}": Shape(1) for k in range(1, finder.LATENCY - 1)}
    probes |= {"sender.is_sending": Shape(1), "sender.cycle": Shape.cast(range(CYCLES_PER_CLOCK * CLOCKS_PER_FRAME))}
    return Bench(finder, hough_claim(fault), probes, cut=(Votes, Squares, TrackQueue, Centre, Association))


def segments_claim(fault: Fault | None = None) -> Claim:
    """The sectors of every frame in order from `LATENCY` cycles after its last beat on, nothing else."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, SegmentFinder)
        late = dut.LATENCY
        flight = Flight(m, last_beats(bench, m, N_SECTORS), late + N_SECTORS)
        flight.keep_apart(dut.INITIATION_INTERVAL)
        flight.steps(bench.probes["ring.is_running"], bench.probes["ring.step"], 1, N_SECTORS + 2)
        for k in range(N_SECTORS + 2):
            m.d.comb += Assert(~flight.ago[1 + k] | (bench.probes["ring.at"][:5] == (N_SECTORS - 1 + k) % N_SECTORS))
        first = dut.out_valid & (dut.out_sector == 0)
        flight.answer(first, late, fault)
        m.d.comb += Assert(dut.out_valid == flight.within(late, N_SECTORS))
        m.d.comb += [Assert(~flight.ago[late + k] | (dut.out_sector == k)) for k in range(N_SECTORS)]

    return claim


def segments_bench(fault: Fault | None = None) -> Bench:
    """The finder of a superlayer without what it finds."""
    probes = RECEIVER | {"ring.is_running": Shape(1), "ring.step": Shape.cast(range(N_SECTORS + 2)), "ring.at": Shape(7)}
    return Bench(SegmentFinder(SUPERLAYER), segments_claim(fault), probes, cut=(Priority, Sides))


def stream_claim(fault: Fault | None = None) -> Claim:
    """A beat in every cycle from the start on, each with its number, its data clock, and whether it slipped."""

    def claim(bench: Bench, m: Module) -> None:
        dut, probes = bench.dut, bench.probes
        assert isinstance(dut, SegmentStream)
        running, sector, clock = Signal(name="own_running"), Signal.like(dut.out_sector), Signal.like(dut.out_clock)
        taken = running | (dut.in_valid & dut.in_first)
        m.d.comb += [sector.eq(Mux(running, probes["expected"], 0)), clock.eq(Mux(running, probes["counted"], dut.in_clock))]
        expected, counted = Signal.like(sector), Signal.like(clock)
        with m.If(taken):
            m.d.sync += [
                running.eq(1),
                expected.eq(sector + 1),
                counted.eq(Mux(sector == dut.INITIATION_INTERVAL - 1, clock + 1, clock)),
            ]
        links = {"is_running": running, "expected": expected, "counted": counted}
        m.d.comb += [Assert(probes[name] == own) for name, own in links.items()]
        late, flight = dut.LATENCY, Flight(m, taken, dut.LATENCY)
        wrong = dut.in_valid & ((dut.in_first != (sector == 0)) | (dut.in_first & (dut.in_clock != clock)))
        flight.answer(dut.out_valid, late, fault)
        m.d.comb += Assert(dut.out_slip == past(m, taken & wrong, late))
        for out, own in ((dut.out_sector, sector), (dut.out_clock, clock)):
            m.d.comb += Assert(~dut.out_valid | (out == past(m, own, late)))

    return claim


def stream_bench(fault: Fault | None = None) -> Bench:
    """The clocked finder of an octant without its segments."""
    probes = {
        "is_running": Shape(1),
        "expected": Shape.cast(range(SegmentStream.INITIATION_INTERVAL)),
        "counted": Shape(CLOCK_BITS),
    }
    return Bench(SegmentStream([StreamLayout(SUPERLAYER, 0)]), stream_claim(fault), probes, cut=(OctantFinder,))


def inputs_claim(fault: Fault | None = None) -> Claim:
    """One answer per track."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, NeuroInputs)
        Flight(m, dut.in_valid & dut.in_has_track, dut.LATENCY).answer(dut.out_valid, dut.LATENCY, fault)

    return claim


def inputs_bench(fault: Fault | None = None) -> Bench:
    """The input stage without its numbers."""
    return Bench(NeuroInputs(), inputs_claim(fault), cut=(References, AxialSegments, StereoSuperlayer))


def proofs() -> list[Proof]:
    """Proofs of the components; faults as in `Fault`."""
    return [
        Proof(
            name="tracks.hough_pipeline",
            says=f"the 2D finder {ANSWERS}, further data clocks only in their turn, whatever it finds; {FORGETS}",
            bench=hough_bench,
            broken=partial(hough_bench, Fault.RESET),
            depth=2,
            broken_depth=3,
        ),
        Proof(
            name="tracks.segments_pipeline",
            says=f"the segment finder of a superlayer {ANSWERS}, sector after sector, whatever it finds; {FORGETS}",
            bench=segments_bench,
            broken=partial(segments_bench, Fault.RESET),
            depth=SegmentFinder.LATENCY,
        ),
        Proof(
            name="tracks.stream_pipeline",
            says="the clocked segment finder answers in every cycle from the declared latency after its start on, with sector, "
            "data clock and slip of the beat that is due; a reset stops it",
            bench=stream_bench,
            broken=partial(stream_bench, Fault.KEPT),
            depth=SegmentStream.LATENCY + 2,
        ),
        Proof(
            name="tracks.inputs_pipeline",
            says="the input stage answers each track once, in order, after the declared latency, whatever its parts compute; a "
            "reset forgets what is under way",
            bench=inputs_bench,
            broken=partial(inputs_bench, Fault.KEPT),
            depth=NeuroInputs.LATENCY + 2,
            faults=further(inputs_bench, NeuroInputs.LATENCY + 2),
        ),
    ]
