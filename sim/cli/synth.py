"""`darktrigger synth`: what blocks cost on the trigger board's device, counted by Yosys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trigger.errors import InputError

if TYPE_CHECKING:
    from sim.studies.tables import Table

EXIT_FAILED = 1
ALL, NETWORKS = "all", "networks"
_SHOWN = {
    "block": "block", "variant": "variant", "reuse": "reuse", "lut": "LUT", "lut_percent": "%", "ff": "FF", "dsp": "DSP",
    "memory_bits": "memory bits", "levels": "levels", "latency": "cycles", "interval": "every",
}  # fmt: skip
"""Columns that people compare, and their heads on the terminal."""
_PARTS = {
    "block": "block", "times": "times", "lut": "LUT", "ff": "FF", "dsp": "DSP", "memory_bits": "memory bits", "levels": "levels",
    "passes_gate": "gate",
}  # fmt: skip
_PLACED = {
    "block": "block", "variant": "variant", "reuse": "reuse", "fmax_mhz": "MHz", "comb": "LUT4, carry", "comb_percent": "%",
    "ff": "FF", "mult18": "18x18", "ebr": "EBR", "verdict": "",
}  # fmt: skip
FILE_WIDTH = 140
"""Characters per line where the output is no terminal."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger synth klm --out build/synth")(synth)


def synth(
    blocks: Annotated[str, typer.Argument(metavar="BLOCKS", help="Blocks with commas, `networks`, `all`; or one large block.")],
    out: Annotated[Path, typer.Option(help="Folder for the table (costs.csv, costs.json).")] = Path("build/synth"),
    reuse: Annotated[str, typer.Option(help="Reuse factors of the networks, with commas.")] = "1,2,4",
    only_done: Annotated[
        bool, typer.Option("--only-done", help="Nothing is run: what was not synthesised before stays empty.")
    ] = False,
    place: Annotated[
        bool, typer.Option("--place", help="Place and route on ECP5 as well, for a clock rate (placed.csv, placed.json; minutes).")
    ] = False,
    gate: Annotated[bool, typer.Option("--gate", help="Status 1 for a block that grew by more than 5 % or is too deep.")] = False,
    stored: Annotated[Path, typer.Option(help="--gate: table (.json) to compare with.")] = Path("docs/records/costs.json"),
) -> None:
    """Count look-up tables, flip-flops, DSP slices, memories and levels of logic of each block, with percentages of XCVU160.

    Yosys (synth_xilinx -family xcu) runs once per design, minutes for a large one; results are kept by digest, so that an
    interrupted run goes on when the same command is given again. Such counts compare designs; a vendor's tool usually needs
    fewer look-up tables, and levels are no clock rate. --gate compares with the stored table: look-up tables, flip-flops, DSP
    slices and memory bits may grow by 5 %, and no path may have more levels than fit into a cycle of 127.216 MHz. Too large
    as a whole are displaced[.fits|.vertices], tracks[.segments|.stream|.neuro_path] and chain: each is counted alone, module by
    module (as in displaced_costs.csv), without --place and --gate.
    """
    from sim.studies.cost_gate import breaches
    from sim.studies.costs import BLOCKS, BY_MODULE, cost_table, designs
    from sim.studies.costs import NETWORKS as NETWORK_BLOCKS
    from sim.studies.placements import placement_table
    from sim.studies.tables import read, write

    if blocks in BY_MODULE:
        _by_module(blocks, out, only_done=only_done, with_more=place or gate)
        return
    before = read(stored) if gate else None
    names = {ALL: tuple(BLOCKS), NETWORKS: NETWORK_BLOCKS}.get(blocks) or tuple(name.strip() for name in blocks.split(","))
    try:
        reuses = tuple(int(number) for number in reuse.split(","))
    except ValueError as error:
        msg = f"--reuse must be whole numbers with commas, not {reuse!r}"
        raise InputError(msg) from error
    chosen = designs(names, reuses)
    table = cost_table(chosen, only_done=only_done)
    out.mkdir(parents=True, exist_ok=True)
    paths = write(table, out)
    _show(table, _SHOWN)
    typer.echo(f"table: {paths[0]}")
    if place:
        placed = placement_table(chosen)
        paths = write(placed, out)
        _show(placed, _PLACED)
        typer.echo(f"table: {paths[0]}")
    if before is not None:
        broken = breaches(table, before)
        for line in broken:
            typer.echo(line, err=True)
        typer.echo("gate: FAILED" if broken else f"gate: passed against {stored}")
        if broken:
            raise typer.Exit(EXIT_FAILED)


def _by_module(block: str, out: Path, *, only_done: bool, with_more: bool) -> None:
    """The table of the modules of a block."""
    from sim.studies.module_costs import module_costs
    from sim.studies.tables import write

    if with_more:
        msg = f"{block} is counted by module: --place and --gate cannot be given with it"
        raise InputError(msg)
    table = module_costs(block, only_done=only_done)
    out.mkdir(parents=True, exist_ok=True)
    paths = write(table, out)
    _show(table, _PARTS)
    typer.echo(f"table: {paths[0]}")


def _show(table: Table, columns: Mapping[str, str]) -> None:
    """The table on the terminal, with what it is worth."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(title=table.title)
    for name, head in columns.items():
        grid.add_column(head, justify="left" if name in ("block", "variant", "verdict") else "right", overflow="fold")
    for cells in zip(*(table.column(name) for name in columns), strict=True):
        grid.add_row(*(_cell(cell) for cell in cells))
    console = Console() if Console().is_terminal else Console(width=FILE_WIDTH)
    console.print(grid)
    for note in table.notes:
        console.print(note)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
