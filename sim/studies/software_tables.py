"""The software trigger behind the hardware trigger: tables of what it keeps, by search and as an output rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sim.offline.hlt import FILTERS, LEFT_OUT, OUTPUT_KHZ
from sim.studies.channel_counts import Kind
from sim.studies.channel_tables import Counted, interval
from sim.studies.tables import Table, Value

if TYPE_CHECKING:
    from sim.studies import rates

_NOTES = (
    "Filters of low multiplicity in the public code of the software trigger, on the offline quantities of the same events.",
    *(f"Left out: {item.name}: {item.reason}." for item in LEFT_OUT),
)


def software_tables(counted: Counted) -> tuple[Table, Table]:
    """What the software trigger keeps of the accepts of each entry, and what each filter does."""
    rows: list[tuple[Value, ...]] = []
    filters: list[tuple[Value, ...]] = []
    name = counted.channel.variables[0].name
    for point in counted.points():
        head = (point.sample.label, point.sample.role.value, point.level)
        total = int(point.found[f"selected:{name}"].sum())
        for place, entry in enumerate(counted.entries):
            hardware = int(point.found[f"passed:{name}"][place].sum())
            both = int(point.found["software"][place])
            rows.append(
                (*head, entry.name, entry.kind.value, hardware, both, *interval(both, hardware), total, *interval(both, total))
            )
            if entry.kind is Kind.ALL:
                for cut, count in zip(FILTERS, point.found["software_filters"], strict=True):
                    source = f"{cut.source}: {cut.certainty.value}"
                    filters.append((*head, cut.name, int(count), hardware, *interval(int(count), hardware), cut.asks, source))
    table = counted.table(
        "software",
        "Hardware and software trigger",
        (
            *("sample", "role", "background_scale", "entry", "kind", "hardware", "kept", "of_hardware", "low", "high"),
            *("selected", "of_selected", "of_selected_low", "of_selected_high"),
        ),
        rows,
        "hardware: selected events that the entry takes, before prescale; kept: those that a filter keeps.",
        *_NOTES,
    )
    columns = ("sample", "role", "background_scale", "filter", "kept", "hardware", "of_hardware", "low", "high", "asks", "source")
    of_filters = counted.table("software_filters", "Filters of the software trigger", columns, filters, *_NOTES)
    return table, of_filters


def output_table(counted: rates.Counted, luminosities: Mapping[str, float]) -> Table:
    """Rate behind the software trigger, whole and by source, against its budget."""
    study = counted.study
    rows: list[tuple[Value, ...]] = []
    for label, luminosity in luminosities.items():
        for scale in study.scales:
            for source in ("all", *(sample.name for sample in study.samples)):
                only = None if source == "all" else (source,)
                hardware, software = (counted.rate(name, scale, luminosity, only) for name in ("accepted", "software"))
                hz, low, high = (float(values[0]) for values in (software.hz, software.low, software.high))
                budget = (hz / (1e3 * OUTPUT_KHZ), hz <= 1e3 * OUTPUT_KHZ) if only is None else (None, None)
                rows.append((label, luminosity, scale, source, float(hardware.hz[0]), hz, low, high, *budget))
    return Table(
        name="rate_software",
        title=f"Rate behind the software trigger, menu {study.chain.menu.name}, against {OUTPUT_KHZ:g} kHz",
        columns=(
            "point",
            "luminosity",
            "background_scale",
            "source",
            "hardware_hz",
            "hz",
            "low",
            "high",
            "of_budget",
            "within_budget",
        ),
        rows=tuple(rows),
        notes=(
            *_NOTES,
            "Beam background alone has no tracks and clusters offline: it adds nothing here. No filter is prescaled.",
        ),
        stamp=study.stamp(),
    )
