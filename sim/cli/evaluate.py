"""`darktrigger evaluate`: the shipped neuro-trigger network on real tracks, next to the one that ran."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger evaluate tracks.csv.gz")(evaluate)


def evaluate(
    tracks: Annotated[Path, typer.Argument(metavar="FILE", help="Real tracks: tab-separated text, plain or gzip.")],
    network: Annotated[str, typer.Option(help="Shipped network or an .npz file.")] = "codesign",
    replicas: Annotated[int, typer.Option(help="Replicas of the bootstrap by event.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the table (CSV, JSON).")] = None,
) -> None:
    """Score a network on real tracks: background rejection at 90 % and 95 % efficiency, area under the curve, widths.

    Signal comes from within 1 cm of the interaction point, background from beyond 30 cm. Every figure has its uncertainty and
    its difference to the network that ran in the trigger. Events that the training saw are scored apart.
    """
    from sim.provenance import describe
    from sim.studies.neuro_evaluation import evaluate as run
    from sim.studies.tables import as_text, write

    table = run(tracks, network, replicas=replicas, seed=seed)
    columns = ("answer", "metric", "value", "error", "difference", "low", "high")
    for part in dict.fromkeys(table.column("part")):
        chosen = table.where(part=part)
        events, signal, background = (chosen.column(name)[0] for name in ("events", "signal", "background"))
        typer.echo(f"{part}: {events} events, {signal} signal and {background} background tracks")
        typer.echo(as_text(chosen, columns) + "\n")
    for note in table.notes:
        typer.echo(note)
    typer.echo(describe(table.stamp))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write(table, out)
        typer.echo(f"table -> {out}")
