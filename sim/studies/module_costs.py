"""Cost of large blocks, module by module: as a whole they are more than Yosys can hold in its memory, or do in an hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cosim.shipped import SHIPPED
from sim.progress import progress
from sim.provenance import stamp
from sim.studies.cost_gate import MAX_LEVELS
from sim.studies.costs import COUNTS, counts
from sim.studies.tables import Table, Value
from trigger.digest import digest

if TYPE_CHECKING:
    from hdl.synthesis import Report
    from hdl.synthesis_parts import Rom

WHOLE = "sum"
COLUMNS = ("block", "times", *COUNTS, "table_bits", "passes_gate")


def table_name(block: str) -> str:
    """Name of the table of a block, and of its files."""
    return f"{block.replace('.', '_')}_costs"


def module_costs(block: str, *, cache: Path | None = None, only_done: bool = False) -> Table:
    """The table of all modules of a block as it ships, each without what it contains, and their sum; COLUMNS.

    block: a name of `SHIPPED`. only_done: what would have to be synthesised now has empty cells instead, and then so has the sum.
    """
    from hdl.synthesis_parts import parts

    rtl, interval = SHIPPED[block]()
    table = part_costs(parts(rtl.component, block), block, cache=cache, only_done=only_done)
    note = f"latency {rtl.latency} cycles, from event to event {interval}"
    return replace(table, notes=(*table.notes, note))


def part_costs(texts: Mapping[str, str], block: str, *, cache: Path | None = None, only_done: bool = False) -> Table:
    """The same of the Verilog of parts by place, as from `hdl.synthesis_parts.parts`.

    Modules with the same text have one row, that of the first of them, and `times` counts them.
    """
    from hdl.synthesis import UT4, WORTH, is_done, synthesise
    from hdl.synthesis_parts import PART

    firsts: dict[str, str] = {}
    for place, text in texts.items():
        firsts.setdefault(text, place)
    times = Counter(firsts[text] for text in texts.values())
    rows: list[tuple[Value, ...]] = []
    reports: list[tuple[int, Report | None]] = []
    tools = set()
    with progress("synthesis", len(times), unit="modules") as advance:
        for first, number in times.items():
            report = None
            if not only_done or is_done(texts[first], PART, cache=cache):
                report = synthesise(texts[first], PART, cache=cache)
                tools.add(report.yosys.partition(", ")[0].replace("(", ""))
            reports.append((number, report))
            rows.append((first, number, *_of_part(report)))
            advance(1)
    done = [(number, report) for number, report in reports if report is not None]
    whole = _sum(done) if len(done) == len(reports) else None
    return Table(
        name=table_name(block),
        title=f"Cost of {block} by module, percentages of {UT4.name}",
        columns=COLUMNS,
        rows=(*rows, (WHOLE, 1, *_of_part(whole))),
        notes=(
            WORTH,
            "Each module is synthesised alone, what it contains as black boxes; counts are of one of the `times` equal modules.",
            "Tables read by the clock are not mapped: memories are counted from their rows, width and ports.",
            "Levels: of the longest path inside the module; a path through several modules is seen in pieces.",
        ),
        stamp=stamp("synth", digests={"verilog": digest(*texts.values())}, labels={"yosys": sorted(tools)}),
    )


def _of_part(report: Report | None) -> tuple[Value, ...]:
    """Counts with the tables as block memories, bits of the tables, whether the module passes the gate on levels."""
    if report is None:
        return (*counts(None), None, None)
    tables = _tables(report)
    counted = replace(report, ramb18=report.ramb18 + sum(rom.ramb18 * number for rom, number in tables))
    return (*counts(counted), sum(rom.bits * number for rom, number in tables), report.levels <= MAX_LEVELS)


def _tables(report: Report) -> list[tuple[Rom, int]]:
    from hdl.synthesis_parts import Rom

    kinds = ((Rom.of_kind(kind), number) for kind, number in report.cells.items())
    return [(rom, number) for rom, number in kinds if rom is not None]


def _sum(reports: list[tuple[int, Report]]) -> Report:
    """All together; the deepest path of any."""
    _, first = reports[0]
    cells: dict[str, int] = {}
    for number, report in reports:
        for kind, found in report.cells.items():
            cells[kind] = cells.get(kind, 0) + number * found
    added = {
        name: sum(number * getattr(report, name) for number, report in reports)
        for name in ("lut", "ff", "dsp", "carry", "wide_mux", "ramb18", "ramb36")
    }
    levels, carry_cells = max((report.levels, report.carry_cells) for _, report in reports)
    return replace(first, **added, cells=cells, levels=levels, carry_cells=carry_cells)
