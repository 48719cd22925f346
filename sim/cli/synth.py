"""`darktrigger synth`: what blocks cost on the trigger board's device, counted by Yosys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trigger.errors import InputError

if TYPE_CHECKING:
    from sim.studies.tables import Table

ALL, NETWORKS = "all", "networks"
_SHOWN = {
    "block": "block", "variant": "variant", "reuse": "reuse", "lut": "LUT", "lut_percent": "%", "ff": "FF", "dsp": "DSP",
    "memory_bits": "memory bits", "levels": "levels", "latency": "cycles", "interval": "every",
}  # fmt: skip
"""Columns that people compare, and their heads on the terminal."""
FILE_WIDTH = 140
"""Characters per line where the output is no terminal."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger synth klm --out build/synth")(synth)


def synth(
    blocks: Annotated[str, typer.Argument(metavar="BLOCKS", help="Blocks with commas, `networks`, or `all`.")],
    out: Annotated[Path, typer.Option(help="Folder for the table (costs.csv, costs.json).")] = Path("build/synth"),
    reuse: Annotated[str, typer.Option(help="Reuse factors of the networks, with commas.")] = "1,2,4",
    only_done: Annotated[
        bool, typer.Option("--only-done", help="Nothing is run: what was not synthesised before stays empty.")
    ] = False,
) -> None:
    """Count look-up tables, flip-flops, DSP slices, memories and levels of logic of each block, with percentages of XCVU160.

    Yosys (synth_xilinx -family xcu) runs once per design, minutes for a large one; results are kept by digest, so that an
    interrupted run goes on when the same command is given again. Such counts compare designs; a vendor's tool usually needs
    fewer look-up tables, and levels are no clock rate.
    """
    from sim.studies.costs import BLOCKS, cost_table, designs
    from sim.studies.costs import NETWORKS as NETWORK_BLOCKS
    from sim.studies.tables import write

    names = {ALL: tuple(BLOCKS), NETWORKS: NETWORK_BLOCKS}.get(blocks) or tuple(name.strip() for name in blocks.split(","))
    try:
        reuses = tuple(int(number) for number in reuse.split(","))
    except ValueError as error:
        msg = f"--reuse must be whole numbers with commas, not {reuse!r}"
        raise InputError(msg) from error
    table = cost_table(designs(names, reuses), only_done=only_done)
    out.mkdir(parents=True, exist_ok=True)
    paths = write(table, out)
    _show(table)
    typer.echo(f"table: {paths[0]}")


def _show(table: Table) -> None:
    """The table on the terminal, with what it is worth."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(title=table.title)
    for name, head in _SHOWN.items():
        grid.add_column(head, justify="left" if name in ("block", "variant") else "right", overflow="fold")
    for cells in zip(*(table.column(name) for name in _SHOWN), strict=True):
        grid.add_row(*(_cell(cell) for cell in cells))
    console = Console() if Console().is_terminal else Console(width=FILE_WIDTH)
    console.print(grid)
    for note in table.notes:
        console.print(note)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
