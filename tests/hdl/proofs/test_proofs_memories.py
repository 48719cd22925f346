# amaranth: UnusedElaboratable=no
"""Claims about memories and parts of registers: what is watched, and what is refuted; further faults of a proof."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from amaranth.hdl import Assert, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.event_memory import N_KEPT, EventMemory
from hdl.proofs import event_memory
from hdl.proofs.bench import Bench, Claim, past
from hdl.proofs.proof import Faulty, Outcome, Proof, prove
from hdl.proofs.replay import replay
from hdl.proofs.solver import Mode, Status, job, solve

LIMIT_S, DEPTH = 300, 3


class Table(wiring.Component):
    """What was written last at an address, and how often it was written in all, modulo 16."""

    def __init__(self) -> None:
        super().__init__({"write": In(1), "at": In(2), "data": In(3), "out": Out(3), "out_count": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.kept = memory = Memory(shape=3, depth=4, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        count = Signal(4)
        m.d.sync += count.eq(count + self.write)
        m.d.comb += [write.en.eq(self.write), write.addr.eq(self.at), write.data.eq(self.data)]
        m.d.comb += [read.addr.eq(self.at), self.out.eq(read.data), self.out_count.eq(count)]
        return m


WATCHED = {"kept.watched_at": Signal(2).shape(), "kept.watched": Signal(3).shape()}


def last_written(bench: Bench, m: Module, *, other: int = 0) -> None:
    """other: bits of the address that the claim takes for the other way round."""
    dut = bench.dut
    assert isinstance(dut, Table)
    own, at = Signal(3, name="own", reset_less=True), bench.probes["kept.watched_at"]
    with m.If(dut.write & (dut.at == at)):
        m.d.sync += own.eq(dut.data)
    m.d.comb += [Assert(bench.probes["kept.watched"] == own), Assert((dut.at != (at ^ other)) | (dut.out == own))]


def low_bits(bench: Bench, m: Module) -> None:
    """A claim about a part of a value that Yosys takes for the register itself."""
    counted_in(bench, m, (bench.probes["count"] ^ Const(0, 4))[:2])


def high_bits(bench: Bench, m: Module) -> None:
    """The same, false."""
    counted_in(bench, m, (bench.probes["count"] ^ Const(0, 4))[2:])


def counted_in(bench: Bench, m: Module, part: Value) -> None:
    dut, own = bench.dut, Signal(2, name="own")
    assert isinstance(dut, Table)
    m.d.sync += own.eq(own + dut.write)
    m.d.comb += Assert(part == own)


def verdict(claim: Claim, mode: Mode, probes: dict, *, watches_memories: bool = False) -> Status:
    bench = Bench(Table(), claim, probes, takes_apart=True, watches_memories=watches_memories)
    return solve(bench.rtlil(), mode, DEPTH, LIMIT_S, bench.reading).status


def test_what_a_memory_holds_is_proven_at_every_address() -> None:
    assert verdict(last_written, Mode.INDUCTION, WATCHED, watches_memories=True) is Status.PASS
    assert verdict(partial(last_written, other=1), Mode.BOUNDED, WATCHED, watches_memories=True) is Status.FAIL


def test_memories_are_as_shipped_outside_such_a_bench() -> None:
    bench = Bench(Table(), last_written, WATCHED, watches_memories=True)
    assert "watched_at" in bench.rtlil()
    assert "watched_at" not in bench.component_rtlil()


def test_parts_of_a_register_are_seen_where_they_are_asked_for() -> None:
    probes = {"count": Signal(4).shape()}
    assert verdict(low_bits, Mode.INDUCTION, probes) is Status.PASS
    assert verdict(high_bits, Mode.BOUNDED, probes) is Status.FAIL


def test_event_memory_keeps_the_order_and_no_answer_more_than_it_has_places_for(tmp_path: Path) -> None:
    """The counterexample puts one answer more than there is room for: the shipped memory shows another than the first."""
    (proof,) = event_memory.proofs()
    outcome = prove(proof, cache=tmp_path)
    assert outcome.passed
    trace = outcome.broken_trace
    assert trace is not None
    waiting, most = 0, 0
    for step in trace.steps:
        waiting = 0 if step.get("rst") else waiting + step["put"] - step["next"]
        most = max(most, waiting)
    assert most == N_KEPT + 1
    steps = [{"put": 1, "answer": k, "next": 0, "rst": 0} for k in range(1, N_KEPT + 2)] + [
        {"put": 0, "answer": 0, "next": 1, "rst": 0}
    ] * 2
    assert replay(EventMemory(event_memory.WIDTH), replace(trace, steps=tuple(steps)))[-1]["shown"] == N_KEPT + 1


def test_more_answers_than_there_is_room_for_are_refused() -> None:
    event_memory.check_room(2, {"kept": (1, 9)})
    with pytest.raises(ValueError, match="at most 4 answers may wait in kept, not those of 9 cycles"):
        event_memory.check_room(2, {"kept": (0, 9)})


def counts(n_cycles: int) -> Callable[[], Bench]:
    def claim(bench: Bench, m: Module) -> None:
        dut = bench.dut
        assert isinstance(dut, Table)
        own = Signal(4, name="own")
        m.d.sync += own.eq(own + dut.write)
        m.d.comb += Assert(dut.out_count == past(m, own, n_cycles))

    return lambda: Bench(Table(), claim)


def test_every_fault_of_a_proof_must_be_refuted(tmp_path: Path) -> None:
    """One that holds after all, or is looked for too early, makes the proof fail; all are kept under one digest."""
    faults = {"late": Faulty(bench=counts(2), depth=4), "skipped": Faulty(bench=counts(1), depth=4, skip=3)}
    proof = Proof(name="klm.counts", says="counts", bench=counts(0), broken=counts(1), depth=2, broken_depth=3, faults=faults)
    outcome = prove(proof, cache=tmp_path)
    assert outcome.passed
    assert outcome.faults == {"late": Status.FAIL, "skipped": Status.FAIL}
    assert Outcome.from_json(outcome.to_json()).faults == outcome.faults
    assert prove(proof, cache=tmp_path).was_kept
    assert not replace(outcome, faults={"late": Status.FAIL, "skipped": Status.PASS}).passed
    assert "skip 3" in job(Mode.BOUNDED, 4, 60, skip=3)
    assert "skip" not in job(Mode.BOUNDED, 4, 60)
