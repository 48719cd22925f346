"""Everything that is written of a study of searches: tables, pictures, reports, maps, and the summary of several."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sim.progress import progress
from sim.studies import channel_plots, channel_summary
from sim.studies.channel_changes import average_table, change_table, changed_lines_table
from sim.studies.channel_maps import map_table, write_corrections
from sim.studies.channel_rates import rate_change
from sim.studies.channel_report import write_report, write_summary
from sim.studies.channel_study import ChannelStudy
from sim.studies.channel_tables import ALL, Counted, all_tables, weights_table
from sim.studies.channel_task import View
from sim.studies.counting import Counters
from sim.studies.rates import RateStudy
from sim.studies.recipe import Recipe
from sim.studies.software_tables import software_tables
from sim.studies.tables import Table, as_text, write


def write_results(
    recipe: Recipe,
    study: ChannelStudy,
    counters: Mapping[str, Counters],
    out: Path,
    workers: int = 1,
    scheduler: str | None = None,
) -> dict[str, dict[str, Table]]:
    """Writes everything of the study; tables by search and by name without the search's, `""` for those of several searches.

    One search is written to `out` itself; of several, each to a folder of its name. workers, scheduler: for the rates of a change.
    """
    several = len(study.channels) > 1
    found: dict[str, dict[str, Table]] = {}
    for channel in study.channels:
        folder = out / channel.name if several else out
        folder.mkdir(parents=True, exist_ok=True)
        counted = Counted(study=study, channel=channel, counters=counters)
        tables = [*all_tables(counted, recipe.wanted), *software_tables(counted)]
        if study.source is not None:
            tables.append(weights_table(counted))
        if channel.map_axes:
            tables.append(map_table(counted))
            write_corrections(counted, folder)
        if study.view is View.WHAT_IF:
            tables += [change_table(counted), changed_lines_table(counted)]
            if recipe.rate_events:
                tables.append(_rates(recipe, counted, folder, workers, scheduler))
        elif study.view is View.PERIODS:
            tables.append(average_table(counted))
        for table in tables:
            write(table, folder)
        own = found[channel.name] = {table.name.removeprefix(f"{channel.name}_"): table for table in tables}
        write_report(study, channel, own, [channel_plots.plot(channel, own["efficiency"], folder)], folder)
    if several:
        summary, lines = channel_summary.summary_table(study, found), channel_summary.lines_table(study, found)
        for table in (summary, lines):
            write(table, out)
        write_summary(study, summary, channel_summary.plot(study, summary, lines, out), out)
        found[""] = {"summary": summary, "summary_lines": lines}
    return found


def _rates(recipe: Recipe, counted: Counted, folder: Path, workers: int, scheduler: str | None) -> Table:
    before, after = counted.study.chains[counted.channel.name]
    study = RateStudy(chain=before, events=recipe.rate_events, seed=recipe.seed)
    blocks = folder / ".rate_blocks"
    with progress("rates before and after", sum(job.events for job in study.jobs())) as advance:
        table = rate_change(study, (before, after), blocks, workers, scheduler, lambda job: advance(job.events))
    shutil.rmtree(blocks)
    return table


_SUMMARY = (
    *("search", "sample", "background_scale", "selected", "serving_lines", "menu_after_prescale", "carried_by"),
    *("line_efficiency", "lost_without"),
)
_EFFICIENCY = (
    *("sample", "background_scale", "entry", "passed", "total", "efficiency", "low", "high", "alone", "after_prescale"),
    "of_generated",
)
_CHANGE = (
    *("sample", "background_scale", "entry", "selected", "before", "after", "gained", "lost", "change", "change_sigma"),
    *("p_value", "kept_change"),
)
_RATES = ("line", "point", "background_scale", "before_hz", "after_hz", "gained_hz", "lost_hz", "kept_change_hz")


def in_words(study: ChannelStudy, tables: Mapping[str, Mapping[str, Table]], out: Path) -> list[str]:
    """What is printed of the results, line by line."""
    if "" in tables:
        texts = [as_text(tables[""]["summary"], _SUMMARY), *tables[""]["summary"].notes]
    else:
        (own,) = tables.values()
        whole = own["efficiency"].where(bin=ALL)
        texts = [as_text(whole, _EFFICIENCY), *whole.notes]
        if "change" in own:
            texts += [as_text(own["change"], _CHANGE), *own["change"].notes[:3]]
        if "rate_change" in own:
            texts.append(as_text(own["rate_change"], _RATES))
        if "average" in own:
            texts.append(as_text(own["average"].where(bin=ALL)))
    count = sum(len(found) for found in tables.values())
    made = f"{study.events:,} events per sample of share 1 and level"
    return [*texts, f"{made}; {count} tables, seed {study.seed}, study {study.digest()[:12]} -> {out}"]
