"""The evidence that the hardware is right, and what it costs: all records as one JSON file and one HTML page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.sources import sources_hold
from sim.studies import html
from sim.studies.cost_gate import CLOCK_NS, MAX_LEVELS
from sim.studies.evidence_records import FAULTS, Run, Stored
from sim.studies.tables import Table, Value, write_atomically

L1_BUDGET_NS = 4400
"""Latency of the whole Level-1 trigger. Source: DESIGN of this project, section 5; `unverified` (public texts say 4.4 to 5 us)."""
NOT_MEASURED = "not measured"
SUM_OF_MODULES = "sum of its modules"
NEURO_PATH = ("tracks.neuro_path",)
LOOK_UP_TABLES = "look-up tables"
PUBLISHED = (
    ("neuro trigger", "latency, slot", "300 ns", "S. McCarney, BELLE2-MTHESIS-2020-004", NEURO_PATH),
    ("GNN-ETM", "latency, end to end", "1.05-3.17 us", "I. Haide et al., arXiv:2602.15118, and a later talk", ("ecl",)),
    ("GNN hit filter", "latency", "632 ns", "arXiv:2511.04731", ("tracks.segments",)),
    ("GNN hit filter", LOOK_UP_TABLES, "35.65 % of an XCVU190 per sector", "arXiv:2511.04731", ("tracks.segments",)),
)
"""Other hardware of the same trigger: what, quantity, value, where published, our blocks at its place (their numbers add up)."""

_BLOCK_HEADS = (
    "block", "events", "unit", "mismatched", "missing", "extra", "late", "limit_95=limit (95 %)", "cycles", "ns", "rtl=RTL",
    "wall_s=s", "was_kept=kept", "of_today=sources of today",
)  # fmt: skip


def write_evidence(
    folder: Path, runs: Sequence[Run], stored: Stored, stamp: Mapping[str, Any], missing: Sequence[str] = ()
) -> tuple[Path, Path]:
    """Write `evidence.json` and `evidence.html`; their paths.

    runs: one per block. stamp: its digests are those of the sources of today. missing: blocks without a run; with one of them the
    whole has not passed.
    """
    costs = cost_table(runs, stored)
    tables = {
        "blocks": block_table(runs),
        "stored": stored_table(runs, stored),
        "netlists": netlist_table(runs, stored),
        "mutations": mutation_table(runs, stored),
        "proofs": proof_table(stored),
        "exports": export_table(runs, stored),
        "latency": latency_table(runs),
        "published": published_table(runs, costs),
    }
    content = {
        "passed": not missing and all(run.record["passed"] for run in runs),
        "missing": list(missing),
        "stamp": stamp,
        "tables": {name: {"columns": table.columns, "rows": table.rows} for name, table in tables.items()},
        "costs": None if costs is None else {"columns": costs.columns, "rows": costs.rows},
        "placed": None if stored.placed is None else {"columns": stored.placed.columns, "rows": stored.placed.rows},
        "records": {run.file: run.record for run in runs},
    }
    paths = folder / "evidence.json", folder / "evidence.html"
    write_atomically(paths[0], json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")
    _write_page(paths[1], runs, stored, tables, stamp, missing)
    return paths


def _table(columns: str, rows: Sequence[tuple[Value, ...]]) -> Table:
    return Table(name="", title="", columns=tuple(columns.split()), rows=tuple(rows))


def nanoseconds(cycles: int) -> float:
    """Time of so many cycles of the system clock."""
    return round(cycles * CLOCK_NS, 1)


def block_table(runs: Sequence[Run]) -> Table:
    """Verdict, counts and latency of each block, and whether the record is of the sources of today."""
    rows: list[tuple[Value, ...]] = []
    for run in runs:
        record = run.record
        declared = record["latency_declared"]
        faults = [record[name] for name in FAULTS]
        limit = record["mismatch_rate_upper_limit_95"]
        digest = record["digests"]["verilog"][:8]
        rows.append(
            (record["block"], record["n_events"], run.unit, *faults, limit, declared, nanoseconds(declared), record["seed"], digest,
             record["wall_s"], run.was_kept, sources_hold(record))
        )  # fmt: skip
    return _table("block events unit mismatched missing extra late limit_95 cycles ns seed rtl wall_s was_kept of_today", rows)


def cost_table(runs: Sequence[Run], stored: Stored) -> Table | None:
    """Cost of each block, the large ones as the sum of their modules; None without a table of costs.

    Latency of a sum: declared in the block's run; its interval is not in the records.
    """
    if stored.costs is None:
        return None
    latency = {run.record["block"]: run.record["latency_declared"] for run in runs}
    rows = list(stored.costs.rows)
    for modules in stored.modules:
        block = str(modules.column("block")[0])
        counts = dict(zip(modules.columns, modules.rows[-1], strict=True))
        row = counts | {"block": block, "variant": SUM_OF_MODULES, "reuse": 0, "latency": latency.get(block)}
        rows.append(tuple(row.get(column) for column in stored.costs.columns))
    return replace(stored.costs, rows=tuple(rows))


def stored_table(runs: Sequence[Run], stored: Stored) -> Table:
    """Verifications of earlier days, and whether they are of the RTL of today."""
    today = {run.record["block"]: run.record["digests"]["verilog"] for run in runs}
    rows: list[tuple[Value, ...]] = []
    for run in stored.runs:
        record = run.record
        if "netlist" not in record:
            faults = sum(record[name] for name in FAULTS)
            same = today.get(record["block"]) == record["digests"]["verilog"]
            rows.append((record["block"], record["n_events"], faults, record["mismatch_rate_upper_limit_95"], same, run.file))
    return _table("block events faults limit_95 same_rtl record", rows)


def netlist_table(runs: Sequence[Run], stored: Stored) -> Table:
    """Netlists that were simulated: of each block that of the RTL above, else of another one, with the most events."""
    today = {run.record["block"]: run.record["digests"]["verilog"] for run in runs}

    def rank(run: Run) -> tuple[bool, int]:
        return run.record["digests"]["verilog"] == today[run.record["block"]], run.record["n_events"]

    rows: list[tuple[Value, ...]] = []
    for block in today:
        found = [run for run in stored.runs if run.record["block"] == block and "netlist" in run.record]
        if found:
            best = max(found, key=rank)
            record = best.record
            cells = sum(record["netlist"]["cells"].values())
            faults = sum(record[name] for name in FAULTS)
            limit = record["mismatch_rate_upper_limit_95"]
            rows.append((block, record["n_events"], faults, limit, cells, rank(best)[0], best.file))
        else:
            rows.append((block, None, None, None, None, None, NOT_MEASURED))
    return _table("block events faults limit_95 cells same_rtl record", rows)


def mutation_table(runs: Sequence[Run], stored: Stored) -> Table:
    """Mutation scores of RTL and model, one row per block and side."""
    found: dict[str, dict[str, Any]] = {}
    for record in stored.mutations:
        found.setdefault(record["block"], {}).update(record["sides"])
    rows: list[tuple[Value, ...]] = []
    for block in dict.fromkeys([*(run.record["block"] for run in runs), *found]):
        for side, counts in found.get(block, {}).items():
            numbers = (counts["mutants"], counts["killed"], counts["equivalent"], counts["survived"], counts["score"])
            rows.append((block, side, *numbers, ""))
        if block not in found:
            rows.append((block, "", None, None, None, None, None, NOT_MEASURED))
    return _table("block side mutants killed equivalent survived score note", rows)


def proof_table(stored: Stored) -> Table:
    """Formal proofs: claim, depth of the induction, verdict, whether a faulty component was refuted."""
    proofs = [] if stored.proofs is None else stored.proofs["proofs"]
    rows = [(one["name"], one["says"], one["depth"], one["wall_s"], one["status"], one["broken_component"]) for one in proofs]
    return _table("proof claim depth seconds status faulty", rows)


def export_table(runs: Sequence[Run], stored: Stored) -> Table:
    """Benches of the exported blocks in each simulator without Python, and whether a second export was equal to the byte."""
    exports = [] if stored.exports is None else stored.exports["exports"]
    found = {one["block"]: one for one in exports}
    names = ("events", "results", "latency", "icarus", "verilator", "hls", "identical")
    today = {run.record["block"]: run.record["digests"]["verilog"] for run in runs}
    rows: list[tuple[Value, ...]] = []
    for block in dict.fromkeys([*today, *found]):
        one = found.get(block)
        told = (None,) * len(names) if one is None else (one[name] for name in names)
        rows.append((block, *told, None if one is None else one["verilog"] == today.get(block)))
    return _table("block events results cycles icarus verilator hls identical same_rtl", rows)


def latency_table(runs: Sequence[Run]) -> Table:
    """Cycles from an event's last beat to each line of the menu, and its share of the L1 budget; empty without the chain."""
    rows: list[tuple[Value, ...]] = []
    for run in runs:
        together = run.record["latency_declared"]
        share = round(nanoseconds(together) / L1_BUDGET_NS, 4)
        for line, cycles in run.record.get("line_latency", {}).items():
            rows.append((line, cycles, nanoseconds(cycles), together, nanoseconds(together), share))
    return _table("line cycles_alone ns_alone cycles ns share_of_l1", rows)


