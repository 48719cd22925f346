"""`darktrigger compare`: our decision words against those that a file recorded, bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.studies.tables import Table

EXIT_DIFFERENT = 1


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger compare run.root --menu exp16 --out build/compare")(compare)


def compare(
    events: Annotated[Path, typer.Argument(metavar="IN", help="Output of basf2 with TRGSummary, or an event file of ours.")],
    menu: Annotated[str, typer.Option(help="Menu of the run: shipped, or a TOML file.")] = "exp16",
    out: Annotated[Path, typer.Option(help="Folder for the tables (CSV, JSON).")] = Path("build/compare"),
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="TOML file with dead, hot and calibrated cells.")] = None,
    dead: Annotated[Path | None, typer.Option(help="TOML file with dead wires and segments of the drift chamber.")] = None,
) -> None:
    """Run the model on the primitives of a file and compare with its recorded words.

    Input bits, lines before prescale, and, as a check of the menu alone, the lines of the recorded input bits. Status 1 if
    any compared input bit or line differs. Untested on real data.
    """
    from sim.studies.comparison import compare_file, disagreements
    from sim.studies.tables import write
    from trigger.cdc.mask import CdcMask
    from trigger.chain import Chain
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters

    chain = Chain(
        menu=menu,
        parameters=EclParameters.default() if parameters is None else EclParameters.from_toml(parameters),
        calibration=EclCalibration() if calibration is None else EclCalibration.from_toml(calibration),
        mask=CdcMask() if dead is None else CdcMask.from_toml(dead),
    )
    result = compare_file(events, chain)
    out.mkdir(parents=True, exist_ok=True)
    for table in result.tables:
        write(table, out)
        rows = disagreements(table)
        n_compared = len(table.where(compared="yes").rows)
        typer.echo(f"{table.title}: {len(rows)} of {n_compared} differ, {len(table.rows) - n_compared} not compared")
        if rows:
            _show(table, rows)
    typer.echo(f"tables: {out}")
    if result.n_different:
        raise typer.Exit(EXIT_DIFFERENT)


def _show(table: Table, rows: tuple[tuple[object, ...], ...]) -> None:
    """The rows as a table on the terminal."""
    from rich.console import Console
    from rich.table import Table as Shown

    shown = Shown(box=None)
    for column in table.columns:
        shown.add_column(column, justify="left" if column in ("name", "compared", "first_events") else "right")
    for row in rows:
        shown.add_row(*map(str, row))
    Console().print(shown)
