"""`darktrigger explore`: networks of the neuro trigger by size, bits and reuse, what they find and what they cost."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from trigger.errors import InputError

SHOWN = (
    "network", "variant", "reuse", "high_pt_width_cm", "low_pt_width_cm", "cut_cm", "stt_efficiency", "lut", "dsp", "latency",
    "interval", "front_stt", "front_high_pt",
)  # fmt: skip
"""Columns on the terminal."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger explore --out build/explore --hidden 8 --hidden 16,8 --weight-fraction 4,8")(explore)


def explore(
    out: Annotated[Path, typer.Option(help="Folder for the table (CSV, JSON), the picture (PNG), networks and samples.")],
    hidden: Annotated[list[str] | None, typer.Option(help="Nodes of the hidden layers, with commas; may be repeated.")] = None,
    weight_fraction: Annotated[str | None, typer.Option(help="Most fraction bits of the weights, numbers with commas.")] = None,
    designs: Annotated[Path | None, typer.Option(help="TOML file of designs, in place of a grid: tables [[design]].")] = None,
    reuse: Annotated[str | None, typer.Option(help="Reuse factors of the RTL, with commas.")] = None,
    events: Annotated[int | None, typer.Option(help="Muons that the networks are scored on.")] = None,
    blocks: Annotated[int | None, typer.Option(help="Blocks of 4000 simulated events to train on.")] = None,
    float_epochs: Annotated[int | None, typer.Option(help="Epochs without formats.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs in which formats are trained along.")] = None,
    background_share: Annotated[
        float | None, typer.Option(help="Part of the background tracks that passes as single tracks, the same for all.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of samples and training.")] = None,
    only_done: Annotated[bool, typer.Option("--only-done", help="Nothing is synthesised now; unknown costs stay empty.")] = False,
) -> None:
    """Train, score and synthesise networks of many shapes, beside the shipped ones: a table, and a picture of what costs buy.

    z resolution, single-track efficiency at one background for all networks, look-up tables, DSP slices, registers, memory and
    latency. An interrupted exploration goes on when the same command is given again, and a wider one does only what is new.
    """
    from sim.studies.explore import HIDDEN, WEIGHT_FRACTIONS, Exploration
    from sim.studies.explore import explore as run
    from sim.studies.explore_networks import grid, read_designs
    from sim.studies.explore_plot import plot
    from sim.studies.tables import as_text, write

    if designs is not None and (hidden or weight_fraction):
        msg = "--designs must stand alone, not with --hidden or --weight-fraction"
        raise InputError(msg)
    shapes = tuple(_numbers("--hidden", text) for text in hidden or ()) or HIDDEN
    bits = WEIGHT_FRACTIONS if weight_fraction is None else _numbers("--weight-fraction", weight_fraction)
    given = {
        "reuses": None if reuse is None else _numbers("--reuse", reuse),
        "events": events,
        "blocks": blocks,
        "float_epochs": float_epochs,
        "epochs": epochs,
        "background_share": None if background_share is None else _fraction("--background-share", background_share),
        "seed": seed,
    }
    exploration = Exploration(
        designs=grid(shapes, bits) if designs is None else read_designs(designs),
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    table = run(exploration, out, only_done=only_done)
    path, _ = write(table, out)
    picture = plot(table, out)
    typer.echo(as_text(table, SHOWN))
    typer.echo(f"{len(table.rows)} rows, seed {exploration.seed} -> {path}, {picture}")


def _numbers(option: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        msg = f"{option} must be whole numbers with commas, not {text!r}"
        raise InputError(msg) from error


def _fraction(option: str, number: float) -> Fraction:
    """The decimal number as it was typed."""
    try:
        return Fraction(str(number))
    except ValueError as error:
        msg = f"{option} must be a number, not {number}"
        raise InputError(msg) from error
