"""Claims about the memories of a frame: what a look-up finds is what was written last.

An address of each memory, which may be any, is followed. The innermost superlayer of either kind stands for the others, which
differ in their numbers of segments and rows alone.
"""

from functools import partial

from amaranth.hdl import Assert, Assume, Module, Mux, Shape, Signal, Value

from hdl.cdc.hough.frames import N_ADDRESSES, N_BANKS
from hdl.cdc.neuro.segments import AXIAL, SEGMENTS_PER_ROW, STEREO, Segment
from hdl.cdc.neuro.stereo_store import StereoStore
from hdl.cdc.own_segments import OwnSegments
from hdl.cdc.sector import PER_SECTOR
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.proof import Proof
from trigger.geometry.cdc import N_SECTORS


class Written:
    """What was written last at an address: `value` from the cycle after, and whether anything was since the start."""

    def __init__(self, m: Module, is_written: Value, data: Value, name: str) -> None:
        self.value, self.is_there = Signal(len(data), name=f"own_value_{name}"), Signal(name=f"own_there_{name}")
        with m.If(is_written):
            m.d.sync += [self.value.eq(data), self.is_there.eq(1)]


def axial_claim(superlayer: int, shift: int) -> Claim:
    """shift: places from the segment that is asked for to the one that is found."""

    def claim(bench: Bench, m: Module) -> None:
        dut, at = bench.dut, bench.probes["sectors.watched_at"]
        assert isinstance(dut, OwnSegments)
        sector, frame, count = at[: -len(dut.frame)], at[-len(dut.frame) :], PER_SECTOR[superlayer]
        if shift:
            # One address is enough to refute a false claim.
            m.d.comb += Assume((at == 0) & (dut.number == 0))
        one = Written(m, dut.taken & (dut.address.as_value() == at), dut.segments.as_value(), "axial")
        m.d.comb += Assert(~one.is_there | (bench.probes["sectors.watched"] == one.value))
        for inside in range(count):
            number = sector * count + inside
            asked = one.is_there & (dut.frame == frame) & (dut.number == number)
            segment = Mux(dut.found, one.value.word_select((inside + shift) % count, Segment.size), 0)
            own, late = dut.own, OwnSegments.LATENCY
            shown = (own.segment.as_value() == past(m, segment, late)) & (own.number == past(m, number, late))
            m.d.comb += Assert(~past(m, asked, late) | shown)

    return claim


def axial_bench(superlayer: int, shift: int = 0) -> Bench:
    """The segments of an axial superlayer."""
    probes = {"sectors.watched_at": Shape.cast(range(N_ADDRESSES)), "sectors.watched": Shape(PER_SECTOR[superlayer] * Segment.size)}
    return Bench(OwnSegments(superlayer), axial_claim(superlayer, shift), probes, takes_apart=True, watches_memories=True)


def store_claim(n_rows: int, shift: int) -> Claim:
    """shift: segments from the first one that is asked for to the first one that is shown."""

    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, StereoStore)
        for place in range(SEGMENTS_PER_ROW):
            at = bench.probes[f"place_{place}.watched_at"]
            row, frame = at[: -len(dut.frame)], at[-len(dut.frame) :]
            is_it = dut.write & (dut.write_at.row == row) & (dut.write_at.frame == frame)
            one = Written(m, is_it & (dut.write_at.row < n_rows), dut.row[place].as_value(), str(place))
            held = (bench.probes[f"place_{place}.watched"] == one.value) & (row < n_rows)
            m.d.comb += Assert(~one.is_there | held)
            if shift:
                m.d.comb += Assume((at == 1) & (dut.start == 0))
            number = row * SEGMENTS_PER_ROW + place
            turn = n_rows * SEGMENTS_PER_ROW
            from_start = Mux(number < dut.start, number + turn - dut.start, number - dut.start)
            asked = one.is_there & (dut.frame == frame) & (dut.start < turn) & (from_start < SEGMENTS_PER_ROW + shift)
            m.d.comb += Assert(~past(m, asked, 1) | (dut.segments[place].as_value() == past(m, one.value, 1)))

    return claim


def store_bench(n_rows: int, shift: int = 0) -> Bench:
    """The rows of a stereo superlayer."""
    address = Shape(((n_rows - 1).bit_length()) + (N_BANKS - 1).bit_length())
    probes = {f"place_{place}.watched_at": address for place in range(SEGMENTS_PER_ROW)}
    probes |= {f"place_{place}.watched": Shape(Segment.size) for place in range(SEGMENTS_PER_ROW)}
    return Bench(StereoStore(n_rows), store_claim(n_rows, shift), probes, takes_apart=True, watches_memories=True)


def proofs() -> list[Proof]:
    """Proofs of the memories; the faulty claims expect the neighbour of the segment, or one more."""
    n_rows = PER_SECTOR[STEREO[0]] * N_SECTORS // SEGMENTS_PER_ROW
    return [
        Proof(
            name="tracks.own_segments",
            says=f"axial superlayer {AXIAL[0]}: the segment with a number in a frame is the one that was written there last, after "
            "the declared latency, for every number and frame",
            bench=partial(axial_bench, AXIAL[0]),
            broken=partial(axial_bench, AXIAL[0], 1),
            depth=OwnSegments.LATENCY + 1,
            broken_depth=OwnSegments.LATENCY + 3,
        ),
        Proof(
            name="tracks.stereo_store",
            says=f"stereo superlayer {STEREO[0]}: each of the {SEGMENTS_PER_ROW} neighbours that are asked for, around the circle, "
            "is the one that was written last in its row and frame, after the declared latency",
            bench=partial(store_bench, n_rows),
            broken=partial(store_bench, n_rows, 1),
            depth=2,
            broken_depth=4,
        ),
    ]
