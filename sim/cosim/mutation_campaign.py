"""Mutants of both sides of a block: run, kept as they finish, and their record."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from sim.blocks import Stage, stream
from sim.cosim import mutation, mutation_model, runner
from sim.cosim.campaign import RECORD_SUFFIXES
from sim.cosim.export_blocks import BLOCKS
from sim.cosim.mutation_equivalence import is_equivalent
from sim.cosim.record import write_record
from sim.cosim.simulators import Simulator, require, versions
from sim.files import check_output
from sim.progress import progress
from sim.provenance import versions as package_versions
from trigger.compiled import ROOT
from trigger.digest import digest
from trigger.errors import InputError

LEFT = "left by the answers"
"""Of a mutant that has not met the tests."""
SURVIVED, EQUIVALENT = "survived", "equivalent"
"""Outcomes of mutants that nothing kills; a proven equivalent one is none of the checks' business."""
AIM = 0.98
RESET_VALUE = "reset value"
TESTS = ROOT / "tests"


class Side(Enum):
    """What is mutated."""

    RTL = "rtl"
    MODEL = "model"
    BOTH = "both"

    @property
    def parts(self) -> tuple[Side, ...]:
        """The sides by themselves."""
        return (Side.RTL, Side.MODEL) if self is Side.BOTH else (self,)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What shall be done. mutants: on each side. events: of the stimuli, by default those of the fast suite.

    tests: whether what is left of the model's mutants meets the tests of the block; without them, what is done is kept beside the
    record, for the same order with them.
    """

    block: str
    mutants: int
    out: Path
    seed: int = 1
    side: Side = Side.BOTH
    events: int | None = None
    tests: bool = True

    def __post_init__(self) -> None:
        if self.block not in BLOCKS:
            raise InputError(f"block must be one of {', '.join(BLOCKS)}, not {self.block!r}")
        for name, value, least in (("--mutants", self.mutants, 1), ("--seed", self.seed, 0), ("--events", self.n_events, 1)):
            if value < least:
                raise InputError(f"{name} must be at least {least}, not {value}")

    @property
    def n_events(self) -> int:
        """Events of the stimuli."""
        return mutation.N_EVENTS[self.block] if self.events is None else self.events


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one mutant. outcome: what killed it, or SURVIVED, EQUIVALENT. place: file and line; net: of the RTL."""

    kind: str
    outcome: str
    file: str
    line: int
    says: str
    net: str = ""

    def to_json(self) -> dict[str, Any]:
        """A survivor as a record has it."""
        shown = {"kind": self.kind, "file": self.file, "line": self.line, "says": self.says, "outcome": self.outcome}
        return shown | ({"net": self.net} if self.net else {})


