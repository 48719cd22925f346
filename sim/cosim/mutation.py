"""Mutants of the RTL: one simulation model with many faults, run with each of them on the stimuli of the fast suite.

A mutant is killed if anything that the bench sees differs from what the model says: a value, a missing or another result, a cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.blocks import Stage
from sim.blocks import stream as random_stream
from sim.cosim import runner, stream
from sim.cosim.exchange import exchange
from sim.cosim.export_blocks import BLOCKS
from sim.cosim.export_golden import Golden, expected_words, result_cycles
from sim.cosim.export_order import Exported, Order
from sim.cosim.ports import Design, Port, StreamPorts
from sim.cosim.wrapper import DRAIN_CYCLES, HEADER_BITS, IDLE_BITS, Header

if TYPE_CHECKING:
    from hdl.mutation import Fault
    from hdl.mutation_netlist import Netlist

N_EVENTS = {
    "ecl": 16_384, "klm": 4000, "klm.line": 4000, "menu": 49_152, "grl": 4500, "chain": 300, "tracks.segments": 100,
    "tracks.stream": 64, "tracks.hough": 300, "tracks.inputs": 1500, "tracks.neuro": 4000,
    "tracks.codesign": 20_000, "tracks.stt": 3000, "tracks.neuro_path": 300, "tracks": 200, "displaced.fits": 4000,
    "displaced.vertices": 300, "displaced.network": 2200, "displaced": 2000,
}  # fmt: skip
"""Events of one block in the tests that everybody runs (`make test`), the numbers of the largest of them; of displaced.fits and
displaced, which no fast test simulates, as many as a mutant needs seconds for."""
PARTS: Mapping[str, tuple[str, ...]] = {
    "chain": ("ecl", "tracks", "klm", "grl", "menu"),
    "tracks": ("finder", "path"),
    "tracks.neuro_path": ("neuro.inputs", "neuro.network_0", "single"),
    "displaced": ("fits", "decide"),
    "displaced.vertices": ("network",),
}
"""Submodules of a block that are blocks themselves: their faults count there, those of the whole are in what it adds."""
STAGES = (1 / 64, 1 / 8, 1)
"""Parts of the events: most mutants need few (our choice)."""
BYTES_PER_RUN = 1 << 28
"""Stimulus of one run of the simulator, at most (our choice)."""
PREFIX_RECORDS = 40
"""Beats before the events, ended by a reset in the middle of whatever they began."""
_PREFIX_BYTES = 8
"""Of an expected word: number of the event, and cycle."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A block with all its faults in one design, its stimulus and the answers that the model gives.

    faults: fault k is chosen by k + 1, none by 0. records: of the block itself. cycles: of the results, from the first record on.
    results: uint8 (n, bytes), little-endian. mark: which completing record each result answers.
    """

    design: Design
    netlist: Netlist
    faults: tuple[Fault, ...]
    records: np.ndarray
    cycles: np.ndarray
    results: np.ndarray
    mark: np.ndarray

    def first(self, n_marks: int) -> Bench:
        """The bench with the records before completing record n_marks alone, and the results that answer those."""
        marked = np.flatnonzero(_header(self.records) >> Header.MARK & 1)
        kept = self.mark < n_marks
        return replace(
            self,
            records=self.records[: marked[n_marks]] if n_marks < len(marked) else self.records,
            cycles=self.cycles[kept],
            results=self.results[kept],
            mark=self.mark[kept],
        )

    @property
    def n_marks(self) -> int:
        """Completing records."""
        return int(np.count_nonzero(_header(self.records) >> Header.MARK & 1))


def make_bench(block: str, n_mutants: int, seed: int, *, n_events: int | None = None) -> Bench:
    """A bench with a random sample of faults (a minute at most). n_events: `N_EVENTS` of the block by default."""
    made = BLOCKS[block].make(Order(n_events=n_events or N_EVENTS[block], seed=seed))
    rng = random_stream(seed, f"mutation.{block}", Stage.STIMULUS, 0)
    return bench_of(made, made.golden, n_mutants, rng, without=PARTS.get(block, ()))


def bench_of(made: Exported, golden: Golden, n_mutants: int, rng: np.random.Generator, without: Sequence[str] = ()) -> Bench:
    """The bench of a block, with these golden vectors. without: submodules that have no fault."""
    from hdl.mutation import sample
    from hdl.mutation_insert import PORT, insert, select_bits
    from hdl.mutation_netlist import read_component

    ports = made.rtl.design.ports
    netlist = read_component(made.rtl.component, ports.module)
    faults = sample(netlist, n_mutants, rng, without)
    with_port = replace(ports, inputs=(*ports.inputs, Port(name=PORT, width=select_bits(len(faults)))))
    words = expected_words(ports, made.fields, golden, made.rtl.latency)
    return Bench(
        design=Design(ports=with_port, verilog=insert(netlist, faults).verilog()),
        netlist=netlist,
        faults=tuple(faults),
        records=golden.records,
        cycles=result_cycles(golden, made.rtl.latency),
        results=np.ascontiguousarray(words[:, _PREFIX_BYTES:][:, ::-1]),
        mark=golden.mark,
    )


def killed(bench: Bench, model: runner.Model, mutants: Sequence[int]) -> np.ndarray:
    """Whether each of these mutants (numbers of faults) answers otherwise than the model says, bool (n,).

    Every mutant starts with a reset, some beats and another reset; from the cycle behind it on results count. SimulationError if
    the design without a fault, which runs first and last, differs as well.
    """
    numbers = [0, *(k + 1 for k in mutants), 0]
    chosen = [_chosen(bench, model.ports, number) for number in (0, 1)]
    per_run = max(int(BYTES_PER_RUN // chosen[0].nbytes), 3)
    found: list[bool] = []
    for first in range(0, len(numbers), per_run):
        found += _run(bench, model, numbers[first : first + per_run])
    if found[0] or found[-1]:
        when = "before" if found[0] else "after"
        msg = f"{bench.design.ports.module} must answer as the model when no fault is chosen, {when} those with one"
        raise runner.SimulationError(msg)
    return np.array(found[1:-1], bool)


def survivors(bench: Bench, model: runner.Model, mutants: Sequence[int]) -> Iterator[tuple[int, bool]]:
    """(mutant, killed) of each one, some events for all first, all events for those that are left."""
    left = list(mutants)
    for part in STAGES:
        stage = bench.first(max(int(bench.n_marks * part), 1))
        verdicts = killed(stage, model, left)
        yield from ((mutant, True) for mutant, is_killed in zip(left, verdicts, strict=True) if is_killed)
        left = [mutant for mutant, is_killed in zip(left, verdicts, strict=True) if not is_killed]
    yield from ((mutant, False) for mutant in left)


def _run(bench: Bench, model: runner.Model, numbers: Sequence[int]) -> list[bool]:
    """Whether the results differ, with each of these choices of a fault, in one run of the simulator."""
    parts = (_chosen(bench, model.ports, number) for number in numbers)
    first = _chosen(bench, model.ports, numbers[0])
    starts = np.cumsum(1 + (_header(first) & ((1 << IDLE_BITS) - 1)))
    length, own = int(starts[-1]), int(starts[-len(bench.records) - 1])
    response = exchange(model, parts, bench.n_marks * len(numbers))
    marked = np.flatnonzero(_header(first) >> Header.MARK & 1)[0]
    base = int(response.marks[0]) - int(starts[marked - 1])
    place, cycle = np.divmod(response.cycles - base, length)
    verdicts = []
    for k in range(len(numbers)):
        rows = (place == k) & (cycle >= own - 1)
        same = np.array_equal(cycle[rows] - own, bench.cycles) and np.array_equal(response.results[rows], bench.results)
        verdicts.append(not same)
    return verdicts


def _chosen(bench: Bench, ports: StreamPorts, number: int) -> np.ndarray:
    """Records of one choice: reset, beats without a mark, reset, the events; then as many idle cycles as results may need."""
    from hdl.mutation_insert import PORT

    reset = stream.empty_records(bench_ports(ports), 1)
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([1]))
    before = bench.records[:PREFIX_RECORDS].copy()
    flags = _header(before) & ~np.int64(stream.flag(Header.MARK))
    stream.put_header(before, flags=flags >> IDLE_BITS << IDLE_BITS, idle=np.zeros(len(before), np.int64))
    own = bench.records.copy()
    last = _header(own[-1:])
    stream.put_header(own[-1:], flags=last >> IDLE_BITS << IDLE_BITS, idle=(last & ((1 << IDLE_BITS) - 1)) + DRAIN_CYCLES)
    plain = np.concatenate([reset, before, reset, own])
    out = stream.empty_records(ports, len(plain))
    head = HEADER_BITS // 8
    out[:, :head] = plain[:, :head]
    out[:, out.shape[1] - (plain.shape[1] - head) :] = plain[:, head:]
    rows = np.arange(len(out))
    stream.put_bits(out, rows, np.full(len(rows), ports.input_low(PORT)), ports.inputs[-1].width, np.full(len(rows), number))
    return out


def bench_ports(ports: StreamPorts) -> StreamPorts:
    """The ports without the one that chooses the fault."""
    return replace(ports, inputs=ports.inputs[:-1])


def _header(records: np.ndarray) -> np.ndarray:
    """Headers as numbers, int64."""
    return np.ascontiguousarray(records[:, : HEADER_BITS // 8]).view(">u4")[:, 0].astype(np.int64)
