"""Our decision words against recorded ones, bit by bit: input bits, lines, and the menu on the recorded input bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.blocks import BLOCK_EVENTS
from sim.files import EventFile
from sim.progress import progress
from sim.provenance import file_digest, stamp
from sim.studies.tables import Table, Value
from trigger.chain import Chain
from trigger.errors import InputError
from trigger.events import EventRecord, with_event_numbers
from trigger.menu.condition import positions
from trigger.menu.filling import RECORDED_INPUTS, Origin, read_word

RECORDED_LINES = "rec_ftdl_words"
FIRST_EVENTS = 5
"""Events of a disagreement that are named."""
COLUMNS = ("position", "name", "compared", "recorded", "ours", "only_recorded", "only_ours", "first_events")


@dataclass(kw_only=True)
class BitCounts:
    """Counts of n_bits bits over all events so far. first: events of the first disagreements of each bit."""

    n_bits: int
    recorded: NDArray[np.int64] = field(init=False)
    ours: NDArray[np.int64] = field(init=False)
    only_recorded: NDArray[np.int64] = field(init=False)
    only_ours: NDArray[np.int64] = field(init=False)
    first: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("recorded", "ours", "only_recorded", "only_ours"):
            setattr(self, name, np.zeros(self.n_bits, np.int64))
        self.first = [[] for _ in range(self.n_bits)]

    def add(self, recorded: NDArray[np.bool_], ours: NDArray[np.bool_], names: Sequence[str]) -> None:
        """Count the bits of some events, bool (n, n_bits) each; names: of the events."""
        self.recorded += recorded.sum(axis=0)
        self.ours += ours.sum(axis=0)
        self.only_recorded += (recorded & ~ours).sum(axis=0)
        self.only_ours += (ours & ~recorded).sum(axis=0)
        for bit in np.flatnonzero((recorded != ours).any(axis=0)).tolist():
            known = self.first[bit]
            known += [
                names[event] for event in np.flatnonzero(recorded[:, bit] != ours[:, bit])[: FIRST_EVENTS - len(known)].tolist()
            ]

    def rows(self, names: Sequence[str], compared: Sequence[str]) -> tuple[tuple[Value, ...], ...]:
        """One row per bit that has a name. compared: "yes", or why not."""
        counts = zip(self.recorded.tolist(), self.ours.tolist(), self.only_recorded.tolist(), self.only_ours.tolist(), strict=True)
        return tuple(
            (position, name, why, *row, "; ".join(self.first[position]))
            for position, (name, why, row) in enumerate(zip(names, compared, counts, strict=True))
            if name
        )


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Outcome for one file. inputs, lines: ours against recorded. menu: lines of the recorded inputs against the recorded lines."""

    n_events: int
    inputs: Table
    lines: Table
    menu: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables."""
        return self.inputs, self.lines, self.menu

    @property
    def n_different(self) -> int:
        """Bits of the inputs and lines that were compared and differ in an event."""
        return sum(len(disagreements(table)) for table in (self.inputs, self.lines))


def disagreements(table: Table) -> tuple[tuple[Value, ...], ...]:
    """Rows of compared bits that differ in at least one event."""
    places = [COLUMNS.index(name) for name in ("only_recorded", "only_ours")]
    return tuple(row for row in table.where(compared="yes").rows if any(row[place] for place in places))


def compare_file(path: str | Path, chain: Chain) -> Compared:
    """The comparison of a file that has primitives and recorded words (`rec_input_words`, `rec_ftdl_words`).

    Bits that nothing here computes are taken from the recorded words and not compared; neither are lines that read nothing else.
    InputError if the recorded words are missing or the file is bad.
    """
    with EventFile(path) as file:
        for name in (RECORDED_INPUTS, RECORDED_LINES):
            if name not in file.names:
                raise InputError(f"{path}: field {name} is missing: there are no recorded words (TRGSummary) to compare with")
        menu = chain.menu
        counts = [BitCounts(n_bits=n) for n in (menu.n_inputs, len(menu.lines), len(menu.lines))]
        origins = chain.plan(file.names).inputs
        assert origins is not None
        with progress(f"compare {Path(path).name}", file.n_events) as advance:
            for first in range(0, file.n_events, BLOCK_EVENTS):
                record = file.read(first, first + BLOCK_EVENTS)
                _count(chain, record, first, counts)
                advance(record.n_events)
        digests = {"input": file_digest(path)} | chain.digests
        made = stamp("compare", digests=digests, labels={"menu": menu.name, "events": file.n_events}, source=file.meta)
        n_events = file.n_events
    compared = [_why(origin) for origin in origins.origins]
    of_lines = [_why_line(sorted(positions(line.condition)), compared) for line in menu.lines]
    titles = {
        "compare_inputs": ("Input bits: ours against recorded", menu.input_names, compared),
        "compare_lines": ("Lines before prescale: ours against recorded", menu.line_names, of_lines),
        "compare_menu": ("Lines of the recorded input bits against recorded lines", menu.line_names, ["yes"] * len(menu.lines)),
    }
    tables = [
        Table(
            name=name, title=f"{title}, {n_events} events, menu {menu.name}", columns=COLUMNS, rows=c.rows(names, why), stamp=made
        )
        for (name, (title, names, why)), c in zip(titles.items(), counts, strict=True)
    ]
    return Compared(n_events=n_events, inputs=tables[0], lines=tables[1], menu=tables[2])


def _count(chain: Chain, record: EventRecord, first: int, counts: list[BitCounts]) -> None:
    numbers = with_event_numbers(record.arrays, first_event=first)
    names = [f"{e}/{r}/{n}" for e, r, n in zip(*(numbers[key].tolist() for key in ("experiment", "run", "event")), strict=True)]
    decision = chain.run(record.arrays)
    inputs = np.stack([read_word(record[RECORDED_INPUTS], position) for position in range(chain.menu.n_inputs)], axis=1)
    lines = np.stack([read_word(record[RECORDED_LINES], position) for position in range(len(chain.menu.lines))], axis=1)
    counts[0].add(inputs, decision.input_bits, names)
    counts[1].add(lines, decision.ftdl, names)
    counts[2].add(lines, chain.menu.evaluate(inputs), names)


def _why(origin: Origin) -> str:
    return "yes" if origin is Origin.BLOCK else "no: taken from the file" if origin is Origin.FILE else "no: nothing supplies it"


def _why_line(read: list[int], compared: list[str]) -> str:
    return "yes" if any(compared[position] == "yes" for position in read) else "no: reads no bit that was compared"