def published_table(runs: Sequence[Run], costs: Table | None = None) -> Table:
    """Published numbers of other hardware of this trigger beside those of our blocks at the same place.

    costs: as from `cost_table`, with one row per block that is named.
    """
    cycles = {run.record["block"]: run.record["latency_declared"] for run in runs}
    shares: dict[Value, Any] = {} if costs is None else dict(zip(costs.column("block"), costs.column("lut_percent"), strict=True))
    rows: list[tuple[Value, ...]] = []
    for what, quantity, value, source, blocks in PUBLISHED:
        known: Mapping[Any, Any] = shares if quantity == LOOK_UP_TABLES else cycles
        ours = NOT_MEASURED
        if all(known.get(block) is not None for block in blocks):
            number = sum(known[block] for block in blocks)
            shown = f"{number:.1f} % of an XCVU160" if known is shares else f"{nanoseconds(number):.0f} ns"
            ours = f"{shown}, {' + '.join(blocks)}"
        rows.append((what, quantity, value, source, ours))
    return _table("hardware quantity published source here", rows)


def _write_page(
    path: Path,
    runs: Sequence[Run],
    stored: Stored,
    tables: Mapping[str, Table],
    stamp: Mapping[str, Any],
    missing: Sequence[str],
) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in stamp["versions"].items())
    digests = ", ".join(f"{name} {value[:16]}" for name, value in stamp["digests"].items())
    sections = [
        html.section(
            "Model and RTL are the same thing",
            html.text(
                """Every field of every event was compared exactly between the numpy model and the RTL in simulation under cocotb,
                latency included. The limit is the upper limit on the rate of events that differ, at 95 % confidence."""
            ),
            html.table(tables["blocks"], *_BLOCK_HEADS),
            *([html.text(f"Not verified: {', '.join(missing)}.")] if missing else []),
            html.details("Records of earlier runs", html.table(tables["stored"])),
        ),
        html.section(
            "Model, RTL and netlist",
            html.text(
                """The netlist that Yosys maps to UltraScale, whose cells are counted below, in the place of the RTL: the same
                comparison. Look-up tables, carry cells and registers simulate with the models of Yosys, multipliers and block
                memories with models of ours."""
            ),
            html.table(tables["netlists"]),
        ),
        html.section(
            "Are the checks able to fail?",
            html.text("Deliberate faults in RTL and model, one at a time. Score: killed of those not proven to change nothing."),
            html.table(tables["mutations"]),
        ),
        _proofs(tables["proofs"]),
        _exports(stored, tables["exports"]),
        _cost(cost_table(runs, stored), stored),
        _latency(tables["latency"]),
        html.section(
            "Beside published hardware",
            html.text(
                """Other designs at the same places of this trigger; they do other work, so the numbers give a scale, not a
                contest. Ours count cycles from the last input to the answer, without links and digitisation."""
            ),
            html.table(tables["published"]),
        ),
    ]
    html.write_page(
        path,
        "darktrigger evidence",
        """What was compared, proven, broken on purpose and counted, from the records of this code. Not a product of the Belle II
        collaboration.""",
        _tiles(runs, stored, tables),
        sections,
        f"Seed {stamp['seed']}. Digests: {digests}. Versions: {versions}.",
    )


