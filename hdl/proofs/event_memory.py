"""Claims about what waits for a slower block: an event gets its own answers back, in its turn."""

from collections.abc import Iterable, Mapping

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Module, Mux, Shape, Signal

from hdl.event_memory import N_KEPT, EventMemory
from hdl.proofs.bench import Bench, Claim
from hdl.proofs.pipeline import Flight
from hdl.proofs.proof import Proof

WIDTH = 8
"""Bits of an answer (our choice: the logic does not depend on them)."""
PLACE = Shape.cast(range(N_KEPT))


def order_claim(n_kept: int) -> Claim:
    """One answer, which may be any, is followed: it is shown when all that were put before it have been, and until the next is."""

    def claim(bench: Bench, m: Module) -> None:
        dut, probes = bench.dut, bench.probes
        assert isinstance(dut, EventMemory)
        put, following, waiting = dut.put, dut.next, Signal(range(n_kept + 1), name="own_waiting")
        m.d.comb += [Assume(~following | (waiting != 0)), Assume(~put | following | (waiting < n_kept))]
        m.d.sync += waiting.eq(waiting + put - following)
        picked, waits, shows = (Signal(name=f"own_{name}") for name in ("picked", "waits", "shows"))
        before, value = Signal(range(n_kept), name="own_before"), Signal(WIDTH, name="own_value")
        picks = Signal(name="own_picks")
        m.d.comb += [picks.eq(put & ~picked & AnySeq(1)), Assume(~picks | (probes["end"] == probes["answers.watched_at"]))]
        with m.If(following):
            m.d.sync += [before.eq(before - 1), shows.eq(waits & (before == 0)), waits.eq(waits & (before != 0))]
        with m.If(picks):
            m.d.sync += [picked.eq(1), waits.eq(1), before.eq(waiting - following), value.eq(dut.answer)]
        place = (probes["first"] + before)[: PLACE.width]
        m.d.comb += [
            Assert((probes["end"] - probes["first"])[: PLACE.width] == waiting[: PLACE.width]),
            Assert(waiting <= n_kept),
            Assert(~(waits & shows) & (picked | ~(waits | shows))),
            Assert(Mux(waits, (before < waiting) & (place == probes["answers.watched_at"]), 1)),
            Assert(~waits | (probes["answers.watched"] == value)),
            Assert(~shows | (dut.shown == value)),
        ]

    return claim


def order_bench(n_kept: int = N_KEPT) -> Bench:
    """The memory, of which more than it has places may be asked."""
    probes = {"end": PLACE, "first": PLACE, "answers.watched_at": PLACE, "answers.watched": Shape(WIDTH)}
    return Bench(EventMemory(WIDTH), order_claim(n_kept), probes, watches_memories=True)


def kept_probes(names: Iterable[str]) -> dict[str, Shape]:
    """What is watched of the memories of a block."""
    return {f"{name}.{port}": Shape(1) for name in names for port in ("put", "next")}


def check_room(interval: int, memories: Mapping[str, tuple[int, int]]) -> None:
    """ValueError if more answers would wait than there is room for; memories: cycles after an event, of its answer, of its turn."""
    for name, (put, asked) in memories.items():
        if -(-(asked - put) // interval) > N_KEPT:
            msg = f"at most {N_KEPT} answers may wait in {name}, not those of {asked - put} cycles"
            raise ValueError(msg)


def turns_claim(bench: Bench, m: Module, flight: Flight, interval: int, memories: Mapping[str, tuple[int, int]]) -> None:
    """Every event puts one answer into each memory, and asks for one. Errors and `memories` as for `check_room`."""
    check_room(interval, memories)
    for name, (put, asked) in memories.items():
        m.d.comb += [
            Assert(bench.probes[f"{name}.put"] == flight.ago[put]),
            Assert(bench.probes[f"{name}.next"] == flight.ago[asked]),
        ]


def proofs() -> list[Proof]:
    """Proof of the memory alone; for a fault, it is asked to keep one answer more than it can."""
    return [
        Proof(
            name="chain.event_memory",
            says=f"what is put into an event memory is shown in the order in which it was put, unchanged, each once, if at most "
            f"{N_KEPT} answers wait",
            bench=order_bench,
            broken=lambda: order_bench(N_KEPT + 1),
            depth=2,
            broken_depth=2 * N_KEPT + 2,
        )
    ]
