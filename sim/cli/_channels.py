"""The studies of `darktrigger study` that belong to one search each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder for tables (CSV, JSON) and the picture (PNG).")]
Events = Annotated[int, typer.Option(help="Generated events of each sample, at each of four background levels.")]
Seed = Annotated[int, typer.Option(help="Seed of all samples.")]
MenuName = Annotated[str | None, typer.Option("--menu", help="Shipped menu or a TOML file; the study's own by default.")]
PeriodName = Annotated[str | None, typer.Option("--period", help="Period of the menu whose prescales are shown.")]
Workers = Annotated[int, typer.Option(help="Processes; the numbers do not depend on it.")]


def register(group: typer.Typer) -> None:
    """Add the studies."""
    group.command("tau", epilog="Example: darktrigger study tau --events 20000 --out tau_study")(tau)
    group.command("z-prime-2018", epilog="Example: darktrigger study z-prime-2018 --events 5000 --out z_prime_study")(z_prime_2018)


def tau(
    out: Out, events: Events = 20_000, seed: Seed = 1, menu: MenuName = None, period: PeriodName = None, workers: Workers = 1
) -> None:
    """Tau pairs with one and three charged particles: nine groups of lines, each and combined, against the visible energy."""
    _run("tau", out, events, seed, menu, period, workers)


def z_prime_2018(
    out: Out, events: Events = 5_000, seed: Seed = 1, menu: MenuName = None, period: PeriodName = None, workers: Workers = 1
) -> None:
    """Z' -> invisible with the selection of 2018: efficiency of the two-track line next to the published one."""
    _run("z-prime-2018", out, events, seed, menu, period, workers)


def _run(name: str, out: Path, events: int, seed: int, menu: str | None, period: str | None, workers: int) -> None:
    from sim.progress import progress
    from sim.studies.channel_plots import plot
    from sim.studies.channel_study import ChannelStudy, run_study
    from sim.studies.searches import CHANNELS
    from sim.studies.tables import as_text
    from trigger.chain import Chain

    channel = CHANNELS[name]
    chain = Chain(menu=menu or channel.menu, period=period or (channel.period if menu is None else None))
    study = ChannelStudy(channel=channel, chain=chain, events=events, seed=seed)
    with progress(f"study {name}", sum(job.events for job in study.jobs())) as advance:
        tables = run_study(study, out, workers, lambda job: advance(job.events))
    efficiency = tables[f"{name}_efficiency"]
    picture = plot(channel, efficiency, out)
    columns = ("sample", "background_scale", "group", "passed", "total", "efficiency", "low", "high", "alone", "after_prescale")
    typer.echo(as_text(efficiency.where(bin="all"), (*columns, "reference", "by_reference", "minus_truth")))
    for text in efficiency.notes:
        typer.echo(text)
    typer.echo(f"{len(tables)} tables and {picture.name}, seed {seed}, study {study.digest()[:12]} -> {out}")
