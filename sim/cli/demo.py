"""`darktrigger demo`: the whole chain on a small scale, with one HTML report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger demo --out demo")(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for events, tables, pictures and the report.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Seed of all events.")] = 1,
    events: Annotated[int, typer.Option(min=100, help="Events of each demo file.")] = 4_000,
    verify_events: Annotated[int, typer.Option(min=1, help="Events of every kind that model and RTL are compared on.")] = 20_000,
    study_events: Annotated[int, typer.Option(min=100, help="Photons of the study.")] = 120_000,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; as many as cores by default.")] = None,
) -> None:
    """Generate events, run model and RTL, compare with the offline selection, draw, and write one self-contained report.

    The first run builds the simulation model of the RTL (about a minute) and keeps it.
    """
    from sim.studies.demo import Demo, run_demo

    settings = Demo(
        out=out,
        seed=seed,
        sample_events=events,
        verify_events=verify_events,
        study_events=study_events,
        workers=workers or os.cpu_count() or 1,
    )
    report = run_demo(settings, typer.echo)
    typer.echo(f"report: {report.resolve()}")