def _tiles(runs: Sequence[Run], stored: Stored, tables: Mapping[str, Table]) -> list[html.Tile]:
    faults = sum(run.record[name] for run in runs for name in FAULTS)
    proofs = tables["proofs"].column("status")
    proven = sum(status == "pass" for status in proofs)
    scores = [score for score in tables["mutations"].column("score") if isinstance(score, float)]
    nets = tables["netlists"].column("events")
    done = sum(events is not None for events in nets)
    share = max((float(str(value)) for value in tables["latency"].column("share_of_l1")), default=None)
    return [
        html.Tile(
            value=f"{faults} of {sum(run.record['n_events'] for run in runs):,}",
            label=f"events in which model and RTL differ, {len(runs)} blocks",
            good=faults == 0 and all(run.record["passed"] for run in runs),
        ),
        html.Tile(value=f"{done} of {len(nets)}", label="blocks whose netlist was simulated as well"),
        html.Tile(
            value=f"{proven} of {len(proofs)}" if proofs else NOT_MEASURED,
            label="claims proven for all inputs",
            good=proven == len(proofs) if proofs else None,
        ),
        html.Tile(value=f"{min(scores):.3f}" if scores else NOT_MEASURED, label="lowest mutation score of a block"),
        html.Tile(
            value=NOT_MEASURED if share is None else f"{share:.1%}",
            label="of the L1 budget for the logic of the slowest line",
            good=None if share is None else share < 1,
        ),
    ]


