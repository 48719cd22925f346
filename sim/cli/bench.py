"""`darktrigger bench`: events per second and memory on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger bench ecl --repeats 3")(bench)


def bench(
    block: Annotated[str, typer.Argument(help="Block of the trigger: ecl.")],
    out: Annotated[Path, typer.Option(help="Folder for the results (JSON, CSV).")] = Path("build/bench"),
    repeats: Annotated[int, typer.Option(min=1, help="Repetitions of each measurement.")] = 5,
    cosim: Annotated[bool, typer.Option("--cosim/--no-cosim", help="Co-simulate too (builds the model on first use).")] = True,
    quick: Annotated[bool, typer.Option("--quick", help="Few events, no co-simulation: a check that it runs.")] = False,
) -> None:
    """Model, peers, co-simulation, photon response and streaming: several repetitions, minimum, median and maximum.

    The peers are plain Python and whole-array numpy versions of the cluster finding, measured in the same run.
    """
    from dataclasses import replace

    from sim.cli._options import parse_blocks
    from sim.progress import progress
    from sim.studies.benchmark import FULL, QUICK, as_table, run_benchmark
    from sim.studies.tables import as_text, write

    parse_blocks(block)
    sizes = QUICK if quick else FULL if cosim else replace(FULL, cosim=0)
    out.mkdir(parents=True, exist_ok=True)
    with progress("bench ecl", 9 + bool(sizes.cosim), unit="measurements") as advance:
        result = run_benchmark(sizes, repeats, step=lambda name: advance(1))
    table = as_table(result)
    write(table, out)
    machine, stream = result["machine"], result["stream"]
    typer.echo(f"{machine['processor']}, {machine['cores']} cores, load {machine['load_1_min']}")
    typer.echo(as_text(table))
    typer.echo(
        f"{stream['events']:,} events of {stream['hits']} hits streamed: peak {stream['peak_bytes'] / 1e6:.0f} MB (aim below 1000)"
    )
    for name, shares in result["stages"].items():
        typer.echo(f"time of the model, {name}: " + ", ".join(f"{stage} {100 * share:.0f} %" for stage, share in shares.items()))
    typer.echo(f"results: {out}")
