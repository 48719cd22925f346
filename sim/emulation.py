"""Decisions of the model for a whole event file, in pieces, resumable."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.blocks import BLOCK_EVENTS, Stage, n_blocks, stream
from sim.files import EventFile
from sim.injection import TIME_FIELD, Injection
from sim.parts import Parts
from sim.progress import progress
from sim.provenance import file_digest, stamp
from trigger import __version__
from trigger.chain import MENU, Chain, ChainPlan, Prescaler, RandomPrescale
from trigger.digest import digest
from trigger.errors import InputError
from trigger.events import EventRecord, check_names, with_event_numbers
from trigger.fields import EVENT_FIELDS
from trigger.menu import PrescaleCounters
from trigger.menu.filling import RECORDED_INPUTS, Origin
from trigger.menu.wiring import EXTERNAL_PREFIX, VETO_FIELD, fields

_NUMBERS = frozenset(field.name for field in EVENT_FIELDS)


class Prescaling(enum.Enum):
    """How `psnm` and `l1` come from the lines before prescale."""

    RANDOM = "random"
    """Each line is kept with probability 1/N, drawn from the seed and the logical block: no event depends on another."""
    COUNTERS = "counters"
    """Hardware counters, 0 at the first event that is emulated: the file is a stream."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where decisions go.

    path: event file. prescaling: of lines. seed: of random prescales and drawn times. injection: fills the injection veto, None:
    it is what the file says. with_input: the input's fields go along.
    """

    path: Path
    prescaling: Prescaling = Prescaling.RANDOM
    seed: int = 0
    injection: Injection | None = None
    with_input: bool = False
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class _Work:
    """One file on its way through the chain. wanted: fields that are read; None: all."""

    file: EventFile
    chain: Chain
    output: Output
    wanted: frozenset[str] | None

    def prescaler(self, number: int, counters: PrescaleCounters) -> Prescaler:
        """What prescales the lines of a logical block."""
        if self.output.prescaling is Prescaling.COUNTERS:
            return counters
        return RandomPrescale(period=self.chain.period, rng=stream(self.output.seed, "emulate", Stage.PRESCALE, number))


def emulate_file(
    events: str | Path, out: str | Path, *, chain: Chain | None = None, blocks: range | None = None, **options: Any
) -> tuple[int, ChainPlan]:
    """Write the decisions on the events of a file to `out`, with their numbers and weights; return (events, what was done).

    chain: blocks, menu and settings; all blocks whose input is there by default. blocks: logical blocks of the input (all by
    default). options: of `Output`. InputError if the input is bad or `out` cannot be written; then nothing is written.
    """
    chain, output = chain or Chain(), Output(path=Path(out), **options)
    with EventFile(events) as file:
        names = tuple(file.names)
        if output.injection is not None:
            output.injection.check(names, str(events))
            names = (*names, VETO_FIELD)
        plan = _checked_plan(chain, names, str(events))
        named = [*plan.blocks, *([MENU] if chain.has_menu else [])]
        chosen = range(max(n_blocks(file.n_events), 1)) if blocks is None else blocks
        digests = {"input": file_digest(events)} | chain.digests
        options_used = (output.prescaling, output.seed, output.with_input, output.injection)
        job = digest("emulate", __version__, digests, named, [chosen.start, chosen.stop], *options_used)
        total = min(chosen.stop * BLOCK_EVENTS, file.n_events) - chosen.start * BLOCK_EVENTS
        work = _Work(file=file, chain=chain, output=output, wanted=None if output.with_input else _wanted(plan, file.names))
        with Parts(out, job, len(chosen), overwrite=output.overwrite) as parts:
            with progress(f"emulate {Path(events).name}", total, done=min(len(parts.done) * BLOCK_EVENTS, total)) as advance:
                _run(work, parts, chosen, advance)
            labels = {"blocks": named, "event_blocks": f"{chosen.start}:{chosen.stop}", "left_out": dict(plan.left_out)}
            labels |= _menu_labels(work, plan) if chain.has_menu else {}
            labels |= {} if output.injection is None else {"injection": output.injection.labels()}
            meta = stamp("emulate", seed=file.meta.get("seed"), digests=digests, labels=labels, source=file.meta)
            columns = {"input_names": list(chain.menu.input_names), "line_names": list(chain.menu.line_names)}
            parts.finish(meta | (columns if chain.has_menu else {}))
    return total, plan


def _checked_plan(chain: Chain, names: Collection[str], where: str) -> ChainPlan:
    """What the chain does with the events of a file; InputError if a block that is asked for lacks a field, or nothing can run."""
    check_names(names, where)
    try:
        plan = chain.plan(names)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    answered = plan.inputs is not None and any(origin is not Origin.ABSENT for origin in plan.inputs.origins)
    if not plan.blocks and not answered:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in plan.left_out.items())
        raise InputError(f"{where}: no block can run ({reasons})")
    return plan


def _wanted(plan: ChainPlan, names: Collection[str]) -> frozenset[str]:
    """Fields of the file that are read."""
    read = _NUMBERS.union(*(block.fields for block in plan.blocks.values()))
    if plan.inputs is not None:
        read |= {RECORDED_INPUTS, *fields(), *(name for name in names if name.startswith(EXTERNAL_PREFIX))}
    return read


def _run(work: _Work, parts: Parts, chosen: range, advance: Callable[[int], None]) -> None:
    """Decide the blocks that are not done yet, in order."""
    counters = PrescaleCounters(period=work.chain.period)
    done = parts.done
    for part, number in enumerate(chosen):
        if part not in done:
            decided = _emulate_block(work, number, work.prescaler(number, counters))
            parts.save(part, decided)
            advance(decided.n_events)
        elif work.output.prescaling is Prescaling.COUNTERS and work.chain.has_menu:
            counters.run(parts.read(part, ("ftdl",))["ftdl"])


def _emulate_block(work: _Work, number: int, prescaler: Prescaler) -> EventRecord:
    first = number * BLOCK_EVENTS
    record = work.file.read(first, first + BLOCK_EVENTS, work.wanted)
    given = dict(record.arrays)
    if work.output.injection is not None:
        rng = stream(work.output.seed, "emulate", Stage.INJECTION, number)
        given |= work.output.injection.fields(given.get(TIME_FIELD), record.n_events, rng)
    answers = work.chain.run(given, prescaler).arrays()
    kept = {name: array for name, array in given.items() if work.output.with_input or name in _NUMBERS}
    kept = {name: array for name, array in kept.items() if name not in answers}
    return EventRecord(with_event_numbers(kept | answers, first_event=first), work.file.meta)


def _menu_labels(work: _Work, plan: ChainPlan) -> dict[str, Any]:
    """What a reader of the menu's decisions should know."""
    return {
        "menu": work.chain.menu.name,
        "period": work.chain.period.name,
        "prescaling": work.output.prescaling.value,
        "prescale_seed": work.output.seed,
        "from_file": [] if plan.inputs is None else list(plan.inputs.from_file),
        "not_supplied": dict(plan.not_supplied),
    }