def mutate(order: Order, *, cache: Path | None = None) -> dict[str, Any]:
    """The record of a campaign, also written to `order.out`. cache: of simulation models, see `runner.build`.

    An interrupted campaign goes on when it is run again: finished mutants are kept beside the record. InputError for bad input.
    """
    check_output(order.out, overwrite=True, suffixes=RECORD_SUFFIXES)
    require(Simulator.VERILATOR)
    began = time.monotonic()
    sides: dict[str, Any] = {}
    kept = []
    for side in order.side.parts:
        run = {Side.RTL: _rtl, Side.MODEL: _model}[side]
        outcomes, digests, store = run(order, cache)
        sides[side.value] = summary(outcomes) | {"digests": digests}
        if side is Side.MODEL:
            sides[side.value]["with_tests"] = order.tests and TESTS.is_dir()
        if side is Side.RTL and order.block in mutation.PARTS:
            sides[side.value]["without"] = list(mutation.PARTS[order.block])
        kept.append(store)
    record = {
        "block": order.block,
        "seed": order.seed,
        "n_events": order.n_events,
        "sides": sides,
        "versions": package_versions() | versions(Simulator.VERILATOR),
        "wall_s": round(time.monotonic() - began, 1),
    }
    write_record(order.out, record)
    for store in kept:
        store.remove()
    return record


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Counts of one side. score: killed of those that are not proven equivalent; reset values are counted beside it."""
    scored = [one for one in outcomes if one.kind != RESET_VALUE]
    of_reset = [one for one in outcomes if one.kind == RESET_VALUE]
    count = Counter(_class(one) for one in scored)
    judged = len(scored) - count[EQUIVALENT]
    kinds: dict[str, dict[str, int]] = {}
    for one in outcomes:
        row = kinds.setdefault(one.kind, {"mutants": 0, "killed": 0, EQUIVALENT: 0, SURVIVED: 0})
        row["mutants"] += 1
        row[_class(one)] += 1
    return {
        "mutants": len(scored),
        "killed": count["killed"],
        EQUIVALENT: count[EQUIVALENT],
        SURVIVED: count[SURVIVED],
        "score": round(count["killed"] / judged, 4) if judged else None,
        "reset_values": {"mutants": len(of_reset), "killed": sum(_class(one) == "killed" for one in of_reset)},
        "kinds": kinds,
        "killed_by": dict(Counter(one.outcome for one in outcomes if _class(one) == "killed")),
        "not_killed": [one.to_json() for one in outcomes if _class(one) != "killed" and one.kind != RESET_VALUE],
    }


def _class(one: Outcome) -> str:
    return one.outcome if one.outcome in (SURVIVED, EQUIVALENT) else "killed"


class _Store:
    """Outcomes of finished mutants, one JSON line each, beside the record; those of another job are dropped."""

    def __init__(self, path: Path, job: str) -> None:
        self.path = path
        self.found: dict[int, str] = {}
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        if lines and json.loads(lines[0]) == job:
            self.found = dict(json.loads(line) for line in lines[1:])
            path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        else:
            path.write_text(json.dumps(job) + "\n", encoding="utf-8")

    def save(self, number: int, outcome: str) -> None:
        self.found[number] = outcome
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps([number, outcome]) + "\n")

    def remove(self) -> None:
        """Remove the file, unless it has something that another order may need."""
        if LEFT not in self.found.values():
            self.path.unlink(missing_ok=True)


Ran = tuple[list[Outcome], dict[str, str], _Store]


def _store(order: Order, side: Side, *made_from: str) -> _Store:
    job = digest(order.block, order.mutants, order.seed, order.n_events, side, *made_from, package_versions())
    return _Store(order.out.with_suffix(f".{side.value}.checkpoint.jsonl"), job)


def _keep(store: _Store, outcomes: Iterable[tuple[int, str]], advance: Callable[[int], None]) -> None:
    for number, outcome in outcomes:
        store.save(number, outcome)
        advance(1)


def _rtl(order: Order, cache: Path | None) -> Ran:
    bench = mutation.make_bench(order.block, order.mutants, order.seed, n_events=order.n_events)
    model = runner.build(bench.design, cache=cache)
    stimuli = digest(bench.records, bench.results, bench.cycles)
    store = _store(order, Side.RTL, digest(bench.design.verilog), stimuli)
    todo = [number for number in range(len(bench.faults)) if number not in store.found]
    with progress(f"RTL of {order.block}", len(bench.faults), done=len(store.found), unit="mutants") as advance:
        _keep(store, _rtl_outcomes(bench, model, todo), advance)
    outcomes = []
    for number, fault in enumerate(bench.faults):
        file, line = bench.netlist.source(fault.cell)
        outcomes.append(
            Outcome(
                kind=fault.kind.value, outcome=store.found[number], file=file, line=line,
                says=fault.says(bench.netlist.cells[fault.cell]), net=bench.netlist.net(fault.cell)[0],
            )
        )  # fmt: skip
    return outcomes, {"mutants": digest(bench.design.verilog), "stimuli": stimuli}, store


def _rtl_outcomes(bench: mutation.Bench, model: runner.Model, todo: list[int]) -> Iterable[tuple[int, str]]:
    for number, is_killed in mutation.survivors(bench, model, todo):
        if is_killed:
            yield number, "answers"
        else:
            is_same = bench.faults[number].kind.value != RESET_VALUE and is_equivalent(bench.netlist, bench.faults[number])
            yield number, EQUIVALENT if is_same else SURVIVED


def _model(order: Order, _: Path | None) -> Ran:
    texts, with_tests = mutation_model.sources(order.block), order.tests and TESTS.is_dir()
    faults = mutation_model.sample(texts, order.mutants, stream(order.seed, f"mutation.source.{order.block}", Stage.STIMULUS, 0))
    store = _store(order, Side.MODEL, digest(texts))
    todo = [number for number in range(len(faults)) if number not in store.found]
    scratch = order.out.with_name(f".{order.out.stem}.scratch")
    scratch.mkdir(exist_ok=True)
    with mutation_model.ModelBench(order.block, scratch.resolve(), order.n_events, order.seed) as bench:
        with progress(f"model of {order.block}", len(faults), done=len(store.found), unit="mutants") as advance:
            _keep(store, ((number, bench.killed_by_answers(*faults[number]) or LEFT) for number in todo), advance)
        left = [number for number, outcome in store.found.items() if with_tests and outcome == LEFT]
        with progress(f"tests of {order.block}", len(left), unit="mutants") as advance:
            _keep(store, ((number, bench.killed_by_tests(*faults[number]) or SURVIVED) for number in left), advance)
    outcomes = []
    for number, (path, fault) in enumerate(faults):
        outcome = SURVIVED if store.found[number] == LEFT else store.found[number]
        outcomes.append(Outcome(kind=fault.kind.value, outcome=outcome, file=path, line=fault.line, says=fault.says))
    shutil.rmtree(scratch)
    return outcomes, {"sources": digest(texts)}, store