def _proofs(table: Table) -> str:
    if not table.rows:
        return html.section("Proofs", html.text(NOT_MEASURED))
    counts = Counter(table.column("status"))
    told = ", ".join(f"{n} {status}" for status, n in counts.items())
    return html.section(
        "Proofs",
        html.text(f"About the RTL, for all inputs and all times, by k-induction: {told}. Each is refuted on a faulty component."),
        html.details("All claims", html.table(table)),
    )


def _exports(stored: Stored, table: Table) -> str:
    if stored.exports is None:
        return html.section("Exported benches", html.text(NOT_MEASURED))
    return html.section(
        "Exported benches",
        html.text(
            """Each block as `export` writes it: its Verilog bench with golden vectors of the model in both simulators, hls: the C++
            of its hls4ml project on golden data, all in a shell without Python; identical: a second export, by another process, has
            equal bytes; same RTL: as in the verification above."""
        ),
        html.table(table),
    )


def _cost(costs: Table | None, stored: Stored) -> str:
    parts = [html.text(NOT_MEASURED)]
    if costs is not None:
        columns = (
            "block", "variant", "reuse", "lut=LUT", "lut_percent=% of XCVU160", "ff=FF", "dsp=DSP", "dsp_percent=%",
            "memory_bits=memory, bits", "levels", "latency=cycles", "interval=every",
        )  # fmt: skip
        notes = [html.text(note) for note in costs.notes]
        depth = f"At the system clock a path may have {MAX_LEVELS} levels (`synth --gate`); above 100 % one XCVU160 is not enough."
        parts = [html.table(costs, *columns), *notes, html.text(depth)]
    if stored.placed is not None:
        parts += [html.table(stored.placed), *(html.text(note) for note in stored.placed.notes)]
    for modules in stored.modules:
        parts.append(html.details(modules.title, html.table(modules), *(html.text(note) for note in modules.notes)))
    return html.section("What it costs", *parts)


def _latency(table: Table) -> str:
    if not table.rows:
        return html.section("Latency of the lines", html.text(NOT_MEASURED))
    groups = Counter(int(str(cycles)) for cycles in table.column("cycles_alone"))
    rows = [(cycles, nanoseconds(cycles), n) for cycles, n in sorted(groups.items())]
    together = next(zip(table.column("cycles"), table.column("ns"), table.column("share_of_l1"), strict=True))
    return html.section(
        "Latency of the lines",
        html.text(
            f"""All lines leave together {together[0]} cycles ({together[1]} ns) after the last beat of the event, that is
            {float(str(together[2])):.1%} of {L1_BUDGET_NS / 1000} us for all of L1. Alone a line would be ready after:"""
        ),
        html.table(_table("cycles ns lines", rows)),
        html.text(
            """Logic of the chain as built, measured in co-simulation for every event. Digitisation, links, the window itself and
            what the chain takes as given come on top and are not measured here."""
        ),
        html.details("Every line", html.table(table)),
    )
