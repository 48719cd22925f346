"""`darktrigger merge`: a whole study from the counters of its event blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger merge parts/*.part.npz --out tau_study")(merge)


def merge(
    parts: Annotated[
        list[Path], typer.Argument(metavar="PART...", help="Files of `darktrigger study` or `menu rates` with `--event-blocks`.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for what the study writes.")],
    workers: Annotated[int, typer.Option(help="Processes for the rates of a changed trigger.")] = 1,
) -> None:
    """Put the parts of a study together: the same tables, bit for bit, as from one run.

    The parts must be of one study, and together have each of its blocks once.
    """
    from sim.studies.partial import merge_parts, read_part
    from sim.studies.recipes import recipe_of
    from trigger.errors import InputError

    read = {path: read_part(path) for path in parts}
    counters = merge_parts(read)
    path, first = next(iter(read.items()))
    asked = recipe_of(first.recipe)
    study = asked.study()
    if study.digest() != first.study:
        now = study.digest()[:12]
        msg = f"{path}: is of study {first.study[:12]}, which is now {now}: the program or a file of its options changed"
        raise InputError(msg)
    for text in asked.finish(study, counters, out, workers):
        typer.echo(text)
