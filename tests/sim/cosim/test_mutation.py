"""Mutants of RTL and model: killed where the stimuli show them, alive where they do not; proofs; record, resuming, exit status."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from typer.testing import CliRunner

import sim.cli
from hdl.mutation import SCORED, Fault, Kind, faults_of, sample
from hdl.mutation_insert import PORT, insert, select_bits
from hdl.mutation_netlist import read_component
from sim.cosim import mutation, mutation_campaign, mutation_model, runner, stream
from sim.cosim.mutation import Bench, killed, survivors
from sim.cosim.mutation_equivalence import is_equivalent
from sim.cosim.mutation_reach import values_of
from sim.cosim.mutation_source import Kind as SourceKind
from sim.cosim.mutation_source import source_faults
from sim.cosim.ports import Design, Port, StreamPorts
from sim.cosim.wrapper import Header

PORTS = StreamPorts(
    module="meter",
    inputs=(Port(name="in_a", width=4), Port(name="in_b", width=4)),
    outputs=(Port(name="out_sum", width=5), Port(name="out_less", width=1), Port(name="out_same", width=1)),
)
N_FAULTS = 45


class Meter(wiring.Component):
    """Sum and order of two numbers after one cycle; `out_same` is 0, by a comparison that is never true."""

    def __init__(self) -> None:
        names = {f"in_{name}": In(4) for name in "ab"} | {"out_sum": Out(5), "out_less": Out(1), "out_same": Out(1)}
        super().__init__({"in_valid": In(1), "out_valid": Out(1), **names})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        doubled = Signal(5)
        m.d.comb += doubled.eq(self.in_a + self.in_a)
        m.d.sync += [
            self.out_valid.eq(self.in_valid),
            self.out_sum.eq(self.in_a + self.in_b),
            self.out_less.eq((self.in_a < self.in_b) & (self.in_b >= 3)),
            self.out_same.eq(doubled == 31),
        ]
        return m


def bench_of(a: np.ndarray, b: np.ndarray) -> Bench:
    """The meter with a sample of faults, on these pairs of numbers, a gap after some of them."""
    netlist = read_component(Meter(), PORTS.module)
    faults = tuple(sample(netlist, N_FAULTS, np.random.default_rng(4)))
    rows, idle = np.arange(len(a)), np.arange(len(a)) % 5 // 3
    records = stream.empty_records(PORTS, len(a))
    stream.put_header(records, flags=np.full(len(a), stream.flag(Header.VALID, Header.MARK)), idle=idle)
    for name, values in (("in_a", a), ("in_b", b)):
        stream.put_bits(records, rows, np.full(len(a), PORTS.input_low(name)), 4, values)
    with_port = replace(PORTS, inputs=(*PORTS.inputs, Port(name=PORT, width=select_bits(len(faults)))))
    return Bench(
        design=Design(ports=with_port, verilog=insert(netlist, faults).verilog()),
        netlist=netlist,
        faults=faults,
        records=records,
        cycles=np.cumsum(1 + idle) - idle,
        results=((a + b) | ((a < b) & (b >= 3)) << 5).astype(np.uint8)[:, None],
        mark=rows,
    )


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["mutate", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


@pytest.fixture(scope="module")
def bench() -> Bench:
    """All pairs of numbers."""
    a, b = np.divmod(np.random.default_rng(3).permutation(256), 16)
    return bench_of(a, b)


@pytest.fixture(scope="module")
def model(bench):
    return runner.build(bench.design)


@pytest.fixture(scope="module")
def verdict(bench, model) -> dict[int, bool]:
    """Whether each fault is killed by all pairs."""
    return dict(survivors(bench, model, range(len(bench.faults))))


def says(bench: Bench, fault: Fault) -> str:
    return f"{bench.netlist.net(fault.cell)[0]}: {fault.says(bench.netlist.cells[fault.cell])}"


def test_all_inputs_kill_what_can_be_seen_and_the_rest_is_proven_or_known(bench, verdict):
    """What concerns `out_same` alone is proven, unless a register must be known to be 0 for that."""
    assert sorted(verdict) == list(range(len(bench.faults)))
    assert {bench.faults[n].kind for n in verdict if verdict[n]} >= set(SCORED)
    alive = {number for number in verdict if not verdict[number]}
    proven = {number for number in verdict if is_equivalent(bench.netlist, bench.faults[number])}
    assert len(proven) > 3
    assert proven <= alive
    assert all(says(bench, bench.faults[n]).startswith(("doubled", "out_same")) for n in proven)
    rest = [bench.faults[n] for n in alive - proven]
    assert all(fault.kind is Kind.RESET_VALUE or bench.netlist.net(fault.cell)[0] == "out_same" for fault in rest)
    assert not any(bench.netlist.net(fault.cell)[0] == "out_valid" for fault in rest)


def test_what_the_stimuli_do_not_reach_survives(bench, model, verdict):
    """The same model with one pair of numbers alone: comparisons and most wrong bits pass unseen, a stuck result does not."""
    equal = np.full(16, 5)
    blind = bench_of(equal, equal - 5)
    assert blind.design == bench.design
    seen = killed(blind, model, range(len(blind.faults)))
    count = Counter((fault.kind, is_killed) for fault, is_killed in zip(blind.faults, seen.tolist(), strict=True))
    for kind in (Kind.STUCK_BIT, Kind.COMPARISON):
        assert count[kind, False] > 0, kind
    assert count[Kind.STUCK_BIT, True] > 0
    assert not any(is_killed and not verdict[number] for number, is_killed in enumerate(seen.tolist()))
    assert seen.sum() < sum(verdict.values())


def test_what_comes_before_the_next_mark_belongs_to_the_events_kept(bench):
    """An event may be marked by its first record: what follows up to the next mark is needed for its answers."""
    records = bench.records.copy()
    marked = np.arange(len(records)) % 4 == 1
    flags = np.where(marked, stream.flag(Header.VALID, Header.MARK), stream.flag(Header.VALID))
    stream.put_header(records, flags=flags, idle=np.zeros(len(records), np.int64))
    seldom = replace(bench, records=records, mark=np.arange(len(records)) // 4)
    assert seldom.n_marks == len(records) // 4
    for n_marks, n_records in ((1, 5), (2, 9), (seldom.n_marks, len(records))):
        first = seldom.first(n_marks)
        assert (len(first.records), first.n_marks) == (n_records, n_marks)
        assert len(first.results) == len(first.cycles) == 4 * n_marks


def test_a_wrong_golden_answer_is_no_kill(bench, model):
    wrong = replace(bench, results=bench.results ^ 1)
    with pytest.raises(runner.SimulationError, match="when no fault is chosen, before"):
        killed(wrong, model, [0])


def test_equivalence_of_single_cells(bench):
    netlist = bench.netlist
    by_text = {says(bench, fault): fault for name in netlist.cells for kind in Kind for fault in faults_of(netlist, name, kind)}
    assert is_equivalent(netlist, by_text["out_same: bit 0 of the result of eq is 0"])
    assert not is_equivalent(netlist, by_text["out_same: bit 0 of the result of eq is 1"])
    assert not is_equivalent(netlist, by_text["out_less: lt is le"])
    assert not is_equivalent(netlist, by_text["out_same: eq is ne"])


class Looked(wiring.Component):
    """Whether the word at an address is 6, one cycle after it was read; `kept` has a bit that only it reads itself."""

    def __init__(self, *, written: bool) -> None:
        self._written = written
        super().__init__({"in_a": In(2), "in_b": In(3), "out_is": Out(1), "out_low": Out(1), "out_kept": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.table = table = Memory(shape=3, depth=4, init=[1, 2, 4, 5])
        port, word, kept = table.read_port(), Signal(3, name="word"), Signal(2, name="kept")
        if self._written:
            write = table.write_port()
            m.d.comb += [write.en.eq(self.in_b[0]), write.addr.eq(self.in_a), write.data.eq(self.in_b)]
        m.d.comb += port.addr.eq(self.in_a)
        with m.If(self.in_b[2]):
            m.d.sync += [word.eq(port.data), kept.eq(kept ^ self.in_b[:2])]
        m.d.comb += [self.out_is.eq(word == 6), self.out_low.eq(word < 6), self.out_kept.eq(kept[0])]
        return m


def test_equivalence_knows_words_of_tables_and_bits_that_no_output_depends_on():
    for written in (False, True):
        netlist = read_component(Looked(written=written), "looked")
        by_text = {
            f"{netlist.net(name)[0]}: {fault.says(netlist.cells[name])}": fault
            for name in netlist.cells
            for kind in Kind
            for fault in faults_of(netlist, name, kind)
        }
        assert is_equivalent(netlist, by_text["out_is: bit 0 of the result of eq is 0"]) is not written
        assert is_equivalent(netlist, by_text["out_low: constant B = 6 of lt +1"]) is not written
        assert not is_equivalent(netlist, by_text["out_low: constant B = 6 of lt -1"])
        assert is_equivalent(netlist, by_text["out_low: lt is le"]) is not written
        assert is_equivalent(netlist, by_text["kept: bit 1 of the result of xor is 1"])
        assert not is_equivalent(netlist, by_text["kept: bit 0 of the result of xor is 1"])


def test_values_of_a_register_behind_a_table():
    for written in (False, True):
        netlist = read_component(Looked(written=written), "looked")
        ((word,),) = [[net["bits"]] for name, net in netlist.module["netnames"].items() if name == "word"]
        assert values_of(netlist, word) == (None if written else {0, 1, 2, 4, 5})
        assert values_of(netlist, word[1:]) == (None if written else {0, 1, 2})
        assert values_of(netlist, netlist.module["ports"]["in_b"]["bits"]) is None


def test_record_resuming_and_status_of_the_rtl_side(bench, model, tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "make_bench", lambda *_, **__: bench)
    monkeypatch.setattr(runner, "build", lambda *_, **__: model)
    run, calls = mutation.killed, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run(*arguments)

    out = tmp_path / "r.json"
    options = ("klm", "--side", "rtl", "--mutants", N_FAULTS, "--out", out)
    monkeypatch.setattr(mutation, "killed", interrupted)
    monkeypatch.setattr(mutation, "PARTS", {"klm": ("adder",)})
    assert invoke(*options)[0] == 130
    assert not out.exists()
    kept = len(out.with_suffix(".rtl.checkpoint.jsonl").read_text().splitlines()) - 1
    assert 0 < kept < len(bench.faults)
    status, shown, _ = invoke(*options, "--aim", 0.5)
    assert status == 0
    found = json.loads(out.read_text())["sides"]["rtl"]
    assert len(calls[2][2]) == len(bench.faults) - kept
    assert found["mutants"] == N_FAULTS == sum(found[name] for name in ("killed", "equivalent", "survived"))
    assert found["score"] == round(found["killed"] / (N_FAULTS - found["equivalent"]), 4)
    assert f"rtl: {found['killed']} of {N_FAULTS} killed" in shown
    assert found["without"] == ["adder"]
    assert {"file", "line", "kind", "says", "outcome", "net"} <= set(found["not_killed"][0])
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_faults_of_source_text():
    text = '''
LIMIT = 7


def f(x: int = 3) -> "int | None":
    """Not 5 < 6."""
    if x < 0:
        raise ValueError(f"{x < 1}")
    y = [0]
    y[0] = x - 2 if x >= LIMIT and True else min(x, 1)
    return y[0]
'''
    found = source_faults(text)
    changed = [fault.applied(text) for fault in found]
    assert len(set(changed)) == len(changed)
    assert {fault.line for fault in found} == {9, 10, 11}
    for faulty in changed:
        compile(faulty, "faulty", "exec")
    said = {kind: {fault.says for fault in found if fault.kind is kind} for kind in SourceKind}
    assert said[SourceKind.COMPARISON] == {"x >= LIMIT -> (x > LIMIT)"}
    assert said[SourceKind.SWAPPED_OPERAND] == {"x >= LIMIT -> (LIMIT >= x)", "x - 2 -> (2 - x)"}
    assert said[SourceKind.REGISTER_DROPPED] == {"y[0] = x - 2 if x >= LIMIT and True else min(x, 1) -> pass"}
    assert "x >= LIMIT and True -> (x >= LIMIT or True)" in said[SourceKind.OPERATOR]
    assert "min(x, 1) -> (max(x, 1))" in said[SourceKind.OPERATOR]
    assert "x - 2 if x >= LIMIT and True else min(x, 1) -> (x - 2)" in said[SourceKind.STUCK_BIT]
    assert said[SourceKind.CONSTANT] >= {"True -> False", "2 -> (0)", "0 -> (2)"}


def test_every_operator_has_a_fault():
    """Python's operators, matrices and powers among them."""
    for operator in ("+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^"):
        assert source_faults(f"def f(a, b):\n    return a {operator} b\n"), operator


