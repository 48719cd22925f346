"""`darktrigger convert`: a frozen network as an hls4ml project, compared with Keras and its own C++ model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXIT_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger convert --out hls_project --events 10000")(convert)


def convert(
    out: Annotated[Path, typer.Option(help="Folder of the hls4ml project; must not exist.")],
    network: Annotated[str, typer.Option(help="Shipped network or an .npz file.")] = "codesign",
    events: Annotated[int, typer.Option(help="Random and corner inputs of the comparison.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of the random inputs.")] = 1,
    tracks: Annotated[Path | None, typer.Option(help="Real tracks whose inputs are compared as well.")] = None,
    reuse: Annotated[int, typer.Option(help="hls4ml's reuse factor.")] = 1,
) -> None:
    """Write a Vitis project with golden vectors, build its C++ model with g++, and compare integer model, Keras and C++ exactly.

    Types are read back from the project and held against the frozen integers. `verify.json` in the folder is the record.
    Status 1 if one output differs.
    """
    from sim.cosim.network import EqualityRequest, convert_and_verify
    from trigger.networks import load_network

    frozen = load_network(network)
    record = convert_and_verify(frozen, out, EqualityRequest(events=events, seed=seed, real=tracks), reuse=reuse)
    for row in record["differences"]:
        typer.echo(f"{row['inputs']}: {row}", err=True)
    counts = ", ".join(f"{name} {count}" for name, count in record["mismatched"].items())
    typer.echo(f"{'passed' if record['passed'] else 'FAILED'}: {record['n_events']:,} inputs, outputs that differ: {counts}")
    typer.echo(
        f"mismatch rate below {record['mismatch_rate_upper_limit_95']:.2g} (95 %); network {frozen.digest[:12]}, seed {seed}"
    )
    typer.echo(f"{record['wall_s']:.1f} s; project and record -> {out}")
    if not record["passed"]:
        raise typer.Exit(EXIT_FAILED)
