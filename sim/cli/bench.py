"""`darktrigger bench`: events per second and memory on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sim.studies.tables import Table

BENCHED = ("ecl", "tracks", "chain", "displaced")
"""Blocks that can be measured; one at a time."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger bench ecl --repeats 3")(bench)


def bench(
    block: Annotated[str, typer.Argument(help="Block of the trigger: ecl, tracks, chain or displaced.")],
    out: Annotated[Path, typer.Option(help="Folder for the results (JSON, CSV).")] = Path("build/bench"),
    repeats: Annotated[int, typer.Option(min=1, help="Repetitions of each measurement.")] = 5,
    cosim: Annotated[bool, typer.Option("--cosim/--no-cosim", help="ecl: co-simulate too (builds the model on first use).")] = True,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few events, no co-simulation, no C models: a check that it runs.")
    ] = False,
) -> None:
    """Several repetitions of each measurement: minimum, median and maximum.

    ecl: model, peers (plain Python and whole-array numpy versions of the cluster finding), co-simulation, photon response,
    streaming. tracks: integer networks beside Keras and hls4ml's C model of the same networks, 2D finder, drift-chamber response.
    chain: the whole decision on one core, and its blocks. displaced: both algorithms for displaced vertices, and the model without
    a compiler.
    """
    from sim.cli._options import parse_blocks

    (chosen,) = parse_blocks(block, BENCHED)[:1]
    out.mkdir(parents=True, exist_ok=True)
    if chosen == "tracks":
        _tracks(out, repeats, quick)
    elif chosen == "chain":
        _chain(out, repeats, quick)
    elif chosen == "displaced":
        _displaced(out, repeats, quick)
    else:
        _ecl(out, repeats, cosim, quick)
    typer.echo(f"results: {out}")


def _show(machine: dict[str, Any], table: Table, out: Path, columns: Sequence[str] | None = None) -> None:
    """Writes the table; says on which machine it was measured, and what."""
    from sim.studies.tables import as_text, write

    write(table, out)
    typer.echo(f"{machine['processor']}, {machine['cores']} cores, load {machine['load_1_min']}")
    typer.echo(as_text(table, columns))


def _tracks(out: Path, repeats: int, quick: bool) -> None:
    from sim.progress import progress
    from sim.studies.benchmark_tracks import QUICK_TRACKS, TrackSizes, as_table, run_benchmark

    with progress("bench tracks", repeats + 1, unit="turns") as advance:
        result = run_benchmark(QUICK_TRACKS if quick else TrackSizes(), repeats, step=lambda name: advance(1))
    table = as_table(result)
    _show(result["machine"], table, out, [name for name in table.columns if name not in ("count", "repeats", "note")])


def _chain(out: Path, repeats: int, quick: bool) -> None:
    from sim.progress import progress
    from sim.studies.benchmark_chain import FULL_EVENTS, QUICK_EVENTS, as_table, run_benchmark
    from trigger.chain import CHAIN_BLOCKS

    with progress("bench chain", 1 + len(CHAIN_BLOCKS), unit="measurements") as advance:
        result = run_benchmark(QUICK_EVENTS if quick else FULL_EVENTS, repeats, step=lambda name: advance(1))
    _show(result["machine"], as_table(result), out)


def _displaced(out: Path, repeats: int, quick: bool) -> None:
    from sim.progress import progress
    from sim.studies.benchmark_displaced import FULL_WINDOWS, QUICK_WINDOWS, as_table, run_benchmark

    with progress("bench displaced", 4, unit="measurements") as advance:
        result = run_benchmark(QUICK_WINDOWS if quick else FULL_WINDOWS, repeats, step=lambda name: advance(1))
    _show(result["machine"], as_table(result), out)


def _ecl(out: Path, repeats: int, cosim: bool, quick: bool) -> None:
    from dataclasses import replace

    from sim.progress import progress
    from sim.studies.benchmark import FULL, QUICK, as_table, run_benchmark

    sizes = QUICK if quick else FULL if cosim else replace(FULL, cosim=0)
    with progress("bench ecl", 9 + bool(sizes.cosim), unit="measurements") as advance:
        result = run_benchmark(sizes, repeats, step=lambda name: advance(1))
    _show(result["machine"], as_table(result), out)
    stream = result["stream"]
    typer.echo(
        f"{stream['events']:,} events of {stream['hits']} hits streamed: peak {stream['peak_bytes'] / 1e6:.0f} MB (aim below 1000)"
    )
    for name, shares in result["stages"].items():
        typer.echo(f"time of the model, {name}: " + ", ".join(f"{stage} {100 * share:.0f} %" for stage, share in shares.items()))
