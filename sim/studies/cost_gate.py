"""The gate on cost: what grew by more than a twentieth over the stored table, and what is too deep for the system clock."""

from collections.abc import Iterator

from sim.studies.tables import Table, Value

MAX_GROWTH = 0.05
"""Part by which a count may exceed the stored one. Our choice: reordering alone moves the counts of Yosys by a percent or two."""
COUNTED = ("lut", "ff", "dsp", "memory_bits")
CLOCK_NS = 1000 / 127.216
"""System clock; the same as `hls.convert.CLOCK_NS`, which cannot be loaded here and is held against it by a test."""
LEVEL_NS = 0.5
"""One look-up table with the net behind it, and also a register with its set-up and the clock's uncertainty.

Our choice, on the safe side of what AMD's report_failfast (Xilinx Tcl store, designutils) allows for a look-up table and its net:
0.350 ns on UltraScale+, 0.425 ns in the example of its own text; its number for UltraScale is `unverified`.
"""
MAX_LEVELS = int((CLOCK_NS - LEVEL_NS) / LEVEL_NS)
"""Levels of logic that fit between two registers at the system clock: the 127 MHz class."""
_NAMES = ("block", "variant", "reuse")


def breaches(table: Table, stored: Table) -> list[str]:
    """What of `table` breaks the gate against `stored`, one line each, empty if nothing does.

    Rows belong together by block, variant and reuse. A row without counts, or without a stored row, cannot be judged: a breach.
    """
    before = dict(_rows(stored))
    return [line for key, row in _rows(table) for line in _judge(" ".join(str(part) for part in key if part), row, before.get(key))]


def _judge(label: str, row: dict[str, Value], old: dict[str, Value] | None) -> Iterator[str]:
    levels = row["levels"]
    if not isinstance(levels, int):
        yield f"{label}: not synthesised"
        return
    if levels > MAX_LEVELS:
        yield f"{label}: {levels} levels of logic, the 127 MHz class has {MAX_LEVELS}"
    if old is None or not isinstance(old["levels"], int):
        yield f"{label}: not in the stored table"
        return
    for name in COUNTED:
        now, then = row[name], old[name]
        assert isinstance(now, int)
        assert isinstance(then, int)
        if now > then * (1 + MAX_GROWTH):
            growth = f"{now / then - 1:+.1%}" if then else "new"
            yield f"{label}: {name} {then:,} -> {now:,} ({growth}, at most {MAX_GROWTH:.0%})"


def _rows(table: Table) -> Iterator[tuple[tuple[Value, ...], dict[str, Value]]]:
    for row in table.rows:
        named = dict(zip(table.columns, row, strict=True))
        yield tuple(named[name] for name in _NAMES), named
