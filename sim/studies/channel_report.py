"""The report of one search, and the front page of all, as self-contained HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sim.provenance import describe
from sim.studies import html
from sim.studies.channel_study import ChannelStudy
from sim.studies.channel_summary import benchmark, shown_level
from sim.studies.channel_tables import ALL
from sim.studies.channels import Channel
from sim.studies.html import Tile
from sim.studies.tables import Table, Value

_GUESS = "Beam background is a guess at every level but 0: no public table of its rates exists. Compare the scales."


def write_report(
    study: ChannelStudy, channel: Channel, tables: Mapping[str, Table], pictures: Sequence[Path], folder: Path
) -> Path:
    """Writes `report.html` from the tables of a search; the path."""
    sample = benchmark(study.samples(channel)).label
    level = shown_level(study)
    whole = tables["efficiency"].where(bin=ALL)
    here: dict[str, Value] = {"sample": sample, "background_scale": level}
    serving, menu = (whole.where(entry=entry, **here) for entry in ("all", "menu"))
    tiles = [
        Tile(value=_percent(serving.column("efficiency")[0]), label=f"any serving line, selected events, {sample}"),
        Tile(value=_percent(menu.column("after_prescale")[0]), label="menu after prescale"),
        Tile(value=_percent(menu.column("generated_after_prescale")[0]), label="menu after prescale, of generated events"),
        Tile(value=f"{study.events:,}", label="generated events per sample and level"),
    ]
    shown = f"{sample}, background x {level:g} (GUESS)." if level else f"{sample}, no background."
    published = [html.text(f"Published: {channel.published}.")] if channel.published else []
    sections = [
        html.section("What was done", *map(html.text, channel.notes), *published, html.guess(_GUESS)),
        *_changes(tables),
        html.section(
            "Efficiency",
            *(html.picture(path, f"Efficiency of selected events against {_axis(channel)}.") for path in pictures),
            html.text(shown),
            html.table(whole.where(**here), *_EFFICIENCY),
            html.details("All samples, levels", html.table(whole, "sample", "background_scale=background", *_EFFICIENCY)),
        ),
        html.section(
            "Lines of the menu",
            html.text(shown),
            html.text("lost without: part of selected events that the menu loses without the line, after prescale."),
            html.table(_first(tables["lines"].where(**here), "lost_without", 25), *_LINES),
        ),
        html.section(
            "Why lines do not fire",
            html.text(shown),
            *map(html.text, tables["kills"].notes[:3]),
            html.table(_first(tables["kills"].where(**here), "first", 30), "line", "condition", "first", "alone", "selected"),
        ),
        html.section(
            "Offline selection", html.table(tables["flow"].where(**here), "cut", "asks", "events", "source"), *_left(channel)
        ),
        html.section("Luminosity of a yield", *map(html.text, tables["yield"].notes[:1]), html.table(tables["yield"])),
    ]
    footer = f"{describe(whole.stamp)}. Tables beside this page as CSV and JSON; this page rests on them alone."
    lead = f"What the L1 trigger keeps: menu {whole.stamp['labels']['menu']}, period {whole.stamp['labels']['period']}."
    return html.write_page(folder / "report.html", channel.title, lead, tiles, sections, footer)


_EFFICIENCY = (
    *("entry", "lines", "passed", "total", "efficiency", "low", "high", "alone", "after_prescale=after prescale"),
    *("of_generated=of generated", "by_reference=by reference", "reference"),
)
_LINES = ("line", "prescale", "efficiency", "low", "high", "after_prescale=after prescale", "lost_without=lost without")


def _axis(channel: Channel) -> str:
    return channel.scanned or channel.variables[0].label


def _left(channel: Channel) -> list[str]:
    return [html.text(f"Left out: {item.name}: {item.reason}.") for item in channel.left_out]


def _changes(tables: Mapping[str, Table]) -> list[str]:
    """Sections of a changed trigger and of run periods, where there are such tables."""
    sections = []
    if "change" in tables:
        table = tables["change"]
        columns = ("sample", "background_scale=background", "entry", "selected", "before", "after", "gained", "lost", "change")
        parts = [html.table(table, *columns, "change_sigma=error", "p_value=p", "kept_change=after prescale")]
        if "rate_change" in tables:
            rates = ("line", "point", "background_scale=background", "before_hz", "after_hz", "gained_hz", "lost_hz")
            parts.append(html.table(tables["rate_change"], *rates, "kept_before_hz", "kept_after_hz", "kept_change_hz"))
        sections.append(html.section("What the change does", *map(html.text, table.notes[:3]), *parts))
    if "average" in tables:
        table = tables["average"].where(bin=ALL)
        sections.append(html.section("Run periods", *map(html.text, table.notes[:2]), html.table(table)))
    return sections


def write_summary(study: ChannelStudy, summary: Table, picture: Path, folder: Path) -> Path:
    """Writes `index.html`: the summary of all searches with links to nothing but files beside it."""
    names = ("search", "sample", "background_scale=background", "selected", "offline_efficiency=offline", "serving_lines")
    more = ("menu_after_prescale", "carried_by", "line_efficiency", "line_after_prescale", "lost_without")
    sections = [
        html.section("Search by line", html.picture(picture, "Efficiency of lines for the benchmark of each search.")),
        html.section("Summary", *map(html.text, summary.notes), html.guess(_GUESS), html.table(summary, *names, *more)),
    ]
    tiles = [
        Tile(value=str(len(study.channels)), label="searches"),
        Tile(value=f"{study.events:,}", label="events per sample, level"),
    ]
    lead = "Would L1 have kept it, and which line? Details of each search in the folder of its name."
    return html.write_page(folder / "index.html", "Every search and the trigger", lead, tiles, sections, describe(summary.stamp))


def _percent(value: Value) -> str:
    return "-" if value is None else f"{100 * float(value):.1f} %"


def _first(table: Table, column: str, count: int) -> Table:
    """The rows with the largest values of a column."""
    place = table.columns.index(column)
    rows = sorted(table.rows, key=lambda row: -float(row[place] or 0.0))[:count]
    return Table(name=table.name, title=table.title, columns=table.columns, rows=tuple(rows), notes=table.notes, stamp=table.stamp)