def test_model_mutants_of_a_block(tmp_path):
    """Answers, errors and tests of the block kill; what is left is told with its line; the work tree is not touched."""
    before = mutation_model.sources("klm")
    out = tmp_path / "r.json"
    status, _, _ = invoke("klm", "--side", "model", "--mutants", 5, "--events", 200, "--out", out, "--seed", 2, "--aim", 0)
    assert status == 0
    found = json.loads(out.read_text())["sides"]["model"]
    assert found["mutants"] == 5
    assert found["killed"] >= 4
    assert found["killed_by"][mutation_model.FIRST_ANSWERS] >= 2
    assert found["with_tests"]
    assert all(one["file"] == "trigger/klm.py" and one["line"] > 0 for one in found["not_killed"])
    assert mutation_model.sources("klm") == before
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_model_that_is_blind_keeps_its_mutants(tmp_path, monkeypatch):
    """Events without a hit, and no tests: hardly any fault shows, and the status says so."""
    from sim.cosim.klm import KlmEvents

    nothing = KlmEvents(offsets=np.zeros(3, np.int64), **{name: np.zeros(0, np.int8) for name in ("section", "sector", "layer")})
    monkeypatch.setattr(mutation_model, "klm_events", lambda *_: nothing)
    options = ("--side", "model", "--no-tests", "--mutants", 6, "--seed", 2)
    status, shown, _ = invoke("klm", *options, "--out", tmp_path / "r.json")
    assert status == 1
    kept = (tmp_path / "r.model.checkpoint.jsonl").read_text()
    found = json.loads((tmp_path / "r.json").read_text())["sides"]["model"]
    assert found["survived"] >= 1
    assert not found["with_tests"]
    assert kept.count(mutation_campaign.LEFT) == found["survived"]
    assert "trigger/klm.py:" in shown


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("hcal",), "block must be one of ecl,"),
        (("klm", "--side", "left"), "--side must be rtl, model, both, not 'left'"),
        (("klm", "--mutants", "0"), "--mutants must be at least 1, not 0"),
        (("klm", "--seed", "-1"), "--seed must be at least 0, not -1"),
        (("klm", "--events", "0"), "--events must be at least 1, not 0"),
        (("klm", "--out", "r.txt"), "must end in .json"),
    ],
)
def test_bad_input_is_refused_before_any_work(tmp_path, monkeypatch, arguments, reason):
    monkeypatch.chdir(tmp_path)
    status, _, errors = invoke(*arguments)
    assert status == 2
    assert reason in errors
    assert list(Path().iterdir()) == []
